"""How fast does an export come in? The import over SQLite against bare inserts of as many rows, in one run."""

import gc
import resource
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from gateway.migrate import upgrade
from gateway.settings import load_settings
from gateway.wiring import key_ring
from immigration.applications.cells import Reading
from immigration.applications.importing import BATCH, run
from immigration.applications.reading import examine
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import load_vault
from immigration.offices.catalogue import load_catalogue

ROWS = 20_000
_HEADER = "number;service;office;name;birth_date;phone;language;consent;status;occurred_at"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export = folder / "export.csv"
        with export.open("w", encoding="utf-8") as file:
            file.write(_HEADER + "\n")
            for place in range(ROWS):
                file.write(
                    f"99{place:014d};P10;SJJ;Siti Rahmah {place};24/11/1990;0812{place:08d};id;ya;CETAK;2026-11-20\n"
                )
        settings = load_settings({"VAR_DIR": name})
        database = Database(settings.database_url)
        upgrade(database, key_ring(settings))
        vault = load_vault(database, key_ring(settings))
        with database.reading() as session:
            reading = Reading(load_catalogue(session), utc_now())

        def imported() -> float:
            began = time.perf_counter()
            for _ in run(examine(export), database, vault, reading, "bench"):
                pass
            return time.perf_counter() - began

        gc.freeze()  # as the command does
        before = _peak_mb()
        new = imported()
        grown = _peak_mb() - before
        again = imported()
        bare = _bare(folder / "bare.db")
        print(f"import of {ROWS} new rows        {ROWS / new:8.0f} rows/s")
        print(f"import of the same file again   {ROWS / again:8.0f} rows/s")
        print(f"bare inserts of as many rows    {ROWS / bare:8.0f} rows/s")
        print(f"import / bare = {bare / new:.3f}")
        print(f"peak memory grew by {grown:.1f} MB over {export.stat().st_size / 1e6:.1f} MB of file")
        database.close()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _bare(file: Path) -> float:
    """Three plain rows for each application, as the import writes them: itself, its event, its audit."""
    began = time.perf_counter()
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        for table in ("a", "b", "c"):
            database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, x BLOB UNIQUE, y BLOB, z TEXT)")
        for first in range(0, ROWS, BATCH):
            database.execute("BEGIN IMMEDIATE")
            rows = [(b"%016d" % place, b"y" * 200, "z" * 40) for place in range(first, first + BATCH)]
            for table in ("a", "b", "c"):
                database.executemany(f"INSERT INTO {table} (x, y, z) VALUES (?, ?, ?)", rows)
            database.execute("COMMIT")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
