"""Letters that were kept before they could be searched are made to be found, in the background.

The oldest first, a few in one transaction, so that nobody waits for it; a server that stops goes on at its next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from cti.errors import StorageError
from cti.storage import letter_search
from cti.storage.database import Database
from cti.storage.letter_search import Wordless

AT_ONCE = 20
REST_S, AGAIN_S = 0.05, 30.0

log = structlog.get_logger()


async def run(db: Database) -> None:
    """Fill in what is missing, once: what comes is found from the beginning."""
    while True:
        try:
            made = await fill(db)
        except StorageError as error:
            log.warning("letters cannot be made to be found now", reason=str(error))
            await asyncio.sleep(AGAIN_S)
        else:
            if made:
                log.info("letters can be found that could not", count=made)
            return


async def fill(db: Database, rest_s: float = REST_S) -> int:
    """Words for all letters that have none; of how many."""
    after = made = 0
    while True:
        async with db.read(slow=True) as conn:  # a large base is looked through
            some = await letter_search.wordless(conn, after, AT_ONCE)
        if not some:
            return made
        words = await asyncio.to_thread(_words, some)
        async with db.write() as conn:
            for one, text in zip(some, words, strict=True):
                made += await letter_search.fill(conn, one, text)
        after = some[-1].id
        await asyncio.sleep(rest_s)


def _words(some: Sequence[Wordless]) -> list[str]:
    return [one.words for one in some]
