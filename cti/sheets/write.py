"""Tables and cards into files: what goes out comes back byte for byte, and nothing in it is computed on the way.

xlsx says that a text is a text, so nothing is added to it there. A csv cannot say so: see `cti.sheets.cells`. Every
cell of a csv stands in quotation marks, so that its delimiter cannot be mistaken. A file that fails half-way is
removed.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from vobject import vCard
from vobject.base import Component
from vobject.vcard import Name
from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from cti.sheets import SheetError
from cti.sheets.cells import Cell, as_text, inert

__all__ = ["Cell", "VCard", "inert", "write_csv", "write_marked", "write_vcards", "write_xlsx"]

MARK = "Выгружено"  # heading of a column: a csv has no other place for who made it and when
NARROW, WIDE = 10, 40  # characters of a column
LOOKED = 100  # rows by which it is as wide
EXCEL_ROWS = 1_048_575  # without the headers
EXCEL_TEXT = 32_767
EXCEL_WHOLE = 10**15  # greater numbers lose digits
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
}
TYPES = {"mobile": "CELL", "cell": "CELL", "work": "WORK", "home": "HOME", "fax": "FAX", "pager": "PAGER"}


@dataclass(frozen=True, kw_only=True, slots=True)
class VCard:
    """A card of an address book. phones: number and label of each; a label is what the person called it.

    mark: who made the file and when; programs that read cards pass it over.
    """

    name: str
    full_name: str = ""
    organisation: str = ""
    role: str = ""
    phones: tuple[tuple[str, str], ...] = ()
    emails: tuple[str, ...] = ()
    address: str = ""
    note: str = ""
    mark: str = ""


def write_xlsx(
    path: Path,
    headers: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    widths: Sequence[float] | None = None,
    mark: str = "",
) -> None:
    """An Excel file of one sheet; widths: of the columns, in characters, by the headers and first rows where not given.

    mark: who made it and when, in the properties of the document.
    """
    with whole_file(path), workbook(path) as book:
        book.set_properties({"author": mark, "comments": mark})
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        wide = [float(one) for one in widths or (max(NARROW, min(WIDE, len(header) + 4)) for header in headers)]
        for column, header in enumerate(headers):
            sheet.write_string(0, column, header, bold)
        sheet.freeze_panes(1, 0)
        number = 0
        for number, row in enumerate(rows, 1):
            if number > EXCEL_ROWS:
                raise SheetError(f"Excel holds {EXCEL_ROWS:,} rows: choose fewer, or write them as csv.", row=number)
            for column, cell in enumerate(row):
                _write(sheet, number, column, cell, day, moment)
                if number <= LOOKED and not widths and column < len(wide):
                    wide[column] = max(wide[column], min(WIDE, len(as_text(cell)) + 2))
        for column, width in enumerate(wide):
            sheet.set_column(column, column, width)
        if headers:
            sheet.autofilter(0, 0, number, len(headers) - 1)


def _write(sheet: Worksheet, row: int, column: int, cell: Cell, day: Format, moment: Format) -> None:
    """One cell by its type; what a spreadsheet cannot keep as a number or a date goes in as text."""
    if cell is None or cell == "":
        return
    if isinstance(cell, date) and cell.year >= 1900:
        sheet.write_datetime(row, column, cell, moment if isinstance(cell, datetime) else day)
    elif isinstance(cell, int | float) and math.isfinite(cell) and abs(cell) < EXCEL_WHOLE:
        sheet.write_number(row, column, cell)
    else:
        text = as_text(cell)
        if len(text) > EXCEL_TEXT:
            raise SheetError(
                f"A cell of row {row} is longer than the {EXCEL_TEXT:,} characters Excel holds: write the rows as csv.",
                row=row,
            )
        sheet.write_string(row, column, text)


@contextmanager
def workbook(path: Path) -> Iterator[Workbook]:
    """A workbook that is closed once, whatever happens."""
    book = Workbook(str(path), OPTIONS)
    try:
        yield book
    except BaseException:
        with suppress(XlsxWriterException, OSError):
            book.close()
        raise
    try:
        book.close()
    except XlsxWriterException as error:
        raise SheetError(f"The Excel file cannot be written ({error}): look whether the disk is full.") from error


def write_csv(path: Path, headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, delimiter: str = ";") -> None:
    """A csv file in UTF-8, with the mark by which Excel knows it."""
    with whole_file(path), path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow([inert(header) for header in headers])
        for row in rows:
            writer.writerow([inert(cell) if isinstance(cell, str) else as_text(cell) for cell in row])


def write_marked(path: Path, headers: Sequence[str], rows: Iterable[Sequence[Cell]], mark: str) -> None:
    """A table, xlsx or csv by its name, that says who made it and when; what reads the table passes it over."""
    if path.suffix.lower() == ".xlsx":
        write_xlsx(path, headers, rows, mark=mark)
    else:
        write_csv(path, [*headers, MARK], ([*row, mark] for row in rows))


def write_vcards(path: Path, cards: Iterable[VCard]) -> None:
    """A file of vCards 3.0, as telephones and mail programs read them."""
    with whole_file(path), path.open("w", encoding="utf-8", newline="") as file:
        for card in cards:
            file.write(_component(card).serialize())


def _component(card: VCard) -> Component:
    made = vCard()
    made.add("fn").value = card.name or card.full_name or card.organisation
    made.add("n").value = _parts(card.full_name)
    if card.organisation:
        made.add("org").value = [card.organisation]
    for name, value in (("title", card.role), ("note", card.note)):
        if value:
            made.add(name).value = value
    if card.address:
        made.add("adr").value.street = card.address
    for number, (phone, label) in enumerate(card.phones, 1):
        _add_phone(made, phone, label, group=f"item{number}")
    for email in card.emails:
        made.add("email").value = email
    if card.mark:
        made.add("prodid").value = card.mark
    return made


def _add_phone(made: Component, phone: str, label: str, *, group: str) -> None:
    """A phone with its label: a word of the standard as its type, any other as address books write their own."""
    known = TYPES.get(label.casefold())
    line = made.add("tel", None if known or not label else group)
    line.value = phone
    if known:
        line.type_param = known
    elif label:
        made.add("x-ablabel", group).value = label


def _parts(full_name: str) -> Name:
    """The full name in parts: of a person's the first word is the family name, a firm's stays in one."""
    words = full_name.split(" ")
    if len(words) in (2, 3) and all(word.replace("-", "").isalpha() for word in words):
        return Name(*words)
    return Name(family=full_name)


@contextmanager
def whole_file(path: Path) -> Iterator[None]:
    """A file that was not finished is removed."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
