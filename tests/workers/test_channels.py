"""Each office's messages leave by the way it chose, at a rate, and somebody is told before its credit is gone."""

from datetime import timedelta

import pytest

from gateway.channels import build_sender
from gateway.simulator.aggregator import PretendAggregator
from immigration.applications.states import Status
from immigration.messages import channels
from immigration.messages.spending import Caps
from tests.support.sms import SmsOffice, channel_to, phone_of, second_channel_to, sending
from workers import credit
from workers.pace import Pace
from workers.routes import Routes
from workers.sending import Effort, Sender

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def test_an_office_may_choose_its_own_channel(office: SmsOffice, aggregator: PretendAggregator) -> None:
    office.greeted(1, 2)
    office.record(1)
    office.record(2, office="PDG")
    with PretendAggregator() as second:
        ways = {"africastalking": channel_to(aggregator), "8x8": second_channel_to(second)}
        routes = Routes(ways, ("africastalking", "8x8"), {"PDG": ("8x8",)})
        sender = Sender(
            office.database,
            office.outbox,
            routes,
            Pace(None, 1000),
            office.clock,
            Caps(9, 1_000_000, 350),
            Effort(2, timedelta(seconds=30)),
        )
        for place in (1, 2):
            office.change(place, Status.CETAK)
        sender.drain()
        sender.close()
        assert [accepted.phone for accepted in aggregator.ledger.accepted()] == [phone_of(1)]
        assert [accepted.phone for accepted in second.ledger.accepted()] == [phone_of(2)]


def test_production_without_an_aggregator_keeps_messages_and_tells_an_officer(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    production = office.settings.model_copy(update={"gateway_env": "production"})
    sender = build_sender(production, office.database, office.vault, office.outbox, None, office.clock)
    sender.drain()
    sender.close()
    assert office.states() == {"queued": 1}
    assert office.open_tasks() == ["channel_paused"]


def test_a_slow_pace_loses_nothing(office: SmsOffice, aggregator: PretendAggregator) -> None:
    office.greeted(*range(1, 13))
    for place in range(1, 13):
        office.record(place)
        office.change(place, Status.CETAK)
    with sending(office, channel_to(aggregator), rate=24) as sender:
        sender.drain()
    assert office.states() == {"submitted": 12}
    assert len(aggregator.ledger.accepted()) == 12


def test_low_credit_is_told_before_the_channel_pauses_and_the_task_ends_with_it(office: SmsOffice) -> None:
    with PretendAggregator(balance="IDR 99,999.50") as poor:
        counts = credit.check(office.database, [channel_to(poor)], "IDR 100000", office.clock())
        assert counts == {"channels_asked": 1}
    assert office.open_tasks() == ["low_credit"]
    with office.database.reading() as session:
        assert [(row.name, row.balance) for row in channels.every(session)] == [("africastalking", "IDR 99,999.50")]
    with PretendAggregator(balance="USD 999.00") as foreign:
        credit.check(office.database, [channel_to(foreign)], "IDR 100000", office.clock())
    assert office.open_tasks() == [], "a hundred thousand of what?"
    with PretendAggregator(balance="IDR 100000.00") as rich:
        credit.check(office.database, [channel_to(rich), second_channel_to(rich)], "IDR 100000", office.clock())
    assert office.open_tasks() == []


def test_a_balance_that_cannot_be_had_changes_nothing(office: SmsOffice, aggregator: PretendAggregator) -> None:
    aggregator.stop()
    assert credit.check(office.database, [channel_to(aggregator)], "IDR 100000", office.clock()) == {
        "channels_asked": 0
    }
    assert office.open_tasks() == []
