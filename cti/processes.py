"""The end of a process that was begun for one piece of work."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from contextlib import suppress


async def ended(process: Process) -> None:
    """Kill it where it still runs, and wait until it is gone: a moment, so that who is told meanwhile to end, once or
    again, ends after it. Else it would stay behind with its pipes open.
    """
    told: asyncio.CancelledError | None = None
    with suppress(ProcessLookupError):
        process.kill()
    gone = False
    while not gone:
        try:
            await process.communicate()  # what nobody read is dropped: asyncio waits for its pipes too
            gone = True
        except asyncio.CancelledError as error:
            told = error
    if told is not None:
        raise told
