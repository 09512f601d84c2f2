"""What holds for all tests."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """What was collected lives as long as the run: the collector need not walk it again and again."""
    gc.collect()
    gc.freeze()
