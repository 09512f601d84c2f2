"""Where a text names a person: by a number of his in any spelling, by a word of his own, in any case and with е or ё.

Only what nobody else is called by is looked for: numbers, e-mails, tax numbers, names in messengers, and names of three
words. A shorter name is somebody else's as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

MASK = "•••"
SHORTEST = 6  # of a word that is looked for; a shorter one would be found inside others
NAME_WORDS = 3
BETWEEN = r"[\s\-.()\u00a0\u2010-\u2015]*"  # of a number's digits, as people write them
_E = re.compile("[её]", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Needles:
    """What is looked for. numbers: E.164; words: as they are written."""

    numbers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.numbers or self.words)

    @cached_property
    def likes(self) -> tuple[str, ...]:
        """Patterns of LIKE, one of which every text has that names him, and few others."""
        spread = ("%" + "%".join(_digits(number)) + "%" for number in self.numbers)
        return tuple(dict.fromkeys((*spread, *(like for word in self.words for like in _likes(word)))))

    @cached_property
    def _found(self) -> re.Pattern[str]:
        parts = [*map(_number, self.numbers), *map(_word, self.words)]
        return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)

    def masked(self, text: str) -> str:
        """The text without him."""
        return self._found.sub(MASK, text)


def is_name(name: str) -> bool:
    """Whether a name is of one person: three words of letters."""
    words = [one for one in name.split() if any(sign.isalpha() for sign in one)]
    return len(words) >= NAME_WORDS and len(name) >= SHORTEST


def telling(words: Iterable[str]) -> tuple[str, ...]:
    """The words that are long enough to be looked for, each once."""
    return tuple(dict.fromkeys(one.strip() for one in words if len(one.strip()) >= SHORTEST))


def _digits(number: str) -> str:
    """What every spelling of a number has."""
    return number.removeprefix("+7") if number.startswith("+7") else number.removeprefix("+")


def _number(number: str) -> str:
    before = rf"(?:\+?[78]{BETWEEN})?" if number.startswith("+7") else r"(?:\+|00|810)?"
    return rf"(?<![\d])\(?{before}\(?" + BETWEEN.join(_digits(number)) + r"(?!\d)"


def _word(word: str) -> str:
    """The word alone; a quote may stand behind a backslash, as in JSON."""
    signs = (r"\s+" if one.isspace() else r'\\?"' if one == '"' else _sign(one) for one in re.sub(r"\s+", " ", word))
    return rf"(?<!\w){''.join(signs)}(?!\w)"


def _sign(one: str) -> str:
    return "[её]" if _E.fullmatch(one) else re.escape(one)


def _likes(word: str) -> Iterable[str]:
    """SQLite's LIKE knows the case of English letters only."""
    for form in dict.fromkeys((word, word.lower(), word.upper(), word.title())):
        escaped = re.sub(r"([\\%_])", r"\\\1", form)
        yield "%" + re.sub(r'\s+|"', "%", _E.sub("_", escaped)) + "%"
