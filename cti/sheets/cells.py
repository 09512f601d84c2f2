"""One cell: its text as a person would type it, and the guard that keeps a text from being taken for a formula.

A csv says nothing of types, so a spreadsheet computes whatever looks like a formula, the name of a client included. An
apostrophe before such a text stops it. `inert` puts it there and `bare` takes it off; `bare(inert(text)) == text`
holds for every text, those that begin with apostrophes of their own included.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

Cell = str | int | float | date | None
PASSED_OVER = " \0\n\v\f\u00a0\u2007\u202f\u200b\u3000\ufeff"  # a spreadsheet may skip these before a formula
STARTS = frozenset("=+-@\t\r＝＋－＠")
_ONE = r"\+[0-9]{5,15}(?: доб\. [0-9]{1,16})?"
PHONE = re.compile(rf"{_ONE}(?:; {_ONE})*")
NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?")


def inert(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet could take it for a formula."""
    return "'" + text if _guarded(text) else text


def bare(text: str) -> str:
    """The text without the apostrophe that `inert` put before it."""
    return text[1:] if text.startswith("'") and _guarded(text[1:]) else text


def _guarded(text: str) -> bool:
    said = text.lstrip("'").lstrip(PASSED_OVER)
    if not said or said[0] not in STARTS:
        return False
    return PHONE.fullmatch(text) is None and NUMBER.fullmatch(text) is None


def as_text(value: object) -> str:
    """A cell as a person would type it: whole numbers without a point, dates as 2026-11-23, truth as 1 and 0."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case float():
            return _number(value)
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("seconds").removesuffix(":00")
        case timedelta():
            return _span(value)
    return str(value)


def _number(value: float) -> str:
    """Fifteen digits, as a spreadsheet shows them, and never an exponent."""
    if value.is_integer():
        return str(int(value))
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def _moment(value: datetime) -> str:
    """A spreadsheet keeps moments as fractions of a day, so they are rounded to the second."""
    near = (value + timedelta(milliseconds=500)).replace(microsecond=0, tzinfo=None)
    if near.time() == time():
        return near.date().isoformat()
    return near.isoformat(" ").removesuffix(":00") if near.second == 0 else near.isoformat(" ")


def _span(value: timedelta) -> str:
    """Hours, minutes and, where there are some, seconds: 26:30."""
    seconds = round(abs(value.total_seconds()))
    text = f"{seconds // 3600}:{seconds // 60 % 60:02d}" + (f":{seconds % 60:02d}" if seconds % 60 else "")
    return "-" + text if value < timedelta() else text
