"""Is the treasury's list matched row by row, the same as one payment at a time, and again without changing anything?"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from immigration.applications.importing import Reject
from immigration.applications.keeping import find
from immigration.applications.reading import BadFile, examine
from immigration.applications.record import Details
from immigration.applications.rows import kept_of
from immigration.applications.states import Status
from immigration.applications.tables import Application, ApplicationEvent, Payment
from immigration.database import Database
from immigration.keys import load_vault
from immigration.messages.tables import Message
from immigration.payments.reconciling import COLUMNS, Counts, run
from immigration.tasks import Task, finish
from immigration.vault import KeyRing
from tests.support.clock import START, MovedClock
from tests.support.payments import NTPN, OTHER_NTPN, PayDesk, billing_of
from tests.support.plans import noted
from tests.support.sms import number

HEADER = "kode_billing;jumlah;tanggal_bayar;ntpn\n"


@dataclass
class Treasury:
    """A desk that gets lists."""

    pay: PayDesk
    folder: Path

    def told(self, *rows: str, check: bool = False, header: str = HEADER) -> tuple[Counts, list[Reject]]:
        file = self.folder / "list.csv"
        file.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        counts, rejects = Counts(), []
        sms = self.pay.sms
        parts = run(
            examine(file, COLUMNS),
            sms.database,
            sms.outbox,
            "import:test",
            self.pay.now,
            ZoneInfo("Asia/Jakarta"),
            check=check,
        )
        for progress in parts:
            counts = progress.counts
            rejects += progress.rejects
        return counts, rejects


@pytest.fixture
def treasury(database: Database, key_ring: KeyRing, clock: MovedClock, tmp_path: Path) -> Treasury:
    return Treasury(PayDesk.over(database, load_vault(database, key_ring), clock), tmp_path)


def row(place: int, amount: str = "950000", at: str = "24/11/2026 10:00", reference: str = NTPN) -> str:
    return f"{billing_of(place)};{amount};{at};{reference}"


def ntpn(place: int) -> str:
    return f"{place:016d}"


def test_each_row_comes_to_what_it_is_and_the_same_list_again_changes_nothing(
    treasury: Treasury, clock: MovedClock
) -> None:
    desk = treasury.pay
    for place in range(1, 5):
        desk.billed(place)
    desk.pays(4, ntpn(4))
    clock.move(hours=3)
    rows = (
        row(1, reference=ntpn(1).lower()),
        row(2, at="24/11/2026 12:30", reference=ntpn(2)),
        row(3, "Rp650.000", reference=ntpn(3)),
        row(4, reference=ntpn(4)),
        row(4, reference=OTHER_NTPN),
        row(5),
        row(1, "nothing"),
        row(1, reference=OTHER_NTPN),
    )
    counts, rejects = treasury.told(*rows)
    assert counts == Counts(read=8, matched=1, late=1, wrong_amount=1, unknown=1, doubled=2, unchanged=1, rejected=1)
    assert [(reject.row.line, reject.reason.split(":")[0]) for reject in rejects] == [
        (6, "reference"),
        (7, "billing"),
        (8, "amount"),
        (9, "reference"),
    ]
    assert [desk.status(place) for place in (1, 2, 3)] == ["LUNAS_TERJADWAL", "MENUNGGU_BAYAR", "MENUNGGU_BAYAR"]
    assert [desk.payment(place).state for place in (1, 2, 3)] == ["paid", "disputed", "disputed"]
    tasks, texts = desk.tasks(), desk.texts()
    assert len(tasks) == 4
    assert sorted(texts) == ["LUNAS_TERJADWAL"] * 2 + ["P_SENGKETA"] * 2
    again, rejects_again = treasury.told(*rows)
    assert again == Counts(read=8, unknown=1, doubled=2, unchanged=4, rejected=1)
    assert [reject.reason for reject in rejects_again] == [reject.reason for reject in rejects]
    assert (desk.tasks(), desk.texts()) == (tasks, texts)


def test_a_task_that_an_officer_has_done_does_not_come_back_with_the_list(treasury: Treasury) -> None:
    treasury.pay.billed(1)
    rows = (row(1), row(1, reference=OTHER_NTPN))
    treasury.told(*rows)
    with treasury.pay.sms.database.writing() as session:
        for task_id in session.scalars(select(Task.id)).all():
            finish(session, task_id, "officer", treasury.pay.now)
    treasury.told(*rows)
    assert treasury.pay.tasks() == []


def comparable(desk: PayDesk, place: int) -> dict[str, Any]:
    """What is on record of an application and its payment, without what is random."""
    vault = desk.sms.vault
    with desk.sms.database.reading() as session:
        application, payment = find(session, vault, number(place))
        kept = kept_of(vault, application, payment)
        events = session.scalars(
            select(ApplicationEvent)
            .where(ApplicationEvent.application_id == application.id)
            .order_by(ApplicationEvent.id)
        )
        messages = session.scalars(select(Message).where(Message.application_id == application.id)).all()
        assert payment is not None
        return {
            "status": (application.status, kept.status_at, application.deadline, kept.record.details),
            "updated": application.updated_at,
            "payment": (payment.state, payment.paid_at, payment.is_current, payment.reference_last4),
            "events": [(one.kind, one.status_from, one.status_to, one.occurred_at, one.changed) for one in events],
            "payment events": desk.events(place),
            "messages": [
                (
                    one.template,
                    one.language,
                    one.lane,
                    one.category,
                    one.reason,
                    one.waits,
                    one.due_at,
                    one.expires_at,
                    one.state,
                    one.segments,
                    one.after_id is None,
                )
                for one in messages
            ],
        }


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"status": Status.KEDALUWARSA},
        {"status": Status.BERKAS_DIPERIKSA, "details": Details(due_on=datetime(2026, 12, 1, tzinfo=UTC).date())},
        {"language": "min"},
        {"service": "ITAS1", "language": "en"},
        {"occurred_at": START + timedelta(minutes=4)},
    ],
    ids=["waiting", "lapsed", "moved on", "in Minangkabau", "a permit", "waiting by a clock ahead"],
)
@pytest.mark.parametrize("greeted", [True, False])
def test_many_at_once_are_written_as_one_by_one(treasury: Treasury, told: dict[str, Any], greeted: bool) -> None:
    desk = treasury.pay
    for place in (1, 2):
        desk.billed(place, **told, **({} if greeted else {"phone": f"+62813{place:08d}"}))
    paid_at = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    desk.pays(1, ntpn(1), at=paid_at)
    counts, _ = treasury.told(row(2, reference=ntpn(1)))
    assert counts.matched == 1
    assert comparable(desk, 2) == comparable(desk, 1)


def test_more_payments_take_no_more_statements_and_each_finds_its_rows_by_an_index(treasury: Treasury) -> None:
    ran = []
    for places in (range(1, 3), range(3, 33)):
        for place in places:
            treasury.pay.billed(place)
        with noted(treasury.pay.sms.database) as statements:
            counts, _ = treasury.told(*(row(place, reference=ntpn(place)) for place in places))
        assert counts.matched == len(places)
        ran.append(statements)
    assert ran[1].times <= ran[0].times
    large = "applications|payments|messages|contacts|preferences|visits|tasks"
    for statement, plan in ran[1].plans(costs_aside=True).items():
        assert not re.search(rf"(SCAN|Seq Scan on) ({large})\b", plan), (statement, plan)


def test_a_list_longer_than_a_batch_tells_each_once(treasury: Treasury) -> None:
    for place in range(1, 1204):
        if place % 100 == 0:
            treasury.pay.billed(place)
    counts, rejects = treasury.told(*(row(place, reference=ntpn(place)) for place in range(1, 1204)))
    assert (counts.matched, counts.unknown, len(rejects)) == (12, 1191, 1191)
    assert treasury.pay.texts() == ["LUNAS_TERJADWAL"] * 12


def test_a_check_judges_as_the_list_would_and_keeps_nothing(treasury: Treasury, clock: MovedClock) -> None:
    desk = treasury.pay
    desk.billed(1)
    desk.billed(2)
    rows = (row(1), row(2, "650000", reference=OTHER_NTPN))
    checked = treasury.told(*rows, check=True)
    assert (desk.payment(1).state, desk.texts(), desk.tasks()) == ("waiting", [], [])
    assert treasury.told(*rows) == checked


def test_a_billing_that_was_told_as_paid_gets_its_reference_or_is_disputed(treasury: Treasury) -> None:
    desk = treasury.pay
    for place in (1, 2):
        desk.billed(place)
        desk.pays(place, None)
    counts, _ = treasury.told(row(1), row(2, "650000", reference=OTHER_NTPN))
    assert (counts.matched, counts.wrong_amount) == (1, 1)
    assert [desk.payment(place).state for place in (1, 2)] == ["paid", "disputed"]
    assert desk.texts().count("LUNAS_TERJADWAL") == 2


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (f"82020000000000;950000;24/11/2026;{NTPN}", "billing: has 14 digits"),
        (f"8202000000000001;950000;24/11/2026;{NTPN}", "billing: has 16 digits"),
        (f"{billing_of(1)};0;24/11/2026;{NTPN}", "amount"),
        (f"{billing_of(1)};-950000;24/11/2026;{NTPN}", "amount"),
        (f"{billing_of(1)};USD 60;24/11/2026;{NTPN}", "amount"),
        (f"{billing_of(1)};950000,50;24/11/2026;{NTPN}", "amount"),
        (f"{billing_of(1)};950000;soon;{NTPN}", "paid_at"),
        (f"{billing_of(1)};950000;;{NTPN}", "paid_at"),
        (f"{billing_of(1)};950000;25/11/2026;{NTPN}", "paid_at: lies in the future"),
        (f"{billing_of(1)};950000;24/11/2026;{NTPN[1:]}", "reference"),
        (f"{billing_of(1)};950000;24/11/2026;", "reference"),
        (f"{billing_of(1)};950000;24/11/2026", "has 3 fields"),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_cannot_be_read_stays_out_and_names_the_column(treasury: Treasury, bad: str, field: str) -> None:
    treasury.pay.billed(1)
    counts, [reject] = treasury.told(bad)
    assert counts == Counts(read=1, rejected=1)
    assert reject.reason.startswith(field)
    assert treasury.pay.payment(1).state == "waiting"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_file_without_its_columns_is_refused_whole(treasury: Treasury) -> None:
    with pytest.raises(BadFile, match="the columns reference are missing"):
        treasury.told(header="billing;amount;paid_at\n")
    with pytest.raises(BadFile, match="there are billing, amount, paid_at, reference"):
        treasury.told(header="billing;amount;paid_at;reference;name\n")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_time_with_its_zone_is_read_as_it_stands(treasury: Treasury) -> None:
    treasury.pay.billed(1)
    treasury.told(row(1, at=(treasury.pay.now - timedelta(minutes=5)).isoformat()))
    assert treasury.pay.payment(1).paid_at == treasury.pay.now - timedelta(minutes=5)


def test_rows_of_others_stay_as_they_are(treasury: Treasury) -> None:
    treasury.pay.billed(1)
    treasury.pay.billed(2)
    treasury.told(row(1))
    with treasury.pay.sms.database.reading() as session:
        assert sorted(session.scalars(select(Application.status))) == ["LUNAS_TERJADWAL", "MENUNGGU_BAYAR"]
        assert sorted(session.scalars(select(Payment.state))) == ["paid", "waiting"]
