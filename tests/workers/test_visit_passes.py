"""What does time send to whoever has a visit or waits for one? Reminders and alerts, each once and only while true."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.simulator.aggregator import PretendAggregator
from immigration.appointments import alerts
from immigration.appointments.alerts import SPREAD
from immigration.contacts import choose, know
from immigration.messages import delivery, sweeping
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, channel_to, phone_of, sending
from tests.support.visits import OfficeFile, VisitOffice, bring

TUESDAY = date(2026, 12, 1)
REMINDERS = ("R_JADWAL", "R_JADWAL-hari")
on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def visits(office: SmsOffice) -> VisitOffice:
    made = VisitOffice(office)
    made.renew()
    office.greeted(*range(1, 60))
    return made


def wib(day: int, hour: int, minute: int = 0, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


def reminders(visits: VisitOffice, place: int) -> list[str]:
    return [template for template in visits.told(place, all_of_them=True) if template in REMINDERS]


def arrived(aggregator: PretendAggregator, place: int) -> list[str]:
    """What this phone got, without the office's name."""
    mine = [accepted for accepted in aggregator.ledger.accepted() if accepted.phone == phone_of(place)]
    return [accepted.text.removeprefix("IMIGRASI SIJUNJUNG: ") for accepted in mine]


def drain(visits: VisitOffice, aggregator: PretendAggregator) -> None:
    with sending(visits.sms, channel_to(aggregator)) as sender:
        sender.drain()


def test_a_visit_is_remembered_at_four_the_day_before_once_with_what_to_bring(
    visits: VisitOffice, clock: MovedClock, aggregator: PretendAggregator
) -> None:
    visits.book(1, visits.free(TUESDAY)[0].id)
    drain(visits, aggregator)
    clock.move_to(wib(30, 15, 59, month=11))
    visits.tick()
    assert reminders(visits, 1) == []
    clock.move(minutes=1)
    assert visits.tick()["visits_reminded"] == 1
    for _ in range(3):
        clock.move(hours=5)
        visits.tick()
    assert reminders(visits, 1) == ["R_JADWAL"]
    assert visits.texts(1, "R_JADWAL")[0].removeprefix("IMIGRASI SIJUNJUNG: ").startswith("Besok")
    assert "KTP" in visits.texts(1, "R_JADWAL")[0]


@pytest.mark.parametrize(
    ("set_at", "told"),
    [
        (wib(30, 15, 59, month=11), ["R_JADWAL"]),
        (wib(30, 16, 0, month=11), ["R_JADWAL-hari"]),
        (wib(30, 23, 59, month=11), ["R_JADWAL-hari"]),
        (wib(1, 0, 0), []),
    ],
)
@on_sqlite_alone
def test_the_morning_remembers_whoever_booked_too_late_for_the_afternoon_before(
    visits: VisitOffice, clock: MovedClock, set_at: datetime, told: list[str]
) -> None:
    clock.move_to(set_at)
    visits.tick()
    visits.book(1, visits.free(TUESDAY)[1].id)
    for moment in (wib(30, 16, 0, month=11), wib(30, 18, 0, month=11), wib(1, 0, 1), wib(1, 7, 0), wib(1, 8, 29)):
        if moment >= set_at:
            clock.move_to(moment)
            visits.tick()
    assert reminders(visits, 1) == told


def test_what_was_not_said_before_midnight_is_said_in_the_morning(office: SmsOffice, clock: MovedClock) -> None:
    """The clock stood still in the afternoon and comes by at night, when nobody is woken."""
    visits = VisitOffice(office.with_settings(quiet_hours="20:00-07:00"))
    visits.renew()
    visits.book(1, visits.free(TUESDAY)[1].id)
    clock.move_to(wib(30, 21, 0, month=11))
    visits.tick()
    assert reminders(visits, 1) == []
    clock.move_to(wib(1, 0, 5))
    visits.tick()
    (message,) = [row for row in visits.sms.messages() if row.template in REMINDERS]
    assert (message.template, message.due_at) == ("R_JADWAL-hari", wib(1, 7))


