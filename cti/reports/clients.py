"""Analysis of the client base: one or two axes, a measure, a table with totals and shares.

Storage counts cells (storage/client_report.py); here they become the table that people see. Times and days are those
of the house's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cti.clients.filters import PROPERTY, property_id
from cti.clients.properties import Property

FIELDS = ("relation", "region", "industry", "source", "responsible", "kind")
MONTH = "month"
SEGMENT = "segment"  # who is in it now; a client may be in several
AXIS_KINDS = ("list", "several", "rating", "yes-no")
MEASURES = ("clients", "new", "calls", "talk", "contracts", "average")
STOCKS = ("clients", "average")  # as they were at the end of the period; the others are what happened in it
MOST_ROWS, MOST_COLUMNS, MOST_MONTHS = 200, 24, 36

Key = int | str | float | None  # of an axis: id, code, mark, `2026-03`; None: not said


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is asked. rows, columns: a field, `property:ID`, `month`, `segment`, columns "" for one axis. since, until:
    days, both in the period, None: no bound. of: the property whose average is asked, or the currency of contracts."""

    rows: str
    columns: str = ""
    measure: str = "clients"
    of: str = ""
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One number. of: how many things it was counted from, by which averages are joined."""

    row: Key
    column: Key
    value: float
    of: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A row of the table: its cells as the columns stand, its total, its share of all (0..1)."""

    key: Key
    cells: tuple[float | None, ...]
    total: float
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The table. left: rows that are not shown because they are too many; totals have them."""

    columns: tuple[Key, ...]
    lines: tuple[Line, ...]
    totals: tuple[float | None, ...]
    total: float
    left: int


def fault(ask: Ask, known: Mapping[int, Property]) -> str | None:
    """What cannot be asked, as a code; None where it can."""
    if not _axis(ask.rows, known) or (ask.columns and (not _axis(ask.columns, known) or ask.columns == ask.rows)):
        return "no-axis"
    if ask.measure not in MEASURES:
        return "no-measure"
    rated = known.get(property_id(ask.of) or 0)
    if ask.measure == "average" and (rated is None or rated.kind not in ("rating", "number")):
        return "no-average"
    if ask.since and ask.until and ask.since > ask.until:
        return "ends-before-it-begins"
    if MONTH in (ask.rows, ask.columns) and not (ask.since and ask.until):
        return "no-period"
    if MONTH in (ask.rows, ask.columns) and len(months(ask)) > MOST_MONTHS:
        return "too-many-months"
    return None


def _axis(name: str, known: Mapping[int, Property]) -> bool:
    if not name.startswith(PROPERTY):
        return name in (*FIELDS, MONTH, SEGMENT)
    prop = known.get(property_id(name) or 0)
    return prop is not None and prop.kind in AXIS_KINDS


def months(ask: Ask) -> list[tuple[str, str]]:
    """The months of the period as (first day, first day of the next), cut to the period."""
    if not ask.since or not ask.until:
        return []
    found: list[tuple[str, str]] = []
    at, end = date.fromisoformat(ask.since), date.fromisoformat(ask.until) + timedelta(days=1)
    while at < end and len(found) <= MOST_MONTHS:
        following = (at.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append((at.isoformat(), min(following, end).isoformat()))
        at = following
    return found


def table(cells: Iterable[Cell], ask: Ask, order: Mapping[str, Sequence[Key]]) -> Table:
    """Cells as a table. order: keys of an axis in their own order, by axis; what is not in it stands by its number.

    Of an average totals are averages of all clients, not of the cells. A client who has several values of a property
    stands in several cells, and so do the totals along it.
    """
    average = ask.measure == "average"
    by: dict[Key, dict[Key, Cell]] = {}
    for one in cells:
        at = by.setdefault(one.row, {})
        before = at.get(one.column)
        at[one.column] = one if before is None else _joined([before, one])
    every = [one for row in by.values() for one in row.values()]
    columns = _sorted({one.column for one in every}, every, order.get(ask.columns), by_row=False)[:MOST_COLUMNS]
    rows = _sorted(set(by), every, order.get(ask.rows), by_row=True)
    whole = _number(every, average)
    lines = []
    for key in rows[:MOST_ROWS]:
        mine = list(by[key].values())
        total = _number(mine, average)
        shown = tuple(_number([by[key][one]], average) if one in by[key] else None for one in columns)
        share = sum(one.of if average else one.value for one in mine) / _weight(every, average)
        lines.append(Line(key=key, cells=shown, total=total, share=share))
    totals = tuple(_number([row[key] for row in by.values() if key in row], average) for key in columns)
    return Table(
        columns=tuple(columns), lines=tuple(lines), totals=totals, total=whole, left=max(0, len(rows) - MOST_ROWS)
    )


def _joined(cells: Sequence[Cell]) -> Cell:
    first = cells[0]
    return Cell(row=first.row, column=first.column, value=sum(c.value for c in cells), of=sum(c.of for c in cells))


def _number(cells: Sequence[Cell], average: bool) -> float:
    value = sum(one.value for one in cells)
    return value / max(1, sum(one.of for one in cells)) if average else value


def _weight(cells: Sequence[Cell], average: bool) -> float:
    return sum(one.of if average else one.value for one in cells) or 1.0


def _sorted(keys: set[Key], cells: Sequence[Cell], order: Sequence[Key] | None, *, by_row: bool) -> list[Key]:
    """In the axis's own order where it has one, else the largest first; "not said" last."""
    if order is not None:
        places = {key: place for place, key in enumerate(order)}
        return sorted(keys, key=lambda key: (key is None, places.get(key, len(places)), str(key)))
    sums: dict[Key, float] = {}
    for one in cells:
        key = one.row if by_row else one.column
        sums[key] = sums.get(key, 0.0) + one.value
    return sorted(keys, key=lambda key: (key is None, -sums[key], str(key)))
