"""A report as a PDF. It holds only the letters it uses of the fonts that set-up puts beside the panel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, TableCellFillMode
from fpdf.fonts import FontFace

from cti.reports.paper import Column, Figure, Paper, Part, Value, Words, balance_line, plain
from cti.sheets import SheetError
from cti.sheets.write import whole_file

PDF_ROWS = 3000  # more of them is a book
WIDE = 7  # columns from which on a page lies on its side
MARGIN_MM, SIZE, SMALL, SMALLEST = 12.0, 9.0, 7.0, 5.0
GREY, HEAD, LINE = 110, 235, 200
PADDING_MM, CELL_MM, TEXT_MM = 0.8, 2.5, 55.0  # CELL_MM: what fpdf2 leaves free in a cell, at both sides


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


def write(path: Path, paper: Paper, words: Words, fonts: Path) -> None:
    """As `cti.sheets.papers.write_paper`."""
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
    _said(
        pdf,
        [
            paper.period,
            *([paper.counting] if paper.counting else []),
            *(f"{name}: {text}" for name, text in paper.filters),
        ],
        size=SIZE,
    )
    figures = [f"{one.name}: {_figure(one, words)}" for one in paper.figures]
    _said(pdf, ["  ·  ".join(figures)] if figures else [], size=SIZE)


def _figure(figure: Figure, words: Words) -> str:
    """A number with its unit, which no line ends between."""
    value = figure.value.value
    text = plain(value, figure.kind, words.language)
    short = figure.kind == "seconds" and isinstance(value, (int, float)) and ":" not in text
    return (f"{text} {words.seconds}" if short else text).replace(" ", "\u00a0")


def _said(pdf: FPDF, lines: Sequence[str], *, size: float) -> None:
    pdf.set_font("own", size=size)
    for line in lines:
        pdf.multi_cell(0, size * 0.52, line, new_x="LMARGIN", new_y="NEXT", align="L")
    pdf.ln(2)


def _pdf_table(pdf: FPDF, part: Part, words: Words, *, show_title: bool) -> None:
    if show_title:
        pdf.set_font("own", "B", SIZE + 1)
        pdf.multi_cell(0, 6, part.title, new_x="LMARGIN", new_y="NEXT")
    size = SMALL if len(part.columns) > WIDE else SIZE
    while sum(widths := _widths(pdf, part, words, size)) > pdf.epw and size > SMALLEST:
        size -= 0.5
    pdf.set_draw_color(LINE)
    with pdf.table(
        borders_layout=TableBordersLayout.MINIMAL,
        cell_fill_color=None,
        cell_fill_mode=TableCellFillMode.NONE,
        col_widths=widths,
        headings_style=FontFace(emphasis="BOLD", fill_color=(HEAD, HEAD, HEAD)),
        line_height=size * 0.55,
        text_align=tuple("LEFT" if one.kind == "text" else "RIGHT" for one in part.columns),
        padding=PADDING_MM,
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


def _widths(pdf: FPDF, part: Part, words: Words, size: float) -> list[float]:
    """What columns need in letters of this size: no word of a head and no number is broken."""
    rows = [*part.rows, part.total] if part.total else part.rows
    found = []
    for place, column in enumerate(part.columns):
        pdf.set_font("own", "B", size)
        heads = max((pdf.get_string_width(word) for word in column.head.split()), default=0.0)
        pdf.set_font("own", "", size)
        cells = max((pdf.get_string_width(_text(column, row[place], words)) for row in rows), default=0.0)
        found.append(max(heads, cells if column.kind != "text" else min(cells, TEXT_MM)) + 2 * PADDING_MM + CELL_MM)
    return found
