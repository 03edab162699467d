"""What do the processes of a bench use? Started here, ended with the bench; their CPU seconds and memory."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def start(command: Sequence[str], environment: Mapping[str, str], stack: ExitStack) -> int:
    """Start a process that ends with the stack; its id. What it says goes nowhere: a log is a disk's business."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop() -> None:
        process.terminate()
        process.wait(15)

    stack.callback(stop)
    return process.pid


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        found += [int(child) for child in children]
    return found


def cpu_s(pid: int) -> float:
    """CPU seconds, user and system, of the process and its descendants."""
    total = 0.0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


def memory_mb(pid: int, kind: str = "Pss") -> float:
    """Memory in MB, proportional or resident (`Rss`), of the largest of the process and its descendants."""
    sizes = []
    for one in family(pid):
        lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        sizes.append(next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024)
    return max(sizes)
