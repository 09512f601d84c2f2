"""What goes out comes back byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from cti.sheets import SheetError
from cti.sheets.read import read
from cti.sheets.write import VCard, write_csv, write_vcards, write_xlsx
from tests.sheets.awkward import CELLS, PAYLOADS, cells

HEADERS = ("Имя", "Значение", "Имя наоборот")
ROWS = [("строка", cell, cell[::-1]) for cell in CELLS]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_csv_there_and_back(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "table.csv"
    write_csv(path, HEADERS, ROWS, delimiter=delimiter)
    sheet = read(path)
    assert sheet.headers == HEADERS
    assert cells(sheet) == ROWS
    assert sheet.odd == []


def test_a_single_column_of_names_with_commas_is_one_column(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = [("Иванов, Пётр",), ("",), ("Ёж, Юрий",)]
    write_csv(path, ("Имя",), rows)
    assert cells(read(path)) == rows


def test_no_cell_of_a_csv_begins_as_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_csv(path, PAYLOADS, [PAYLOADS])
    text = path.read_bytes().decode("utf-8-sig")
    for payload in PAYLOADS:
        assert text.count(f'"\'{payload}"') == 2


def test_xlsx_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    write_xlsx(path, HEADERS, ROWS)
    sheet = read(path)
    assert sheet.headers == HEADERS
    assert cells(sheet) == ROWS


def test_an_xlsx_has_no_formulas_and_no_links(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    write_xlsx(path, HEADERS, [*ROWS, ("", "https://example.com", "mailto:a@b.example")])
    with ZipFile(path) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in text
    assert "hyperlink" not in text
    assert "<autoFilter" in text
    assert 'state="frozen"' in text


def test_types_of_cells(tmp_path: Path) -> None:
    row = ("+79355550101", 12, -2.5, date(2026, 11, 23), datetime(2026, 11, 23, 14, 5, tzinfo=UTC), None, 10**16)
    headers = tuple("abcdefg")
    for name, write in (("table.xlsx", write_xlsx), ("table.csv", write_csv)):
        path = tmp_path / name
        write(path, headers, [row])
        expected = ("+79355550101", "12", "-2.5", "2026-11-23", "2026-11-23 14:05", "", "10000000000000000")
        assert cells(read(path)) == [expected]
    with (tmp_path / "table.xlsx").open("rb") as file:
        kept = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()[1]
    assert kept[0] == "+79355550101"
    assert kept[3] == date(2026, 11, 23)


def test_days_before_excel_began_and_endless_numbers_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    write_xlsx(path, ("a", "b"), [(date(1812, 9, 7), float("inf"))], widths=(12, 30))
    assert cells(read(path)) == [("1812-09-07", "inf")]


def test_a_text_excel_cannot_hold_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    with pytest.raises(SheetError, match="write the rows as csv") as caught:
        write_xlsx(path, ("a",), [("b",), ("b" * 32_768,)])
    assert caught.value.row == 2
    assert not path.exists()


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_a_file_that_fails_half_way_is_removed(tmp_path: Path, write: object) -> None:
    def rows() -> Iterator[tuple[str]]:
        yield ("a",)
        raise ConnectionError

    path = tmp_path / "table"
    with pytest.raises(ConnectionError):
        write(path, ("a",), rows())  # type: ignore[operator]
    assert list(tmp_path.iterdir()) == []


def test_vcards_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "cards.vcf"
    cards = [
        VCard(
            name="Пётр; «Ромашка», юг",
            full_name="Иванов Пётр Сергеевич",
            organisation="ООО «Ромашка», филиал; 1",
            role="директор",
            phones=(("+79355550101", "mobile"), ("8 (935) 555-01-01", 'дача "у озера"'), ("112", "")),
            emails=("a@b.example", "c@d.example"),
            address="101000, Москва; ул. Ленина, 5",
            note="первая\nвторая \\ строка, ёж 🙂" + " очень длинная" * 20,
        ),
        VCard(name="ООО «Василёк»", full_name="ООО «Василёк»"),
        VCard(name="", organisation="Без имени"),
    ]
    write_vcards(path, cards)
    rows = cells(read(path))
    phones = "+79355550101; 8 (935) 555-01-01; 112"
    first = cards[0]
    assert rows[0] == (
        *(first.name, first.full_name, first.organisation, first.role, phones, "a@b.example; c@d.example"),
        *(first.address, first.note, "", ""),
    )
    assert rows[1][:2] == ("ООО «Василёк»", "ООО «Василёк»")
    assert rows[2][:3] == ("Без имени", "", "Без имени")
