"""How does a child process end with its parent? The kernel is asked to see to it, before the child's program begins.

Run as a program, this file asks, then becomes the program that it is given. A `preexec_fn` would do the same
between fork and exec, where a process that has threads may hang.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


def end_with_parent(parent: int, sent: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal once the thread of `parent` that started it is gone.

    Linux only, where it covers a parent that was killed outright; elsewhere it does nothing. Forked children do not
    inherit the wish, so each has to say it itself; a program that takes this one's place does. Raises `SystemExit`
    where the parent died before the kernel knew of the wish, for then nobody would send the signal.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, sent, 0, 0, 0)
        if os.getppid() != parent:
            raise SystemExit(1)


def tied(command: list[str]) -> list[str]:
    """The command, as a child of this process that does not outlive it, whatever becomes of it.

    Start it from a thread that lives as long as the process: the kernel watches the thread.
    """
    if sys.platform != "linux":
        return command
    # -I -S: without looking for packages, so that the detour costs a few hundredths of a second.
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
