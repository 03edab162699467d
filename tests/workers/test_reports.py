"""Reports in any order, twice, early, late, for nobody: what a message ends as does not depend on their order."""

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from gateway.simulator.aggregator import Accepted, Fault, PretendAggregator
from immigration.applications.states import Status
from immigration.messages import delivery, sweeping
from immigration.messages.reports import News, Report, match_waiting, take
from immigration.messages.tables import MessageEvent
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, channel_to, phone_of, second_channel_to, sending

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
WORDS: dict[str, News | None] = {
    "Sent": "accepted",
    "Submitted": "accepted",
    "Buffered": "accepted",
    "Success": "delivered",
    "AbsentSubscriber": "absent",
    "SomethingNew": None,
}


def report_of(id_: str, word: str, phone_hash: bytes | None = None) -> Report:
    return Report("africastalking", id_, WORDS.get(word, "failed"), word, phone_hash, fault=word)


def tell(office: SmsOffice, *reports: Report) -> None:
    for report in reports:
        with office.database.writing() as session:
            take(session, report, office.clock())


def sent(office: SmsOffice, aggregator: PretendAggregator, *places: int) -> list[str]:
    """Have these told that their passports are printed; the aggregator's ids."""
    before = len(aggregator.ledger.accepted())
    office.greeted(*places)
    for place in places:
        office.record(place)
        office.change(place, Status.CETAK)
    with sending(office, channel_to(aggregator), threads=1) as sender:
        sender.drain()
    return [accepted.id for accepted in aggregator.ledger.accepted()[before:]]


def test_every_order_of_reports_and_repeats_ends_the_same(office: SmsOffice, aggregator: PretendAggregator) -> None:
    words = ("Sent", "Buffered", "AbsentSubscriber", "Success")
    # A third of all orders, each order of the last two among them.
    orders = [[*order, *order] for order in list(permutations(words))[::3]]
    ids = sent(office, aggregator, *range(len(orders)))
    for id_, order in zip(ids, orders, strict=True):
        tell(office, *(report_of(id_, word) for word in order))
    assert office.states() == {"delivered": len(orders)}
    first = office.messages()[0]
    assert len(office.events(first.id)) == 1 + 2 * len(words), "one row for each input"