def test_a_moved_visit_is_remembered_for_its_new_time_alone_and_a_cancelled_one_not_at_all(
    visits: VisitOffice, clock: MovedClock, aggregator: PretendAggregator
) -> None:
    moved, gone = (visits.book(place, visits.free(TUESDAY)[0].id) for place in (1, 2))
    drain(visits, aggregator)
    clock.move_to(wib(30, 16, 0, month=11))
    visits.tick()
    assert [reminders(visits, place) for place in (1, 2)] == [["R_JADWAL"]] * 2
    wednesday = visits.free(date(2026, 12, 2))[0].id
    assert visits.move(1, moved.id, wednesday)
    assert visits.cancel(2, gone.id)
    drain(visits, aggregator)
    assert [text for place in (1, 2) for text in arrived(aggregator, place) if text.startswith("Besok")] == []
    clock.move_to(wib(1, 16))
    visits.tick()
    drain(visits, aggregator)
    assert [text[:5] for text in arrived(aggregator, 1)][-1:] == ["Besok"]
    assert len(arrived(aggregator, 2)) == 2, "booked and cancelled"


def test_a_reminder_that_a_worker_has_claimed_already_is_not_sent_once_the_visit_is_another(
    visits: VisitOffice, clock: MovedClock, aggregator: PretendAggregator
) -> None:
    """Claimed by a worker that dies, and found untrue by the next one: by the mark, and by the look at departure."""
    moved, kept = (visits.book(place, visits.free(TUESDAY)[0].id) for place in (1, 2))
    drain(visits, aggregator)
    clock.move_to(wib(30, 16, 0, month=11))
    visits.tick()
    now = clock()
    with visits.database.writing() as session:
        assert len(delivery.claim(session, b"lease" * 3, 10, now, now + timedelta(seconds=30))) == 2
    visits.move(1, moved.id, visits.free(date(2026, 12, 2))[0].id)
    assert visits.told(1) == ["V_BUKTI", "V_PINDAH"]
    with visits.database.writing() as session:
        # As if the visit had changed without anybody who looks for its messages.
        visit = session.get_one(type(kept), kept.id)
        visit.starts_at = wib(1, 10)
    clock.move(minutes=5)
    with sending(visits.sms, channel_to(aggregator)) as sender:
        with visits.database.writing() as session:
            sweeping.release_dead(session, clock())
        sender.drain()
    states = {
        (row.phone_hash, row.template): (row.state, row.fault)
        for row in visits.sms.messages()
        if row.template == "R_JADWAL"
    }
    assert states == {
        (visits.phone_hash(1), "R_JADWAL"): ("cancelled", "visit changed"),
        (visits.phone_hash(2), "R_JADWAL"): ("cancelled", "visit changed"),
    }
    assert not [text for place in (1, 2) for text in arrived(aggregator, place) if text.startswith("Besok")]


def test_whoever_wants_no_reminders_gets_none_and_their_visit_stands(
    visits: VisitOffice, clock: MovedClock, aggregator: PretendAggregator
) -> None:
    visit = visits.book(1, visits.free(TUESDAY)[0].id)
    with visits.database.writing() as session:
        phone_hash = know(session, visits.sms.vault, phone_of(1), visits.now)
        choose(session, phone_hash, "reminders", False, "sms", "STOP", visits.now)
    drain(visits, aggregator)
    clock.move_to(wib(30, 16, 0, month=11))
    visits.tick()
    drain(visits, aggregator)
    assert [row.state for row in visits.sms.messages() if row.template == "R_JADWAL"] == ["suppressed"]
    assert [text[:3] for text in arrived(aggregator, 1)] == ["Sel"], "what they did themselves is still confirmed"
    assert visits.visit(visit.id).state == "booked"


