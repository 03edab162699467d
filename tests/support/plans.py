"""How does the database find its rows? Every statement that ran within a block, with the plan that it is run by."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from immigration.database import Database

_SPACE = re.compile(r"\s+")
# A list of values, however long it was.
_LIST = re.compile(r"IN \((\?|%)[^()]*\)")


@dataclass
class Statements:
    """The distinct statements of a block, each with parameters that it ran with."""

    database: Database
    ran: dict[str, Any] = field(default_factory=dict)
    # How often any of them ran.
    times: int = 0

    def plans(self, *, costs_aside: bool = False) -> dict[str, str]:
        """The database's plan of each, by statement.

        `costs_aside`: PostgreSQL would rather read all of a table that is small; show what it does with a large one.
        """
        explain = "EXPLAIN QUERY PLAN " if self.database.dialect == "sqlite" else "EXPLAIN (COSTS OFF) "
        with self.database.engine.connect() as connection:
            if costs_aside and self.database.dialect == "postgresql":
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            found = {}
            for statement, parameters in self.ran.items():
                rows = connection.exec_driver_sql(explain + statement, parameters)
                found[_LIST.sub("IN (…)", _SPACE.sub(" ", statement))] = "\n".join(str(row[-1]) for row in rows)
            return found


@contextmanager
def noted(database: Database) -> Iterator[Statements]:
    """Note what runs on this database within the block; INSERTs look for nothing."""
    statements = Statements(database)

    def note(_one: object, _two: object, statement: str, parameters: Any, _context: object, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            statements.times += 1
            statements.ran.setdefault(statement, parameters[0] if many else parameters)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
