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
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from gateway.cli.common import opened, operator
from immigration.applications.cells import Reading
from immigration.applications.importing import Counts, Progress, Reject, run
from immigration.applications.reading import ADDED, APPLICATIONS, BadFile, Columns, Shape, examine
from immigration.clock import utc_now
from immigration.offices.catalogue import load_catalogue
from immigration.payments import reconciling


@click.group("import")
def import_() -> None:
    """Bring exports of the back office in."""


_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_CHECK = click.option(
    "--check", is_flag=True, help="Change nothing in the database; FILE.rejects.csv is written all the same."
)
_ACTOR = click.option("--actor", help="Who imports, for events and audit; the user of this terminal unless given.")


@import_.command()
@_FILE
@_CHECK
@_ACTOR
def applications(file: Path, check: bool, actor: str | None) -> None:
    """Record every application of FILE (columns: docs/importing.md).

    Rows that cannot be used go to FILE.rejects.csv with line and reason; the good rows stay in. Importing the same
    file again changes nothing. Exit status 1 where the file as a whole cannot be used; nothing is written then.
    """
    shape = _examined(file, APPLICATIONS)
    with opened() as parts:
        with parts.database.reading() as session:
            reading = Reading(load_catalogue(session), utc_now())
        by = actor or operator()
        _bring_in(
            "applications", file, shape, run(shape, parts.database, parts.vault, reading, by, check=check), Counts()
        )


@import_.command()
@_FILE
@_CHECK
@_ACTOR
def payments(file: Path, check: bool, actor: str | None) -> None:
    """Reconcile the bank's or the treasury's list FILE with the billings on record (columns: docs/payments.md).

    What arrived as it should moves its application on, and the applicant is told once; what is late or of another
    amount is disputed. Unknown and doubled payments go to FILE.rejects.csv. Importing the same file again changes
    nothing. Exit status 1 where the file as a whole cannot be used; nothing is written then.
    """
    shape = _examined(file, reconciling.COLUMNS)
    with opened() as parts:
        outbox = parts.outbox()
        zone = outbox.catalogue().office(parts.settings.office_default).zone
        by = actor or operator()
        progress = reconciling.run(shape, parts.database, outbox, by, utc_now(), zone, check=check)
        _bring_in("payments", file, shape, progress, reconciling.Counts())
        if not check:
            parts.ring()


def _examined(file: Path, columns: Columns) -> Shape:
    try:
        return examine(file, columns)
    except BadFile as fault:
        raise click.ClickException(f"{file}: {fault}") from None


def _bring_in(
    what: str,
    file: Path,
    shape: Shape,
    progress: Iterable[Progress | reconciling.Progress],
    counts: Counts | reconciling.Counts,
) -> None:
    """Run an import to its end, with its bar and its file of rejects, and say what came of it."""
    rejected = file.with_name(file.name + ".rejects.csv")
    kept_out = 0
    with _writing_to(rejected), ExitStack() as stack:
        # What is loaded by now stays; looking through it again after each batch costs a tenth of the import.
        gc.freeze()
        rejects = stack.enter_context(_RejectsFile(rejected, shape))
        bar = stack.enter_context(_bar())
        task = bar.add_task(what, total=shape.rows)
        for step in progress:
            counts = step.counts
            kept_out += len(step.rejects)
            rejects.write(step.rejects)
            bar.update(task, completed=counts.read)
    click.echo(" ".join(f"{name}={count}" for name, count in vars(counts).items()))
    if kept_out:
        click.echo(f"rejected rows with their reasons: {rejected}", err=True)
    if counts.read and kept_out == counts.read:
        raise SystemExit(1)


@contextmanager
def _writing_to(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(
            f"{path}: cannot be written ({error.strerror}); rows that came in before stay, import the file again"
        ) from None


def _bar() -> Bar:
    return Bar(
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
