"""Text files: which encoding, which delimiter, and the lines of a csv.

UTF-8 is told by being valid throughout, which no text of another encoding is by chance. What is not is cp1251, the
encoding of older Windows programs, or one of its two elder brothers where the letters make words only so.

The delimiter is the one that cuts the first lines most evenly, counted by the csv reader itself, so that those within
quotation marks do not count. csv.Sniffer is not asked: it takes the commas inside a quoted name for delimiters.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import TextIO

from cti.sheets import SheetError
from cti.sheets.cells import bare
from cti.sheets.table import CELL_MOST, COLUMNS_MOST, Sheet, table, too_long

DELIMITERS = ";,\t|"
OLDER = ("cp1251", "cp866", "koi8_r")
LOOKED_AT = 64 * 1024
LINE_MOST = CELL_MOST * COLUMNS_MOST


def encoding_of(path: Path) -> str:
    """The encoding of a text file, told by its first bytes or by all of them."""
    with path.open("rb") as file:
        start = file.read(4)
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            return _older(block[max(error.start - 100, 0) :][:LOOKED_AT])
    return "utf-8"


def _older(sample: bytes) -> str:
    """Which of the older Cyrillic encodings a text is in: cp1251 unless another fits better."""
    from charset_normalizer import from_bytes  # a fifteenth of the start of its process; few files need it

    best = from_bytes(sample, cp_isolation=list(OLDER)).best()
    return best.encoding if best is not None and best.encoding in OLDER else "cp1251"


def opened(path: Path, encoding: str) -> TextIO:
    """The file as text; what the encoding does not know is replaced, line ends stay as they are."""
    return path.open(encoding=encoding, errors="replace", newline="")


def lines_of(file: TextIO) -> Iterator[str]:
    """Lines without NUL characters; a line no table has is refused before it fills the memory."""
    while line := file.readline(LINE_MOST):
        if len(line) == LINE_MOST:
            raise SheetError("A line of the file is too long for a table: save the table as csv or xlsx again.")
        yield line.replace("\0", "")


def read_csv(path: Path) -> Sheet:
    """The table of a csv file."""
    encoding = encoding_of(path)
    with opened(path, encoding) as file:
        delimiter = delimiter_of(file.read(LOOKED_AT))
    return table(_records(path, encoding, delimiter))


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    with opened(path, encoding) as file:
        reader = csv.reader(lines_of(file), delimiter=delimiter)
        number = 0
        try:
            for number, cells in enumerate(reader, 1):  # noqa: B007 - an error says where it was
                yield [bare(cell) if cell.startswith("'") else cell for cell in cells]
        except csv.Error as error:
            raise too_long(max(number, 1)) from error


def delimiter_of(text: str) -> str:
    """The delimiter of a csv that begins with this text; a semicolon where there is a single column."""
    lines = list(StringIO(text.replace("\0", ""), newline=""))
    if len(lines) > 1 and len(text) == LOOKED_AT:
        lines.pop()  # cut in the middle
    return max(DELIMITERS, key=lambda delimiter: _evenness(lines, delimiter))


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How evenly a delimiter cuts the lines, and into how many columns; nothing where the headers are not cut."""
    widths: list[int] = []
    try:
        widths.extend(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if any(cells))
    except csv.Error:
        widths = widths[:-1]
    if not widths or widths[0] == 1:
        return (0.0, 0)
    even = sum(min(width, widths[0]) / max(width, widths[0]) for width in widths) / len(widths)
    return (round(even, 1), widths[0])
