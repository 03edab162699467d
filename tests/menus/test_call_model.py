"""Do calls behave as a plain model says, in whatever order people dial, repeat, drop and Redis forgets?"""

from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    precondition,
    rule,
    run_state_machine_as_test,
)

from immigration.applications.states import Status
from immigration.identity import TRIES, tries
from immigration.people import chosen_language
from menus.description import Say
from menus.machine import Reply
from menus.session import ANSWERS_KEPT
from menus.testing import Call, CallKit
from menus.turn import INPUTS_REPLAYED
from menus.wording import Wording
from tests.menus.conftest import Office

WORDING = Wording.load()
LANGUAGES = {"1": "id", "2": "min", "3": "en"}
OPTIONS = ("0", "00", "1", "2", "3", "4", "5", "7", "98", "99")
SPELLINGS = ("{}", " {} ", "{}.", "no {}", "#{}")
WORDS = {"0": "nol", "1": "satu", "2": "duo", "3": "three", "4": "ampek", "5": "lima", "7": "seven"}
GARBAGE = ("x", "?", "apa kabar", "8 8", "1234", "é" * 40, "31129999")
BORN, WRONG_DATE = "24-11-1990", "01 01 1991"


def said(key: str, language: str) -> str:
    return WORDING.say(Say(key), language)


def main_menu(language: str) -> str:
    options = (
        ("1", "main.status"),
        ("2", "main.visits"),
        ("3", "main.pay"),
        ("4", "main.fees"),
        ("5", "main.hours"),
        ("7", "main.language"),
        ("0", "exit"),
    )
    return "\n".join([said("main", language), *(f"{number} {said(key, language)}" for number, key in options)])


def offer(language: str) -> str:
    head, on, over = (said(key, language) for key in ("resume", "resume.continue", "resume.over"))
    return f"{head}\n1 {on}\n2 {over}"


@dataclass
class Told:
    """An answer as it was given, and how much had happened by then."""

    reply: Reply
    wipes: int
    seen: tuple[int, ...]


@dataclass
class Line:
    """What the model knows of a caller."""

    phone: str
    number: str
    chosen: str | None = None
    choices: int = 0
    # The screen that a redial is offered to go on with: none, or not to be known (`?`).
    dropped: Reply | str | None = None
    dropped_at: tuple[int, ...] = ()
    dropped_language: str = "id"
    refused: list[float] = field(default_factory=list)

    @property
    def language(self) -> str:
        return self.chosen or "id"


@dataclass
class Phone:
    """What the model knows of a call: what was told to what, and what the caller looks at."""

    line: Line
    call: Call
    language: str
    told: dict[str, Told] = field(default_factory=dict)
    began: int = 0
    resumed: bool = False
    own_choice: str | None = None
    # Its session is not in Redis: the next hop replays it.
    gone: bool = False
    # Its session was made by a replay: a text with stars that follows is taken for several inputs.
    rebuilt: bool = False
    # Typed stars and empty inputs cannot be told apart once the session is gone.
    ambiguous: bool = False
    blurred: bool = False
    misses: int = 0
    asked_number: str = ""

    @property
    def screen(self) -> str:
        return self.call.screen

    @property
    def shown(self) -> str:
        """The screen without the line that says that the last input was wrong."""
        return self.screen.removeprefix(said("wrong", self.language) + "\n")


