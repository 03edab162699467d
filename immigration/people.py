"""What do we remember of a caller? The language they chose, under the keyed hash of their number."""

from datetime import datetime
from typing import Final, Literal, get_args

from sqlalchemy import LargeBinary, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from immigration.database import Base, UtcDateTime

Language = Literal["id", "min", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


class Preference(Base):
    """A caller's choice of language. Purpose: to be answered in it. Kept until they choose anew or ask us to forget."""

    __tablename__ = "preferences"

    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    language: Mapped[str] = mapped_column(String(3))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    channel: Mapped[str] = mapped_column(String(10))


def as_language(text: str) -> Language:
    """A language of ours. Raises `ValueError` naming those that there are."""
    if text not in LANGUAGES:
        raise ValueError(f"language: write one of {', '.join(LANGUAGES)}")
    return text


def choose_language(session: Session, phone_hash: bytes, language: Language, now: datetime, channel: str) -> None:
    """Remember the caller's choice; the latest holds."""
    session.merge(Preference(phone_hash=phone_hash, language=language, chosen_at=now, channel=channel))


def forget(session: Session, phone_hash: bytes) -> None:
    """Forget the caller's choice."""
    session.execute(delete(Preference).where(Preference.phone_hash == phone_hash))


_CHOSEN: Final = select(Preference.language).where(Preference.phone_hash == bindparam("whose"))


def chosen_language(session: Session, phone_hash: bytes) -> Language | None:
    """The language this caller chose, if they ever did."""
    language = session.scalar(_CHOSEN, {"whose": phone_hash})
    return None if language is None else as_language(language)
