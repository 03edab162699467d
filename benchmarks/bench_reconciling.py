"""How fast is a treasury list reconciled? Over SQLite, against the least that any reconciliation does, in one run.

The baseline reads the CSV, makes the keyed hash of each billing and selects it by its index, in batches: no parsing of
times and amounts, no second hash, nothing written. A fresh payment writes five rows besides: the payment, its event,
the application, its event, and the SMS, which is worded and sealed. Every phone was written to before.
"""

import csv
import gc
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from gateway.messaging import build_outbox
from gateway.migrate import upgrade
from gateway.settings import load_settings
from gateway.wiring import key_ring
from immigration.applications.reading import examine
from immigration.applications.record import Billing, Kept, Record
from immigration.applications.rows import payment_values, row_values
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.bulk import insert_all
from immigration.clock import utc_now
from immigration.contacts import Contact, phone_about
from immigration.database import Database
from immigration.keys import load_vault
from immigration.messages.tables import Message
from immigration.offices.snapshot import CatalogueSnapshot
from immigration.payments.reconciling import BATCH, COLUMNS, Counts, run
from immigration.vault import Vault

ROWS = 20_000
_AMOUNT = 950_000


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        settings = load_settings({"VAR_DIR": name})
        database = Database(settings.database_url)
        upgrade(database, key_ring(settings))
        vault, now = load_vault(database, key_ring(settings)), utc_now()
        _fill(database, vault, now)
        outbox = build_outbox(settings, vault, CatalogueSnapshot(database))
        zone = outbox.catalogue().office("SJJ").zone
        export = Path(name) / "treasury.csv"
        _write(export, now)
        gc.freeze()  # as the command does

        def reconciled() -> tuple[float, float, Counts]:
            began, worked, counts = time.perf_counter(), time.process_time(), Counts()
            for progress in run(examine(export, COLUMNS), database, outbox, "bench", now, zone):
                counts = progress.counts
            return time.perf_counter() - began, time.process_time() - worked, counts

        fresh, fresh_cpu, first = reconciled()
        known, known_cpu, again = reconciled()
        assert (first.matched, again.unchanged) == (ROWS, ROWS)
        with database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Message)) == ROWS
        bare = _bare(export, database, vault)
        print(
            f"{ROWS} payments, all fresh           {ROWS / fresh:8.0f} rows/s, {ROWS / fresh_cpu:8.0f} per CPU second"
        )
        print(f"the same list again, all known     {ROWS / known:8.0f} rows/s, {ROWS / known_cpu:8.0f} per CPU second")
        print(f"bare: CSV, one HMAC, one SELECT    {ROWS / bare:8.0f} rows/s")
        print(f"fresh / bare = {bare / fresh:.3f}, known / bare = {bare / known:.3f}")
        database.close()


def _billing(place: int) -> str:
    return f"8202{place:011d}"


def _fill(database: Database, vault: Vault, now: datetime) -> None:
    """Applications that wait for their payment, each with a phone that was written to before."""
    times = {"created_at": now, "updated_at": now}
    for first in range(1, ROWS + 1, BATCH):
        applications, payments, contacts = [], [], []
        for place in range(first, min(first + BATCH, ROWS + 1)):
            phone = f"+62812{place:08d}"
            billing = Billing(_billing(place), _AMOUNT, now + timedelta(hours=2))
            record = Record(f"99{place:014d}", "SJJ", "P10", Status.MENUNGGU_BAYAR, phone, "Siti Rahmah", consent=True)
            applications.append(row_values(vault, Kept(record, now)) | times)
            payments.append(payment_values(vault, billing, now) | {"application_id": place})
            phone_hash = vault.lookup("phone", phone)
            contacts.append(
                {
                    "phone_hash": phone_hash,
                    "phone_sealed": vault.seal(phone, phone_about(phone_hash)),
                    "key_id": vault.ring.newest_id,
                    "created_at": now,
                    "used_at": now,
                    "privacy_at": now,
                    "privacy_answered": False,
                }
            )
        with database.writing() as session:
            insert_all(session, Application, applications)
            insert_all(session, Payment, payments)
            insert_all(session, Contact, contacts)


def _write(export: Path, now: datetime) -> None:
    with export.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("kode_billing", "jumlah", "tanggal_bayar", "ntpn"))
        for place in range(1, ROWS + 1):
            writer.writerow((_billing(place), _AMOUNT, f"{now:%d/%m/%Y %H:%M}", f"{place:016d}"))


def _bare(export: Path, database: Database, vault: Vault) -> float:
    began = time.perf_counter()
    found = 0
    with export.open(encoding="utf-8", newline="") as file, database.reading() as session:
        billings = [row[0] for row in csv.reader(file, delimiter=";")][1:]
        for first in range(0, len(billings), BATCH):
            hashes = [vault.lookup("billing", billing) for billing in billings[first : first + BATCH]]
            found += len(session.execute(select(Payment.id).where(Payment.billing_hash.in_(hashes))).all())
    assert found == ROWS
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
