"""What is there to show? Demonstration applications for an empty database: invented people, numbers that begin with 99.

Phones are +62 812 0000 000x, which validate but may be somebody's: a demonstration texts nobody (domain.md 9.9).
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.wiring import Wiring
from immigration.applications.keeping import put
from immigration.applications.record import Billing, Details, Record
from immigration.applications.states import Group, Status
from immigration.applications.tables import Application
from immigration.offices.catalogue import load_catalogue
from immigration.vault import Vault

ONE_APPLICATION: Final = "+6281200000001"
SEVERAL: Final = "+6281200000002"
UNPAID: Final = "+6281200000003"
FOREIGNER: Final = "+6281200000004"
_ACTOR: Final = "demo"


def load_if_empty(wiring: Wiring) -> bool:
    """Load the demonstration where there is no application yet; whether it was loaded."""
    with wiring.database.reading() as session:
        if session.scalar(select(Application.id).limit(1)) is not None:
            return False
    with wiring.database.writing() as session:
        load(session, wiring.vault, wiring.clock())
    return True


def load(session: Session, vault: Vault, now: datetime) -> int:
    """Record the demonstration's applications; how many there are. Again changes nothing but what the time changes."""
    catalogue = load_catalogue(session)
    applications = _applications(now)
    for told in applications:
        group: Group = catalogue.service(told.service).group
        put(session, vault, told, group, _ACTOR, now)
    return len(applications)


def _applications(now: datetime) -> list[Record]:
    today = now.date()
    place = iter(range(1, 100))

    def told(service: str, status: Status, name: str, born: date, days_ago: int, **more: Any) -> Record:
        return Record(
            number=f"99{next(place):014d}",
            office="SJJ",
            service=service,
            status=status,
            name=name,
            birth_date=born,
            occurred_at=datetime.combine(today - timedelta(days=days_ago), now.timetz().replace(microsecond=0)),
            consent=True,
            **more,
        )

    due = Billing("820261124000001", 950_000, now.replace(microsecond=0) + timedelta(hours=2))
    late = Billing("820261124000002", 650_000, now.replace(microsecond=0) - timedelta(days=1))
    return [
        told("P10", Status.SIAP_DIAMBIL, "Siti Rahmah", date(1990, 11, 24), 2, phone=ONE_APPLICATION),
        told("P5", Status.BERKAS_DIPERIKSA, "Rosmaniar", date(1962, 3, 8), 1, phone=SEVERAL, language="min"),
        told("PANAK", Status.PERLU_LENGKAPI, "Rafki", date(2015, 7, 1), 3, phone=SEVERAL, language="min",
             details=Details(missing="KK, akta lahir", due_on=today + timedelta(days=12))),
        told("PGANTI", Status.CETAK, "Zulkifli", date(1958, 12, 30), 1, phone=SEVERAL, language="min"),
        told("P10", Status.MENUNGGU_BAYAR, "Yusmaniar", date(1985, 5, 17), 0, phone=UNPAID, payment=due),
        told("ITAS1", Status.IT_DITERUSKAN, "Anna Keller", date(1979, 9, 2), 4, phone=FOREIGNER, language="en"),
        told("P5", Status.KEDALUWARSA, "Erizal", date(1994, 1, 11), 1, phone="+6281200000005", payment=late),
        told("P5", Status.LUNAS_TERJADWAL, "Nurhayati", date(1971, 8, 19), 0, phone="+6281200000006"),
        told("P10", Status.FOTO_WAWANCARA, "Hendri", date(1988, 2, 29), 1, phone="+6281200000007",
             details=Details(ready_on=today + timedelta(days=4))),
        told("P5", Status.DISERAHKAN, "Mardiana", date(1966, 10, 5), 9, phone="+6281200000008"),
        told("PHILANG", Status.DITUNDA_BAP, "Syafril", date(1981, 6, 23), 6),
        told("P10", Status.DIKIRIM_POS, "Desi Ratna", date(1997, 4, 14), 2, details=Details(receipt="P2611240001234")),
        told("ITK30", Status.IT_TERBIT, "Tomas Novak", date(1992, 12, 1), 1, language="en",
             details=Details(valid_until=today + timedelta(days=30))),
    ]  # fmt: skip
