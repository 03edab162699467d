"""How does a call go on? A pure machine: a session and an input make a session, a reply and effects.

`decide` says where an input leads and which effect it has; `draw` turns the place it leads to into a reply, from the
facts that the desk hands over; `step` is both with the effects done in between, since a screen may show what came of
them. Nothing here knows Redis, HTTP or an aggregator, so a call can be replayed from its inputs alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from immigration.inputs import choice
from immigration.people import Language, as_language
from menus.description import Again, Effect, End, Go, Lines, Memory, Menu, Option, Say, Text, View
from menus.desk import Caller, Desk, EffectKey, Effects
from menus.pager import paginate
from menus.session import TRAIL_KEPT, Place, Session, Shown
from menus.wording import Wording

MAIN: Final = "main"
RESUME: Final = "resume"
HELP: Final = "help"
BYE: Final = "bye"
BACK: Final = "0"
HOME: Final = "00"
MORE: Final = "98"
LESS: Final = "99"
MISSES_ALLOWED: Final = 3
_HANDOVERS: Final = 8

Draw = Callable[[Caller, Desk], View]
Answer = Callable[[str, "Asked"], Go | Again]


@dataclass(frozen=True)
class Asked:
    """What an answer may look at besides the input: memory, today's date, and a keyed hash for what was typed."""

    caller: Caller
    keyed: Callable[[str, str], bytes]


@dataclass(frozen=True)
class Screen:
    """A screen: how it is drawn, what it makes of free input, and where it may lead."""

    name: str
    draw: Draw
    leads_to: tuple[str, ...]
    answer: Answer | None = None


@dataclass(frozen=True)
class Reply:
    """What the phone shows; `more` says whether an input is expected."""

    text: str
    more: bool


class Undeclared(Exception):
    """A screen led to one that it does not declare: a fault of ours, found by `menus check`."""


