"""How is it said in the caller's language? The wording files, filled with values."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from immigration import written
from immigration.gsm7 import to_gsm7
from immigration.people import LANGUAGES, Language
from menus.description import ByLanguage, Day, Lines, Moment, NearDay, Rupiah, Say, ShortDay, Text, Verbatim

FOLDER: Final = Path(__file__).parent / "wording"
_PLACEHOLDER: Final = re.compile(r"\{([a-z_0-9]+)\}")


class BadWording(Exception):
    """A wording file cannot be used; the message names file, key and fault."""


class Wording:
    """The texts of every language. What a language lacks is said in Indonesian."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]], reviewed: Mapping[str, frozenset[str]]) -> None:
        self.texts = texts
        self.reviewed = reviewed
        self._plain: dict[tuple[str, str], str] = {}

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Wording":
        """Read `id.json`, `min.json` and `en.json`. Raises `BadWording`."""
        texts: dict[str, dict[str, str]] = {}
        reviewed: dict[str, frozenset[str]] = {}
        for language in LANGUAGES:
            file = folder / f"{language}.json"
            try:
                content = json.loads(file.read_text(encoding="utf-8"))
                texts[language] = {str(key): str(text) for key, text in content["texts"].items()}
                reviewed[language] = frozenset(content.get("reviewed", texts[language]))
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise BadWording(f"{file.name}: {type(error).__name__}: not a wording file with `texts`") from error
        return cls(texts, reviewed)

    def placeholders(self, language: Language, key: str) -> frozenset[str]:
        """The names of the values that a text wants."""
        return frozenset(_PLACEHOLDER.findall(self.texts[language].get(key, "")))

    def say(self, text: Text, language: Language) -> str:
        """The text as it is sent: in GSM-7, every value written the way the language writes it."""
        if isinstance(text, Say) and not text.values:
            # Most of a screen is such texts; there are as many as there are keys.
            known = self._plain.get((text.key, language))
            if known is None:
                known = self._plain[text.key, language] = to_gsm7(self._written(text, language))
            return known
        return to_gsm7(self._written(text, language))

    def _written(self, text: Text, language: Language) -> str:
        match text:
            case Say(key, values):
                pattern = self.texts[language].get(key) or self.texts["id"][key]
                if not values:
                    return pattern
                said = {name: self._value(value, language) for name, value in values.items()}
                return _PLACEHOLDER.sub(lambda found: said[found[1]], pattern)
            case Lines(texts, joint):
                return joint.join(filter(None, (self._written(part, language) for part in texts)))
            case ByLanguage(texts):
                return texts.get(language) or texts["id"]
            case Verbatim(verbatim):
                return verbatim
            case Rupiah(amount):
                return written.rupiah(amount)
            case ShortDay(day, this_year):
                return written.short_day(day, language) if day.year == this_year else written.day(day, language)
            case Day(day):
                return written.day(day, language)
            case NearDay(day):
                return f"{written.weekday(day.weekday(), language)} {written.short_day(day, language)}"
            case Moment(local):
                return written.time_of_day(local)

    def _value(self, value: Text | int, language: Language) -> str:
        return str(value) if isinstance(value, int) else self._written(value, language)
