"""`texts`: the linter of the SMS wording, and each text as it is sent."""

from pathlib import Path

import click

from immigration.messages.texts import FOLDER


@click.group()
def texts() -> None:
    """Look at the SMS wording."""


_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FOLDER,
    help="Other texts than the product's own.",
)


@texts.command()
@click.option("--unreviewed", is_flag=True, help="List each Minangkabau text that waits for a native speaker.")
@_folder
def check(unreviewed: bool, folder: Path) -> None:
    """Fill every text with its longest values, in every language and both variants; exit 1 with a line per fault."""
    from immigration.messages import check as linter
    from immigration.messages.texts import BadTemplate, Texts

    try:
        loaded = Texts.load(folder)
    except BadTemplate as fault:
        click.echo(str(fault))
        raise SystemExit(1) from None
    found = linter.faults(loaded)
    for line in found:
        click.echo(line)
    waiting = linter.unreviewed(loaded)
    if unreviewed:
        for code in waiting:
            click.echo(f"not reviewed: {code}")
    elif waiting:
        click.echo(f"{len(waiting)} Minangkabau texts wait for a native speaker (--unreviewed lists them).")
    if found:
        raise SystemExit(1)
    click.echo(f"ok: {len(loaded.codes)} texts in {len(loaded.templates)} files, each in one segment")


@texts.command()
@click.argument("code")
@_folder
def show(code: str, folder: Path) -> None:
    """Print the text CODE in each language and variant, with its longest values, septets and segments."""
    from immigration.gsm7 import NotGsm7, septets
    from immigration.messages.texts import LONGEST, BadTemplate, Texts
    from immigration.people import LANGUAGES

    try:
        loaded = Texts.load(folder)
        for language in LANGUAGES:
            for can_reply, variant in ((True, "people can reply"), (False, "one-way")):
                said = loaded.render(code, language, LONGEST, can_reply=can_reply, ussd_code=LONGEST["ussd"])
                click.echo(f"{language}, {variant}: {septets(said.text)} septets, {said.segments} segment(s)")
                click.echo(f"  {said.text}")
    except (BadTemplate, NotGsm7) as fault:
        raise click.ClickException(str(fault)) from None
