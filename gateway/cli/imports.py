"""`import`: what the back office exports comes in."""

import csv
import gc
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.cli.common import opened, operator
from immigration.applications.cells import Reading
from immigration.applications.importing import Counts, Reject, run
from immigration.applications.reading import ADDED, BadFile, Shape, examine
from immigration.clock import utc_now
from immigration.offices.catalogue import load_catalogue


@click.group("import")
def import_() -> None:
    """Bring exports of the back office in."""


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing in the database; FILE.rejects.csv is written all the same.")
@click.option("--actor", help="Who imports, for events and audit; the user of this terminal unless given.")
def applications(file: Path, check: bool, actor: str | None) -> None:
    """Record every application of FILE (columns: docs/importing.md).

    Rows that cannot be used go to FILE.rejects.csv with line and reason; the good rows stay in. Importing the same
    file again changes nothing. Exit status 1 where the file as a whole cannot be used; nothing is written then.
    """
    try:
        shape = examine(file)
    except BadFile as fault:
        raise click.ClickException(f"{file}: {fault}") from None
    rejected = file.with_name(file.name + ".rejects.csv")
    counts = Counts()
    with opened() as parts, _writing_to(rejected), ExitStack() as stack:
        with parts.database.reading() as session:
            reading = Reading(load_catalogue(session), utc_now())
        # What is loaded by now stays; looking through it again after each batch costs a tenth of the import.
        gc.freeze()
        rejects = stack.enter_context(_RejectsFile(rejected, shape))
        bar = stack.enter_context(_bar())
        task = bar.add_task("applications", total=shape.rows)
        for progress in run(shape, parts.database, parts.vault, reading, actor or operator(), check=check):
            counts = progress.counts
            rejects.write(progress.rejects)
            bar.update(task, completed=counts.read)
    click.echo(" ".join(f"{name}={count}" for name, count in vars(counts).items()))
    if counts.rejected:
        click.echo(f"rejected rows with their reasons: {rejected}", err=True)
    if counts.read and counts.rejected == counts.read:
        raise SystemExit(1)


@contextmanager
def _writing_to(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(
            f"{path}: cannot be written ({error.strerror}); rows that came in before stay, import the file again"
        ) from None


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


class _RejectsFile:
    """FILE.rejects.csv, whole once the import is through.

    Until then what an earlier run left stays, with whatever an officer has put right in it.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        self._path = path
        self._building = path.with_name(f".{path.name}.{os.getpid()}")
        self._shape = shape
        self._stack = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> "_RejectsFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        try:
            if kind is None and self._writer is None:
                self._path.unlink(missing_ok=True)
            elif kind is None:
                self._building.replace(self._path)
        finally:
            self._building.unlink(missing_ok=True)

    def write(self, rejects: Iterable[Reject]) -> None:
        """Append these rows as they stand in the file, with line and reason."""
        for reject in rejects:
            if self._writer is None:
                handle = os.open(self._building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                file = self._stack.enter_context(os.fdopen(handle, "w", encoding="utf-8-sig", newline=""))
                self._writer = csv.writer(file, delimiter=self._shape.separator)
                self._writer.writerow([*self._shape.header, *ADDED])
            self._writer.writerow([*reject.row.fields, reject.row.line, reject.reason])
