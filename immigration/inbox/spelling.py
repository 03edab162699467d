"""Which keyword may this word be a misspelling of?"""

from typing import Final

from immigration.inbox.words import ALIASES, FORGIVEN, OTHER_WORDS, Keyword

_SHORTEST_MISSPELT: Final = 4
_LONG_WORD: Final = 7


def nearest(word: str) -> Keyword | None:
    """The one keyword that this may be a misspelling of."""
    if word in OTHER_WORDS:
        return None
    distances = {
        alias: _distance(word, alias)
        for alias in ALIASES
        if abs(len(word) - len(alias)) <= 2 and min(len(word), len(alias)) >= _SHORTEST_MISSPELT
    }
    least = min(distances.values(), default=len(word))
    near = {alias for alias, distance in distances.items() if distance == least}
    # Two slips in one word, and the first letter among them: that is another word.
    forgiven = {
        alias
        for alias in near & FORGIVEN
        if least <= 1 or (least == 2 and min(len(word), len(alias)) >= _LONG_WORD and word[0] == alias[0])
    }
    keywords = {ALIASES[alias] for alias in near}
    return keywords.pop() if forgiven and len(keywords) == 1 else None


def _distance(one: str, other: str) -> int:
    """Letters to change, add, drop or swap with their neighbour to get from one word to the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        last, row, before = before, [i], row
        for j, wanted in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
