"""Each change of an application is one message: when it is written, to whom, in which language, and when it goes."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from gateway.simulator.aggregator import Fault, PretendAggregator
from immigration.applications.record import Billing, Details
from immigration.applications.states import Status
from immigration.applications.tables import Application
from immigration.contacts import Contact, choose, know
from immigration.messages.notices import NOTICES
from immigration.messages.outbox import Draft, Lane
from immigration.messages.spending import Caps
from immigration.messages.tables import Message
from immigration.people import choose_language
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, channel_to, phone_of, sending

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def texts(aggregator: PretendAggregator) -> list[str]:
    """What arrived, by phone and in the order of arrival."""
    return [accepted.text.removeprefix("IMIGRASI SIJUNJUNG: ") for accepted in aggregator.ledger.accepted()]


def test_a_change_and_its_message_commit_together_or_not_at_all(office: SmsOffice) -> None:
    office.record(1)
    written: list[int | None] = []

    def fail_half_way() -> None:
        with office.database.writing() as session:
            written.append(office.outbox.put(session, reminder(office, 1), office.clock()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert written != [None]
    assert office.messages() == []


def test_the_same_change_told_again_is_no_second_message(office: SmsOffice) -> None:
    office.greeted(1)
    office.record(1)
    for _ in range(3):
        office.change(1, Status.PERLU_LENGKAPI, missing="KK", due_on=date(2026, 12, 8))
    assert [message.reason for message in office.messages()] == ["PERLU_LENGKAPI"]
    with office.database.writing() as session:
        draft = reminder(office, 1)
        first = office.outbox.put(session, draft, office.clock())
        assert first is not None
        assert office.outbox.put(session, draft, office.clock()) is None


def test_other_papers_that_are_missing_are_news(office: SmsOffice, clock: MovedClock) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.PERLU_LENGKAPI, missing="KK")
    clock.move(minutes=5)
    office.change(1, Status.PERLU_LENGKAPI, missing="KK, akta lahir")
    assert len(office.messages()) == 2


@on_sqlite_alone
def test_every_state_speaks_in_every_language_with_and_without_details(office: SmsOffice, clock: MovedClock) -> None:
    places = iter(range(1, 400))
    for language in ("id", "min", "en"):
        for status in NOTICES:
            permit = status in (Status.IT_DITERUSKAN, Status.IT_TERBIT)
            for details in ({}, {"missing": "KK " * 40, "receipt": "P26", "due_on": date(2026, 12, 8)}):
                place = next(places)
                office.greeted(place)
                due = Billing(f"8202{place:011d}", 950_000, clock() + timedelta(hours=2)) if details else None
                office.record(
                    place,
                    service="ITAS1" if permit else "P10",
                    status=Status.MENUNGGU_BAYAR,
                    language=language,
                    payment=due if status is Status.MENUNGGU_BAYAR else None,
                    notify=status is Status.MENUNGGU_BAYAR,
                )
                if status is not Status.MENUNGGU_BAYAR:
                    office.record(
                        place,
                        service="ITAS1" if permit else "P10",
                        status=status,
                        language=language,
                        details=Details(**details),
                        notify=True,
                    )
    messages = office.messages()
    assert len(messages) == 3 * len(NOTICES) * 2
    assert {message.segments for message in messages} == {1}


def reminder(office: SmsOffice, place: int, **more: object) -> Draft:
    """A message that can wait, of the kind that people may stop."""
    told: dict[str, object] = {
        "occasion": f"reminder:{place}",
        "template": "VERIFIKASI",
        "values": {"no": "..0001"},
        "language": "id",
        "office": "SJJ",
        "phone": phone_of(place),
        "lane": Lane.BULK,
        "category": "reminder",
        "reason": "R_AMBIL",
        "validity": timedelta(hours=2),
    }
    return Draft(**(told | more))


def test_of_two_changes_within_a_minute_only_the_newer_is_sent(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.FOTO_WAWANCARA)
    office.change(1, Status.CETAK)
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    assert [(message.reason, message.state, message.fault) for message in office.messages()] == [
        ("FOTO_WAWANCARA", "cancelled", "superseded"),
        ("CETAK", "submitted", None),
    ]
    assert len(aggregator.ledger.accepted()) == 1


def test_the_first_contact_is_told_once_what_its_number_is_for_before_anything_else(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.record(1)
    office.record(2, phone=phone_of(1))
    office.change(1, Status.CETAK)
    office.change(2, Status.FOTO_WAWANCARA)
    clock.move(minutes=2)
    office.change(2, Status.CETAK)
    with sending(office, channel_to(aggregator), threads=8) as sender:
        sender.drain()
    arrived = texts(aggregator)
    assert arrived[0].startswith("Kami kantor imigrasi")
    assert [text[:9] for text in sorted(arrived[1:])] == ["No ..0001", "No ..0002", "No ..0002"]


@on_sqlite_alone
def test_news_waits_with_its_privacy_text_while_that_is_refused(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.fail(Fault.parse("500"))
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
        assert office.states() == {"queued": 2}
        clock.move(minutes=1)
        sender.drain()
    assert [text[:4] for text in texts(aggregator)] == ["Kami", "No ."]


@on_sqlite_alone
def test_what_was_refused_does_not_use_up_the_offices_day(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.fail(*[Fault.parse("500")] * 6)
    with sending(office, channel_to(aggregator), caps=Caps(per_phone=9, spend=3 * 350, price=350)) as sender:
        for _ in range(7):
            sender.drain()
            clock.move(minutes=6)
    assert office.states() == {"submitted": 1}


@on_sqlite_alone
def test_the_callers_choice_of_language_wins_over_the_records_and_that_over_the_offices(office: SmsOffice) -> None:
    office.greeted(1, 2, 3)
    office.record(1)
    office.record(2, language="min")
    office.record(3, language="min")
    with office.database.writing() as session:
        choose_language(session, office.vault.lookup("phone", phone_of(3)), "en", office.clock(), "ussd")
    for place in (1, 2, 3):
        office.change(place, Status.CETAK)
    assert [message.language for message in office.messages()] == ["id", "min", "en"]


@on_sqlite_alone
def test_what_can_wait_keeps_quiet_hours_in_the_offices_zone_and_what_cannot_does_not(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    quiet = office.with_settings(quiet_hours="20:00-07:00")
    quiet.greeted(1, 2)
    quiet.record(1)
    clock.move_to(datetime.fromisoformat("2026-11-24T19:59:00+07:00"))
    quiet.change(1, Status.CETAK)
    clock.move(minutes=2)
    due = Billing("820261124000001", 950_000, clock() + timedelta(hours=2))
    quiet.record(2, status=Status.MENUNGGU_BAYAR, payment=due, notify=True)
    with sending(quiet, channel_to(aggregator)) as sender:
        sender.drain()
        assert [(message.reason, message.state) for message in quiet.messages()] == [
            ("CETAK", "queued"),
            ("MENUNGGU_BAYAR", "submitted"),
        ]
        clock.move_to(datetime.fromisoformat("2026-11-25T06:59:59+07:00"))
        sender.drain()
        assert len(aggregator.ledger.accepted()) == 1
        clock.move(seconds=1)
        sender.drain()
    assert len(aggregator.ledger.accepted()) == 2


def test_a_message_that_waits_follows_the_phone_on_record(office: SmsOffice, aggregator: PretendAggregator) -> None:
    office.record(1)
    office.change(1, Status.CETAK)
    office.record(1, phone=phone_of(77), status=Status.CETAK)
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    assert {accepted.phone for accepted in aggregator.ledger.accepted()} == {phone_of(77)}
    assert {message.phone_hash for message in office.messages()} == {office.vault.lookup("phone", phone_of(77))}


@on_sqlite_alone
def test_a_phone_that_is_taken_off_the_record_cancels_what_waits(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    with office.database.writing() as session:
        session.execute(update(Application).values(phone_hash=None, phone_sealed=None))
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    [message] = office.messages()
    assert (message.state, message.fault) == ("cancelled", "no phone")
    assert aggregator.ledger.requests == 0


@on_sqlite_alone
def test_a_choice_holds_for_reminders_that_wait_already_and_leaves_the_news_alone(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.greeted(1, 2, 3)
    for place in (1, 2, 3):
        office.record(place, consent=place != 3)
        office.change(place, Status.CETAK)
        with office.database.writing() as session:
            office.outbox.put(session, reminder(office, place), office.clock())
            session.execute(update(Message).values(application_id=place).where(Message.occasion == f"reminder:{place}"))
    with office.database.writing() as session:
        phone_hash = know(session, office.vault, phone_of(1), office.clock())
        choose(session, phone_hash, "reminders", False, "sms", "A_STOP:1", office.clock())
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    ends = {message.occasion: (message.state, message.fault) for message in office.messages()}
    assert ends["reminder:1"] == ("suppressed", "opted out")
    assert ends["reminder:2"] == ("submitted", None)
    assert ends["reminder:3"] == ("suppressed", "no consent")
    assert sum("Paspor sedang dicetak" in text for text in texts(aggregator)) == 3


def test_what_is_too_late_is_not_sent_and_an_officer_sees_it(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1)
    due = Billing("820261124000001", 950_000, clock() + timedelta(hours=2))
    office.record(1, status=Status.MENUNGGU_BAYAR, payment=due, notify=True)
    clock.move(hours=2)
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    [message] = office.messages()
    assert (message.state, message.fault) == ("expired", "too late")
    assert aggregator.ledger.requests == 0
    assert office.open_tasks() == ["message_failed"]


def test_urgent_messages_go_first_whatever_was_written_before(office: SmsOffice, aggregator: PretendAggregator) -> None:
    office.greeted(*range(1, 30))
    with office.database.writing() as session:
        for place, lane in enumerate([Lane.BULK] * 20 + [Lane.NORMAL] * 5 + [Lane.URGENT] * 3, start=1):
            draft = reminder(office, place, lane=lane, category="reply", values={"no": f"..{lane:04d}"})
            office.outbox.put(session, draft, office.clock())
    with sending(office, channel_to(aggregator), threads=1) as sender:
        sender.drain()
    order = [int(text[5:9]) for text in texts(aggregator)]
    assert order == sorted(order)


@on_sqlite_alone
def test_a_message_that_does_not_open_waits_and_holds_up_nobody(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1, 2)
    for place in (1, 2):
        office.record(place)
        office.change(place, Status.CETAK)
    first = office.messages()[0]
    with office.database.writing() as session:
        session.execute(update(Message).where(Message.id == first.id).values(body_sealed=b"\0" * 40))
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
        assert [message.state for message in office.messages()] == ["queued", "submitted"]
        assert office.open_tasks() == ["message_failed"]
        with office.database.writing() as session:
            session.execute(update(Message).where(Message.id == first.id).values(body_sealed=first.body_sealed))
        clock.move(hours=1)
        sender.drain()
    assert office.states() == {"submitted": 2}


@on_sqlite_alone
def test_a_drain_that_sees_a_later_time_tries_each_message_once(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.stop()
    later = clock() + timedelta(hours=5)
    with sending(office, channel_to(aggregator)) as sender:
        assert sender.drain(at=lambda: later).again == 1


@on_sqlite_alone
def test_names_phones_and_texts_are_sealed_in_the_row(office: SmsOffice) -> None:
    office.record(1)
    office.change(1, Status.PERLU_LENGKAPI, missing="Zaenab")
    with office.database.reading() as session:
        raw = session.connection().exec_driver_sql("SELECT * FROM messages").all()
        raw += session.connection().exec_driver_sql("SELECT * FROM contacts").all()
    held = repr(raw).encode()
    assert b"Zaenab" not in held
    assert phone_of(1)[3:].encode() not in held
    with office.database.reading() as session:
        assert session.get_one(Contact, office.vault.lookup("phone", phone_of(1))).phone_sealed
