"""Is "I have paid" said once, when Redis forgets the call, the call drops, or two say it at once?"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from immigration.messages.tables import Message
from immigration.payments.tickets import Claim, open_ticket
from immigration.tasks import Task
from menus.testing import CallKit
from tests.menus.conftest import STRANGER, UNPAID, Office

INPUTS = ("3", "3", "4821")
"""Pay, already paid, the receipt."""


def counted(office: Office) -> tuple[int, int, int]:
    """Tickets, tasks about the payment, and SMS about a ticket."""
    with office.database.reading() as session:
        kinds = session.scalars(select(Task.kind)).all()
        told = session.scalars(select(Message.id).where(Message.template.startswith("P_TIKET"))).all()
    return kinds.count("ticket"), kinds.count("payment_disputed"), len(told)


@pytest.mark.parametrize("wiped", range(1, 4))
def test_a_wiped_redis_changes_nothing_in_a_claim(kit: CallKit, office: Office, wiped: int) -> None:
    call = kit.dial(UNPAID)
    for place, typed in enumerate(INPUTS, start=1):
        if place == wiped:
            kit.wipe()
        call.replies(typed)
        if place < len(INPUTS) and place >= wiped:
            call.repeats()
            kit.wipe()
            call.repeats()
    if call.open:
        # What was typed to a screen that was drawn anew binds nobody: it is asked once more.
        assert counted(office) == (0, 0, 0)
        assert call.screen.startswith("Ketik 4 huruf/angka terakhir")
        call.replies("4821")
    assert not call.open
    assert counted(office) == (1, 1, 1)
    for _ in range(2):
        call.repeats()
        kit.wipe()
        call.repeats()
    assert counted(office) == (1, 1, 1)


def test_a_dropped_call_goes_on_at_its_question(kit: CallKit, office: Office) -> None:
    kit.dial(UNPAID).replies("3").replies("3")
    again = kit.dial(UNPAID).sees("Telepon tadi terputus.\n1 Lanjut\n2 Mulai dari awal")
    again.replies("1").replies("4821")
    assert counted(office) == (1, 1, 1)


@pytest.mark.parametrize("phone", [UNPAID, STRANGER])
def test_many_who_say_it_at_once_get_one_ticket(office: Office, phone: str) -> None:
    application = 5 if phone == UNPAID else None

    def claims(receipt: str) -> str:
        facts = office.outbox.catalogue().office("SJJ")
        with office.database.writing() as session:
            claim = Claim(phone, facts, application, receipt, "citizen ussd")
            return open_ticket(session, office.outbox, claim, office.clock()).number

    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(claims, [f"{n:04d}" for n in range(24)]))
    assert len(numbers) == 1
    assert counted(office)[:2] == (1, 1 if application else 0)
