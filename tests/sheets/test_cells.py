"""One cell: its text, and the guard against formulas."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.sheets.cells import as_text, bare, inert
from tests.sheets.awkward import PAYLOADS


@pytest.mark.parametrize(
    "text", [*PAYLOADS, "＋1", "－1", "＠SUM", "\ufeff=1", "\u00a0=1", "'=1", "+7935\n", "-5 ", "--5"]
)
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert inert(text) == "'" + text
    assert bare(inert(text)) == text


@pytest.mark.parametrize(
    "text", ["", " ", "+79355550101", "-5", "-5,25", "-0.5", "8 (935) 555-01-01", "a=1", "'", "O'Neil"]
)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert inert(text) == text
    assert bare(text) == text


@given(st.text(alphabet="'=+-@\t\r ＝1a9.", max_size=8) | st.text())
def test_the_apostrophe_comes_off_again(text: str) -> None:
    assert bare(inert(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (79355550101.0, "79355550101"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (-2.5, "-2.5"),
        (12, "12"),
        (True, "1"),
        (False, "0"),
        (None, ""),
        (date(2026, 11, 23), "2026-11-23"),
        (datetime(2026, 11, 23, 14, 5), "2026-11-23 14:05"),  # noqa: DTZ001 - a spreadsheet knows no zones
        (datetime(2026, 11, 23, 14, 4, 59, 999_900), "2026-11-23 14:05"),  # noqa: DTZ001
        (datetime(2026, 11, 23, 14, 5, 7), "2026-11-23 14:05:07"),  # noqa: DTZ001
        (datetime(2026, 11, 23), "2026-11-23"),  # noqa: DTZ001
        (time(14, 5), "14:05"),
        (timedelta(hours=26, minutes=30), "26:30"),
        (timedelta(minutes=-90), "-1:30"),
    ],
)
def test_a_cell_is_what_a_person_would_type(value: object, text: str) -> None:
    assert as_text(value) == text
