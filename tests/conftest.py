"""What holds for all tests."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONG_FIRST = (
    "bench", "soak", "e2e", "installation", "phone", "browser", "live", "lab", "web", "channels", "dialplan",
    "features", "storage", "telephony",
)  # fmt: skip


def pytest_collection_finish() -> None:
    """What was collected lives as long as the run: the collector need not walk it again and again, nor come so often:
    each test leaves thousands of things that point at each other, and a walk through all there is holds its loop up.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first: of two workers none is left alone with a file of minutes at the end."""
    turns = {name: turn for turn, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: turns.get(item.path.relative_to(HERE).parts[0], len(turns)))
