"""The command line of an office with a database of its own, as an officer uses it."""

from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result
from sqlalchemy import select

from gateway.cli import main
from immigration import audit
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import load_vault
from immigration.messages import delivery
from immigration.messages.delivery import Result as SendingResult
from immigration.messages.outbox import body_of
from immigration.messages.states import State
from immigration.messages.tables import Message
from immigration.tasks import open_task
from immigration.vault import KeyRing
from tests.conftest import DATA_KEY
from tests.support.sms import SmsOffice, phone_of


@dataclass
class OfficeDesk:
    """An officer's terminal, and what stands behind it."""

    sms: SmsOffice
    env: dict[str, str]

    @classmethod
    def over(cls, database: Database, ring: KeyRing, folder: Path) -> "OfficeDesk":
        url = database.engine.url.render_as_string(hide_password=False)
        env = {"DATABASE_URL": url, "VAR_DIR": str(folder / "var"), "DATA_KEYS": DATA_KEY}
        return cls(SmsOffice(database, load_vault(database, ring), utc_now), env)

    def run(self, *words: object, input: str | None = None) -> Result:
        """What a command printed and how it ended; a fault of ours shows as itself."""
        return CliRunner(env=self.env).invoke(main, [str(word) for word in words], input=input)

    def sent(self, place: int, state: State, fault: str | None = None) -> int:
        """A message about application `place` that came to this end; its number."""
        self.sms.greeted(place)
        self.sms.record(place, notify=True)
        message_id = self.sms.messages()[-1].id
        now = utc_now()
        with self.sms.database.writing() as session:
            message = session.get_one(Message, message_id)
            if state in (State.UNKNOWN, State.FAILED):
                kind = "unknown" if state is State.UNKNOWN else "permanent"
                delivery.settle(session, b"", [SendingResult(message_id, "simulated", kind, fault)], now)
            else:
                message.state, message.fault = state, fault
            if state is State.EXPIRED:
                open_task(session, "message_failed", str(message_id), "not sent in time", now, message_id=message_id)
        return message_id

    def wrote(self, place: int, text: str, their_id: str = "one") -> int:
        """What the phone `place` wrote, stored and handled; its number."""
        number = self.sms.inbox.store("simulated", their_id, phone_of(place), text)
        assert number is not None
        self.sms.inbox.answer(number)
        return number

    def text_of(self, message: Message) -> str:
        return body_of(self.sms.vault, message) or ""

    def audited(self) -> list[tuple[str, bool, str | None]]:
        """What commands wrote into the audit: the action, whether about somebody, and the number's ending."""
        with self.sms.database.reading() as session:
            rows = session.scalars(
                select(audit.AuditRow).where(audit.AuditRow.through == "cli").order_by(audit.AuditRow.id)
            ).all()
        assert all(row.actor.startswith("cli") for row in rows)
        return [(row.action, row.subject_hash is not None, row.subject_last4) for row in rows]
