"""How is what citizens write to us kept?"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from immigration.applications.tables import RowId
from immigration.database import Base, UtcDateTime


class Inbound(Base):
    """One SMS from a citizen, stored before anything is done with it.

    `dedupe` is the keyed hash of the aggregator's id; where there is none, of sender, text and a window of time.
    """

    __tablename__ = "inbound_messages"
    __table_args__ = (
        Index(
            "ix_inbound_messages_stored",
            "id",
            sqlite_where=text("state = 'stored'"),
            postgresql_where=text("state = 'stored'"),
        ),
        Index("ix_inbound_messages_phone_hash_id", "phone_hash", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    uid: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    dedupe: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    channel: Mapped[str] = mapped_column(String(20))
    # None: the sender is no phone (an alphanumeric name), or asked to be forgotten.
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    office: Mapped[str] = mapped_column(ForeignKey("offices.code"))
    text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_id: Mapped[bytes | None] = mapped_column(LargeBinary(4), index=True)
    segments: Mapped[int] = mapped_column(SmallInteger)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # stored | answered | office (passed to an officer) | left (in peace: robots, echoes, too many) | stuck
    state: Mapped[str] = mapped_column(String(10))
    keyword: Mapped[str | None] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(SmallInteger)
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def text_about(uid: bytes) -> str:
    """The associated data of a sealed inbound text."""
    return f"inbound_messages.text:{uid.hex()}"
