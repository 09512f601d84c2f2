"""vCards: cards of a telephone's address book as rows of one table, versions 2.1, 3.0 and 4.0 alike.

A card is read property by property, so that a broken one costs itself and not its neighbours. Photographs are passed
over unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from vobject.base import ContentLine, VObjectError, textLineToContentLine

from cti.sheets import SheetError
from cti.sheets.table import CELL_MOST, Row, Sheet, too_long
from cti.sheets.texts import encoding_of, lines_of, opened

HEADERS = ("name", "full_name", "organisation", "role", "phones", "emails", "address", "note", "birthday", "url")
COLUMNS = {
    "FN": "name",
    "N": "full_name",
    "ORG": "organisation",
    "TITLE": "role",
    "ROLE": "role",
    "TEL": "phones",
    "EMAIL": "emails",
    "ADR": "address",
    "NOTE": "note",
    "BDAY": "birthday",
    "URL": "url",
}
PROPERTY = re.compile(r"(?:[\w-]+\.)?([A-Za-z]+)[;:]?")
PRINTABLE = re.compile("quoted-printable", re.IGNORECASE)
DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(T.*)?")
SCHEMES = {"TEL": "tel:", "EMAIL": "mailto:"}
CARD_MOST = 10_000  # lines of one card that are kept


def read_cards(path: Path) -> Sheet:
    """The table of a file of vCards: the headers are always the same."""
    odd: list[int] = []
    return Sheet(headers=HEADERS, rows=_rows(path, odd), odd=odd)


def _rows(path: Path, odd: list[int]) -> Iterator[Row]:
    with opened(path, encoding_of(path)) as file:
        for number, (lines, whole) in enumerate(_cards(lines_of(file)), 1):
            row, sound = _row(lines)
            if not (sound and whole):
                odd.append(number)
            if any(len(cell) > CELL_MOST for cell in row):
                raise too_long(number)
            yield row


def _cards(lines: Iterable[str]) -> Iterator[tuple[list[str], bool]]:
    """The wanted lines of each card, unfolded, and whether the card was closed."""
    card: list[str] | None = None
    kept = False
    for line in lines:
        text = line.rstrip("\r\n")
        said = text.strip().upper()
        if said == "BEGIN:VCARD":
            if card is not None:
                yield card, False
            card, kept = [], False
        elif card is None:
            continue
        elif said == "END:VCARD":
            yield card, True
            card = None
        elif kept and _goes_on(card[-1]):
            card[-1] += "\n" + text
        elif text[:1] in (" ", "\t"):
            if kept:
                card[-1] += text[1:]
        elif kept := _wanted(text):
            card.append(text)
        if card is not None and (len(card) > CARD_MOST or (card and len(card[-1]) > CELL_MOST * 10)):
            raise SheetError("A vCard of the file is too long: export the address book again, without photographs.")
    if card is not None:
        yield card, False


def _goes_on(line: str) -> bool:
    """A quoted-printable line that ends with = has its next part on the next line."""
    return line.endswith("=") and PRINTABLE.search(line.partition(":")[0]) is not None


def _wanted(line: str) -> bool:
    found = PROPERTY.match(line)
    return found is not None and found[1].upper() in COLUMNS


def _row(lines: Iterable[str]) -> tuple[Row, bool]:
    """A card as a row, and whether every line of it could be read."""
    found: dict[str, dict[str, None]] = {header: {} for header in HEADERS}
    sound = True
    for text in lines:
        try:
            line = _line(text)
            value = _value(line)
        except (VObjectError, ValueError, LookupError):
            sound = False
            continue
        if value:
            found[COLUMNS[line.name]][value] = None
    return tuple("; ".join(found[header]) for header in HEADERS), sound and any(found.values())


def _line(text: str) -> ContentLine:
    """A line parsed; where quoted-printable names no encoding and is not UTF-8, it is cp1251."""
    head, colon, value = text.partition(":")
    head = PRINTABLE.sub("QUOTED-PRINTABLE", head)
    try:
        return textLineToContentLine(head + colon + value)
    except UnicodeDecodeError:
        return textLineToContentLine(f"{head};CHARSET=cp1251{colon}{value}")


def _value(line: ContentLine) -> str:
    """The text of a property."""
    if line.name in ("N", "ADR", "ORG"):
        return _joined(line.name, _fields(line.value))
    text = _plain(line.value).strip()
    scheme = SCHEMES.get(line.name, "")
    if scheme and text.lower().startswith(scheme):
        return text[len(scheme) :]
    if line.name == "BDAY" and (day := DAY.fullmatch(text)):
        return "-".join(day.groups()[:3])
    return text


def _joined(name: str, fields: list[str]) -> str:
    """Parts in the order they are said in: family, given, additional; code, country, region, city, street."""
    if name == "N":
        return " ".join(field for field in fields[:3] if field)
    if name == "ADR":
        box, extended, street, city, region, code, country = (fields + [""] * 7)[:7]
        fields = [code, country, region, city, street, extended, box]
    return ", ".join(field for field in fields if field)


def _fields(value: str) -> list[str]:
    """The parts of a value, cut at the semicolons that are not escaped."""
    kept = value.replace("\\\\", "\x00").replace("\\;", "\x01")
    return [_plain(part.replace("\x01", "\\;").replace("\x00", "\\\\")).strip() for part in kept.split(";")]


def _plain(value: str) -> str:
    """A value with its escapes undone."""
    return re.sub(r"\\([nN\\,;:])", lambda found: "\n" if found[1] in "nN" else found[1], value).replace("\r\n", "\n")
