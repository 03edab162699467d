"""How is a back-office export read? From a CSV file, however a spreadsheet wrote it, into rows with line numbers."""

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO


@dataclass(frozen=True)
class Columns:
    """What a file may hold: each column with its other names, and those that it must have."""

    aliases: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]


# The API's names first; an Indonesian header is understood as well (docs/importing.md).
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("nomor_permohonan", "nomor", "no_permohonan"),
    "service": ("layanan", "kode_layanan"),
    "office": ("kantor", "kode_kantor"),
    "name": ("nama",),
    "birth_date": ("tanggal_lahir", "tgl_lahir"),
    "phone": ("no_hp", "nomor_hp", "hp", "telepon"),
    "language": ("bahasa",),
    "consent": ("persetujuan",),
    "status": ("status_permohonan",),
    "occurred_at": ("tanggal_status", "tanggal"),
    "missing": ("kekurangan",),
    "receipt": ("resi",),
    "due_on": ("batas_tanggal",),
    "ready_on": ("perkiraan_siap",),
    "valid_until": ("berlaku_sampai",),
    "billing": ("kode_billing",),
    "amount": ("jumlah",),
    "due_at": ("batas_bayar",),
    "paid_at": ("dibayar",),
}
APPLICATIONS: Final = Columns(_ALIASES, ("number", "service", "office", "status"))
# What a file of rejects has at its end besides: put right, it is imported as it lies.
ADDED: Final = ("line", "reason")
_CHUNK: Final = 1 << 16
_FIELD_LIMIT: Final = 8192


class BadFile(Exception):
    """The file as a whole cannot be imported; the message says where and how to fix it. Nothing was written."""


@dataclass(frozen=True)
class Shape:
    """What was found out before anything is written: encoding, separator, columns, and how many rows there are."""

    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]
    columns: tuple[str, ...]
    added: int
    rows: int


@dataclass(frozen=True)
class Row:
    """A row as it stands in the file, with the line on which it begins."""

    line: int
    fields: tuple[str, ...]


def examine(path: Path, known: Columns = APPLICATIONS) -> Shape:
    """Read the whole file once, so that a broken one is refused before the first row is in. Raises `BadFile`."""
    encoding = _encoding(path)
    with _opened(path, encoding) as file:
        first = file.readline()
        separator = ";" if first.count(";") >= first.count(",") else ","
        file.seek(0)
        reader = csv.reader(file, delimiter=separator, strict=True)
        try:
            header = next(reader, None)
            if not header:
                raise BadFile("line 1: the file is empty; the first line names the columns")
            added = len(ADDED) if tuple(header[-len(ADDED) :]) == ADDED else 0
            header = header[: len(header) - added]
            columns = _columns(header, known)
            rows = sum(1 for fields in reader if any(fields))
        except csv.Error as error:
            raise BadFile(_csv_fault(error, reader.line_num)) from None
    return Shape(path, encoding, separator, tuple(header), columns, added, rows)


def read(shape: Shape) -> Iterator[Row]:
    """The rows, one after the other; empty lines are passed over."""
    with _opened(shape.path, shape.encoding) as file:
        reader = csv.reader(file, delimiter=shape.separator, strict=True)
        next(reader)
        line = reader.line_num + 1
        for fields in reader:
            if any(fields):
                yield Row(line, tuple(fields[: len(fields) - shape.added]))
            line = reader.line_num + 1


def _opened(path: Path, encoding: str) -> TextIO:
    csv.field_size_limit(_FIELD_LIMIT)
    return path.open(encoding=encoding, newline="", errors="replace" if encoding == "cp1252" else "strict")


def _encoding(path: Path) -> str:
    """UTF-8 where the whole file is UTF-8, else Windows-1252, which Excel writes by default in the West."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8 = True
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    raise BadFile("this is UTF-16: save it as `CSV UTF-8` in the spreadsheet")
                if b"\x00" in chunk:
                    raise BadFile("this is no text file: export it as CSV")
                if utf8:
                    try:
                        decoder.decode(chunk)
                    except UnicodeDecodeError:
                        utf8 = False
            if utf8:
                try:
                    decoder.decode(b"", final=True)
                except UnicodeDecodeError:
                    utf8 = False
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})") from error
    return "utf-8-sig" if utf8 else "cp1252"


def _csv_fault(error: csv.Error, line: int) -> str:
    if "field larger" in str(error) or "unexpected end" in str(error):
        return f"line {line}: a quotation mark is opened and not closed before here"
    return f"line {line}: not CSV ({error})"


def _columns(header: Sequence[str], known: Columns) -> tuple[str, ...]:
    meant = {alias: name for name, aliases in known.aliases.items() for alias in (name, *aliases)}
    names = [cell.strip().lstrip("'").lower().replace(" ", "_") for cell in header]
    unknown = [name for name in names if name not in meant]
    if len(unknown) == len(names):
        # A file without a header: its first line is somebody's data, and is not repeated.
        raise BadFile(f"line 1: names no column; put a first line with names such as {', '.join(known.required)}")
    if unknown:
        raise BadFile(f"line 1: unknown columns {', '.join(map(repr, unknown))}; there are {', '.join(known.aliases)}")
    columns = tuple(meant[name] for name in names)
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise BadFile(f"line 1: the column {doubled[0]} stands twice")
    missing = [name for name in known.required if name not in columns]
    if missing:
        raise BadFile(f"line 1: the columns {', '.join(missing)} are missing")
    return columns