@on_sqlite_alone
def test_the_first_end_holds_and_words_that_nobody_knows_do_no_harm(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    delivered, failed, odd = sent(office, aggregator, 1, 2, 3)
    tell(office, report_of(delivered, "Success"), report_of(delivered, "Failed"), report_of(delivered, "Sent"))
    tell(office, report_of(failed, "Rejected"), report_of(failed, "Success"))
    tell(office, report_of(odd, "SomethingNew"))
    assert [message.state for message in office.messages()] == ["delivered", "failed", "submitted"]
    assert office.open_tasks() == ["message_failed"]


def test_a_report_that_overtakes_our_own_answer_is_applied_once_that_is_written(office: SmsOffice) -> None:
    def overtake(accepted: Accepted) -> None:
        tell(office, report_of(accepted.id, "Success", office.vault.lookup("phone", accepted.phone)))

    with PretendAggregator(on_accept=overtake) as aggregator:
        sent(office, aggregator, 1, 2)
    assert office.states() == {"delivered": 2}


@on_sqlite_alone
def test_a_report_for_nobody_is_kept_and_matched_when_its_message_appears(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    tell(office, report_of("ATXid_of_another_system", "Success"))
    [id_] = sent(office, aggregator, 1)
    with office.database.writing() as session:
        assert match_waiting(session, clock()) == 0
        assert session.scalar(select(func.count()).select_from(MessageEvent)) == 2
    tell(office, report_of(id_, "Success"))
    assert office.states() == {"delivered": 1}


@on_sqlite_alone
def test_of_two_messages_in_doubt_to_one_phone_no_report_settles_the_wrong_one(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.greeted(1)
    for place in (1, 2):
        office.record(place, phone=phone_of(1))
        office.change(place, Status.CETAK)
        aggregator.fail(Fault.parse("garbage"))
        with sending(office, channel_to(aggregator)) as sender:
            sender.drain()
    assert office.states() == {"unknown": 2}
    tell(office, report_of("ATXid_one_of_the_two", "Success", office.vault.lookup("phone", phone_of(1))))
    assert office.states() == {"unknown": 2}
    assert office.open_tasks() == ["unknown_result", "unknown_result"]


@on_sqlite_alone
def test_an_aggregator_that_echoes_our_id_settles_a_message_whose_answer_was_lost(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.fail(Fault.parse("accept-reset"))
    with sending(office, second_channel_to(aggregator)) as sender:
        sender.drain()
    assert office.states() == {"unknown": 1}
    [accepted] = aggregator.ledger.accepted()
    tell(office, Report("8x8", accepted.id, "delivered", "delivered", client_id=bytes.fromhex(accepted.client_id)))
    assert office.states() == {"delivered": 1}


@on_sqlite_alone
def test_a_message_that_went_out_after_all_is_not_sent_again(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.fail(Fault.parse("500"))
    with sending(office, second_channel_to(aggregator)) as sender:
        sender.drain()
        [message] = office.messages()
        tell(office, Report("8x8", "umid", "delivered", "delivered", client_id=message.uid))
        clock.move(hours=1)
        sender.drain()
    assert office.states() == {"delivered": 1}
    assert len(aggregator.ledger.accepted()) == 0


@on_sqlite_alone
def test_what_a_dead_worker_had_on_the_wire_is_in_doubt_and_what_it_only_held_goes_back(
    office: SmsOffice, clock: MovedClock
) -> None:
    office.greeted(1, 2)
    for place in (1, 2):
        office.record(place)
        office.change(place, Status.CETAK)
    first, second = office.messages()
    until = clock.move(seconds=30)
    with office.database.writing() as session:
        assert delivery.claim(session, b"x" * 16, 10, clock(), until) == [first.id, second.id]
        delivery.mark_submitting(session, b"x" * 16, {first.id: ("8x8", first.phone_hash or b"")}, clock(), until)
    clock.move(seconds=1)
    with office.database.writing() as session:
        assert sweeping.release_dead(session, clock()) == (1, 1)
    assert [message.state for message in office.messages()] == ["unknown", "queued"]
    assert office.open_tasks() == ["unknown_result"]


@on_sqlite_alone
def test_an_answer_that_comes_after_the_lease_has_run_out_still_settles_its_message(
    office: SmsOffice, clock: MovedClock
) -> None:
    def forget(accepted: Accepted) -> None:
        clock.move(seconds=31)
        with office.database.writing() as session:
            assert sweeping.release_dead(session, clock()) == (0, 1)
        assert office.open_tasks() == ["unknown_result"]

    with PretendAggregator(on_accept=forget) as aggregator:
        sent(office, aggregator, 1)
        assert len(aggregator.ledger.accepted()) == 1
    assert office.states() == {"submitted": 1}
    assert office.open_tasks() == []


@on_sqlite_alone
def test_a_message_that_the_aggregator_gave_no_id_is_found_by_its_phone(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    aggregator.fail(Fault.parse("no-id"))
    sent(office, aggregator, 1)
    [accepted] = aggregator.ledger.accepted()
    tell(office, report_of(accepted.id, "Success", office.vault.lookup("phone", phone_of(1))))
    assert office.states() == {"delivered": 1}


@on_sqlite_alone
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from([*WORDS, "Failed", "Rejected", "Expired"]), max_size=8))
def test_any_history_of_reports_agrees_with_a_plain_model(office: SmsOffice, order: list[str]) -> None:
    place = len(office.messages()) + 1
    with PretendAggregator() as aggregator:
        [id_] = sent(office, aggregator, place)
    tell(office, *(report_of(id_, word) for word in order))
    state = "submitted"
    for word in order:
        if state == "delivered" or state == "failed":
            break
        if word == "Success":
            state = "delivered"
        elif word in ("Failed", "Rejected", "Expired"):
            state = "failed"
        elif word == "AbsentSubscriber":
            state = "absent"
    assert office.messages()[-1].state == {"absent": "failed"}.get(state, state)
