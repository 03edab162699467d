"""Do the pages say what is so? The menus' graph, and every table that data is kept in."""

import pkgutil
from importlib import import_module
from pathlib import Path

import immigration
from immigration.database import Base
from menus.graph import mermaid

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_of_the_menus_draws_them_as_they_are() -> None:
    assert f"```mermaid\n{mermaid()}\n```" in (DOCS / "menus.md").read_text(encoding="utf-8"), (
        "put what `python -m gateway menus graph` prints into docs/menus.md"
    )


def test_the_page_of_what_is_kept_names_every_table() -> None:
    for module in pkgutil.walk_packages(immigration.__path__, "immigration."):
        import_module(module.name)
    page = (DOCS / "data.md").read_text(encoding="utf-8")
    assert [name for name in Base.metadata.tables if f"`{name}`" not in page] == []
