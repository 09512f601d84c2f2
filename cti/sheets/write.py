"""Rows as a file: xlsx with text as text, csv with what a spreadsheet could run made harmless; phones stay."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import xlsxwriter

Cell = str | int | float | dt.date | None
_ONE = r"\+[0-9]{5,15}(?: доб\. [0-9]{1,16})?"
PHONE = re.compile(rf"{_ONE}(?:; {_ONE})*")
NUMBER = re.compile(r"-?\d+([.,]\d+)?")
STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
MARK = "'"


def inert(text: str) -> str:
    """A cell that a spreadsheet could take for a formula gets an apostrophe; phones and numbers stay."""
    return MARK + text if _runs(text) else text


def without_mark(text: str) -> str:
    """The text back, where `inert` put the apostrophe."""
    return text[1:] if text.startswith(MARK) and _runs(text[1:]) else text


def write_xlsx(path: Path, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A sheet with a bold, frozen heading and filters. Text is never a formula."""
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet()
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(headers):
            sheet.set_column(column, column, min(60, max(12, len(name) + 2)))
            sheet.write_string(0, column, name, bold)
        number = 0
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell[:32_767])
                elif isinstance(cell, dt.date):
                    sheet.write_datetime(number, column, dt.datetime.combine(cell, dt.time()), day)
                elif cell is not None:
                    sheet.write_number(number, column, cell)
        sheet.autofilter(0, 0, max(number, 1), max(len(headers) - 1, 0))


def write_csv(path: Path, headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, delimiter: str = ";") -> None:
    """UTF-8 with its mark, so that a spreadsheet reads Cyrillic at once."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file, delimiter=delimiter)
        out.writerow([inert(name) for name in headers])
        for row in rows:
            out.writerow([inert(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in row])


def _runs(text: str) -> bool:
    if PHONE.fullmatch(text) or NUMBER.fullmatch(text):
        return False
    return text.lstrip(" ").startswith(STARTS) or text.startswith(("\t", "\r"))
