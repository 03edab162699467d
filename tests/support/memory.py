"""Where do a run's files lie? In memory where there is room for them: on a disk, every commit waits for it."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 2 * 1024**3
"""Bytes; a run takes some hundred megabytes."""


def keep_files_in_memory() -> None:
    """Let temporary folders of this process and of those it starts be made there, unless it was told where."""
    told = {"TMPDIR", "TEMP", "TMP"} & os.environ.keys()
    if not told and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)
