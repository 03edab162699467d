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


def end_with_parent() -> None:
    """Have the kernel send this process SIGTERM once the thread that started it is gone.

    Linux only, where it covers a parent that was killed outright; elsewhere it does nothing. Forked children do not
    inherit the wish, so each has to say it itself; a program that takes this one's place does.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def tied(command: list[str]) -> list[str]:
    """The command, as a child of this process that does not outlive it, whatever becomes of it.

    Start it from a thread that lives as long as the process: the kernel watches the thread.
    """
    if sys.platform != "linux":
        return command
    # -I -S: without looking for packages, so that the detour costs a few hundredths of a second.
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def _become(parent: int, command: list[str]) -> None:
    end_with_parent()
    # The parent may have died before the kernel knew of the wish; then nobody would send the signal.
    if os.getppid() == parent:
        os.execvp(command[0], command)


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
