"""Text tables as people's programs make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cti.sheets import SheetError
from cti.sheets.read import Sheet, read
from tests.sheets.awkward import cells

CLIENTS = "ФИО;Телефон;Город\r\nЁлкина Юлия;+7 935 555-01-01;Щёлково\r\nИванов, Пётр;8 935 555-01-02;Москва\r\n"
READ = [("Ёлкина Юлия", "+7 935 555-01-01", "Щёлково"), ("Иванов, Пётр", "8 935 555-01-02", "Москва")]


def given(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "uploaded"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sheet_of(tmp_path: Path, content: str | bytes) -> Sheet:
    return read(given(tmp_path, content))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "cp866", "koi8-r"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    sheet = sheet_of(tmp_path, CLIENTS.replace(";", delimiter).encode(encoding))
    assert sheet.headers == ("ФИО", "Телефон", "Город")
    assert cells(sheet) == READ


def test_utf_16_of_either_order(tmp_path: Path) -> None:
    assert cells(sheet_of(tmp_path, b"\xfe\xff" + CLIENTS.encode("utf-16-be"))) == READ
    assert cells(sheet_of(tmp_path, b"\xff\xfe" + CLIENTS.encode("utf-16-le"))) == READ


def test_cyrillic_far_from_the_beginning_is_found(tmp_path: Path) -> None:
    content = b"name;city\n" + b"Smith;London\n" * 200_000 + "Щукин;Уфа\n".encode("cp1251")
    assert cells(sheet_of(tmp_path, content))[-1] == ("Щукин", "Уфа")


def test_commas_within_quotation_marks_are_no_delimiters(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, 'a,b\n"x;y;z","1"\n"p;q","2\n3"\n')
    assert cells(sheet) == [("x;y;z", "1"), ("p;q", "2\n3")]


def test_amounts_with_commas_do_not_mislead(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "Имя;Сумма\nА;1,50\nБ;2,75\n")
    assert cells(sheet) == [("А", "1,50"), ("Б", "2,75")]


def test_one_column(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "Телефон\n+79355550101\n'+79355550102\n")
    assert sheet.headers == ("Телефон",)
    assert cells(sheet) == [("+79355550101",), ("'+79355550102",)]


def test_ragged_rows(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "a;b;c\n1;2;3\n4;5\n6;7;8;9\n\n10;11;12;;\n13;14;15;16\n\n\n")
    assert cells(sheet) == [
        ("1", "2", "3"),
        ("4", "5", ""),
        ("6", "7", "8"),
        ("", "", ""),
        ("10", "11", "12"),
        ("13", "14", "15"),
    ]
    assert sheet.odd == [3, 6]


def test_headers_are_told_apart_and_named(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, ";;;\n Телефон ;Телефон;;Телефон 2;Телефон;\n1;2;3;4;5;6\n")
    assert sheet.headers == ("Телефон", "Телефон 2", "Столбец 3", "Телефон 2 2", "Телефон 3", "Столбец 6")
    assert cells(sheet) == [("1", "2", "3", "4", "5", "6")]


def test_headers_alone(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "Имя;Телефон")
    assert sheet.headers == ("Имя", "Телефон")
    assert cells(sheet) == []


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n\r\n", b";;\n;;\n", b"\0\0"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SheetError):
        sheet_of(tmp_path, content)


def test_nul_characters_are_removed(tmp_path: Path) -> None:
    assert cells(sheet_of(tmp_path, b"a;b\n1\0;\0002\n" + b"3;4\n" * 20))[0] == ("1", "2")


def test_a_quotation_mark_never_closed_is_named_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="never closed") as caught:
        cells(sheet_of(tmp_path, 'a;b\n1;2\n3;"4\n' + "5;6\n" * 50_000))
    assert caught.value.row == 2


def test_a_cell_too_long_and_one_just_not(tmp_path: Path) -> None:
    assert cells(sheet_of(tmp_path, "a;b\n1;" + "x" * 100_000))[0][1] == "x" * 100_000
    with pytest.raises(SheetError, match="row 1") as caught:
        cells(sheet_of(tmp_path, "a;b\n1;" + "x" * 100_001))
    assert caught.value.row == 1


def test_too_many_columns(tmp_path: Path) -> None:
    assert len(sheet_of(tmp_path, ";".join(map(str, range(300)))).headers) == 300
    with pytest.raises(SheetError, match="300 columns"):
        sheet_of(tmp_path, ";".join(map(str, range(301))))


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, b"\xd0\xcf\x11\xe0" + b"\0" * 500, "a;b".encode("utf-16-le") * 20],
)
def test_what_is_no_table_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SheetError, match=r"“клиенты\.xls”"):
        read(given(tmp_path, content), name="клиенты.xls")


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="cannot be opened"):
        read(tmp_path / "none")
