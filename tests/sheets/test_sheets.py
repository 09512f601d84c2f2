"""Real files: what goes out comes back byte for byte, and what could run or explode does neither."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from cti.sheets import SheetError
from cti.sheets.read import read
from cti.sheets.write import write_csv, write_xlsx

PAYLOADS = ("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1")
PLAIN = ("+79355550101", "8 (935) 555-01-01", "-5,5", 'Ёлка; «тест», "да"', "две\nстроки", "'кавычка", "😀")
HEADERS = ("Имя", "Телефон; почта")


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_SEC_08_cells_come_back_as_they_were_and_nothing_runs(tmp_path: Path, name: str) -> None:
    cells = [*PLAIN, *(one for one in PAYLOADS if not (name.endswith("csv") and "\r" in one))]
    rows = [(one, str(number)) for number, one in enumerate(cells)]
    path = tmp_path / name
    (write_csv if name.endswith("csv") else write_xlsx)(path, HEADERS, rows)
    sheet = read(path)
    assert sheet.headers == HEADERS
    assert list(sheet.rows) == rows
    if name.endswith("csv"):
        text = path.read_text(encoding="utf-8-sig")
        assert "\n=cmd" not in text
        assert "\n+79355550101;" in text
    else:
        with zipfile.ZipFile(path) as packed:
            assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")


def test_numbers_and_dates_of_a_spreadsheet_are_as_people_type_them(tmp_path: Path) -> None:
    import datetime as dt

    write_xlsx(tmp_path / "n.xlsx", ("a", "b", "c"), [(79355550101.0, 5.5, dt.date(2026, 11, 23)), (None, 7, None)])
    assert list(read(tmp_path / "n.xlsx").rows) == [("79355550101", "5.5", "2026-11-23"), ("", "7", "")]


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("cp1251", ";"), ("utf-8", ","), ("utf-16", "\t"), ("utf-8-sig", "|")]
)
def test_csv_of_any_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = delimiter.join(("Имя", "Имя", "")) + "\r\n" + delimiter.join(("Ёж", '"а' + delimiter + 'б"', "x")) + "\r\n"
    (tmp_path / "x.csv").write_bytes(text.encode(encoding))
    sheet = read(tmp_path / "x.csv")
    assert sheet.headers == ("Имя", "Имя 2")
    assert list(sheet.rows) == [("Ёж", f"а{delimiter}б")]
    assert sheet.odd == [1]


def test_ragged_rows_are_filled_or_noted(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("\n\na;b;c\n1\n\n1;2;3;4\n", encoding="utf-8")
    sheet = read(tmp_path / "x.csv")
    assert list(sheet.rows) == [("1", "", ""), ("1", "2", "3")]
    assert sheet.odd == [2]


def test_SEC_09_a_bomb_is_never_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (60 * 2**20))
    with pytest.raises(SheetError, match="50 MiB"):
        list(read(tmp_path / "bomb.xlsx").rows)


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"PK\x03\x04 cut", b"PK\x03\x04" + b"x" * 2000])
def test_what_is_no_table_is_said(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x").write_bytes(raw)
    with pytest.raises(SheetError):
        list(read(tmp_path / "x").rows)


def test_vcards_old_and_new(tmp_path: Path) -> None:
    old = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=windows-1251;ENCODING=QUOTED-PRINTABLE:=C8=E2=E0=ED\r\n"
        "TEL;CELL:+79355550101\r\nEND:VCARD\r\n"
    )
    new = (
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Пётр Алхимов\r\nORG:ООО «Алхимов»\r\nTEL;VALUE=uri:tel:+79355550102\r\n"
        "EMAIL:p@alhimov.example\r\nEND:VCARD\r\n"
    )
    (tmp_path / "x.vcf").write_bytes((old + "BEGIN:VCARD\r\nno end\r\n" + new).encode("utf-8"))
    sheet = read(tmp_path / "x.vcf")
    rows = [dict(zip(sheet.headers, row, strict=True)) for row in sheet.rows]
    assert rows[-1] | {"note": ""} == rows[-1]
    assert (rows[-1]["name"], rows[-1]["full name"]) == ("ООО «Алхимов»", "Пётр Алхимов")
    assert (rows[-1]["phones"], rows[-1]["emails"]) == ("+79355550102", "p@alhimov.example")
    assert rows[0]["phones"] == "+79355550101"
    assert sheet.odd == [2]
