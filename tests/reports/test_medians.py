"""A median found by bins is the median."""

from __future__ import annotations

from collections import Counter
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from cti.reports.medians import middle


@given(values=st.lists(st.floats(0, 50), max_size=40))
def test_the_median_by_bins_is_the_median(values: list[float]) -> None:
    found = middle(Counter(int(one // 7) for one in values))
    near = [one for one in values if int(one // 7) in found.bins]
    assert found.median(near) == (median(values) if values else None)
