"""How are many rows written, or found by their ids, at once? In one statement whose cost is the database's own."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    LargeBinary,
    Table,
    Update,
    any_,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import QueryableAttribute, Session

from immigration.database import Base


def insert_all(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Many rows at once, each with the same columns."""
    assert isinstance(table.__table__, Table)
    run_all(session, insert(table.__table__), rows)


def run_all(session: Session, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """One statement for many rows, by the driver's own executemany.

    The values are made ready column by column: SQLAlchemy's way, row by row, costs as much as the database itself.
    """
    if not rows:
        return
    dialect = session.get_bind().dialect
    compiled = statement.compile(dialect=dialect, column_keys=list(rows[0]))
    types = {name: bind.type for bind, name in compiled.bind_names.items()}
    names = compiled.positiontup or list(types)
    columns = []
    for name in names:
        told = [row[name] for row in rows] if name in rows[0] else [compiled.params[name]] * len(rows)
        # Both drivers take bytes as they are.
        plain = isinstance(types[name], LargeBinary)
        ready = None if plain else types[name].dialect_impl(dialect).bind_processor(dialect)
        columns.append(told if ready is None else list(map(ready, told)))
    by_place = zip(*columns, strict=True)
    many = list(by_place) if compiled.positional else [dict(zip(names, row, strict=True)) for row in by_place]
    session.connection().exec_driver_sql(str(compiled), many)


def one_of(session: Session, column: QueryableAttribute[Any], ids: Sequence[int]) -> ColumnElement[bool]:
    """`column IN (ids)` with one parameter: a thousand of them cost more to bind than their rows to find."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(ids, postgresql.ARRAY(BigInteger)))
    return column.in_(select(func.json_each(json.dumps(ids)).table_valued("value").c.value))
