"""What many tests begin with is made once in a run; each has a copy of its own, as if it had made it."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
import threading
from collections.abc import Callable, Coroutine
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import web, web_app
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from cti.settings import Settings
from cti.storage.database import Database, open_database

Make = Callable[[Path], Coroutine[Any, Any, None]]


def copied(make: Make, folder: Path) -> None:
    """Let a folder hold what `make` makes of an empty one."""
    shutil.copytree(_made(make), folder, dirs_exist_ok=True)


def in_a_thread(work: Coroutine[Any, Any, None]) -> None:
    """Wait for it, also where a loop runs already."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # noqa: BLE001 - told by whoever waits
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


async def new_database(folder: Path) -> Database:
    """An open SQLite database in the folder: a new one where there is none."""
    if not (folder / "trubka.db").exists():
        copied(empty, folder)
    return await open_database(address(folder))


def address(folder: Path) -> str:
    """Of the SQLite database in a folder."""
    return f"sqlite+aiosqlite:///{folder / 'trubka.db'}"


async def empty(folder: Path) -> None:
    """A database with our tables and nothing in them."""
    await (await open_database(address(folder))).close()


async def letters_seen_to(folder: Path) -> None:
    """Put the letters of a folder's base into conversations: a second of work that each server over it began with."""
    from cti.server import build  # the whole server: not for who wants a database alone

    settings = Settings(data=folder)
    db = await open_database(settings.database_url)
    parts = await build(settings, db)
    await parts.services.inbox.catch_up()
    for work in parts.work.values():
        work.close()
    await db.close()


class _Compiled(BytecodeCache):
    """Templates as they were compiled for the first panel of this process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def compiled_once(app: web.Application) -> web.Application:
    """A panel of many in this process: its templates, half a second of work, are compiled for the first alone.

    It is forgotten when it ends: aiohttp 3.14 keeps the last 1024 handlers of all applications together, and with them
    hundreds of our panels, a gigabyte through which the collector walked for seconds while a test waited.
    """
    aiohttp_jinja2.get_env(app).bytecode_cache = _COMPILED
    app.on_cleanup.append(_forget)
    return app


async def _forget(_app: web.Application) -> None:
    web_app._cached_build_middleware.cache_clear()


@cache
def _made(make: Make) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="trubka-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    in_a_thread(make(folder))
    return folder
