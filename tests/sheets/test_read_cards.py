"""Address books of telephones, of three versions."""

from __future__ import annotations

import quopri
from pathlib import Path

import pytest

from cti.sheets import SheetError
from cti.sheets.cards import HEADERS
from cti.sheets.read import Sheet, read
from tests.sheets.awkward import cells


def sheet_of(tmp_path: Path, content: str | bytes) -> Sheet:
    path = tmp_path / "uploaded"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path)


def row(**values: str) -> tuple[str, ...]:
    return tuple(values.get(header, "") for header in HEADERS)


def printable(text: str) -> str:
    """Quoted-printable in cp1251, broken into lines as telephones do."""
    return quopri.encodestring(text.encode("cp1251")).decode().replace("\n", "\r\n")


@pytest.mark.parametrize("charset", [";CHARSET=windows-1251", ""])
@pytest.mark.parametrize("encoding", ["ENCODING=QUOTED-PRINTABLE", "QUOTED-PRINTABLE", "encoding=quoted-printable"])
def test_version_2_1_quoted_printable_of_cp1251(tmp_path: Path, charset: str, encoding: str) -> None:
    note = "Просил звонить после обеда; очень длинная заметка, которая не входит в одну строку"
    sheet = sheet_of(
        tmp_path,
        "BEGIN:VCARD\r\nVERSION:2.1\r\n"
        f"N{charset};{encoding}:{printable('Иванов')};{printable('Пётр')}\r\n"
        f"FN{charset};{encoding}:{printable('Пётр Иванов')}\r\n"
        "TEL;CELL:+79355550101\r\nTEL;WORK;VOICE:8 (495) 000-01-01\r\n"
        f"NOTE{charset};{encoding}:{printable(note)}\r\n"
        "PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQ\r\n AAAAAAAAAA==\r\n\r\n"
        "END:VCARD\r\n",
    )
    assert sheet.headers == HEADERS
    assert cells(sheet) == [
        row(name="Пётр Иванов", full_name="Иванов Пётр", phones="+79355550101; 8 (495) 000-01-01", note=note)
    ]
    assert sheet.odd == []


def test_version_2_1_as_bare_cp1251(tmp_path: Path) -> None:
    text = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Щукин;Юрий\r\nORG:Ромашка;Отдел сбыта\r\nEND:VCARD\r\n"
    assert cells(sheet_of(tmp_path, text.encode("cp1251"))) == [
        row(full_name="Щукин Юрий", organisation="Ромашка, Отдел сбыта")
    ]


def test_version_3(tmp_path: Path) -> None:
    sheet = sheet_of(
        tmp_path,
        "begin:vcard\nVERSION:3.0\nFN:Ёлкина\\, Юлия\nN:Ёлкина;Юлия;Петровна;;\n"
        "item1.TEL;type=CELL;type=pref:+7 935 555-01-01\nitem1.X-ABLabel:дача\nTEL:+7 935 555-01-01\n"
        "EMAIL;TYPE=INTERNET:a@b.example\nEMAIL:c@d.example\nTITLE:директор\nROLE:директор\n"
        "ADR;TYPE=WORK:;;ул. Ленина\\, 5;Москва;;101000;Россия\nBDAY:19801123\nURL:https://example.com\n"
        "NOTE:первая\\nвторая\\; конец\n  продолжение\nend:vcard\n",
    )
    assert cells(sheet) == [
        (
            *("Ёлкина, Юлия", "Ёлкина Юлия Петровна", "", "директор", "+7 935 555-01-01", "a@b.example; c@d.example"),
            *("101000, Россия, Москва, ул. Ленина, 5", "первая\nвторая; конец продолжение", "1980-11-23"),
            "https://example.com",
        )
    ]


def test_version_4(tmp_path: Path) -> None:
    sheet = sheet_of(
        tmp_path,
        'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ли\r\nTEL;VALUE=uri;TYPE="voice,cell":tel:+79355550101\r\n'
        "TEL;VALUE=uri:TEL:+74950000101;ext=12\r\nEMAIL:mailto:a@b.example\r\nBDAY:1980-11-23T00:00:00Z\r\nEND:VCARD\r\n",
    )
    phones = "+79355550101; +74950000101;ext=12"
    assert cells(sheet) == [row(name="Ли", phones=phones, emails="a@b.example", birthday="1980-11-23")]


def test_a_broken_card_does_not_stop_the_others(tmp_path: Path) -> None:
    sheet = sheet_of(
        tmp_path,
        "BEGIN:VCARD\nVERSION:3.0\nFN:первый\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:3.0\nFN:не закрыт\n"
        "BEGIN:VCARD\nVERSION:3.0\nFN:с худой строкой\nTEL\nTEL:112\nEND:VCARD\n"
        "BEGIN:VCARD\nFN;CHARSET=no-such;ENCODING=QUOTED-PRINTABLE:=D0\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n"
        "между карточками\n"
        "BEGIN:VCARD\nVERSION:3.0\nFN:последний\nEND:VCARD\n",
    )
    assert cells(sheet) == [
        row(name="первый"),
        row(name="не закрыт"),
        row(name="с худой строкой", phones="112"),
        row(),
        row(),
        row(name="последний"),
    ]
    assert sheet.odd == [2, 3, 4, 5]


def test_a_large_photograph_costs_nothing(tmp_path: Path) -> None:
    photograph = "PHOTO;ENCODING=b:" + "\n ".join(["A" * 74] * 50_000)
    sheet = sheet_of(tmp_path, f"BEGIN:VCARD\nVERSION:3.0\nFN:Ли\n{photograph}\nTEL:112\nEND:VCARD\n")
    assert cells(sheet) == [row(name="Ли", phones="112")]


def test_a_card_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="too long"):
        cells(sheet_of(tmp_path, "BEGIN:VCARD\nVERSION:3.0\n" + "TEL:112\n" * 20_000))
    with pytest.raises(SheetError, match="too long"):
        cells(sheet_of(tmp_path, "BEGIN:VCARD\nNOTE:1\n" + (" " + "A" * 70 + "\n") * 20_000))
