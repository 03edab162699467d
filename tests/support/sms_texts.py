"""What do tests break of the SMS wording? A few of its texts, copied: all the files would cost more than the test."""

import shutil
from pathlib import Path
from typing import Final

from immigration.messages.texts import FOLDER
from immigration.people import LANGUAGES

COPIED: Final = ("CETAK", "DISERAHKAN", "A_SALAH_KOSONG")


def copied_texts(folder: Path) -> Path:
    """Fills the new folder with the brand, the list of reviewed texts and `COPIED` in every language."""
    folder.mkdir()
    for name in ("brand.txt", "reviewed.txt"):
        shutil.copy(FOLDER / name, folder)
    for language in LANGUAGES:
        (folder / language).mkdir()
        for code in COPIED:
            shutil.copy(FOLDER / language / f"{code}.txt", folder / language)
    return folder
