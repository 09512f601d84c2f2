"""A process of a piece of work is gone when who began it ends, also when he is told to end twice."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import pytest

from cti.processes import ended


async def begun() -> Process:
    """One that would never end by itself."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import signal; signal.pause()", stdin=PIPE, stdout=PIPE
    )


async def test_who_is_told_twice_to_end_leaves_no_process_behind() -> None:
    process = await begun()
    waiting = asyncio.create_task(ended(process))
    await asyncio.sleep(0)  # it waits for the end of the process now
    waiting.cancel()
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert process.returncode is not None


async def test_one_that_has_ended_is_left_alone() -> None:
    process = await begun()
    await ended(process)
    await ended(process)
    assert process.returncode is not None
