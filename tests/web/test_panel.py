"""The panel of tests itself: what one test leaves behind must not hold up the next."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from tests.web.panel import Browser, panel


async def test_a_panel_that_has_ended_is_forgotten(tmp_path: Path) -> None:
    async with panel(tmp_path) as one:
        async with Browser(one, "anna") as anna:
            assert (await anna.ask("GET", "/session"))[0] == 200
        wire = weakref.ref(one.live)
    del one, anna
    gc.collect()
    assert wire() is None
