"""`menus`: the menu linter and the menu graph."""

import click


@click.group()
def menus() -> None:
    """Look at the USSD menus."""


@menus.command()
@click.option("--unreviewed", is_flag=True, help="List each Minangkabau text that waits for a native speaker.")
def check(unreviewed: bool) -> None:
    """Draw every screen in every language with its worst values; exit 1 with a line per fault."""
    from menus import check as linter

    found = linter.faults()
    for fault in found:
        click.echo(fault)
    waiting = linter.unreviewed()
    if unreviewed:
        for key in waiting:
            click.echo(f"not reviewed: {key}")
    elif waiting:
        click.echo(f"{len(waiting)} Minangkabau texts wait for a native speaker (--unreviewed lists them).")
    if found:
        raise SystemExit(1)


@menus.command()
def graph() -> None:
    """The menus as a Mermaid graph."""
    from menus.graph import mermaid

    click.echo(mermaid())
