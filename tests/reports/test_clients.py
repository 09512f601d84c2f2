"""Cells become a table: totals, shares, order, what cannot be asked."""

from __future__ import annotations

import pytest

from cti.clients.properties import Property
from cti.reports.clients import MOST_ROWS, Ask, Cell, Key, fault, months, table

RATING = Property(id=7, name="Лояльность", kind="rating")
TEXT = Property(id=8, name="Заметка", kind="text")
KNOWN = {7: RATING, 8: TEXT}


def _cell(row: Key, column: Key, value: float, of: int | None = None) -> Cell:
    return Cell(row=row, column=column, value=value, of=int(value) if of is None else of)


def test_totals_and_shares_the_largest_first_and_not_said_last() -> None:
    made = table(
        [_cell(1, 5, 2), _cell(2, 5, 6), _cell(2, 6, 1), _cell(None, 5, 11)], Ask(rows="region", columns="kind"), {}
    )
    assert made.columns == (5, 6)
    assert [(one.key, one.cells, one.total, one.share) for one in made.lines] == [
        (2, (6, 1), 7, 0.35),
        (1, (2, None), 2, 0.1),
        (None, (11, None), 11, 0.55),
    ]
    assert (made.totals, made.total, made.left) == ((19, 1), 20, 0)


def test_an_average_of_averages_is_the_average_of_all() -> None:
    ask = Ask(rows="region", columns="kind", measure="average", of="property:7")
    made = table([_cell(1, 5, 50, 10), _cell(1, 6, 1, 1), _cell(2, 5, 9, 9)], ask, {})
    assert [(one.key, one.total) for one in made.lines] == [(1, 51 / 11), (2, 1)]
    assert made.total == 3
    assert made.totals == (59 / 19, 1)


def test_an_axis_keeps_its_own_order() -> None:
    cells = [_cell("2026-03", None, 1), _cell("2026-01", None, 5), _cell("2025-12", None, 3)]
    ask = Ask(rows="month", measure="new", since="2025-12-01", until="2026-03-31")
    assert [one.key for one in table(cells, ask, {"month": []}).lines] == ["2025-12", "2026-01", "2026-03"]


def test_too_many_rows_are_left_out_and_the_totals_have_them() -> None:
    made = table([_cell(n, None, 1) for n in range(MOST_ROWS + 5)], Ask(rows="region"), {})
    assert (len(made.lines), made.left, made.total) == (MOST_ROWS, 5, MOST_ROWS + 5)


def test_nothing_is_an_empty_table() -> None:
    made = table([], Ask(rows="region"), {})
    assert (made.lines, made.total) == ((), 0)


def test_months_are_cut_to_the_period() -> None:
    ask = Ask(rows="month", since="2026-01-15", until="2026-03-02")
    assert months(ask) == [("2026-01-15", "2026-02-01"), ("2026-02-01", "2026-03-01"), ("2026-03-01", "2026-03-03")]


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (Ask(rows="region"), None),
        (Ask(rows="property:7", columns="region"), None),
        (Ask(rows="password"), "no-axis"),
        (Ask(rows="region", columns="region"), "no-axis"),
        (Ask(rows="property:8"), "no-axis"),
        (Ask(rows="property:99"), "no-axis"),
        (Ask(rows="region", measure="money"), "no-measure"),
        (Ask(rows="region", measure="average", of="property:8"), "no-average"),
        (Ask(rows="region", measure="average", of="property:7"), None),
        (Ask(rows="month", measure="new"), "no-period"),
        (Ask(rows="region", since="2026-02-01", until="2026-01-01"), "ends-before-it-begins"),
        (Ask(rows="month", since="2020-01-01", until="2026-01-01"), "too-many-months"),
    ],
)
def test_what_cannot_be_asked(ask: Ask, code: str | None) -> None:
    assert fault(ask, KNOWN) == code