class Screens:
    """The screens of a version of the menus, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Screen] = {}

    def screen(self, *, leads_to: tuple[str, ...] = (), answer: Answer | None = None) -> Callable[[Draw], Draw]:
        """Declare the decorated function as the screen of its own name."""

        def declared(draw: Draw) -> Draw:
            name = draw.__name__
            if name in self.by_name:
                raise ValueError(f"two screens are named {name}")
            self.by_name[name] = Screen(name, draw, leads_to, answer)
            return draw

        return declared


class Machine:
    """The dialogue over a set of screens.

    `version` names the set; `keyed` is the vault's keyed hash, for inputs that may only be kept as such.
    """

    def __init__(
        self,
        screens: Mapping[str, Screen],
        wording: Wording,
        version: str,
        keyed: Callable[[str, str], bytes],
    ) -> None:
        self.screens = screens
        self.wording = wording
        self.version = version
        self._keyed = keyed

    def begin(self, language: Language, held: Place | None = None) -> Session:
        """A new call: at the main menu, or with the offer to go on where the last one dropped."""
        if held is not None and held.screen in self.screens:
            return Session(self.version, Place(RESUME, held.language), held=held)
        return Session(self.version, Place(MAIN, language))

    def decide(self, session: Session, typed: str, caller: Caller) -> tuple[Session, Effect | None]:
        """Where this input leads and which effect it has. Pure: looks at session and input alone."""
        offered = tuple(session.shown)
        number = choice(typed, offered) if offered else None
        screen = self.screens.get(session.place.screen)
        if number is None and screen is not None and screen.answer is not None:
            went = screen.answer(typed, Asked(caller, self._keyed))
            if isinstance(went, Go):
                self._declared(screen.name, went.to)
                return self._go(session, went.to, went.remember), went.effect
        if number is None:
            return self._missed(session), None
        if number in (MORE, LESS):
            page = session.place.page + (1 if number == MORE else -1)
            return replace(session, place=replace(session.place, page=page), misses=0), None
        chosen = session.shown[number]
        if session.held is not None and chosen.to == RESUME:
            return replace(session, place=session.held, held=None, misses=0), None
        effect = Effect(*chosen.effect) if chosen.effect else None
        return self._go(session, chosen.to, chosen.remember), effect

    def draw(self, session: Session, caller: Caller, desk: Desk, budget: int) -> tuple[Session, Reply]:
        """The reply of the place where the session is, within `budget` septets."""
        place = session.place
        for _ in range(_HANDOVERS):
            view = self.screens[place.screen].draw(Caller(caller.hash, place.memory, caller.now), desk)
            if not isinstance(view, Go):
                return self._rendered(replace(session, place=place), view, budget)
            self._declared(place.screen, view.to)
            place = replace(place, screen=view.to, memory={**place.memory, **view.remember}, page=0)
        raise Undeclared(f"{session.place.screen} hands over in a circle")

    def step(
        self,
        session: Session,
        typed: str,
        key: EffectKey,
        caller: Caller,
        desk: Desk,
        effects: Effects,
        budget: int,
    ) -> tuple[Session, Reply, Effect | None]:
        """One hop: decide, do the effect, draw."""
        session, effect = self.decide(session, typed, Caller(caller.hash, session.place.memory, caller.now))
        if effect is not None:
            session = remembering(session, effects.perform(key, effect))
        session, reply = self.draw(session, caller, desk, budget)
        return session, reply, effect

    def _go(self, session: Session, to: str, remember: Memory) -> Session:
        place = session.place
        if to not in self.screens:
            # The option was shown by another version of the menus, which knew a screen that is no more.
            to, remember = MAIN, {}
        trail = [*place.trail, place.screen]
        if to in trail:
            trail = trail[: trail.index(to)]
        place = Place(to, place.language, {**place.memory, **remember}, trail[-TRAIL_KEPT:])
        if to == MAIN:
            place = Place(MAIN, place.language)
        return replace(session, place=place, misses=0, held=None)

    def _missed(self, session: Session) -> Session:
        if session.place.screen not in self.screens:
            return replace(session, place=Place(MAIN, session.place.language), misses=0)
        misses = session.misses + 1
        if misses >= MISSES_ALLOWED:
            # A plainer screen with a person to ask; whoever is lost there too is let go instead of going in circles.
            return self._go(session, BYE if session.place.screen == HELP else HELP, {})
        return replace(session, misses=misses)

    def _declared(self, name: str, to: str) -> None:
        if to not in self.screens[name].leads_to:
            raise Undeclared(f"{name} leads to {to}, which it does not declare")

    def _rendered(self, session: Session, view: View, budget: int) -> tuple[Session, Reply]:
        place = session.place
        language = as_language(place.language)

        def say(text: Text) -> str:
            return self.wording.say(text, language)

        assert not isinstance(view, Go)
        options: tuple[Option, ...] = view.options if isinstance(view, Menu) else ()
        for option in options:
            self._declared(place.screen, option.go.to)
        head = view.text if not session.misses else Lines((Say("wrong"), view.text))
        leads_back = not isinstance(view, End) and (not isinstance(view, Menu) or view.back)
        foot = (f"{BACK} {say(Say('back'))}",) if leads_back else ()
        pages = paginate(
            say(head),
            [(option.number, say(option.label)) for option in options],
            foot,
            f"{MORE} {say(Say('more'))}",
            f"{LESS} {say(Say('less'))}",
            budget,
        )
        page = min(max(place.page, 0), len(pages) - 1)
        shown = {
            option.number: Shown(
                option.go.to,
                option.go.remember,
                (option.go.effect.kind, option.go.effect.values) if option.go.effect else None,
            )
            for option in options
        }
        if isinstance(view, End):
            shown = {}
        else:
            back_to = view.back_to if isinstance(view, Menu) else ""
            shown.setdefault(BACK, Shown(back_to or (place.trail[-1] if place.trail else MAIN), {}))
            shown.setdefault(HOME, Shown(MAIN, {}))
            if page + 1 < len(pages):
                shown[MORE] = Shown(place.screen, {})
            if page > 0:
                shown[LESS] = Shown(place.screen, {})
        drawn = replace(
            session,
            menus=self.version,
            place=replace(place, page=page),
            shown=shown,
            ended=isinstance(view, End),
            settled=isinstance(view, Menu) and (view.settles or not options) and page + 1 == len(pages),
        )
        return drawn, Reply(pages[page], more=not isinstance(view, End))


def remembering(session: Session, memory: Memory) -> Session:
    """The session with what an effect left to remember; a language among it is spoken from now on."""
    place = session.place
    language = str(memory.get("language", place.language))
    kept = {name: value for name, value in memory.items() if name != "language"}
    return replace(session, place=replace(place, language=language, memory={**place.memory, **kept}))
