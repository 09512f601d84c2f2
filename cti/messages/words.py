"""Words by which letters are found: folded, stemmed, each once; a telephone number is one word however it was written.

The same reading makes the index and the question, so both engines find the same. Russian and English endings do not
matter (Snowball); of the last word of a question its beginning is enough. To whom numbers are hidden a word with a
digit is asked for whole: a number could be read out digit by digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import Stemmer

TEXT_CHARS = 100_000  # of one letter; what comes after is not searched
WORD_CHARS = 40
WORDS_MOST = 8_000  # of one letter
ASKED_MOST = 8
NUMBER_DIGITS = range(7, 16)
_NUMBER = re.compile(r"\+?\d(?:[\s().\-/]{0,3}\d){6,}")
_WORD = re.compile(r"[^\W_]+")
_CYRILLIC = re.compile(r"[а-я]")
_LATIN = re.compile(r"[a-z]")
_russian, _english = Stemmer.Stemmer("russian", 20_000), Stemmer.Stemmer("english", 20_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A word that is asked for. stem: as it stands in the index; begins: or with what it begins there, "" for no."""

    stem: str
    begins: str = ""


def words_of(texts: Iterable[str]) -> str:
    """The words of a letter's texts, with spaces between them, each once."""
    found: dict[str, None] = {}
    for text in texts:
        found.update(dict.fromkeys(_tokens(text[:TEXT_CHARS])))
        if len(found) > WORDS_MOST:
            break
    return " ".join(dict.fromkeys(map(stem, list(found)[:WORDS_MOST])))


def asked(question: str, *, hides: bool = False) -> list[Asked]:
    """What is asked for: all of it must be found. hides: whether numbers are hidden from whoever asks."""
    words = list(dict.fromkeys(_tokens(question)))[:ASKED_MOST]
    parts = [Asked(stem=stem(word)) for word in words]
    if words and question[-1:].isalnum() and not (hides and any(map(str.isdigit, words[-1]))):
        parts[-1] = Asked(stem=parts[-1].stem, begins=words[-1])
    return parts


def stem(word: str) -> str:
    """A folded word without its ending; of another alphabet, or with digits in it, as it is."""
    if _CYRILLIC.search(word):
        return str(_russian.stemWord(word))
    return str(_english.stemWord(word)) if _LATIN.search(word) else word


def _tokens(text: str) -> Iterable[str]:
    folded = _NUMBER.sub(_as_one, text.casefold().replace("ё", "е"))
    return (word[:WORD_CHARS] for word in _WORD.findall(folded))


def _as_one(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    if len(digits) not in NUMBER_DIGITS:
        return found[0]
    national = len(digits) == 11 and digits[0] in "78"
    return f" {'7' + digits[1:] if national else digits} "
