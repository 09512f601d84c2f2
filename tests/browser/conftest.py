"""One stage per test: a panel of its own and a browser of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.stage import Stage, stage


@pytest.fixture
async def theatre(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as one:
        yield one