@on_sqlite_alone
def test_each_office_reminds_at_four_and_ends_its_day_by_its_own_clock(
    office: SmsOffice, clock: MovedClock, tmp_path: Path
) -> None:
    zones = {"AAA": "Asia/Jakarta", "BBB": "Asia/Makassar", "CCC": "Asia/Jayapura"}
    bring(office, tmp_path, *(OfficeFile(code, zone) for code, zone in zones.items()))
    offices = [VisitOffice(office, code) for code in zones]
    new_year = date(2027, 1, 2)
    clock.move_to(datetime(2026, 12, 30, 3, tzinfo=UTC))
    for place, visits in enumerate(offices, start=1):
        visits.renew()
        visits.book(place, visits.free(new_year)[0].id)

    def done() -> list[tuple[int, str]]:
        offices[0].tick()
        return [(len(reminders(visits, place)), visits.state_of(place)) for place, visits in enumerate(offices, 1)]

    came = []
    # 16.00 on New Year's Day in the east, the middle and the west; then closing time on the day itself.
    for moment in (6.99, 7, 8, 9, 30.99, 31, 32, 33):
        clock.move_to(datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=moment))
        came.append(done())
    booked = [(1, "booked")] * 3
    assert came[:4] == [
        [(0, "booked")] * 3,
        [(0, "booked"), (0, "booked"), (1, "booked")],
        [(0, "booked"), (1, "booked"), (1, "booked")],
        booked,
    ]
    assert came[4:] == [
        booked,
        [(1, "booked"), (1, "booked"), (1, "absent")],
        [(1, "booked"), (1, "absent"), (1, "absent")],
        [(1, "absent")] * 3,
    ]


def want(visits: VisitOffice, *places: int) -> None:
    for place in places:
        with visits.database.writing() as session:
            phone_hash = know(session, visits.sms.vault, phone_of(place), visits.now)
            alerts.want(session, phone_hash, visits.facts, True, visits.now)


def test_new_weeks_are_told_once_each_spread_over_half_an_hour(visits: VisitOffice, clock: MovedClock) -> None:
    want(visits, *range(1, 41))
    clock.move_to(wib(27, 16, 59, month=11))
    visits.tick()
    assert visits.told(1) == []
    opened = clock.move_to(wib(27, 17, 0, month=11))
    assert visits.tick()["alerts_written"] == 40
    for days in (0, 1, 3):
        clock.move(days=days)
        assert "alerts_written" not in visits.tick()
    dues = sorted(row.due_at for row in visits.sms.messages() if row.template == "V_BUKA")
    assert len(dues) == 40
    assert all(opened <= due <= opened + SPREAD for due in dues)
    assert len(set(dues)) == 40
    assert dues[-1] - dues[0] > SPREAD / 2
    clock.move_to(wib(4, 17))
    assert visits.tick()["alerts_written"] == 40
    order = [[row.phone_hash for row in rows] for rows in weeks(visits)]
    assert sorted(order[0]) == sorted(order[1])
    assert order[0] != order[1], "whoever was last is not last again"


def weeks(visits: VisitOffice) -> list[list[object]]:
    rows = [row for row in visits.sms.messages() if row.template == "V_BUKA"]
    return [sorted(half, key=lambda row: row.due_at) for half in (rows[:40], rows[40:])]


def test_nobody_is_told_of_weeks_that_were_open_when_they_asked_or_after_they_asked_no_more(
    visits: VisitOffice, clock: MovedClock
) -> None:
    clock.move_to(wib(27, 17, 0, month=11))
    want(visits, 1, 2)
    visits.tick()
    assert [visits.told(place) for place in (1, 2)] == [[], []]
    with visits.database.writing() as session:
        alerts.want(session, visits.phone_hash(2), visits.facts, False, visits.now)
    want(visits, 1)
    clock.move_to(wib(4, 17))
    visits.tick()
    assert [visits.told(place) for place in (1, 2)] == [["V_BUKA"], []]


def test_an_offer_leaves_while_it_stands_and_not_after(
    visits: VisitOffice, clock: MovedClock, aggregator: PretendAggregator
) -> None:
    booked = visits.fill(TUESDAY, 100)
    visits.join(1, TUESDAY, TUESDAY)
    visits.join(2, TUESDAY, TUESDAY)
    visits.sms.greeted(*range(100, 118))
    visits.cancel(100, booked[0].id)
    visits.cancel(101, booked[1].id)
    visits.tick()
    assert visits.decline(2)
    drain(visits, aggregator)
    assert [len(arrived(aggregator, place)) for place in (1, 2)] == [1, 0]
    assert arrived(aggregator, 1)[0].startswith("Ada tempat Sel 1 Des jam 08.00 WIB")
