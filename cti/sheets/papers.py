"""A report as a file: xlsx, csv or PDF, all of the one shape of cti/reports/paper.py.

In xlsx shares are parts of one with the format of a percentage and lengths are seconds: a spreadsheet reckons on with
them. Files are made beside the event loop.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from cti.reports.paper import Column, Paper, Part, Value, Words, balance_line
from cti.sheets import SheetError
from cti.sheets.cells import as_text, inert
from cti.sheets.write import whole_file, workbook

__all__ = ["TYPES", "SheetError", "write_paper"]

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
}


def write_paper(path: Path, paper: Paper, words: Words, fonts: Path) -> None:
    """The report by the ending of the path. fonts: folder with DejaVuSans. Raises SheetError."""
    match path.suffix:
        case ".xlsx":
            _write_xlsx(path, paper, words)
        case ".csv":
            _write_csv(path, paper, words)
        case _:
            from cti.sheets import paper_pdf  # here: what draws it takes a third of a second to load

            paper_pdf.write(path, paper, words, fonts)


def _head(column: Column, words: Words) -> str:
    return f"{column.head}, {words.seconds}" if column.kind == "seconds" else column.head


def _above(paper: Paper) -> Iterator[tuple[str, str]]:
    yield paper.title, paper.period
    if paper.counting:
        yield paper.counting, ""
    yield from paper.filters


def _below(paper: Paper, words: Words) -> Iterator[str]:
    if paper.balance is not None:
        yield balance_line(paper.balance, words)
    yield from paper.notes
    yield words.made


# Spreadsheets --------------------------------------------------------------------------------------------------------
def _write_xlsx(path: Path, paper: Paper, words: Words) -> None:
    with whole_file(path), workbook(path) as book:
        book.set_properties({"title": paper.title, "comments": words.made})
        bold = book.add_format({"bold": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        formats = {
            "share": book.add_format({"num_format": "0.0%"}),
            "seconds": book.add_format({"num_format": "0.0"}),
            "number": book.add_format({"num_format": "#,##0.00"}),
            "count": book.add_format({"num_format": "#,##0"}),
            "text": book.add_format(),
        }
        for number, part in enumerate(paper.parts):
            sheet = book.add_worksheet(_sheet_name(part.title, number))
            row = _lines(sheet, _above(paper), bold) if number == 0 else 0
            row = _figures(sheet, paper, words, row, formats) if number == 0 and paper.figures else row
            row = _table(sheet, part, words, row, bold, formats)
            if number == 0:
                for place, line in enumerate(_below(paper, words), row + 1):
                    sheet.write_string(place, 0, line)
        if paper.definitions:
            sheet = book.add_worksheet(_sheet_name(words.definitions, len(paper.parts)))
            sheet.set_column(0, 0, 30)
            sheet.set_column(1, 1, 110, wrapped)
            _lines(sheet, iter(paper.definitions), bold)


def _sheet_name(title: str, number: int) -> str:
    """As Excel takes it: 31 characters, none of its own."""
    name = "".join(" " if one in "[]:*?/\\" else one for one in title).strip("' ")[:28]
    return f"{number + 1} {name}" if name else str(number + 1)


def _lines(sheet: Worksheet, lines: Iterator[tuple[str, str]], bold: Format) -> int:
    row = 0
    for row, (name, text) in enumerate(lines, 1):
        sheet.write_string(row - 1, 0, name, bold)
        sheet.write_string(row - 1, 1, text)
    return row + 1


def _figures(sheet: Worksheet, paper: Paper, words: Words, row: int, formats: dict[str, Format]) -> int:
    for row, one in enumerate(paper.figures, row):  # noqa: B020
        sheet.write_string(row, 0, f"{one.name}, {words.seconds}" if one.kind == "seconds" else one.name)
        _cell(sheet, row, 1, one.value, formats[one.kind])
    return row + 2


def _table(sheet: Worksheet, part: Part, words: Words, row: int, bold: Format, formats: dict[str, Format]) -> int:
    """The row after the table."""
    for place, column in enumerate(part.columns):
        head = _head(column, words)
        sheet.set_column(place, place, 28 if column.kind == "text" else max(10, min(24, len(head) + 2)))
        sheet.write_string(row, place, head, bold)
    first = row
    for row, values in enumerate([*part.rows, *([part.total] if part.total else [])], row + 1):  # noqa: B020
        for place, (column, one) in enumerate(zip(part.columns, values, strict=True)):
            _cell(sheet, row, place, one, formats[column.kind])
    if part.rows:
        sheet.autofilter(first, 0, first + len(part.rows), len(part.columns) - 1)
    return row + 1


def _cell(sheet: Worksheet, row: int, place: int, one: Value, form: Format) -> None:
    if isinstance(one.value, str):
        sheet.write_string(row, place, one.value[:32_000])
    elif one.value is not None:
        sheet.write_number(row, place, one.value, form)


def _write_csv(path: Path, paper: Paper, words: Words) -> None:
    """The first table alone, one row of heads: what programs read. Beneath it, that it is not counted to its end."""
    part = paper.parts[0]
    with whole_file(path), path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerow([inert(_head(one, words)) for one in part.columns])
        for row in [*part.rows, *([part.total] if part.total else [])]:
            writer.writerow([_csv_cell(one) for one in row])
        if paper.counting:
            writer.writerow([inert(paper.counting)])


def _csv_cell(one: Value) -> str:
    return inert(one.value) if isinstance(one.value, str) else as_text(_rounded(one.value))


def _rounded(value: float | int | None) -> float | int | None:
    return round(value, 4) if isinstance(value, float) else value
