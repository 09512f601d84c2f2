"""What every kind of file becomes when read, and what holds for all of them: headings, blank rows, sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cti.sheets import SheetError

Row = tuple[str, ...]
COLUMNS_MOST = 300
CELL_MOST = 100_000  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A table that is read as it is asked for.

    rows: each as long as headers; a blank one in the middle is there, blank ones at the end are not. odd: the 1-based
    numbers of rows something of which was lost (cells beyond the last header, a broken card), filled as rows are read.
    """

    headers: tuple[str, ...]
    rows: Iterator[Row]
    odd: list[int] = field(default_factory=list)


def table(lines: Iterator[Sequence[str]]) -> Sheet:
    """The table of these lines: the first that is not blank has the headers."""
    first = next((line for line in lines if any(cell.strip() for cell in line)), None)
    if first is None:
        raise SheetError("The file is empty: choose one that has a row of headings and the rows under it.")
    if len(first) > COLUMNS_MOST:
        raise SheetError(f"The table has more than {COLUMNS_MOST} columns: leave only those that are needed.")
    headers = headings(first)
    odd: list[int] = []
    return Sheet(headers=headers, rows=_rows(lines, len(headers), odd), odd=odd)


def headings(cells: Iterable[str]) -> tuple[str, ...]:
    """Headers that differ from each other and have something in them."""
    taken: dict[str, None] = {}
    for number, cell in enumerate(cells, 1):
        wanted = " ".join(cell.split()) or f"Столбец {number}"
        name, again = wanted, 2
        while name in taken:
            name, again = f"{wanted} {again}", again + 1
        taken[name] = None
    return tuple(taken)


def _rows(lines: Iterator[Sequence[str]], width: int, odd: list[int]) -> Iterator[Row]:
    blank = ("",) * width
    number = waiting = 0
    for line in lines:
        if not any(line):
            waiting += 1
            continue
        for _ in range(waiting):
            yield blank
        number, waiting = number + waiting + 1, 0
        if any(len(cell) > CELL_MOST for cell in line):
            raise too_long(number)
        if len(line) > width and any(line[width:]):
            odd.append(number)
        yield tuple(line) if len(line) == width else (*line[:width], *blank[len(line) :])


def too_long(row: int) -> SheetError:
    """A cell that is no cell: most often a quotation mark that is never closed."""
    return SheetError(
        f"A cell of row {row} is longer than {CELL_MOST:,} characters: "
        "look there for a quotation mark that is never closed, or shorten the text.",
        row=row,
    )
