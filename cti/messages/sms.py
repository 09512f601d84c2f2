"""An SMS as it goes over the air: its alphabet, how many parts it makes, and a text in Latin letters that makes fewer.

The alphabet of GSM 03.38 holds 160 signs in one part and 153 in each of several; a sign of its extension takes two, and
is never torn apart. One sign beyond it, so any Cyrillic one, and the whole text is UCS-2: 70 and 67, where a sign
outside the basic plane takes two. Source: 3GPP TS 23.038, 23.040 9.2.3.24.1.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Literal

import msgspec
from gsm0338.charset import BASIC_CHARACTER_SET, BASIC_CHARACTER_SET_EXTENSION

Alphabet = Literal["gsm7", "ucs2"]
MOST_PARTS = 10  # of one SMS: no text of ours is longer
TEXT_CHARS = 1600
SINGLE: dict[Alphabet, int] = {"gsm7": 160, "ucs2": 70}
PART: dict[Alphabet, int] = {"gsm7": 153, "ucs2": 67}  # what a header of six bytes leaves
_BASIC = frozenset(unicodedata.lookup(name) for code, name in BASIC_CHARACTER_SET.items() if code != 0x1B)
_EXTENSION = frozenset(unicodedata.lookup(name) for name in BASIC_CHARACTER_SET_EXTENSION.values())
_LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu",
    "я": "ya",
}  # fmt: skip
_PLAIN = {"«": '"', "»": '"', "„": '"', "“": '"', "”": '"', "’": "'", "–": "-", "—": "-", "…": "...", "№": "N",
          "\u00a0": " ", "\u202f": " ", "₽": "rub."}  # fmt: skip


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How large a text is. signs: as its alphabet counts them; parts: 0 for none; left: signs until one part more."""

    alphabet: Alphabet
    signs: int
    parts: int
    left: int


def alphabet_of(text: str) -> Alphabet:
    """The smallest that has all of its signs."""
    return "gsm7" if all(sign in _BASIC or sign in _EXTENSION for sign in text) else "ucs2"


def measure(text: str) -> Size:
    """How large a text is."""
    alphabet = alphabet_of(text)
    pieces = split(text)
    signs = sum(_weight(sign, alphabet) for sign in text)
    if len(pieces) < 2:
        return Size(alphabet=alphabet, signs=signs, parts=len(pieces), left=SINGLE[alphabet] - signs)
    last = sum(_weight(sign, alphabet) for sign in pieces[-1])
    return Size(alphabet=alphabet, signs=signs, parts=len(pieces), left=PART[alphabet] - last)


def split(text: str) -> list[str]:
    """The texts of its parts, as phones put them together again."""
    alphabet = alphabet_of(text)
    if sum(_weight(sign, alphabet) for sign in text) <= SINGLE[alphabet]:
        return [text] if text else []
    return list(_parts(text, alphabet))


def latin(text: str) -> str:
    """A Russian text in Latin letters (as passports have them), its typographic signs made plain."""
    return "".join(_spelled(sign) for sign in text)


def _weight(sign: str, alphabet: Alphabet) -> int:
    if alphabet == "gsm7":
        return 2 if sign in _EXTENSION else 1
    return 2 if ord(sign) > 0xFFFF else 1


def _parts(text: str, alphabet: Alphabet) -> Iterator[str]:
    begin = weight = 0
    for place, sign in enumerate(text):
        one = _weight(sign, alphabet)
        if weight + one > PART[alphabet]:
            yield text[begin:place]
            begin, weight = place, 0
        weight += one
    yield text[begin:]


def _spelled(sign: str) -> str:
    if sign in _PLAIN:
        return _PLAIN[sign]
    said = _LATIN.get(sign.lower())
    if said is None:
        return sign
    return said if sign.islower() else said.capitalize()
