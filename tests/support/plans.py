"""How does the database find its rows? Every statement that ran within a block, with the plan it is run by."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from immigration.database import Database


@dataclass
class Statements:
    """The distinct statements of a block, each with parameters that it ran with."""

    database: Database
    ran: dict[str, Any] = field(default_factory=dict)

    def plans(self) -> dict[str, str]:
        """The database's plan of each, by statement."""
        explain = "EXPLAIN QUERY PLAN " if self.database.dialect == "sqlite" else "EXPLAIN (COSTS OFF) "
        with self.database.engine.connect() as connection:
            return {
                statement: "\n".join(
                    str(row[-1]) for row in connection.exec_driver_sql(explain + statement, parameters)
                )
                for statement, parameters in self.ran.items()
            }


@contextmanager
def noted(database: Database) -> Iterator[Statements]:
    """Note what runs on this database within the block."""
    statements = Statements(database)

    def note(
        _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            statements.ran.setdefault(statement, parameters[0] if many else parameters)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
