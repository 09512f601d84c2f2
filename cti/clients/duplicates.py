"""Which two cards are likely one client, and why.

Every pair of a million clients cannot be compared: `blocking_keys` sorts cards into groups, `likeness` compares two of
a group. Two cards that come to `LIKELY` always share a key; near-equal names only often do. A group of hundreds (a
name that everybody has) says little and costs its square: the caller may leave it out.

A name and a full name tell the same thing, so names count once, by the best of their pairs; so do several equal
phones or e-mails. Names are compared by their keys: people write a legal form before, after or not at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import product
from typing import Final, Literal

from cti.clients.requisites import digits

Reason = Literal["inn", "phone", "email", "name", "full-name"]

LIKELY: Final = 0.6  # a score of this and more is worth showing to a person

EQUAL_INN, EQUAL_INN_OTHER_KIND = 1.0, 0.95
EQUAL_PHONE = 0.9
EQUAL_EMAIL = 0.85
EQUAL_NAME, EQUAL_LONG_NAME = 0.6, 0.75
NEAR_NAME = 0.5
DIFFERENT_INN = 0.4  # no score is higher then
NEAR_RATIO = 0.88
NEAR_LENGTH = 6  # shorter keys are near to too much

_LEGAL_FORMS: Final = (
    "общество с ограниченной ответственностью",
    "товарищество с ограниченной ответственностью",
    "непубличное акционерное общество",
    "публичное акционерное общество",
    "открытое акционерное общество",
    "закрытое акционерное общество",
    "акционерное общество",
    "индивидуальный предприниматель",
    *("ооо", "оао", "зао", "пао", "нао", "ао", "ип", "тоо"),
    *("ltd", "llc", "inc", "gmbh", "co"),
)
_LEGAL_FORM: Final = re.compile(rf"\b(?:{'|'.join(_LEGAL_FORMS)})\b")
_WORD: Final = re.compile(r"[^\W_]+")
_UNHEARD: Final = frozenset("аеиоуыэюяйьъіїєaeiouy")  # vowels and signs: where most slips are


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What of a client's card is compared. phones: E.164, without shared switchboards; inn: as typed."""

    id: int
    name: str
    full_name: str = ""
    kind: str = "company"
    inn: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Likeness:
    """How likely two cards are one client, 0 to 1, and what is equal; near-equal names stand as `key ~ key`."""

    score: float
    reasons: tuple[tuple[Reason, str], ...]


Evidence = tuple[float, Reason, str]  # what it adds, why, the equal value


def name_key(name: str) -> str:
    """The name's words, sorted: no case, ё as е, no punctuation, no legal form; "" when nothing is left."""
    folded = unicodedata.normalize("NFKC", name).casefold().replace("ё", "е")
    words = " ".join(_WORD.findall(folded))
    return " ".join(sorted(_LEGAL_FORM.sub(" ", words).split()))


def blocking_keys(one: Candidate) -> frozenset[str]:
    """The groups in which the card meets its likely twins; no key for a value it does not have."""
    names = _name_keys(one)
    values = {
        "inn": (_inn(one),),
        "phone": _phones(one),
        "email": _emails(one),
        "name": names,
        "near": [_sound(key) for key in names if len(key) >= NEAR_LENGTH],
    }
    return frozenset(f"{kind}:{value}" for kind, found in values.items() for value in found if value)


def likeness(one: Candidate, two: Candidate) -> Likeness:
    """How likely the two are one client. The order of the two does not matter."""
    found = list(_evidence(one, two))
    doubt = 1.0
    for part in {reason: part for part, reason, _ in found}.values():  # each reason counts once
        doubt *= 1 - part
    score = round(1 - doubt, 6)
    if _inn(one) and _inn(two) and _inn(one) != _inn(two):
        score = min(score, DIFFERENT_INN)
    return Likeness(score=score, reasons=tuple((reason, value) for _, reason, value in found))


def _evidence(one: Candidate, two: Candidate) -> Iterator[Evidence]:
    if (inn := _inn(one)) and inn == _inn(two):
        yield (EQUAL_INN if one.kind == two.kind else EQUAL_INN_OTHER_KIND), "inn", inn
    for phone in sorted(_phones(one) & _phones(two)):
        yield EQUAL_PHONE, "phone", phone
    for email in sorted(_emails(one) & _emails(two)):
        yield EQUAL_EMAIL, "email", email
    if name := _best_name(one, two):
        yield name


def _best_name(one: Candidate, two: Candidate) -> Evidence | None:
    """The strongest of what the names and full names of both say; the names themselves before the full ones."""
    pairs = list(product(enumerate(_name_keys(one)), enumerate(_name_keys(two))))
    ranked: list[tuple[float, bool, str]] = []
    for (first, a), (second, b) in pairs:
        if a and a == b:
            part = EQUAL_LONG_NAME if one.kind == two.kind and " " in a else EQUAL_NAME
            ranked.append((part, first == second == 0, a))
    if not ranked:
        ranked = [
            (NEAR_NAME, first == second == 0, " ~ ".join(sorted((a, b))))
            for (first, a), (second, b) in pairs
            if _near(*sorted((a, b)))
        ]
    if not ranked:
        return None
    part, by_name, value = max(ranked)
    return part, "name" if by_name else "full-name", value


def _near(a: str, b: str) -> bool:
    """Nearly one name. The caller orders the two: difflib's ratio depends on it. Its cheap upper bounds go first."""
    shorter = min(len(a), len(b))
    if shorter < NEAR_LENGTH or 2 * shorter < NEAR_RATIO * (len(a) + len(b)):
        return False
    compared = SequenceMatcher(None, a, b, autojunk=False)
    return compared.quick_ratio() >= NEAR_RATIO and compared.ratio() >= NEAR_RATIO


@lru_cache(maxsize=8192)  # a card is compared with each of its group
def _cached_key(name: str) -> str:
    return name_key(name)


def _name_keys(one: Candidate) -> tuple[str, str]:
    return _cached_key(one.name), _cached_key(one.full_name)


def _inn(one: Candidate) -> str:
    """The number's digits; one digit repeated fills a form and says nothing."""
    found = digits(one.inn)
    return found if len(set(found)) > 1 else ""


def _phones(one: Candidate) -> frozenset[str]:
    return frozenset(phone for phone in one.phones if phone)


def _emails(one: Candidate) -> frozenset[str]:
    return frozenset(email for typed in one.emails if (email := typed.strip().casefold()))


def _sound(key: str) -> str:
    """Three consonants of each word, doubled ones once: what most slips of the pen leave as it was."""
    return " ".join(sorted(_three_consonants(word) for word in key.split()))


def _three_consonants(word: str) -> str:
    heard = ""
    for sign in word:
        if sign not in _UNHEARD and not heard.endswith(sign):
            heard += sign
    return heard[:3] or word[:3]
