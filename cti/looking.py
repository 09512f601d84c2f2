"""Work that is looked for: every so often, and at once when somebody says that there is some."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from cti.errors import ChannelError, StorageError

log = structlog.get_logger()


async def look_again(
    look: Callable[[], Awaitable[float | None]], news: asyncio.Event, every_s: float, failing: str
) -> None:
    """Look until cancelled. look: says in how many seconds again, None: every_s; failing: the log's words for that.

    news: set when there is something; what comes during a look is looked for after it. What failed is tried next time.
    """
    while True:
        news.clear()
        wait_s = None
        try:
            wait_s = await look()
        except (StorageError, ChannelError) as error:
            log.warning(failing, reason=str(error))
        except Exception:
            log.exception(failing)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every_s if wait_s is None else wait_s):
                await news.wait()
