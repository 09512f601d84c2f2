"""A report as a file: xlsx, csv or PDF, all of the one shape of cti/reports/paper.py.

In xlsx shares are parts of one with the format of a percentage and lengths are seconds: a spreadsheet reckons on with
them. A PDF holds only the letters it uses of the fonts that set-up puts beside the panel. Files are made beside the
event loop.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, TableCellFillMode
from fpdf.fonts import FontFace
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from cti.reports.paper import Column, Paper, Part, Value, Words, balance_line, plain
from cti.sheets import SheetError
from cti.sheets.cells import as_text, inert
from cti.sheets.write import whole_file, workbook

__all__ = ["TYPES", "SheetError", "write_paper"]

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
}
PDF_ROWS = 3000  # more of them is a book
WIDE = 7  # columns from which on a page lies on its side
MARGIN_MM, SIZE, SMALL = 12.0, 9.0, 7.0
GREY, HEAD, LINE = 110, 235, 200


def write_paper(path: Path, paper: Paper, words: Words, fonts: Path) -> None:
    """The report by the ending of the path. fonts: folder with DejaVuSans. Raises SheetError."""
    match path.suffix:
        case ".xlsx":
            _write_xlsx(path, paper, words)
        case ".csv":
            _write_csv(path, paper, words)
        case _:
            _write_pdf(path, paper, words, fonts)


def _head(column: Column, words: Words) -> str:
    return f"{column.head}, {words.seconds}" if column.kind == "seconds" else column.head


def _above(paper: Paper) -> Iterator[tuple[str, str]]:
    yield paper.title, paper.period
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
    """The first table alone, one row of heads: what programs read."""
    part = paper.parts[0]
    with whole_file(path), path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerow([inert(_head(one, words)) for one in part.columns])
        for row in [*part.rows, *([part.total] if part.total else [])]:
            writer.writerow([_csv_cell(one) for one in row])


def _csv_cell(one: Value) -> str:
    return inert(one.value) if isinstance(one.value, str) else as_text(_rounded(one.value))


def _rounded(value: float | int | None) -> float | int | None:
    return round(value, 4) if isinstance(value, float) else value


# PDF -----------------------------------------------------------------------------------------------------------------
class _Sheet(FPDF):
    """Pages with their number below."""

    def __init__(self, words: Words, *, wide: bool) -> None:
        super().__init__(orientation="landscape" if wide else "portrait", format="A4")
        self._words = words

    def footer(self) -> None:
        """The foot of every page."""
        self.set_y(-10)
        self.set_font("own", size=SMALL)
        self.set_text_color(GREY)
        self.cell(0, 5, f"{self._words.made}  ·  {self._words.page} {self.page_no()}", align="R")
        self.set_text_color(0)


def _write_pdf(path: Path, paper: Paper, words: Words, fonts: Path) -> None:
    if sum(len(part.rows) for part in paper.parts) > PDF_ROWS:
        raise SheetError(f"A PDF holds {PDF_ROWS} rows: choose longer intervals, or take the Excel file.")
    pdf = _Sheet(words, wide=max(len(part.columns) for part in paper.parts) > WIDE)
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(True, margin=14)
    for style, name in (("", "DejaVuSans"), ("B", "DejaVuSans-Bold")):
        pdf.add_font("own", style, fonts / f"{name}.ttf")
    pdf.set_title(paper.title)
    pdf.set_lang(words.language)
    pdf.add_page()
    _title(pdf, paper, words)
    for part in paper.parts:
        _pdf_table(pdf, part, words, show_title=len(paper.parts) > 1)
    _said(pdf, [*([balance_line(paper.balance, words)] if paper.balance else []), *paper.notes], size=SIZE)
    if paper.definitions:
        pdf.set_font("own", "B", SIZE)
        pdf.multi_cell(0, 5, words.definitions, new_x="LMARGIN", new_y="NEXT")
        _said(pdf, [f"{name}: {text}" for name, text in paper.definitions], size=SMALL + 0.5)
    with whole_file(path):
        pdf.output(str(path))


def _title(pdf: FPDF, paper: Paper, words: Words) -> None:
    pdf.set_font("own", "B", 15)
    pdf.multi_cell(0, 8, paper.title, new_x="LMARGIN", new_y="NEXT")
    _said(pdf, [paper.period, *(f"{name}: {text}" for name, text in paper.filters)], size=SIZE)
    figures = [f"{one.name}: {plain(one.value.value, one.kind, words.language)}" for one in paper.figures]
    _said(pdf, ["  ·  ".join(figures)] if figures else [], size=SIZE)


def _said(pdf: FPDF, lines: Sequence[str], *, size: float) -> None:
    pdf.set_font("own", size=size)
    for line in lines:
        pdf.multi_cell(0, size * 0.52, line, new_x="LMARGIN", new_y="NEXT", align="L")
    pdf.ln(2)


def _pdf_table(pdf: FPDF, part: Part, words: Words, *, show_title: bool) -> None:
    if show_title:
        pdf.set_font("own", "B", SIZE + 1)
        pdf.multi_cell(0, 6, part.title, new_x="LMARGIN", new_y="NEXT")
    many = len(part.columns) > WIDE
    pdf.set_font("own", size=SMALL if many else SIZE)
    pdf.set_draw_color(LINE)
    with pdf.table(
        borders_layout=TableBordersLayout.MINIMAL,
        cell_fill_color=None,
        cell_fill_mode=TableCellFillMode.NONE,
        col_widths=tuple(_width(part, place) for place in range(len(part.columns))),
        headings_style=FontFace(emphasis="BOLD", fill_color=(HEAD, HEAD, HEAD)),
        line_height=(SMALL if many else SIZE) * 0.55,
        text_align=tuple("LEFT" if one.kind == "text" else "RIGHT" for one in part.columns),
        padding=0.8,
    ) as table:
        head = table.row()
        for column in part.columns:
            head.cell(column.head)
        for row in part.rows:
            table.row([_text(column, one, words) for column, one in zip(part.columns, row, strict=True)])
        if part.total:
            last = [_text(column, one, words) for column, one in zip(part.columns, part.total, strict=True)]
            table.row(last, style=FontFace(emphasis="BOLD"))
    pdf.ln(3)


def _text(column: Column, one: Value, words: Words) -> str:
    return plain(one.value, "text" if isinstance(one.value, str) else column.kind, words.language)


def _width(part: Part, place: int) -> int:
    """How much of the width a column takes, by what stands in it."""
    if part.columns[place].kind != "text":
        return 8
    longest = max((len(str(row[place].value or "")) for row in part.rows), default=0)
    return max(10, min(30, longest))
