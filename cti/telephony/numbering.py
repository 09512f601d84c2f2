"""Numbers as people and PBXs write them -> E.164 plus extension, or an internal number, or nothing.

Rules kept here: the installation's own plan comes before the world's (101 is a colleague, not +7101); what was typed
is kept; a hidden caller has no number at all, so nothing is ever looked up for him; input is bounded and never raises.
A number need only be *possible*, not in service: ranges are opened faster than any library learns of them.

`Number.rule` says how it was read, for the trace: `plus`, `national` (with or without the 8 or the area code's zero),
`area-code` (local digits, area code added), `double-zero`, `prefix-810`, `without-plus` (a foreign number typed
without +), `internal`, `hidden`, `letters`, `too-short`, `too-long`, `impossible`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult
from phonenumbers.phonenumberutil import ndd_prefix_for_region

NumberKind = Literal["e164", "internal", "hidden", "unreadable"]

LONGEST_INPUT = 80
SHORTEST_LOCAL = 3
SEAL = "§"  # between the mask of a number that is hidden from a person and what the server knows it again by
LONGEST_DIGITS = 18  # E.164 has 15; three more for a prefix
HIDDEN = frozenset(
    (
        *("anonymous", "unknown", "restricted", "private", "unavailable", "withheld", "hidden", "none", "asterisk"),
        *("аноним", "анонимный", "анонимно", "скрыт", "скрытый", "скрыто", "неизвестно", "неизвестный"),
    )
)
_URI = re.compile(r"(?:sips?|tel|callto):([^@;>?]*)[^;>]*((?:;[^>]*)?)", re.IGNORECASE)
_URI_EXTENSION = re.compile(r";ext=(\d{1,10})", re.IGNORECASE)
_EXTENSION = re.compile(
    r"\s*[;,(]*\s*(?:доб(?:авочный)?|доп|вн(?:утр)?|ext(?:ension|n)?|x|х|#|,)[\s.:=,]*(\d{1,10})\s*\)?\s*$",
    re.IGNORECASE,
)
_SPELLING = re.compile(r"[+\d\s().\-/\\_*~'\u2010-\u2015\u2212]*")
_RUSSIAN = re.compile(r"(?:\+?7|8)?[349][0-9]{9}")
_DASHES = re.compile(r"\D+")
_SEVERAL = re.compile(r";(?!\s*ext)|[\n\r|/]|\s(?:и|или|or|and)\s|,(?=\s*[^,;\n]*\d(?:[^\d,;\n]*\d){6})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberPlan:
    """How numbers are dialled here. internal: regular expression of the whole internal number."""

    region: str = "RU"
    area_code: str = "495"
    internal: str = r"[0-9]{2,5}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A number as read. e164 is set for kind e164, internal for kind internal; raw is what came in, cut to 80."""

    kind: NumberKind
    e164: str | None = None
    internal: str | None = None
    extension: str = ""
    raw: str = ""
    rule: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One rule that was tried on a number and what it made of it. number: on the last step, the number as read."""

    rule: str
    text: str
    number: Number | None = None


Note = Callable[[str, str], None]


def read(raw: str | None, plan: NumberPlan) -> Number:
    """The number in a field; where a field holds several, the first."""
    return _read((raw or "")[:LONGEST_INPUT], plan)


def read_all(raw: str | None, plan: NumberPlan) -> tuple[Number, ...]:
    """Every number in a field (`+7 495 000-00-00, 8 935 555 01 01 доб. 5`), each once; () where there is none."""
    parts = _SEVERAL.split((raw or "")[: LONGEST_INPUT * 8])
    whole = [part for part in parts if sum(c.isdigit() for c in part) >= 5] or parts[:1]
    numbers = (read(part, plan) for part in whole)
    return tuple({(n.e164 or n.internal or n.raw, n.extension): n for n in numbers if n.kind != "hidden"}.values())


def apart(text: str) -> list[str]:
    """The texts of several numbers in one field; a field with one number, or none, is one text."""
    parts = [part.strip() for part in _SEVERAL.split(text) if sum(c.isdigit() for c in part) >= 5]
    return parts if len(parts) > 1 else [text]


def bare(text: str) -> str:
    """A typed number without its extension: `+7 935 555-01-02` of `+7 935 555-01-02 доб. 14`."""
    return _without_extension(text)[0].rstrip()


def show(e164: str | None, region: str = "RU") -> str:
    """A number as people write it: `+7 935 555-01-01`; internal and unreadable ones as they are, hidden ones masked."""
    if not e164 or not e164.startswith("+") or SEAL in e164:
        return (e164 or "").partition(SEAL)[0]
    return _show(e164, region)


@lru_cache(maxsize=8192)
def _show(e164: str, region: str) -> str:
    if e164.startswith("+7") and len(e164) == 12 and e164[1:].isdigit():
        return f"+7 {e164[2:5]} {e164[5:8]}-{e164[8:10]}-{e164[10:]}"
    try:
        return phonenumbers.format_number(
            phonenumbers.parse(e164[:LONGEST_INPUT], region), PhoneNumberFormat.INTERNATIONAL
        )
    except NumberParseException:
        return e164


def takes_texts(e164: str) -> bool:
    """Whether an SMS can reach it: a landline, and what is no number of the world's plan, cannot.

    Where a country tells its mobile numbers from others not at all, it may.
    """
    if e164.startswith("+7") and len(e164) == 12 and e164[2] not in "67":
        return e164[2] == "9"
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(e164[:LONGEST_INPUT]))
    except NumberParseException:
        return False
    return kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.UNKNOWN)


def local_forms(number: Number, plan: NumberPlan) -> tuple[str, ...]:
    """The digits by which people of this plan may have written a number: without the country, the area, with an 8."""
    if number.kind == "internal":
        return (number.internal,) if number.internal and len(number.internal) >= SHORTEST_LOCAL else ()
    if number.kind != "e164":
        digits = _DASHES.sub("", number.raw)
        return (digits,) if len(digits) >= SHORTEST_LOCAL and number.kind != "hidden" else ()
    parsed = phonenumbers.parse(number.e164 or "")
    if parsed.country_code != phonenumbers.country_code_for_region(plan.region):
        return ((number.e164 or "").removeprefix("+"),)
    national = phonenumbers.national_significant_number(parsed)
    trunk = ndd_prefix_for_region(plan.region, True) or ""
    local = national.removeprefix(plan.area_code) if plan.area_code else national
    return tuple(dict.fromkeys((local, national, trunk + national, f"{parsed.country_code}{national}")))


def explain(raw: str, plan: NumberPlan) -> tuple[Step, ...]:
    """How each number of a field is read, step by step; the last step of each is its result."""
    steps: list[Step] = []
    parts = [part for part in _SEVERAL.split(raw[: LONGEST_INPUT * 8]) if any(c.isdigit() for c in part)] or [raw]
    if len(parts) > 1:
        steps.append(Step(rule="several", text=" | ".join(part.strip() for part in parts)))
    for part in parts:
        number = _reading(part[:LONGEST_INPUT], plan, lambda rule, text: steps.append(Step(rule=rule, text=text)))
        steps.append(Step(rule="result", text=number.e164 or number.internal or "", number=number))
    return tuple(steps)


def _unheard(rule: str, text: str) -> None:
    """Nobody asked for the steps."""


@lru_cache(maxsize=8192)
def _read(raw: str, plan: NumberPlan) -> Number:
    return _reading(raw, plan, _unheard)


def _reading(raw: str, plan: NumberPlan, note: Note) -> Number:
    """Read one number. note: hears of each rule that was tried, with what it made of the text."""
    text = raw.strip() if raw.isascii() and raw.isprintable() else _cleaned(raw)
    note("cleaned", text)
    extension = ""
    if not (text.isascii() and text.isdigit()):  # nine in ten are digits alone, which hold nothing else
        if (bare := _out_of_uri(text)) != text:
            text = bare
            note("uri", text)
        if _is_hidden(text):
            note("hidden", text)
            return Number(kind="hidden", raw=raw, rule="hidden")
        text, extension = _without_extension(_several_first(text))
        if extension:
            note("extension", extension)
        if not _SPELLING.fullmatch(text):
            note("letters", text)
            return Number(kind="unreadable", raw=raw, rule="letters")
    digits = _DASHES.sub("", text)
    if len(digits) > LONGEST_DIGITS:
        note("too-long", str(len(digits)))
        return Number(kind="unreadable", raw=raw, rule="too-long")
    plus = text.lstrip(" (").startswith("+")
    if not plus and re.fullmatch(plan.internal, digits):
        note("internal", digits)
        return Number(kind="internal", internal=digits, extension=extension, raw=raw, rule="internal")
    note("not-internal", plan.internal)
    if len(digits) < 5:
        note("too-short", str(len(digits)))
        return Number(kind="unreadable", raw=raw, rule="too-short")
    e164, rule = _e164(digits, plus, plan, note)
    return Number(kind="e164" if e164 else "unreadable", e164=e164, extension=extension, raw=raw, rule=rule)


def _cleaned(raw: str) -> str:
    """Without what is not seen, signs of one meaning as one sign."""
    text = "".join(c for c in unicodedata.normalize("NFKC", raw) if c in "\n\t" or unicodedata.category(c)[0] != "C")
    return text.replace("\t", " ").strip()


def _is_hidden(text: str) -> bool:
    word = text.casefold().strip("\"'<>() ").split("@")[0]
    return not word or word in HIDDEN


def _out_of_uri(text: str) -> str:
    """`"Pyotr" <sip:+7935...@host;user=phone>` -> +7935...; `tel:+7495...;ext=12` keeps the extension."""
    found = _URI.search(text)
    if not found:
        return text
    extension = _URI_EXTENSION.search(found[2])
    return found[1].replace("%2B", "+").replace("%2b", "+") + (f",{extension[1]}" if extension else "")


def _several_first(text: str) -> str:
    return next((part for part in _SEVERAL.split(text) if any(c.isdigit() for c in part)), text)


def _without_extension(text: str) -> tuple[str, str]:
    found = _EXTENSION.search(text)
    if not found or sum(c.isdigit() for c in text[: found.start()]) < 5:
        return text, ""
    return text[: found.start()], found[1]


def _e164(digits: str, plus: bool, plan: NumberPlan, note: Note) -> tuple[str | None, str]:
    """The first reading that gives a possible number, with its rule."""
    if plus:
        tries = [("plus", "+" + digits)]
    elif digits.startswith("00"):
        tries = [("double-zero", "+" + digits[2:])]
    elif plan.region == "RU" and digits.startswith("810") and len(digits) >= 12:
        tries = [("prefix-810", "+" + digits[3:])]
    else:
        tries = [("national", digits), ("without-plus", "+" + digits)]
        if plan.area_code and len(digits) <= 7:
            tries.insert(0, ("area-code", plan.area_code + digits))
    for rule, text in tries:
        e164 = _possible(text, plan.region)
        note(rule, f"{text} -> {e164 or '-'}")
        if e164:
            return e164, rule
    return None, "impossible"


def _possible(text: str, region: str) -> str | None:
    if region == "RU" and _RUSSIAN.fullmatch(text):  # nine in ten; the library takes forty times as long to say it
        return "+7" + text[-10:]
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
