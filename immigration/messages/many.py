"""How are many messages written at once? As one by one, with a few statements for all of them."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from immigration.bulk import insert_all
from immigration.contacts import Contact
from immigration.database import UtcDateTime
from immigration.messages.outbox import Draft, Outbox, queued
from immigration.messages.states import State
from immigration.messages.tables import Message

_THESE: Final = Contact.phone_hash.in_(bindparam("phones", expanding=True))
# Locked in one order, so that two of these cannot wait for each other.
_GREETED: Final = (
    select(Contact.phone_hash, Contact.greeting_id, Message.state)
    .join(Message, Message.id == Contact.greeting_id, isouter=True)
    .where(_THESE, Contact.privacy_at.is_not(None))
    .order_by(Contact.phone_hash)
    .with_for_update(of=Contact)
)
_USED: Final = (
    update(Contact)
    .where(_THESE)
    .values(used_at=bindparam("now", type_=UtcDateTime()), erasing_at=None)
    .execution_options(synchronize_session=False)
)


def put_all(session: Session, outbox: Outbox, drafts: Sequence[tuple[bytes, Draft]], now: datetime) -> None:
    """Write these, each with the keyed hash of its phone, whose occasions are new.

    Whom nobody has written to yet is greeted one by one.
    """
    known = session.execute(_GREETED, {"phones": {phone_hash for phone_hash, _ in drafts}})
    # The privacy text that still waits may have to make haste: that is for `put`.
    greeted = {row.phone_hash: row.greeting_id for row in known if row.state != State.QUEUED}
    not_quiet = cache(outbox.not_quiet)
    rows = []
    for phone_hash, draft in drafts:
        if phone_hash not in greeted:
            outbox.put(session, draft, now)
            continue
        due = now + draft.delay
        if draft.waits:
            due = not_quiet(draft.office, due)
        rows.append(outbox.row(draft, phone_hash, due, now) | {"after_id": greeted[phone_hash]})
    if not rows:
        return
    session.execute(_USED, {"phones": {row["phone_hash"] for row in rows}, "now": now})
    insert_all(session, Message, rows)
    queued(session)
