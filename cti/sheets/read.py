"""A file that a person chose, read as a table: what kind it is, its first bytes say, whatever its name says."""

from __future__ import annotations

from pathlib import Path

from cti.sheets import SheetError
from cti.sheets.cards import read_cards
from cti.sheets.excel import read_excel
from cti.sheets.table import Row, Sheet
from cti.sheets.texts import encoding_of, opened, read_csv

__all__ = ["Row", "Sheet", "read"]

LOOKED_AT = 4096
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
WIDE = (b"\xff\xfe", b"\xfe\xff")
CONTROLS = bytes(set(range(32)) - set(b"\0\t\n\v\f\r\x1a\x1b"))


def read(path: Path, *, name: str = "") -> Sheet:
    """The table of an xlsx, csv or vCard file. name: what the person calls the file, for what errors say."""
    called = f"The file “{name}”" if name else "The file"
    try:
        with path.open("rb") as file:
            start = file.read(LOOKED_AT)
        if start.startswith(ZIP):
            return read_excel(path)
        _refuse_others(start, called)
        with opened(path, encoding_of(path)) as text:
            said = text.read(LOOKED_AT).lstrip("\ufeff\0 \t\r\n")
        return read_cards(path) if said[:11].upper() == "BEGIN:VCARD" else read_csv(path)
    except OSError as error:
        raise SheetError(f"{called} cannot be opened ({error.strerror}): choose it again.") from error


def _refuse_others(start: bytes, called: str) -> None:
    """Refuse what is no text at all, by the control characters that no text has."""
    if start.startswith(OLD_EXCEL):
        raise SheetError(f"{called} is of an old Excel, or has a password: save it as .xlsx without one.")
    strange = len(start) - len(start.translate(None, CONTROLS))
    unmarked_wide = start.count(b"\0") > len(start) // 4
    if not start.startswith(WIDE) and (strange > len(start) // 50 or unmarked_wide):
        raise SheetError(f"{called} is not a table: choose an .xlsx, .csv or .vcf file.")
