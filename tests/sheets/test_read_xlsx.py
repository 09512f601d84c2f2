"""Excel files: good ones, broken ones, and ones made to harm."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from xlsxwriter import Workbook

from cti.sheets import SheetError
from cti.sheets.excel import WHOLE_MOST, is_too_large
from cti.sheets.read import read
from cti.sheets.write import write_xlsx
from tests.sheets.awkward import cells

CORNER = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uploaded"


def changed(path: Path, entry: str, old: str, new: str) -> None:
    """The same file with one text in one entry replaced."""
    with ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in contents[entry]
    contents[entry] = contents[entry].replace(old.encode(), new.encode())
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def test_numbers_dates_and_truth_as_a_person_would_type_them(path: Path) -> None:
    with Workbook(str(path), {"remove_timezone": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(2, 1, ["Телефон", "Дата", "Время", "Да", "Телефон", ""])
        sheet.write_number(3, 1, 79355550101.0)
        sheet.write_datetime(3, 2, datetime(2026, 11, 23, tzinfo=UTC), book.add_format({"num_format": "dd.mm.yyyy"}))
        moment = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
        sheet.write_datetime(3, 3, moment, book.add_format({"num_format": "dd.mm.yyyy hh:mm"}))
        sheet.write_boolean(3, 4, True)
        sheet.write_string(5, 6, "последний")
        sheet.write_blank(100_000, 500, None, book.add_format({"bold": True}))
    read_sheet = read(path)
    assert read_sheet.headers == ("Телефон", "Дата", "Время", "Да", "Телефон 2", "Столбец 6")
    assert cells(read_sheet) == [
        ("79355550101", "2026-11-23", "2026-11-23 14:05", "1", "", ""),
        ("",) * 6,
        ("",) * 5 + ("последний",),
    ]
    assert read_sheet.odd == []


def test_the_first_sheet_that_is_shown(path: Path) -> None:
    with Workbook(str(path)) as book:
        hidden, shown = book.add_worksheet("Служебный"), book.add_worksheet("Клиенты")
        hidden.write_string(0, 0, "не тот")
        shown.write_string(0, 0, "тот")
        shown.activate()
        hidden.hide()
    assert read(path).headers == ("тот",)


def test_headers_alone_and_nothing_at_all(path: Path) -> None:
    write_xlsx(path, ("a", "b"), [])
    sheet = read(path)
    assert (sheet.headers, cells(sheet)) == (("a", "b"), [])
    write_xlsx(path, (), [])
    with pytest.raises(SheetError, match="empty"):
        read(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("entry", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])
def test_a_file_that_defines_entities_is_refused(path: Path, entry: str, encoding: str) -> None:
    write_xlsx(path, ("a",), [("1",)])
    with ZipFile(path) as archive:
        whole = archive.read(entry).decode()
    head, _, rest = whole.partition("?>")
    bad = f'{head}?><!DOCTYPE x [<!ENTITY a "aaaa">]>{rest}'.replace("UTF-8", encoding)
    with ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()} | {entry: bad.encode(encoding)}
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    with pytest.raises(SheetError, match="damaged"):
        list(read(path).rows)


def test_what_an_import_would_refuse_is_told_when_it_is_written(path: Path) -> None:
    write_xlsx(path, ("a",), [("1",)])
    assert not is_too_large(path)
    with ZipFile(path, "a", ZIP_DEFLATED) as archive:
        archive.writestr("xl/large.xml", b"0" * WHOLE_MOST)
    assert is_too_large(path)


@pytest.mark.parametrize(("row", "refused"), [(b"<c><v>1</v></c>" * 4, True), (b"", False)])
def test_a_large_table_is_read_where_it_is_packed_as_tables_of_clients_are(
    path: Path, row: bytes, refused: bool
) -> None:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as entry:
            for number in range(WHOLE_MOST // 60 + 1):
                entry.write(row or hashlib.blake2b(number.to_bytes(4), digest_size=4).hexdigest().encode() + b" " * 52)
    assert is_too_large(path) is refused


def test_a_bomb_is_refused_at_once(path: Path) -> None:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as entry:
            for _ in range(300):
                entry.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    before = time.process_time()
    with pytest.raises(SheetError, match="too large when unpacked"):
        read(path)
    assert time.process_time() - before < 1


def test_an_entry_packed_as_no_table_is(path: Path) -> None:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(2 << 20))
    with pytest.raises(SheetError, match="too large when unpacked"):
        read(path)


@pytest.mark.parametrize("sheet_end", [CORNER, "<row r='1'><c r='KO1'><v>1</v></c></row></sheetData>"])
def test_a_cell_in_the_far_corner_is_refused_before_it_costs_memory(path: Path, sheet_end: str) -> None:
    write_xlsx(path, ("a",), [("b",)])
    changed(path, "xl/worksheets/sheet1.xml", "</sheetData>", sheet_end)
    before = time.process_time()
    with pytest.raises(SheetError, match="300 columns"):
        read(path)
    assert time.process_time() - before < 1


def test_rows_without_references_are_counted(path: Path) -> None:
    write_xlsx(path, ("a",), [("b",)])
    rows = "<row r='200001'/><row><c><v>1</v></c></row></sheetData>"
    changed(path, "xl/worksheets/sheet1.xml", "</sheetData>", rows)
    with pytest.raises(SheetError, match="200,000 rows"):
        read(path)


def test_exactly_as_many_rows_as_allowed(path: Path) -> None:
    write_xlsx(path, ("a",), ((number,) for number in range(200_000)))
    assert sum(1 for _ in read(path).rows) == 200_000


def test_a_broken_file_is_said_to_be_damaged(path: Path) -> None:
    write_xlsx(path, ("a", "b"), [("c", "d")] * 1000)
    whole = path.read_bytes()
    for size in (10, 100, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:size])
        with pytest.raises(SheetError, match="damaged"):
            read(path)
    with ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
    with pytest.raises(SheetError, match="damaged"):
        read(path)


def test_an_entry_that_is_not_what_its_sum_says(path: Path) -> None:
    write_xlsx(path, ("a", "b"), [("c", "d")] * 1000)
    with ZipFile(path) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 200
    whole = path.read_bytes()
    path.write_bytes(whole[:start] + bytes(50) + whole[start + 50 :])
    with pytest.raises(SheetError, match="damaged"):
        read(path)


def test_an_archive_that_is_no_excel(path: Path) -> None:
    with ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(SheetError, match="not of Excel"):
        read(path)


@pytest.mark.parametrize("entry", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"])
def test_xml_that_is_none(path: Path, entry: str) -> None:
    write_xlsx(path, ("a",), [("b",)])
    with ZipFile(path) as archive:
        text = archive.read(entry).decode()
    changed(path, entry, text, text[: len(text) // 2])
    with pytest.raises(SheetError):
        cells(read(path))
