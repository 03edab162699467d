"""What is done about visits that somebody asks for by SMS? The rules of a call, in one text and one answer."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from immigration import written
from immigration.appointments import alerts, booking, changing, telling, waiting
from immigration.appointments.availability import FreeSession
from immigration.appointments.booking import AlreadyBooked
from immigration.appointments.calendar import last_open_day, today
from immigration.appointments.changing import NotMovable
from immigration.appointments.codes import spoken
from immigration.appointments.seats import By, SlotGone
from immigration.appointments.tables import Visit, Waiting
from immigration.contacts import know
from immigration.inbox.free_seats import MOVE, FreeSeats
from immigration.inbox.keywords import Keyword, Wish
from immigration.inbox.matters import LANE, Matter, matter_meant, needs_a_visit, office_of, seats_for, takes_none
from immigration.inbox.replies import TOLD, Reply, Sender
from immigration.inbox.words import MINE
from immigration.messages.outbox import PRIVACY, Outbox, newest_to
from immigration.messages.tables import Message
from immigration.offices.visit_rules import as_lane
from immigration.people import Language

_BY: Final = By("citizen", "sms")
_CANCEL: Final[dict[Language, str]] = {"id": "BATAL", "min": "BATAL", "en": "CANCEL"}
_OFFER: Final = "V_TAWARAN"
_DAY: Final = timedelta(days=1)
_NO_VISIT: Final = "A_KUNJUNGAN_KOSONG"
_FIXED: Final = {"over": _NO_VISIT, "today": "A_UBAH_HARI", "late": "A_UBAH_LAMBAT"}
_MOVED_OUT: Final = "A_UBAH_HABIS"

_Handler = Callable[[Session, Sender, Wish, datetime], Reply]


class VisitAnswers:
    """Books, moves and cancels as its sender asks. An attempt that fails leaves nothing of itself behind."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.handlers: dict[Keyword, _Handler] = {
            Keyword.JADWAL: self._show,
            Keyword.DAFTAR: self._book,
            Keyword.UBAH: self._change,
            Keyword.BATAL: self._cancel,
            Keyword.INGAT: self._alert,
        }

    def answer_offer(self, session: Session, sender: Sender, agreed: bool, now: datetime) -> Reply | None:
        """What comes of a yes or no to the waiting list's offer; none where no offer was asked about."""
        know(session, self._outbox.vault, sender.phone, now)
        entry = waiting.offer_to(session, sender.phone_hash, now)
        if entry is None or not _has_heard(session, entry):
            return self._late(session, sender, now)
        if not agreed:
            waiting.decline(session, entry, now, _BY)
            return Reply("A_TAWARAN_TIDAK")
        try:
            with session.begin_nested():
                waiting.accept(session, self._outbox, entry, sender.phone, _occasion(sender), now, _BY)
        except SlotGone:
            waiting.decline(session, entry, now, _BY)
            return Reply("A_TAWARAN_HILANG")
        except AlreadyBooked as fault:
            waiting.leave(session, entry, now, _BY)
            return self._own(session.get_one(Visit, fault.visit_id), sender)
        return TOLD

    def _late(self, session: Session, sender: Sender, now: datetime) -> Reply | None:
        """The answer to an offer that has ended, if that is what was asked last."""
        asked = newest_to(
            session, sender.phone_hash, Message.template.in_((_OFFER, PRIVACY)), Message.created_at > now - _DAY
        )
        if asked is None or asked.template != _OFFER or asked.submitting_at is None:
            return None
        visits = booking.open_visits(session, sender.phone_hash)
        return self._own(visits[0], sender) if visits else Reply("A_TAWARAN_LEWAT")

    def _show(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        visits = booking.open_visits(session, sender.phone_hash)
        if visits and not MINE.isdisjoint(wish.rest.upper().split()):
            return self._change(session, sender, Wish(Keyword.UBAH), now)
        if visits:
            seats = self._seats_to_move_to(session, visits[0], sender, now)
        else:
            office = office_of(session, self._outbox, sender)
            if office.visits is None:
                return takes_none(office)
            seats = seats_for(session, sender, office, now)
        if wish.visit.day is None and not wish.visit.unread:
            return seats.days()
        day = seats.wanted_day(wish.visit)
        return day if isinstance(day, Reply) else seats.of_day(day)

    def _book(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        know(session, self._outbox.vault, sender.phone, now)
        matter = matter_meant(session, self._outbox, sender, wish, now)
        if isinstance(matter, Reply):
            return matter
        if wish.visit.waits:
            return self._wait(session, sender, wish, matter, now)
        seats = seats_for(session, sender, matter.office, now)
        if wish.visit.names_nothing:
            return seats.days()
        chosen = seats.wanted(wish.visit)
        if isinstance(chosen, Reply):
            return chosen
        visit = booking.Wish(
            _occasion(sender), matter.office, sender.phone, LANE, matter.service, matter.application_id
        )
        try:
            taken = _first_free(
                session, chosen, lambda slot: booking.book(session, self._outbox, visit, slot, now, _BY)
            )
        except AlreadyBooked as fault:
            return self._own(session.get_one(Visit, fault.visit_id), sender)
        return TOLD if taken else self._gone(seats_for(session, sender, matter.office, now), wish)

    def _wait(self, session: Session, sender: Sender, wish: Wish, matter: Matter, now: datetime) -> Reply:
        """A place on the waiting list, of that day or of all; where seats are free they are shown instead."""
        about = booking.about(matter.application_id)
        for visit in booking.open_visits(session, sender.phone_hash):
            if (visit.office, booking.about(visit.application_id)) == (matter.office.code, about):
                return self._own(visit, sender)
        seats = seats_for(session, sender, matter.office, now)
        first, last = today(matter.office, now), last_open_day(matter.office, now)
        if wish.visit.day is not None or wish.visit.unread:
            day = seats.wanted_day(wish.visit)
            if isinstance(day, Reply):
                return day
            refused = seats.refused(day)
            if refused is not None or seats.on(day):
                return refused or seats.of_day(day)
            first = last = day
        elif seats.free:
            return seats.days()
        waits = [
            entry
            for entry in waiting.entries_of(session, sender.phone_hash)
            if (entry.office, entry.about) == (matter.office.code, about)
        ]
        if waits:
            return self._on_the_list(waits[0], sender)
        entry = waiting.join(
            session,
            matter.office,
            sender.phone_hash,
            LANE,
            matter.service,
            matter.application_id,
            first,
            last,
            now,
        )
        telling.waits(session, self._outbox, entry, sender.phone, now)
        return TOLD

    def _change(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        know(session, self._outbox.vault, sender.phone, now)
        found = self._meant(session, sender, wish, MOVE, now)
        if isinstance(found, Reply):
            if found.template == _NO_VISIT and needs_a_visit(session, sender):
                # Who did not come is told to change the date, and has no visit any more that could be moved.
                return self._book(session, sender, wish, now)
            return found
        visit = changing.owned(session, found.id, sender.phone_hash)
        office = self._outbox.catalogue().office(visit.office)
        own = self._times(visit, sender)
        try:
            changing.movable(session, visit, office, now)
        except NotMovable as fault:
            return Reply(_FIXED.get(fault.why, _MOVED_OUT), own)
        seats = self._seats_to_move_to(session, visit, sender, now)
        if wish.visit.names_nothing:
            shown = seats.instead("A_UBAH", visit.day)
            return Reply(shown.template, {**shown.values, **own}) if shown.template == "A_UBAH" else shown
        chosen = seats.wanted(wish.visit)
        if isinstance(chosen, Reply):
            return chosen
        if wish.visit.time is None and seats.day_of(chosen[0]) == visit.day:
            return seats.of_day(visit.day)
        occasion, moved = _occasion(sender), []
        try:
            taken = _first_free(
                session,
                chosen,
                lambda slot: moved.append(changing.move(session, self._outbox, visit, slot, occasion, now, _BY)),
            )
        except NotMovable:
            return seats.instead("A_UBAH_SAMA", visit.day)
        if not taken:
            return self._gone(self._seats_to_move_to(session, visit, sender, now), wish)
        return TOLD if moved[-1] else self._own(visit, sender)

    def _cancel(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        know(session, self._outbox.vault, sender.phone, now)
        waits = waiting.entries_of(session, sender.phone_hash)
        if wish.visit.waits:
            for entry in waits:
                waiting.leave(session, entry, now, _BY)
            return Reply("A_TUNGGU_BATAL")
        found = self._meant(session, sender, wish, _CANCEL, now)
        if isinstance(found, Reply):
            return self._on_the_list(waits[0], sender) if waits and found.template == _NO_VISIT else found
        visit = changing.owned(session, found.id, sender.phone_hash)
        own = self._times(visit, sender)
        if visit.starts_at is not None and visit.starts_at <= now:
            return Reply("A_BATAL_LEWAT", own)
        if not wish.confirmed:
            return Reply("A_BATAL" if wish.visit.code is None else "A_BATAL-nomor", own)
        done = changing.cancel_visit(session, self._outbox, visit, _occasion(sender), now, _BY)
        return TOLD if done else Reply(_NO_VISIT)

    def _alert(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        office = office_of(session, self._outbox, sender)
        if office.visits is None:
            return takes_none(office)
        know(session, self._outbox.vault, sender.phone, now)
        alerts.want(session, sender.phone_hash, office, not wish.refused, now)
        return Reply("A_INGAT_TIDAK" if wish.refused else "A_INGAT_YA", {"lokasi": office.name})

    def _meant(
        self, session: Session, sender: Sender, wish: Wish, command: dict[Language, str], now: datetime
    ) -> Visit | Reply:
        """The sender's visit: the only one, or the one whose code was written."""
        visits = booking.open_visits(session, sender.phone_hash)
        if not visits:
            return Reply(_NO_VISIT)
        named = [visit for visit in visits if wish.visit.code in (None, visit.code)]
        if len(named) == 1:
            return named[0]
        times = [f"{spoken(visit.code)} {self._times(visit, sender)['tanggal']}" for visit in visits]
        values = {"daftar": ", ".join(times), "perintah": command[sender.language]}
        return Reply("A_KUNJUNGAN_DAFTAR", values | {"kunjungan": spoken(visits[0].code)})

    def _gone(self, seats: FreeSeats, wish: Wish) -> Reply:
        """What was free a moment ago was taken in between: what is free now."""
        now_free = seats.wanted(wish.visit)
        return now_free if isinstance(now_free, Reply) else seats.days()

    def _seats_to_move_to(self, session: Session, visit: Visit, sender: Sender, now: datetime) -> FreeSeats:
        office = self._outbox.catalogue().office(visit.office)
        return FreeSeats.of(session, office, as_lane(visit.lane), sender.language, now, moves=True)

    def _own(self, visit: Visit, sender: Sender) -> Reply:
        return Reply("A_KUNJUNGAN", self._times(visit, sender))

    def _on_the_list(self, entry: Waiting, sender: Sender) -> Reply:
        office = self._outbox.catalogue().office(entry.office)
        return Reply(
            "A_TUNGGU", {"lokasi": office.name, "tanggal": written.weekday_and_day(entry.last_day, sender.language)}
        )

    def _times(self, visit: Visit, sender: Sender) -> dict[str, str]:
        assert visit.starts_at is not None, "what is still to come has a time"
        office = self._outbox.catalogue().office(visit.office)
        return telling.times(visit.starts_at, office, sender.language) | {"kunjungan": spoken(visit.code)}


def _first_free(session: Session, seats: Sequence[FreeSession], take: Callable[[int], object]) -> bool:
    """Take the first of these seats that nobody else has taken in between; whether there was one."""
    for seat in seats:
        try:
            with session.begin_nested():
                take(seat.id)
                return True
        except SlotGone:
            continue
    return False


def _has_heard(session: Session, entry: Waiting) -> bool:
    """Whether the SMS with this offer has left: nobody says yes to what they were not asked."""
    occasion = telling.offer_occasion(entry)
    left = (Message.occasion == occasion, Message.submitting_at.is_not(None))
    return newest_to(session, entry.phone_hash, *left) is not None


def _occasion(sender: Sender) -> str:
    return f"sms:{sender.uid.hex()}"
