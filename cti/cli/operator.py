"""Who runs a command, and the line of the access journal that his look at clients leaves."""

from __future__ import annotations

import os
import pwd
import time
from contextlib import suppress
from pathlib import Path

from cti.features.access_journal import line_of
from cti.storage import access_log, cards
from cti.storage.access_log import BACKUP, Action
from cti.storage.database import Database

NOBODY_YET = 2**32 - 1


def login() -> str:
    """`cli:NAME`: who signed in on the machine, also where he became somebody else since."""
    number = os.getuid()
    with suppress(OSError, ValueError):
        signed_in = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
        number = signed_in if signed_in != NOBODY_YET else number
    try:
        return f"cli:{pwd.getpwuid(number).pw_name}"[:64]
    except KeyError:
        return f"cli:{number}"


async def keep_line(
    db: Database,
    action: Action,
    thing: str,
    clients: list[int] | None = None,
    *,
    count: int | None = None,
    why: str = "",
) -> None:
    """Keep the line of what a command is about to do; it is on the disk when this returns. Raises StorageError."""
    line = line_of(time.time(), None, login(), action, thing, clients or [], count=count, why=why)
    async with db.write() as conn:
        await access_log.append(conn, [line])


async def keep_whole(db: Database, thing: str) -> None:
    """Keep the line of a command that takes the whole base out. Raises StorageError: no line, no copy.

    A backup is told with how many it holds: the names of all, every night, would be all that a review of months reads.
    """
    async with db.read() as conn:
        ids = await cards.every_id(conn)
    await keep_line(db, "export", thing, [] if thing == BACKUP else ids, count=len(ids))
