"""What holds for all tests."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.util import LRUCache

HERE = Path(__file__).parent
LONG_FIRST = (
    "bench", "soak", "e2e", "installation", "phone", "browser", "live", "lab", "web", "channels", "dialplan",
    "features", "storage", "telephony",
)  # fmt: skip
_COMPILED: dict[type[Dialect], tuple[Dialect, LRUCache]] = {}


@event.listens_for(Engine, "engine_connect")
def compiled_once(conn: Connection) -> None:
    """Hundreds of tests open a database each: SQLAlchemy writes the text of a statement for the first of them alone.
    It keeps the texts by statement and dialect, so that these are the first one's for all databases of a kind.
    """
    kind = type(conn.dialect)
    conn.dialect, kept = _COMPILED.setdefault(kind, (conn.dialect, LRUCache(2000)))
    conn.execution_options(compiled_cache=kept)


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
