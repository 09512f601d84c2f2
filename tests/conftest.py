"""What holds for all tests."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """What was collected lives as long as the run: the collector need not walk it again and again, nor come so often:
    each test leaves thousands of things that point at each other, and a walk through all there is holds its loop up.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