class Calls(RuleBasedStateMachine):
    """Two callers, one of them with an application, and everything that can happen to their calls."""

    office: Office
    kit: CallKit
    people = count(1)
    calls: Bundle[Phone] = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.kit.wipe()
        self.wipes = 0
        self.world = 0
        self.path = 0
        self.hours = 0.0
        self.lines = []
        for owns in (True, False):
            person = next(self.people)
            line = Line(f"+62812{person:08d}", f"99{person:014d}")
            self.office.keep(line.number, line.phone if owns else None)
            self.lines.append(line)
        self.unknown = f"97{next(self.people):014d}"
        self.number_refused: dict[str, list[float]] = {}
        self.open: list[Phone] = []

    # --- what people, networks and the office do ---

    @rule(target=calls, who=st.integers(0, 1))
    def dial(self, who: int) -> Phone:
        line = self.lines[who]
        phone = self._dialled(line, "")
        if line.dropped == "?":
            return self._unsure(phone)
        if line.dropped is not None:
            assert phone.screen == offer(line.dropped_language)
            phone.language, phone.resumed = line.dropped_language, True
        else:
            assert phone.screen == main_menu(line.language)
            line.dropped = None
        return phone

    @rule(target=calls, who=st.integers(0, 1), text=st.sampled_from(["1", "4", "5", "7", "x"]))
    def direct_dial(self, who: int, text: str) -> Phone:
        phone = self._led_from_main(self._dialled(self.lines[who], text), text)
        self._left_at(phone)
        return phone

    @rule(phone=calls, option=st.sampled_from(OPTIONS), spelling=st.sampled_from(SPELLINGS))
    def choose(self, phone: Phone, option: str, spelling: str) -> None:
        self._hop(phone, spelling.format(option), option)

    @rule(phone=calls, option=st.sampled_from(sorted(WORDS)))
    def choose_in_words(self, phone: Phone, option: str) -> None:
        self._hop(phone, WORDS[option], option)

    @rule(phone=calls, typed=st.sampled_from([*GARBAGE, "*", "", "1*1"]))
    def type_what_fits_nowhere(self, phone: Phone, typed: str) -> None:
        if not typed and not phone.call.text:
            return  # An empty first reply cannot be told from a repeated dial.
        phone.ambiguous = phone.ambiguous or not typed or "*" in typed
        self._hop(phone, typed, None)

    @rule(phone=calls, option=st.sampled_from(["", *LANGUAGES]))
    def choose_a_language(self, phone: Phone, option: str) -> None:
        self._hop(phone, "00", "00")
        self._hop(phone, "7", "7")
        if option:
            self._hop(phone, option, option)

    @rule(phone=calls, option=st.sampled_from(sorted(LANGUAGES)), forgotten=st.sampled_from([False, False, True]))
    def choose_a_language_in_another_call(self, phone: Phone, option: str, forgotten: bool) -> None:
        other = self._led_from_main(self._dialled(phone.line, "7"), "7")
        self._hop(other, option, option)
        self.repeat(phone, forgotten)

    @rule(phone=calls, of=st.sampled_from(["first", "second", "unknown"]), born=st.sampled_from([BORN, WRONG_DATE]))
    def claim_an_application(self, phone: Phone, of: str, born: str) -> None:
        if not self._goes_on(phone, room=10):
            return
        number = {"first": self.lines[0].number, "second": self.lines[1].number}.get(of, self.unknown)
        self._hop(phone, "00", "00")
        if phone.blurred:
            return
        self._hop(phone, "1", "1")
        if not phone.shown.startswith(said("status.number", phone.language)):
            # The caller's own application is shown, or a list; the last option asks for another number.
            self._hop(phone, *2 * [phone.shown.split("\n")[-2].split(" ")[0]])
        phone.asked_number = number
        self._hop(phone, f"{number[:4]} {number[4:]}", None)
        assert phone.screen == f"{said('status.birth', phone.language)}\n0 {said('back', phone.language)}"
        self._hop(phone, born, None)

    @rule(target=calls, who=st.integers(0, 1), of=st.sampled_from(["first", "second", "unknown"]))
    def guess_until_it_is_enough(self, who: int, of: str) -> Phone:
        phone = self.direct_dial(who, "4")
        for _ in range(TRIES + 1):
            self.claim_an_application(phone, of, WRONG_DATE)
        self.claim_an_application(phone, of, BORN)
        return phone

    @rule(phone=calls, forgotten=st.sampled_from([False, False, True]))
    def repeat(self, phone: Phone, forgotten: bool) -> None:
        if forgotten:
            self.redis_forgets_everything()
        self._again(phone, phone.call.text)

    @rule(phone=calls, back=st.integers(1, ANSWERS_KEPT - 1), forgotten=st.sampled_from([False, False, True]))
    def a_copy_comes_late(self, phone: Phone, back: int, forgotten: bool) -> None:
        texts = list(phone.told)
        if back >= len(texts):
            return
        if forgotten:
            self.redis_forgets_everything()
        self._again(phone, texts[-1 - back])

    @rule(phone=calls, text=st.sampled_from(["1", "4"]))
    def a_first_hop_comes_late_after_a_later_call(self, phone: Phone, text: str) -> None:
        self.redis_forgets_everything()
        self._left_at(self._led_from_main(self._dialled(phone.line, text), text))
        self._again(phone, next(iter(phone.told)))

    @rule(phone=consumes(calls))
    def drop(self, phone: Phone) -> None:
        """The caller is cut off: nothing is heard of this call again."""
        self.open.remove(phone)

    @rule(who=st.integers(0, 1))
    def nobody_dials_within_the_resume_time(self, who: int) -> None:
        # Redis alone lets the place go, by its own clock, which no test moves: let it be gone.
        caller = self.office.vault.lookup("phone", self.lines[who].phone)
        self.kit.redis.delete(f"ussd:{{{caller.hex()}}}:place")
        self.lines[who].dropped = None

    @rule()
    def redis_forgets_everything(self) -> None:
        self.kit.wipe()
        self.wipes += 1
        for line in self.lines:
            line.dropped = None
        for phone in self.open:
            phone.gone = True

    @precondition(lambda self: self.world < 3)
    @rule(status=st.sampled_from([Status.CETAK, Status.VERIFIKASI, Status.ADJUDIKASI]))
    def the_office_moves_an_application(self, status: Status) -> None:
        self.office.keep(self.lines[0].number, self.lines[0].phone, status)
        self.world += 1

    @precondition(lambda self: self.path == 0)
    @rule()
    def the_office_records_another_application(self) -> None:
        self.office.keep(f"98{int(self.lines[0].number):014d}", self.lines[0].phone)
        self.world += 1
        self.path += 1

    @rule()
    def an_hour_goes_by(self) -> None:
        self.office.clock.move(minutes=61)
        self.hours += 61 / 60
        self.world += 1

    # --- what must be so ---

    def _seen(self, line: Line) -> tuple[int, ...]:
        return (self.world, line.choices)

    def _goes_on(self, phone: Phone, room: int = 4) -> bool:
        """Whether something more may be typed; what is longer than any call begins anew once Redis forgot it."""
        return phone.call.open and len(phone.told) < INPUTS_REPLAYED - room

    def _dialled(self, line: Line, text: str) -> Phone:
        phone = Phone(line, self.kit.dial(line.phone, text), line.language, began=self.path, rebuilt=text != "")
        phone.told[text] = Told(phone.call.history[-1][1], self.wipes, self._seen(line))
        self.open.append(phone)
        return phone

    def _unsure(self, phone: Phone) -> Phone:
        """The model cannot tell which of two screens it is; either is right."""
        assert phone.screen in (main_menu(phone.line.language), *map(offer, LANGUAGES.values()))
        phone.resumed = phone.screen != main_menu(phone.line.language)
        if phone.resumed:
            phone.language = next(one for one in LANGUAGES.values() if offer(one) == phone.screen)
        else:
            phone.line.dropped = None
        return phone

    def _hop(self, phone: Phone, typed: str, option: str | None) -> None:
        """A new input, and what it leads to. `option` is the choice that is meant, if it is one."""
        if not self._goes_on(phone):
            return
        self._gone(phone)
        phone.blurred = phone.blurred or (phone.rebuilt and "*" in typed)
        before, shown, language = phone.screen, phone.shown, phone.language
        phone.call.replies(typed)
        phone.rebuilt, phone.gone = phone.gone, False
        phone.told[phone.call.text] = Told(phone.call.history[-1][1], self.wipes, self._seen(phone.line))
        if phone.blurred:
            self._blurred(phone)
            return
        wrong = said("wrong", language)
        fitted = not phone.screen.startswith(wrong + "\n")
        phone.misses = 0 if fitted else phone.misses + 1
        assert phone.misses < 3, "a call goes in circles"
        if option == "00" or (option in ("0", "2") and shown == offer(language)):
            assert phone.screen == main_menu(language)
        elif shown == main_menu(language):
            self._led_from_main(phone, option or typed)
        elif shown == offer(language) and option == "1":
            self._went_on(phone)
        elif shown.startswith(said("language", language)) and option in LANGUAGES:
            phone.language = phone.line.chosen = phone.own_choice = LANGUAGES[option]
            phone.line.choices += 1
            assert phone.screen == main_menu(phone.language)
        elif shown.startswith(said("status.birth", language)) and typed in (BORN, WRONG_DATE):
            self._judged(phone, typed)
        elif option is not None and f"\n{option} " in f"\n{before}":
            assert fitted, "an option that is shown was not taken"
        elif fitted and option is None and phone.call.open:
            lost = said("help", language).split("{")[0]
            assert phone.screen.startswith((lost, said("status.birth", language))), "garbage led somewhere"
        self._left_at(phone)
        self._agrees(phone)
        # Networks send copies late all the time: each hop is followed by one of an older hop.
        recent = list(phone.told)[-ANSWERS_KEPT:]
        self._again(phone, recent[len(phone.told) % len(recent)])

    def _led_from_main(self, phone: Phone, option: str) -> Phone:
        language = phone.language
        heads = {"4": "fees", "7": "language"}
        if option in heads:
            assert phone.screen.startswith(said(heads[option], language) + "\n1 ")
        elif option == "0":
            assert phone.call.history[-1][1] == Reply(said("bye", language), more=False)
        elif option in ("1", "2", "3", "5"):
            assert phone.screen != main_menu(language)
            assert not phone.screen.startswith(said("wrong", language))
        elif phone.screen != said("wrong", language) + "\n" + main_menu(language):
            assert phone.screen.startswith(said("help", language).split("{")[0])
        return phone

    def _went_on(self, phone: Phone) -> None:
        """The offer was taken: the screen is the one that was dropped, unless what it shows has changed since."""
        dropped, at = phone.line.dropped, phone.line.dropped_at
        if isinstance(dropped, Reply) and at == self._seen(phone.line):
            wrong = said("wrong", phone.language)
            if not dropped.text.startswith(wrong):
                assert phone.call.history[-1][1] == dropped

    def _judged(self, phone: Phone, typed: str) -> None:
        line, number, language = phone.line, phone.asked_number, phone.language
        of_number = self.number_refused.setdefault(number, [])
        recent = max(self._within_the_hour(line.refused), self._within_the_hour(of_number))
        own = number == line.number and line is self.lines[0]
        if recent >= TRIES and not own:
            assert phone.screen.startswith(said("status.limited", language))
        elif typed == BORN and number != self.unknown:
            assert phone.screen.startswith(f"..{number[-4:]} ")
        else:
            assert said("status.refused", language) in phone.screen
            line.refused.append(self.hours)
            of_number.append(self.hours)

    def _within_the_hour(self, refused: list[float]) -> int:
        return sum(self.hours - at < 1 for at in refused)

    def _again(self, phone: Phone, text: str) -> None:
        """The same turn once more: the same bytes, unless Redis forgot them and what they say has changed."""
        told = phone.told[text]
        kept = not phone.gone and told.wipes == self.wipes
        is_last = text == phone.call.text
        language, blurred = phone.language, phone.blurred
        if phone.gone:
            self._gone(phone)
        again = phone.call.asks(text)
        if kept or (told.seen == self._seen(phone.line) and not phone.blurred and not blurred):
            assert again == told.reply
        if not phone.ambiguous and phone.began == self.path:
            # What the turn did, no repeat and no replay of it does again.
            self._agrees(phone)
        if kept:
            return
        if is_last:
            # A replay is what the call is from now on.
            phone.told[text] = Told(again, self.wipes, self._seen(phone.line))
            phone.call.history[-1] = (text, again)
            phone.rebuilt, phone.gone = True, False
            if phone.blurred:
                self._blurred(phone)
            else:
                self._left_at(phone)
        else:
            phone.language = language

    def _gone(self, phone: Phone) -> None:
        """What is left of a call that Redis has forgotten: where it began, what was typed, what the world is by now."""
        if not phone.gone:
            return
        if phone.own_choice is None and not phone.resumed:
            phone.language = phone.line.language
        phone.blurred = phone.blurred or phone.ambiguous or phone.began != self.path
        if phone.told[phone.call.text].seen != self._seen(phone.line):
            # The caller looks at a screen of before; what a replay shows is known to nobody but the product.
            phone.blurred = phone.blurred or phone.language != phone.line.language or not self._redrawn(phone)

    def _redrawn(self, phone: Phone) -> bool:
        return phone.screen == main_menu(phone.language)

    def _blurred(self, phone: Phone) -> None:
        """The model takes over what the database says, and goes on from there."""
        line = phone.line
        chosen, counted = self._kept_of(line)
        if chosen != line.chosen:
            line.chosen = chosen
            line.choices += 1
        if counted > self._within_the_hour(line.refused):
            line.refused.append(self.hours)
            self.number_refused.setdefault(phone.asked_number, []).append(self.hours)
        line.dropped = "?"
        self._agrees(phone)

    def _left_at(self, phone: Phone) -> None:
        """What a redial would be offered from now on."""
        line = phone.line
        if phone.shown == offer(phone.language):
            return
        if not phone.call.open or phone.shown == main_menu(phone.language) or self._settled(phone):
            line.dropped = None
        else:
            line.dropped, line.dropped_language = phone.call.history[-1][1], phone.language
            line.dropped_at = self._seen(line)

    def _settled(self, phone: Phone) -> bool:
        """Whether the caller was told what they came for: nothing more to choose or to answer, no further page."""
        lines = phone.shown.split("\n")
        choices = {line.split(" ")[0] for line in lines if line[:1].isdigit() and not line.endswith(".")}
        asked = phone.shown.startswith(
            (said("status.number", phone.language), said("status.birth", phone.language).split("\n")[0])
        )
        return "98" not in choices and not asked and (choices <= {"0", "99"} or phone.shown.startswith(".."))

    def _agrees(self, phone: Phone) -> None:
        """What the database holds of the caller is what the model counted."""
        line = phone.line
        assert self._kept_of(line) == (line.chosen, self._within_the_hour(line.refused))

    def _kept_of(self, line: Line) -> tuple[str | None, int]:
        caller = self.office.vault.lookup("phone", line.phone)
        with self.kit.database.reading() as session:
            return chosen_language(session, caller), tries(session, caller, self.office.clock())


def test_calls_behave_as_the_model_says(office: Office, kit: CallKit) -> None:
    machine = type("OfficeCalls", (Calls,), {"office": office, "kit": kit})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=35,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
