"""How does one test after the other get a database as new, without one being made for each? By undoing what was done.

A new database makes PostgreSQL copy 7 MB; a test changes some rows of some tables. What cannot be undone (a table of
the test's own, statistics) is noticed, and the database is given up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.support.postgres import TestServer

_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_REFERRED = "SELECT confrelid::regclass::text, conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
# A page is there as soon as a row was written, also one that was rolled back or deleted.
_WRITTEN = "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND pg_relation_size(oid) > 0"
_SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
# Tables, indexes, constraints, triggers and functions as they are defined, and what ANALYZE found.
_SHAPE = " UNION ALL ".join(
    f"SELECT '{catalog}', count(*), sum(xmin::text::bigint) FROM {catalog} WHERE {key} >= 16384"
    for catalog, key in {
        "pg_attribute": "attrelid",
        "pg_constraint": "oid",
        "pg_index": "indexrelid",
        "pg_trigger": "oid",
        "pg_proc": "oid",
        "pg_statistic": "starelid",
    }.items()
)
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = %s AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


class Reused:
    """This process's migrated database: one test's at a time, under a name that no test before it knew."""

    def __init__(self, server: TestServer, template: str) -> None:
        self._server = server
        self._template = template
        self._admin = server.connected("postgres")
        self._idle: str | None = None
        self._original: _Original | None = None

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Its URL. What a test leaves behind, processes that still write among it, reaches no later one."""
        name = f"test_{uuid4().hex}"
        if self._idle is None:
            self._do("CREATE DATABASE {} TEMPLATE {}", name, self._template)
        else:
            self._do("ALTER DATABASE {} RENAME TO {}", self._idle, name)
            self._idle = None
        if self._original is None:
            with self._server.connected(name) as connection:
                self._original = _Original(connection)
        try:
            yield self._server.url(name)
        finally:
            self._take_back(name, self._original)

    def close(self) -> None:
        """Drop it."""
        if self._idle is not None:
            self._do("DROP DATABASE {}", self._idle)
        self._admin.close()

    def _take_back(self, name: str, original: "_Original") -> None:
        idle = f"idle_{uuid4().hex}"
        self._admin.execute(_END_OTHERS, (name,))
        self._do("ALTER DATABASE {} RENAME TO {}", name, idle)
        with self._server.connected(idle) as connection:
            is_as_new = original.restore(connection)
        if is_as_new:
            self._idle = idle
        else:
            self._original = None
            self._do("DROP DATABASE {}", idle)

    def _do(self, statement: LiteralString, *names: str) -> None:
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class _Original:
    """What a migrated database holds before any test: each table's rows, as COPY writes them."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.rows = {table: _copied(connection, table) for (table,) in connection.execute(_TABLES).fetchall()}
        self.referring: dict[str, set[str]] = {table: set() for table in self.rows}
        for referred, refers in connection.execute(_REFERRED):
            self.referring[referred].add(refers)
        self.sequences = dict(connection.execute(_SEQUENCES).fetchall())
        self.shape = connection.execute(_SHAPE).fetchall()
        self.versions = self._versions(connection)

    def restore(self, connection: psycopg.Connection) -> bool:
        """Undo what was done to the rows; false where more than that was done."""
        if connection.execute(_SHAPE).fetchall() != self.shape:
            return False
        empty = [table for table, rows in self.rows.items() if not rows]
        changed = {table for (table,) in connection.execute(_WRITTEN, (empty,)).fetchall()}
        changed |= {table for table, version in self._versions(connection).items() if version != self.versions[table]}
        changed = self._with_referring(changed)
        with connection.transaction():
            # Rows come back table by table: one may refer to a row of a table that is still empty.
            connection.execute("SET LOCAL session_replication_role = replica")
            if changed:
                names = sql.SQL(", ").join(map(sql.Identifier, sorted(changed)))
                connection.execute(sql.SQL("TRUNCATE {}").format(names))
            for table in (table for table in changed if self.rows[table]):
                statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                with connection.cursor().copy(statement) as copy:
                    copy.write(self.rows[table])
            for sequence, last in connection.execute(_SEQUENCES).fetchall():
                if last != self.sequences[sequence]:
                    first = self.sequences[sequence]
                    connection.execute("SELECT setval(%s, %s, %s)", (sequence, first or 1, first is not None))
        self.versions = self._versions(connection)
        return True

    def _with_referring(self, tables: set[str]) -> set[str]:
        """TRUNCATE wants every table that refers to one of these named as well."""
        more = {other for table in tables for other in self.referring[table]} - tables
        return self._with_referring(tables | more) if more else tables

    def _versions(self, connection: psycopg.Connection) -> dict[str, Any]:
        """What changes with every change of a row, for each table that has rows."""
        parts = [
            sql.SQL("SELECT {}, md5(string_agg(ctid::text || xmin::text, ' ' ORDER BY ctid)) FROM {}").format(
                sql.Literal(table), sql.Identifier(table)
            )
            for table, rows in self.rows.items()
            if rows
        ]
        return dict(connection.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall())


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(map(bytes, copy))
