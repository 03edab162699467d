"""Do all screens hold what they promise? The menu linter: crawls every screen in every language with worst values.

A fault is a screen that does not fit, leads nowhere or cannot be reached; a text that is missing, has other
placeholders than its siblings, forbidden characters or words, or is used by no screen.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from msgspec import structs

from immigration.applications.states import Status
from immigration.gsm7 import is_gsm7, septets
from immigration.offices.catalogue import Catalogue
from immigration.people import LANGUAGES, Language
from menus.build import build_machine
from menus.description import Memory, Text
from menus.desk import Caller, Desk, EffectKey, Effects
from menus.machine import BACK, HELP, MAIN, MORE, RESUME, Machine, Undeclared
from menus.sample import NOW, SampleDesk, SampleEffects, reference_catalogue, worst_cases
from menus.sample_pay import STAGES, TICKET, SamplePay, bill
from menus.sample_visits import OFFER, VISIT, SampleVisits
from menus.session import Place, Session
from menus.wording import Wording

SCREEN_SEPTETS: Final = 160
# Said by the machine itself or where no screen can be drawn.
_OUTSIDE_SCREENS: Final = frozenset({"wrong", "back", "more", "less", "busy", "unavailable", "unreadable"})
# Reserved for other routes or kept from our texts (domain.md 5.3, 6.3).
_FORBIDDEN_WORDS: Final = frozenset({"otp", "pin", "kode", "selamat", "hadiah", "menang", "promo"})
_MORE_LINE: Final = re.compile(rf"^{MORE} ", re.MULTILINE)
_TYPED: Final = {"number": "9900000000000001", "birth": "24111990", "claim": "4821"}


class _Recording(Wording):
    """Wording that remembers which keys were said."""

    def __init__(self, wording: Wording) -> None:
        super().__init__(wording.texts, wording.reviewed)
        self.said: set[str] = set()

    def _written(self, text: Text, language: Language) -> str:
        if hasattr(text, "key"):
            self.said.add(text.key)
        return super()._written(text, language)


def _keyed(kind: str, value: str) -> bytes:
    return b"\x00" * 16


def _anywhere(session: Session, typed: str) -> bool:
    return True


def _pages_only(session: Session, typed: str) -> bool:
    return typed == MORE


def _short_of_main(session: Session, typed: str) -> bool:
    """The rest of the menus is crawled once, from the main menu."""
    return session.place.screen != MAIN


def crawl(
    machine: Machine, start: Session, desk: Desk, effects: Effects, *, past: Callable[[Session, str], bool] = _anywhere
) -> Iterator[tuple[Session, str]]:
    """Every screen that can be come to from `start` by the inputs that may be tried, each once, with its text.

    A screen that one goes back to is drawn with what was chosen since, and not gone on from: what lies behind it was
    come to on the way forward.
    """
    caller = Caller(b"", {}, desk.now())
    key = EffectKey(b"", 0, b"", "")
    session, reply = machine.draw(start, caller, desk, SCREEN_SEPTETS)
    waiting = deque([(session, reply.text)])
    met, met_again = {_name(session)}, set[str]()
    while waiting:
        session, text = waiting.popleft()
        yield session, text
        inputs = [*session.shown, *filter(None, (_TYPED.get(session.place.screen),))]
        for typed in (one for one in inputs if past(session, one)):
            following, reply, _ = machine.step(session, typed, key, caller, desk, effects, SCREEN_SEPTETS)
            name = _name(following)
            if name in met or (typed == BACK and name in met_again):
                continue
            if typed == BACK:
                met_again.add(name)
                yield following, reply.text
            else:
                met.add(name)
                waiting.append((following, reply.text))


def _name(session: Session) -> str:
    place = session.place
    return f"{place.screen} {sorted(place.memory.items())} {place.page} {bool(session.held)}"


def faults() -> list[str]:
    """Every fault of the menus as they are, a line each."""
    wording = _Recording(Wording.load())
    machine = build_machine(_keyed, wording)
    catalogue = reference_catalogue()
    found = list(wording_faults(wording))
    seen: set[str] = set()
    for language in LANGUAGES:
        starts = [(*start, _anywhere) for start in _calls(machine, catalogue, language)]
        starts += [(*start, _short_of_main) for start in _visit_calls(machine, catalogue, language)]
        starts += [(*start, _short_of_main) for start in _pay_calls(machine, catalogue, language)]
        starts += [(*start, _pages_only) for start in _single_screens(machine, catalogue, language)]
        for start, desk, effects, past in starts:
            try:
                for session, text in crawl(machine, start, desk, effects, past=past):
                    seen.add(session.place.screen)
                    if past is not _pages_only:
                        # A screen that always hands over is come to and never stayed at.
                        seen.update(shown.to for shown in session.shown.values())
                    found += _screen_faults(session, text, language)
            except (Undeclared, ValueError, KeyError) as error:
                found.append(f"{start.place.screen} in {language}: {type(error).__name__}: {error}")
    found += [f"{name}: no way leads there" for name in machine.screens if name not in seen]
    found += [f"text {key}: no screen says it" for key in wording.texts["id"] if not _is_said(key, wording.said)]
    return sorted(set(found))


def _is_said(key: str, said: set[str]) -> bool:
    # A weekday is said when an office's week or a holiday falls on it, which is data.
    return key in said or key in _OUTSIDE_SCREENS or key.startswith("weekday.")


def unreviewed() -> list[str]:
    """Minangkabau texts that no native speaker has looked at yet: no fault, but to be known."""
    wording = Wording.load()
    return [key for key in wording.texts["min"] if key not in wording.reviewed["min"]]


_Start = tuple[Session, SampleDesk, SampleEffects]


def _calls(machine: Machine, catalogue: Catalogue, language: Language) -> Iterator[_Start]:
    """Whole calls: with no application, with several, and with each way a claim can end."""
    full = SampleVisits(is_full=True)
    nobody = SampleDesk(catalogue, [], language, visits=full)
    several = SampleDesk(catalogue, list(worst_cases(catalogue))[:12], language, visits=full)
    yield machine.begin(language), nobody, SampleEffects("refused")
    yield machine.begin(language), several, SampleEffects("matched")
    yield machine.begin(language), nobody, SampleEffects("limited")
    yield machine.begin(language, Place("number", language)), nobody, SampleEffects("matched", case=None)


def _visit_calls(machine: Machine, catalogue: Catalogue, language: Language) -> Iterator[_Start]:
    """Calls about visits: each way a seat can be gone; a visit, a full office, an offer, with each refusal."""
    chosen: Memory = {"office": "SJJ", "lane": "general", "service": None, "app": None, "move": None}
    shown: Memory = {**chosen, "day": "2026-12-31", "slot": 1, "why": None}
    full, own, offered = SampleVisits(is_full=True), SampleVisits(own=(VISIT,)), SampleVisits(offered=OFFER)
    others = SampleVisits(own=(replace(VISIT, phone_hash=b"another"),))
    trials: list[tuple[str, Memory, SampleVisits, SampleEffects]] = [
        ("visits", {}, SampleVisits(), SampleEffects()),
        ("days", chosen, SampleVisits(), SampleEffects(not_held="gone")),
        ("days", chosen, SampleVisits(), SampleEffects(not_held="many")),
        ("confirm", shown, SampleVisits(), SampleEffects(not_done="gone")),
        ("confirm", shown, others, SampleEffects(not_done="already")),
        ("confirm", {**shown, "slot": None, "why": "gone"}, full, SampleEffects()),
        ("visits", {}, own, SampleEffects()),
        ("visits", {}, others, SampleEffects()),
        ("visits", {}, SampleVisits(own=(VISIT,) * 3, is_full=True), SampleEffects()),
        ("cancel", {"visit": 1}, own, SampleEffects(not_done="again")),
        ("own_visit", {"visit": 1, "why": None}, SampleVisits(own=(replace(VISIT, is_open=False),)), SampleEffects()),
    ]
    trials += [
        ("confirm", {**shown, "move": 1}, own, SampleEffects(not_done=why)) for why in ("same-day", "gone", "same")
    ]
    trials += [("visits", {}, offered, SampleEffects(not_done=why)) for why in (None, "late", "again")]
    for why in ("over", "today", "moved-out", "late"):
        trials.append(("move", {"visit": 1}, replace(own, not_movable=why), SampleEffects()))
    varied = _with_visits(catalogue)
    needing = [case for case in worst_cases(catalogue) if case.status is Status.PERLU_LENGKAPI][:1]
    for screen, memory, visits, effects in trials:
        desk = SampleDesk(varied, needing if visits is own and screen == "visits" else [], language, visits=visits)
        yield Session(machine.version, Place(screen, language, memory)), desk, effects


def _pay_calls(machine: Machine, catalogue: Catalogue, language: Language) -> Iterator[_Start]:
    """Calls about payments: each stage of one bill, soon due and in days; several; none; each way a ticket can go."""
    days = bill("due", timedelta(days=6, hours=23))
    trials = [
        *((SamplePay((bill(stage),)), None) for stage in STAGES),
        (SamplePay((days,)), None),
        (SamplePay(tuple(map(bill, STAGES))), None),
        (SamplePay((bill("late"),), TICKET), None),
        (SamplePay((bill("due"),)), "again"),
        (SamplePay((bill("due"),)), "paid"),
        (SamplePay(), None),
    ]
    for pay, why in trials:
        desk = SampleDesk(catalogue, [], language, pay=pay)
        yield Session(machine.version, Place("pay", language)), desk, SampleEffects(not_done=why)
    claimed: Memory = {"case": 1, "office": "SJJ", "why": None}
    asked = SampleDesk(catalogue, [], language, pay=SamplePay(waits=TICKET))
    yield Session(machine.version, Place("claimed", language, claimed)), asked, SampleEffects()
    yield Session(machine.version, Place("ticket", language, claimed)), SampleDesk(catalogue), SampleEffects()


def _with_visits(catalogue: Catalogue) -> Catalogue:
    """The same offices, with seats kept back for distant districts; two services stand for all."""
    office = catalogue.office("SJJ")
    assert office.visits is not None
    sessions = tuple(structs.replace(plan, far=1) for plan in office.visits.sessions)
    office = replace(office, visits=structs.replace(office.visits, sessions=sessions, services=("P10", "PANAK")))
    return replace(catalogue, offices={**catalogue.offices, "SJJ": office})


def _single_screens(machine: Machine, catalogue: Catalogue, language: Language) -> Iterator[_Start]:
    """Screens that change with the data: every state, every day, the words for what is gone."""

    def at(screen: str, memory: Memory | None = None) -> Session:
        return Session(machine.version, Place(screen, language, memory or {}))

    nobody = SampleDesk(catalogue, [], language)
    yield at("case", {"case": -1}), nobody, SampleEffects()
    yield at("language"), SampleDesk(catalogue, [], language, reminded=False), SampleEffects()
    yield at("reminders", {"reminders": True}), nobody, SampleEffects()
    yield at("found", {"verdict": "refused", "like_nik": True, "case": None}), nobody, SampleEffects()
    for case in worst_cases(catalogue):
        yield at("status"), SampleDesk(catalogue, [case], language), SampleEffects()
    by_paper = replace(catalogue.office("SJJ"), visits=None)
    offices = replace(catalogue, offices={**catalogue.offices, "SJJ": by_paper})
    for case in worst_cases(catalogue):
        if case.status is Status.TIDAK_HADIR:
            yield at("status"), SampleDesk(offices, [case], language), SampleEffects()
    for desk in _hours_desks(catalogue, language):
        yield at("hours"), desk, SampleEffects()
        yield at(HELP), desk, SampleEffects()


def _hours_desks(catalogue: Catalogue, language: Language) -> Iterator[SampleDesk]:
    """Each office over two weeks at all hours; one with a telephone, one never open."""
    offices = dict(catalogue.offices)
    offices["PHONE"] = replace(offices["SJJ"], code="PHONE", telephone="(0754) 1234567", parent="PHONE")
    offices["SHUT"] = replace(offices["SJJ"], code="SHUT", week={})
    varied = replace(catalogue, offices=offices)
    for code in offices:
        for hours in range(0, 24 * 14, 13):
            yield SampleDesk(varied, [], language, code, NOW + timedelta(hours=hours))


def _screen_faults(session: Session, text: str, language: Language) -> Iterable[str]:
    name = f"{session.place.screen} in {language}"
    if septets(text) > SCREEN_SEPTETS:
        yield f"{name}: {septets(text)} septets, {SCREEN_SEPTETS} fit"
    if not text.strip():
        yield f"{name}: an empty page"
    if not is_gsm7(text):
        yield f"{name}: a character that GSM-7 does not have"
    if session.ended and _MORE_LINE.search(text):
        yield f"{name}: an END that needs a second page"
    if not session.ended and not session.shown:
        yield f"{name}: a dead end"
    if session.place.screen in (MAIN, RESUME) and MORE in session.shown:
        yield f"{name}: needs a second page"


def wording_faults(wording: Wording) -> Iterable[str]:
    """What can be said of the texts without a screen drawn."""
    keys = wording.texts["id"]
    for language in LANGUAGES:
        texts = wording.texts[language]
        yield from (f"text {key}: missing in {language}" for key in keys if key not in texts)
        yield from (f"text {key}: in {language} but not in id" for key in texts if key not in keys)
        for key, text in texts.items():
            if key in keys and wording.placeholders(language, key) != wording.placeholders("id", key):
                yield f"text {key}: other placeholders in {language} than in id"
            if not is_gsm7(text):
                yield f"text {key}: a character in {language} that GSM-7 does not have"
            words = {word.strip(".,:;!?()").lower() for word in text.split()}
            yield from (f"text {key}: the word {word} in {language}" for word in sorted(words & _FORBIDDEN_WORDS))
