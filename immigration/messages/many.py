"""How are many messages written at once? As one by one, with a few statements for all of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from immigration.contacts import Contact
from immigration.database import insert_all
from immigration.messages.outbox import Draft, Outbox, queued
from immigration.messages.states import State
from immigration.messages.tables import Message


def put_all(session: Session, outbox: Outbox, drafts: Sequence[Draft], now: datetime) -> None:
    """Write these, whose occasions are new; whom nobody has written to yet is greeted one by one."""
    hashes = [outbox.vault.lookup("phone", draft.phone) for draft in drafts]
    query = (
        select(Contact.phone_hash, Contact.greeting_id, Message.state)
        .join(Message, Message.id == Contact.greeting_id, isouter=True)
        .where(Contact.phone_hash.in_(set(hashes)), Contact.privacy_at.is_not(None))
        .order_by(Contact.phone_hash)
        .with_for_update(of=Contact)
    )
    # The privacy text that still waits may have to make haste: that is for `put`.
    greeted = {row.phone_hash: row.greeting_id for row in session.execute(query) if row.state != State.QUEUED}
    rows = []
    for draft, phone_hash in zip(drafts, hashes, strict=True):
        if phone_hash not in greeted:
            outbox.put(session, draft, now)
            continue
        due = now + draft.delay
        if draft.waits:
            due = outbox.not_quiet(draft.office, due)
        rows.append(outbox.row(draft, phone_hash, due, now) | {"after_id": greeted[phone_hash]})
    if not rows:
        return
    used = update(Contact).where(Contact.phone_hash.in_({row["phone_hash"] for row in rows}))
    session.execute(used.values(used_at=now, erasing_at=None).execution_options(synchronize_session=False))
    insert_all(session, Message, rows)
    queued(session)
