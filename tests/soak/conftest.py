"""What soaks share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.pbx import Pbx


@pytest.fixture
async def own_pbx(tmp_path: Path) -> AsyncIterator[Pbx]:
    """A PBX that may fail."""
    pbx = Pbx(tmp_path / "pbx")
    pbx.start()  # here, not in a passing thread: it would die with it
    pbx.add_members()
    yield pbx
    await asyncio.to_thread(pbx.stop)
