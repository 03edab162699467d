"""How is a billing written? Grouped for reading out, as on a receipt."""


def grouped(billing: str) -> str:
    """The 15 digits in fours: `8202 6112 4000 000`."""
    return " ".join(billing[start : start + 4] for start in range(0, len(billing), 4))
