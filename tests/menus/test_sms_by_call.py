"""A call can have its answer sent by SMS, and stop reminders: once, whatever is repeated, replayed or wiped."""

from sqlalchemy import select

from immigration.contacts import Choice, Contact
from immigration.messages.outbox import body_of
from immigration.messages.tables import Message
from menus.testing import CallKit
from tests.menus.conftest import BORN, NUMBER, ONE, STRANGER, Office

SENT = "Info dikirim lewat SMS. Terima kasih."


def answers(office: Office) -> list[tuple[bytes | None, str]]:
    """The messages that calls asked for: whose, and what they say."""
    with office.database.reading() as session:
        found = session.scalars(select(Message).where(Message.category == "reply").order_by(Message.id)).all()
        return [(message.phone_hash, body_of(office.vault, message) or "") for message in found]


def test_the_state_is_sent_to_the_phone_that_calls_once(kit: CallKit, office: Office) -> None:
    call = kit.dial(ONE).replies("1").replies("1").ends(SENT)
    call.repeats()
    kit.wipe()
    call.repeats()
    [(whose, text)] = answers(office)
    assert whose == office.vault.lookup("phone", ONE)
    assert text == "IMIGRASI SIJUNJUNG: No ..0001 Paspor sedang dicetak. Kami kirim SMS bila sudah siap diambil."


def test_whoever_knows_number_and_birth_date_gets_it_on_the_phone_in_their_hand(kit: CallKit, office: Office) -> None:
    kit.dial(STRANGER).replies("1").replies(NUMBER).replies(BORN).replies("1").ends(SENT)
    [(whose, text)] = answers(office)
    assert whose == office.vault.lookup("phone", STRANGER)
    assert "No ..0001" in text


def test_each_call_that_asks_is_answered(kit: CallKit, office: Office) -> None:
    for _ in range(2):
        kit.dial(ONE).replies("1").replies("1").ends(SENT)
    assert len(answers(office)) == 2


def test_reminders_are_stopped_and_begun_again_on_the_language_screen(kit: CallKit, office: Office) -> None:
    off = kit.dial(ONE).replies("7")
    assert off.screen.endswith("4 Stop SMS pengingat\n0 Kembali")
    off.replies("4")
    assert off.screen.startswith("SMS pengingat berhenti.")
    kit.wipe()
    off.repeats()
    on = kit.dial(ONE).replies("7")
    assert on.screen.endswith("4 Mulai SMS pengingat\n0 Kembali")
    on.replies("4")
    assert on.screen.startswith("SMS pengingat dikirim lagi.")
    with office.database.reading() as session:
        contact = session.get_one(Contact, office.vault.lookup("phone", ONE))
        choices = session.scalars(select(Choice).order_by(Choice.id)).all()
    assert contact.reminders is True
    assert [(choice.agreed, choice.channel, choice.wording) for choice in choices] == [
        (False, "ussd", "language"),
        (True, "ussd", "language"),
    ]
