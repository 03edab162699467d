"""How do we know offices and services without a query each time? A snapshot that is renewed each minute."""

import time
from typing import Final

from immigration.database import Database
from immigration.offices.catalogue import Catalogue, load_catalogue

SNAPSHOT_SECONDS: Final = 60.0


class CatalogueSnapshot:
    """Offices, services and fees as of this minute; an older snapshot is never given out silently for longer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._catalogue: Catalogue | None = None
        self._loaded = 0.0

    def __call__(self) -> Catalogue:
        """The catalogue. Raises the database's errors."""
        if self._catalogue is None or time.monotonic() - self._loaded > SNAPSHOT_SECONDS:
            with self._database.reading() as session:
                self._catalogue = load_catalogue(session)
            self._loaded = time.monotonic()
        return self._catalogue
