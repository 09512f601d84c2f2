"""A file as headings and rows of text, whatever it is: xlsx, csv in any delimiter and the usual encodings, vCards.

What it is is told by its content. An xlsx is looked at as a zip first: one that unpacks to more than it should is never
opened. Numbers come out as people type them: 79355550101, not 79355550101.0.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vobject
from python_calamine import CalamineWorkbook

from cti.sheets import SheetError
from cti.sheets.write import without_mark

Row = tuple[str, ...]
MOST_ROWS, MOST_COLUMNS, MOST_CELL = 200_000, 300, 100_000
UNPACKED, RATIO, LARGE = 50 * 2**20, 100, 2**20
DELIMITERS = ";,\t|"
CARD = ("name", "full name", "phones", "emails", "address", "note", "birthday", "url", "role")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """headers: each once. rows: as long as the headers. odd: numbers of the rows (from 1) that were not whole."""

    headers: tuple[str, ...]
    rows: Iterator[Row]
    odd: list[int]


def read(path: Path) -> Sheet:
    """The file's first sheet. Raises SheetError."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
        if head.startswith(b"PK\x03\x04"):
            return _sheet(_xlsx(path))
        text = _text(path.read_bytes())
    except OSError as error:
        raise SheetError(f"The file cannot be read: {error.strerror}.") from None
    if text.lstrip().upper().startswith("BEGIN:VCARD"):
        return _cards(text)
    return _sheet(_csv(text))


def _sheet(lines: Iterable[list[str]]) -> Sheet:
    """The first line that says anything is the heading."""
    left = iter(lines)
    heading = next((line for line in left if any(cell.strip() for cell in line)), None)
    if heading is None:
        raise SheetError("The file is empty: the first line must name the columns.")
    while heading and not heading[-1].strip():
        heading.pop()
    if len(heading) > MOST_COLUMNS:
        raise SheetError(f"The file has more than {MOST_COLUMNS} columns.")
    headers = _named(heading)
    odd: list[int] = []
    return Sheet(headers=headers, rows=_even(left, len(headers), odd), odd=odd)


def _named(heading: list[str]) -> tuple[str, ...]:
    names: list[str] = []
    for place, cell in enumerate(heading, 1):
        name = cell.strip() or f"Столбец {place}"
        count = next(n for n in itertools.count(1) if (name if n == 1 else f"{name} {n}") not in names)
        names.append(name if count == 1 else f"{name} {count}")
    return tuple(names)


def _even(lines: Iterable[list[str]], width: int, odd: list[int]) -> Iterator[Row]:
    number = 0
    for line in lines:
        if not any(cell.strip() for cell in line):
            continue
        number += 1
        if number > MOST_ROWS:
            raise SheetError(f"The file has more than {MOST_ROWS} rows: divide it.")
        if any(len(cell) > MOST_CELL for cell in line):
            raise SheetError(f"Row {number} has a cell of more than {MOST_CELL} characters.")
        if len(line) > width and any(cell.strip() for cell in line[width:]):
            odd.append(number)
        yield tuple(line[:width]) + ("",) * (width - len(line))


def _xlsx(path: Path) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
    except zipfile.BadZipFile:
        raise SheetError("The file is damaged: save it once more as xlsx.") from None
    large = any(one.file_size > LARGE and one.file_size > RATIO * max(1, one.compress_size) for one in entries)
    if large or sum(one.file_size for one in entries) > UNPACKED:
        raise SheetError("The file unpacks to more than 50 MiB: divide it, or save it as csv.")
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_index(0)
        for line in sheet.iter_rows():
            yield [_cell(value) for value in line]
    except SheetError:
        raise
    except Exception as error:  # noqa: BLE001 - the library has a kind of its own for each damage
        raise SheetError(f"The file is damaged: save it once more as xlsx ({str(error)[:80]}).") from None


def _cell(value: Any) -> str:
    match value:
        case bool():
            return "1" if value else "0"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case dt.datetime():
            return value.date().isoformat() if value.time() == dt.time() else value.strftime("%Y-%m-%d %H:%M")
        case dt.date():
            return value.isoformat()
        case _:
            return str(value).replace("\x00", "")


def _text(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace").replace("\x00", "")
    try:
        return raw.decode("utf-8-sig").replace("\x00", "")
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace").replace("\x00", "")


def _csv(text: str) -> Iterator[list[str]]:
    start = text[:65_536]
    delimiter = max(DELIMITERS, key=lambda sign: _outside_quotes(start, sign))
    csv.field_size_limit(10 * MOST_CELL)
    try:
        for line in csv.reader(io.StringIO(text), delimiter=delimiter):
            yield [without_mark(cell) for cell in line]
    except csv.Error as error:
        raise SheetError(f"The csv cannot be read: {error}.") from None


def _outside_quotes(text: str, sign: str) -> int:
    return sum(part.count(sign) for part in text.split('"')[::2])


def _cards(text: str) -> Sheet:
    odd: list[int] = []
    return Sheet(headers=CARD, rows=_card_rows(text, odd), odd=odd)


def _card_rows(text: str, odd: list[int]) -> Iterator[Row]:
    parts = [part for part in text.replace("\r\n", "\n").split("BEGIN:VCARD") if part.strip()]
    for number, part in enumerate(parts, 1):
        try:
            card = vobject.readOne("BEGIN:VCARD" + part, allowQP=True)
            yield _card(card)
        except Exception:  # noqa: BLE001 - one broken card does not stop the others
            odd.append(number)


def _card(card: Any) -> Row:
    def all_of(name: str) -> str:
        return "; ".join(
            str(one.value).removeprefix("tel:").strip() for one in card.contents.get(name, ()) if one.value
        )

    name = all_of("fn") or " ".join(part for part in str(getattr(card, "n", "")).split() if part)
    organisation = "; ".join(" ".join(one.value) for one in card.contents.get("org", ()))
    address = " ".join(all_of("adr").split())
    whole = (organisation or name, name if organisation else "", all_of("tel"), all_of("email"), address)
    return (*whole, all_of("note"), all_of("bday"), all_of("url"), all_of("title"))
