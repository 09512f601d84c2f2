"""A report as a file: the same numbers in xlsx, csv and PDF, texts inert, days and shares as they are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from fpdf.line_break import TextLine
from python_calamine import CalamineWorkbook

from cti.reports.paper import Balance, Column, Figure, Kind, Paper, Part, Value, Words, balance_line, plain
from cti.sheets import SheetError, paper_pdf
from cti.sheets.paper_pdf import PDF_ROWS
from cti.sheets.papers import write_paper
from web.render import VENDOR

WORDS = Words(
    language="ru",
    total="Итого",
    difference="разница",
    definitions="Как считается",
    seconds="с",
    page="с.",
    made="27.11.2026",
)
EVIL = '=HYPERLINK("http://evil.example";"x")'


def paper(rows: int = 2) -> Paper:
    columns = [
        Column(head="Очередь", kind="text"),
        Column(head="Пришло"),
        Column(head="Уровень", kind="share", definition="Отвеченные за T, делённые на всех."),
        Column(head="Ожидание", kind="seconds"),
    ]
    row = [Value(value=EVIL), Value(value=1234), Value(value=0.784), Value(value=None)]
    return Paper(
        name="queues",
        title="Очереди: в цифрах",
        period="01.11.2026 – 27.11.2026",
        counting="Сосчитано 75 %",
        filters=[("Очередь", EVIL)],
        figures=[Figure(name="Уровень", kind="share", value=Value(value=0.784))],
        balance=Balance(
            whole=("Пришло", Value(value=10)),
            parts=[("отвечено", Value(value=7)), ("ушли", Value(value=2))],
            why="сбой",
        ),
        parts=[Part(title="По очередям", columns=columns, rows=[row] * rows, total=row)],
    )


def test_a_spreadsheet_has_numbers_and_inert_texts(tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    write_paper(path, paper(), WORDS, VENDOR)
    book = CalamineWorkbook.from_path(path)
    cells = [row for row in book.get_sheet_by_index(0).to_python() if any(row)]
    table = cells.index(["Очередь", "Пришло", "Уровень", "Ожидание, с"])
    assert cells[table + 1] == [EVIL, 1234.0, 0.784, ""]
    assert cells[1][0] == "Сосчитано 75 %"
    assert any("Пришло 10 = отвечено 7 + ушли 2; разница 1 (сбой)" in str(row[0]) for row in cells)
    assert book.get_sheet_by_index(1).to_python()[0][0] == "Уровень"
    assert b"<f>" not in path.read_bytes()


def test_a_csv_cannot_be_computed(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    write_paper(path, paper(), WORDS, VENDOR)
    assert "\"'=HYPERLINK(" in path.read_text("utf-8-sig")


def test_a_pdf_holds_cyrillic_and_more_pages_have_their_heads(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    write_paper(path, paper(90), WORDS, VENDOR)
    data = path.read_bytes()
    assert data[:5] == b"%PDF-"
    assert data.count(b"/Type /Page\n") >= 2
    assert b"DejaVuSans" in data
    assert len(data) < 200_000  # only the letters it uses
    with pytest.raises(SheetError, match="3000 rows"):
        write_paper(tmp_path / "long.pdf", paper(PDF_ROWS + 1), WORDS, VENDOR)
    assert not (tmp_path / "long.pdf").exists()


def test_no_word_of_a_pdf_s_head_is_broken_and_averages_have_their_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fourteen columns, as the widest report has; what is written is told by the library itself."""
    said: list[str] = []
    plainly = FPDF._render_styled_text_line

    def told(pdf: FPDF, line: TextLine, *args: Any, **more: Any) -> Any:
        said.append("".join(str(part.string) for part in line.fragments))
        return plainly(pdf, line, *args, **more)

    monkeypatch.setattr(FPDF, "_render_styled_text_line", told)
    heads = ("Уровень обслуживания", "Доля отвеченных", "Среднее ожидание отвеченных", "Доля потерянных")
    columns = [Column(head="Когда", kind="text"), *(Column(head=heads[n % 4]) for n in range(13))]
    row = [Value(value="28.11.2026"), *(Value(value=12_345) for _ in range(13))]
    figure = Figure(name="Среднее ожидание", kind="seconds", value=Value(value=4.2))
    wide = replace(paper(), figures=[figure], parts=[Part(title="", columns=columns, rows=[row], total=row)])
    write_paper(tmp_path / "wide.pdf", wide, WORDS, VENDOR)
    words = {word for line in said for word in line.split(" ")}
    assert {word for head in heads for word in head.split()} <= words
    assert "Среднее ожидание: 4,2 с" in said
    assert len(columns) > paper_pdf.WIDE


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "share", "–"),
        (0.784, "share", "78,4 %"),
        (4.2, "seconds", "4,2"),
        (67.4, "seconds", "1:07"),
        (3661, "seconds", "1:01:01"),
        (1234567, "count", "1\u00a0234\u00a0567"),
        (4.256, "number", "4,26"),
    ],
)
def test_how_a_value_is_read(value: float | None, kind: Kind, text: str) -> None:
    assert plain(value, kind, "ru") == text


def test_a_balance_says_what_is_lacking() -> None:
    whole = paper().balance
    assert whole is not None
    assert whole.difference == 1
    assert balance_line(whole, WORDS).endswith("разница 1 (сбой)")
