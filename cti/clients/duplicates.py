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
from itertools import permutations, product
from typing import Annotated, Final, Literal

from cti.clients.masking import REASONS
from cti.clients.requisites import digits

Reason = Literal["inn", "phone", "email", "name", "full-name"]

LIKELY: Final = 0.6  # a score of this and more is worth showing to a person

EQUAL_INN, EQUAL_INN_OTHER_KIND = 1.0, 0.95
EQUAL_INN_OTHER_KPP = 0.7  # branches of one company
EQUAL_PHONE = 0.9
EQUAL_EMAIL = 0.85
EQUAL_NAME, EQUAL_LONG_NAME = 0.6, 0.75
NEAR_NAME = 0.5
DIFFERENT_INN = 0.4  # no score is higher then
NEAR_RATIO = 0.88
NEAR_LENGTH = 6  # shorter keys are near to too much
MOST_ORDERED = 3  # words of a name that people write in any order

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
_SHORT_FORMS: Final = ("ооо", "ао", "пао", "зао", "оао", "ип")
_QUOTES: Final = str.maketrans(dict.fromkeys("«»\"'“”„", " "))
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
    kpp: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Likeness:
    """How likely two cards are one client, 0 to 1, and what is equal; near-equal names stand as `key ~ key`."""

    score: float
    reasons: Annotated[tuple[tuple[Reason, str], ...], REASONS]


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


def spellings(one: Candidate) -> frozenset[str]:
    """How names equal to the card's usually stand in a base, folded as its index of names folds them.

    The keys of names are in no index; their spellings are. A company: with and without its legal form, before and
    after, in quotes or not; a person: the words in any order, initials with points.
    """
    found: set[str] = set()
    for name in (one.name, one.full_name):
        folded = " ".join(name.casefold().replace("ё", "е").split())
        if not folded:
            continue
        words = _LEGAL_FORM.sub(" ", " ".join(_WORD.findall(folded))).split()
        bare = " ".join(_LEGAL_FORM.sub(" ", folded).translate(_QUOTES).split())
        bodies = {" ".join(words), bare, *(["-".join(words)] if len(words) == 2 else [])} - {""}
        found |= {folded} | (_of_company(bodies) if one.kind == "company" else _of_person(words, bodies))
    return frozenset(found)


def _of_company(bodies: set[str]) -> set[str]:
    named = {form.format(body) for body in bodies for form in ("{}", "«{}»", '"{}"')}
    formed = {f"{form} {name}" for form in _SHORT_FORMS for name in named}
    return named | formed | {f"{body} {form}" for form in _SHORT_FORMS for body in bodies}


def _of_person(words: list[str], bodies: set[str]) -> set[str]:
    orders = {" ".join(order) for order in permutations(words)} if len(words) <= MOST_ORDERED else set()
    long = [word for word in words if len(word) > 1]
    initials = [f"{word}." for word in words if len(word) == 1]
    if len(long) == 1 and initials:
        orders |= {
            f"{long[0]} {''.join(initials)}",
            f"{long[0]} {' '.join(initials)}",
            f"{''.join(initials)} {long[0]}",
        }
    plain = orders | bodies
    return plain | {f"ип {name}" for name in plain} | {f"{name} ип" for name in plain}


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
        yield _equal_inn(one, two), "inn", inn
    for phone in sorted(_phones(one) & _phones(two)):
        yield EQUAL_PHONE, "phone", phone
    for email in sorted(_emails(one) & _emails(two)):
        yield EQUAL_EMAIL, "email", email
    if name := _best_name(one, two):
        yield name


def _equal_inn(one: Candidate, two: Candidate) -> float:
    if one.kpp and two.kpp and one.kpp != two.kpp:
        return EQUAL_INN_OTHER_KPP
    return EQUAL_INN if one.kind == two.kind else EQUAL_INN_OTHER_KIND


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
