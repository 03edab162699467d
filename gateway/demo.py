"""What is there to show? A demonstration for an empty database: invented people, numbers that begin with 99.

Phones are +62 812 0000 00xx, which validate but may be somebody's: a demonstration texts nobody (domain.md 9.9).
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.wiring import Wiring
from immigration.applications.keeping import Outcome, put
from immigration.applications.record import Billing, Details, Record
from immigration.applications.states import Group, Status
from immigration.applications.tables import Application
from immigration.appointments import booking, generating
from immigration.appointments.availability import free_sessions
from immigration.appointments.calendar import today
from immigration.appointments.seats import By
from immigration.messages.outbox import Outbox
from immigration.payments.paying import Paid, pay

ONE_APPLICATION: Final = "+6281200000001"
SEVERAL: Final = "+6281200000002"
UNPAID: Final = "+6281200000003"
FOREIGNER: Final = "+6281200000004"
VISITOR: Final = "+6281200000006"
PAID: Final = "+6281200000020"
DISPUTED: Final = "+6281200000021"
CLAIMANT: Final = "+6281200000022"
_ACTOR: Final = "demo"
_PAID_LATE: Final = timedelta(hours=4)


def load_if_empty(wiring: Wiring) -> bool:
    """Load the demonstration where there is no application yet; whether it was loaded."""
    with wiring.database.reading() as session:
        if session.scalar(select(Application.id).limit(1)) is not None:
            return False
    with wiring.database.writing() as session:
        load(session, wiring.outbox, wiring.clock())
    return True


def load(session: Session, outbox: Outbox, now: datetime) -> int:
    """Record the demonstration, in a writing session; how many applications it has.

    Again changes nothing but what the time changes. What it has written to people waits in the outbox.
    """
    catalogue = outbox.catalogue()
    applications = _applications(now)
    for told in applications:
        group: Group = catalogue.service(told.service).group
        outcome = put(session, outbox.vault, told, group, _ACTOR, now)
        if told.phone == VISITOR:
            _book(session, outbox, outcome, now)
        elif told.phone == DISPUTED and told.payment is not None:
            paid = Paid(told.payment.billing, told.payment.due_at + _PAID_LATE, "9900000000000015")
            pay(session, outbox, paid, _ACTOR, now)
    return len(applications)


def _book(session: Session, outbox: Outbox, outcome: Outcome, now: datetime) -> None:
    """A visit on the next open day, unless one is still to come."""
    told = outcome.kept.record
    office, by = outbox.catalogue().office(told.office), By(_ACTOR, _ACTOR)
    generating.generate(session, office, now, by)
    free = free_sessions(session, office, "general", now)
    later = next((one for one in free if today(office, one.starts_at) > today(office, now)), None)
    if later is None or told.phone is None:
        return
    if not booking.open_visits(session, outbox.vault.lookup("phone", told.phone)):
        occasion = f"demo:{outcome.id}:{later.starts_at:%Y%m%d}"
        wish = booking.Wish(occasion, office, told.phone, "general", told.service, outcome.id)
        booking.book(session, outbox, wish, later.id, now, by)


def _applications(now: datetime) -> list[Record]:
    day = now.date()
    place = iter(range(1, 100))

    def told(service: str, status: Status, name: str, born: date, days_ago: int, **more: Any) -> Record:
        return Record(
            number=f"99{next(place):014d}",
            office="SJJ",
            service=service,
            status=status,
            name=name,
            birth_date=born,
            occurred_at=datetime.combine(day - timedelta(days=days_ago), now.timetz().replace(microsecond=0)),
            consent=True,
            **more,
        )

    def bill(place: int, amount: int, due: timedelta, paid: timedelta | None = None) -> Billing:
        moment = now.replace(microsecond=0)
        return Billing(f"82026112400{place:04d}", amount, moment + due, None if paid is None else moment + paid)

    hour = timedelta(hours=1)
    return [
        told("P10", Status.SIAP_DIAMBIL, "Siti Rahmah", date(1990, 11, 24), 2, phone=ONE_APPLICATION),
        told("P5", Status.BERKAS_DIPERIKSA, "Rosmaniar", date(1962, 3, 8), 1, phone=SEVERAL, language="min"),
        told("PANAK", Status.PERLU_LENGKAPI, "Rafki", date(2015, 7, 1), 3, phone=SEVERAL, language="min",
             details=Details(missing="KK, akta lahir", due_on=day + timedelta(days=12))),
        told("PGANTI", Status.CETAK, "Zulkifli", date(1958, 12, 30), 1, phone=SEVERAL, language="min"),
        told("P10", Status.MENUNGGU_BAYAR, "Yusmaniar", date(1985, 5, 17), 0, phone=UNPAID,
             payment=bill(1, 950_000, 2 * hour)),
        told("ITAS1", Status.IT_DITERUSKAN, "Anna Keller", date(1979, 9, 2), 4, phone=FOREIGNER, language="en"),
        told("P5", Status.KEDALUWARSA, "Erizal", date(1994, 1, 11), 1, phone="+6281200000005",
             payment=bill(2, 650_000, -24 * hour)),
        told("P5", Status.LUNAS_TERJADWAL, "Nurhayati", date(1971, 8, 19), 0, phone=VISITOR,
             payment=bill(3, 650_000, hour, -hour)),
        told("P10", Status.FOTO_WAWANCARA, "Hendri", date(1988, 2, 29), 1, phone="+6281200000007",
             details=Details(ready_on=day + timedelta(days=4))),
        told("P5", Status.DISERAHKAN, "Mardiana", date(1966, 10, 5), 9, phone="+6281200000008"),
        told("PHILANG", Status.DITUNDA_BAP, "Syafril", date(1981, 6, 23), 6),
        told("P10", Status.DIKIRIM_POS, "Desi Ratna", date(1997, 4, 14), 2, details=Details(receipt="P2611240001234")),
        told("ITK30", Status.IT_TERBIT, "Tomas Novak", date(1992, 12, 1), 1, language="en",
             details=Details(valid_until=day + timedelta(days=30))),
        told("P10", Status.LUNAS_TERJADWAL, "Ratna Dewi", date(1993, 4, 2), 0, phone=PAID,
             payment=bill(4, 950_000, hour, -hour)),
        told("P10", Status.KEDALUWARSA, "Bustami", date(1969, 2, 11), 1, phone=DISPUTED,
             payment=bill(5, 950_000, -24 * hour)),
        told("P5", Status.MENUNGGU_BAYAR, "Marlis", date(1983, 7, 30), 0, phone=CLAIMANT,
             payment=bill(6, 650_000, 5 * hour)),
    ]  # fmt: skip
