"""xlsx: weighed before it is opened, for a small file of this kind can be made to fill any memory.

The library that reads it lays a sheet out as a full rectangle, so one cell in the far corner costs as much as a full
sheet: how far the filled cells reach is found first, by a parser that keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import join, normpath
from typing import BinaryIO
from xml.etree.ElementTree import ParseError
from xml.parsers import expat
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from cti.sheets import SheetError
from cti.sheets.cells import as_text
from cti.sheets.table import COLUMNS_MOST, Sheet, table

WHOLE_MOST = 50 << 20  # bytes of all entries when unpacked
RATIO_MOST = 100
RATIO_FROM = 1 << 20  # smaller entries may be packed as tightly as they like
TABLE_MOST = 150 << 20  # of entries packed as tables of clients are: 100,000 rows of 17 columns have 103 MiB, pack to 9
TABLE_RATIO = 16  # and take 190 MiB of memory to read
ROWS_MOST = 200_000
DAMAGED = "The Excel file is damaged: open it in Excel, save it again and choose the new file."
TOO_LARGE = "The Excel file is too large when unpacked: save the table as csv, or cut it into several files."
BOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
FAULTS = (
    BadZipFile,
    LargeZipFile,
    ZlibError,
    expat.ExpatError,
    ParseError,
    DefusedXmlException,
    CalamineError,
    KeyError,
)


def read_excel(path: Path) -> Sheet:
    """The table of the first sheet that is shown."""
    return table(_lines(path))


def _lines(path: Path) -> Iterator[list[str]]:
    try:
        with path.open("rb") as file:
            sheet = _sheet(file)
        for cells in sheet.iter_rows():
            yield [cell if type(cell) is str else as_text(cell) for cell in cells]
    except (*FAULTS, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise SheetError(DAMAGED) from error


def _sheet(file: BinaryIO) -> CalamineSheet:
    with ZipFile(file) as archive:
        weigh(archive)
        file.seek(0)
        with CalamineWorkbook.from_filelike(file) as book:
            index = _shown(book)
            _measure(archive, _place(archive, index))
            return book.get_sheet_by_index(index)


def is_too_large(path: Path) -> bool:
    """Whether `read_excel` would refuse a whole file for its size."""
    with ZipFile(path) as archive:
        return _unpacks_to_too_much(archive.infolist())


def _unpacks_to_too_much(entries: Sequence[ZipInfo]) -> bool:
    """A table may be large, but then it is packed no tighter than tables of different clients are."""
    whole = sum(entry.file_size for entry in entries)
    ratio = max(
        (entry.file_size / max(1, entry.compress_size) for entry in entries if entry.file_size > RATIO_FROM), default=1
    )
    return whole > (WHOLE_MOST if ratio > TABLE_RATIO else TABLE_MOST) or ratio > RATIO_MOST


def weigh(archive: ZipFile) -> None:
    """Refuse an archive that unpacks to too much, or that is packed as no real table is."""
    entries = archive.infolist()
    if not any(entry.filename == BOOK for entry in entries):
        raise SheetError("The file is an archive, but not of Excel: choose an .xlsx, .csv or .vcf file.")
    if _unpacks_to_too_much(entries):
        raise SheetError(TOO_LARGE)
    for entry in entries:
        if entry.flag_bits & 1:
            raise SheetError("The Excel file has a password: save it without one and choose it again.")


def _shown(book: CalamineWorkbook) -> int:
    """Where the first sheet with cells stands that is not hidden; a hidden one where all are."""
    sheets = [i for i, sheet in enumerate(book.sheets_metadata) if sheet.typ == SheetTypeEnum.WorkSheet]
    shown = [i for i in sheets if book.sheets_metadata[i].visible == SheetVisibleEnum.Visible]
    if not sheets:
        raise SheetError("The Excel file has no sheet with cells: choose another one.")
    return (shown or sheets)[0]


def _place(archive: ZipFile, index: int) -> str:
    """The archive's entry that holds the sheet with this place in the workbook."""
    relations = fromstring(archive.read(RELATIONS), forbid_dtd=True)
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    book = fromstring(archive.read(BOOK), forbid_dtd=True)
    sheets = [element for element in book.iter() if element.tag.endswith("}sheet")]
    identity = next(value for key, value in sheets[index].attrib.items() if key.endswith("}id"))
    return normpath(join("/xl", targets[identity])).lstrip("/")


def _no_dtd(*_: object) -> None:
    raise SheetError(DAMAGED)


@dataclass(slots=True)
class _Reach:
    """How far the filled cells of a sheet reach, by its start tags; a cell without a reference follows the last."""

    row: int = 0
    column: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self.cell(attributes.get("r"))
        elif name == "row":
            self.row, self.column = int(attributes.get("r", self.row + 1)), 0
        elif name in ("v", "is", "f") and (self.column > COLUMNS_MOST or self.row > ROWS_MOST + 1):
            raise SheetError(
                f"The table has more than {ROWS_MOST:,} rows or {COLUMNS_MOST} columns: "
                "leave only those that are needed, or cut it into several files."
            )

    def cell(self, reference: str | None) -> None:
        self.column += 1
        if reference is None:
            return
        found = REFERENCE.fullmatch(reference)
        if found is None:
            raise SheetError(DAMAGED)
        self.row, self.column = int(found[2]), 0
        for letter in found[1].upper():
            self.column = self.column * 26 + ord(letter) - 64


def _measure(archive: ZipFile, place: str) -> None:
    """Refuse a sheet whose filled cells reach too far."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = _Reach().start
    parser.StartDoctypeDeclHandler = _no_dtd
    parser.buffer_text = True
    with archive.open(place) as entry:
        parser.ParseFile(entry)
