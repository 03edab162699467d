"""Which application does somebody who writes mean, and may they hear of it?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.tables import Application
from immigration.identity import Try, attempt
from immigration.inbox.keywords import Wish
from immigration.inbox.replies import Reply, Sender
from immigration.inputs import BadDate, birth_date, looks_like_nik
from immigration.messages.notices import text_of
from immigration.messages.outbox import Outbox

_MOST: Final = 40


class Cases:
    """The sender's own applications, and others' for whoever knows the number and the applicant's birth date."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._vault = outbox.vault

    def own(self, session: Session, sender: Sender, *conditions: Any) -> Sequence[Application]:
        """The sender's applications that these hold for, newest first; of an agency's hundreds, as many as are told."""
        query = select(Application).where(Application.phone_hash == sender.phone_hash, *conditions)
        return session.scalars(query.order_by(Application.id.desc()).limit(_MOST)).all()

    def named(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Application | Reply:
        """The application whose whole number was written; else what to answer, the same whether it exists or not."""
        assert wish.number is not None, "asked only where there is one"
        number_hash = self._vault.lookup("number", wish.number)
        mine = self.own(session, sender, Application.number_hash == number_hash)
        return mine[0] if mine else self._claimed(session, sender, wish, number_hash, now)

    def state_of(self, session: Session, sender: Sender, row: Application, now: datetime) -> Reply:
        """What an application's state is, in the words that its change was told in."""
        text = text_of(session, self._outbox, row, sender.language, now)
        return Reply(text.template, text.values, application_id=row.id)

    def _claimed(
        self, session: Session, sender: Sender, wish: Wish, number_hash: bytes, now: datetime
    ) -> Application | Reply:
        """Another phone's application, by its applicant's birth date; the same limits as in a call."""
        assert wish.number is not None, "asked only where there is one"
        try:
            born = birth_date(wish.birth_date_text or "", today=now.astimezone(sender.office.zone).date())
        except BadDate:
            return Reply("A_TIDAK_DITEMUKAN")
        tried = Try(sender.uid, 0, sender.phone_hash, number_hash, born, looks_like_nik(wish.number))
        judged = attempt(session, self._vault, tried, now)
        if judged.verdict == "limited":
            return Reply("A_TERBATAS")
        if judged.application_id is None:
            return Reply("A_TIDAK_DITEMUKAN")
        return session.get_one(Application, judged.application_id)
