"""The one database seam: the URL picks the engine; `read()` and `write()` give a connection, errors carry advice.

Rules kept here: one writer at a time on SQLite (two coroutines on one connection would share a transaction), readers
beside it that cannot write; a write is on the disk when `write()` is left (synchronous=FULL); the schema is brought to
this version at start, a newer one refused unless it serves us. Statements have named parameters; none is made of input.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from cti.errors import StorageError
from cti.storage import migrations, one_hop, postgresql, sqlite
from cti.storage.search import fold
from cti.storage.troubles import READ_S, in_words, locked

LATEST = migrations.LATEST  # the schema of this program
READERS = 4
SLOW = 2  # queries that take seconds, at once: the others find a reader
MEASURED = 10_000  # clients; below it any way is fast, and statistics of a few would mislead of many


class TooLong(Exception):
    """What `within` was given is used up."""


@asynccontextmanager
async def within(conn: AsyncConnection, seconds: float) -> AsyncIterator[None]:
    """The statements of a reader in this block take no longer together, or TooLong is raised."""
    try:
        if conn.dialect.name != "sqlite":
            async with asyncio.timeout(seconds):
                yield
            return
        raw: Any = (await conn.get_raw_connection()).dbapi_connection
        raw.left_s = seconds
        try:
            yield
        finally:
            raw.left_s = None
    except TimeoutError:
        raise TooLong from None
    except DBAPIError as error:
        if "interrupted" in str(error.orig):
            raise TooLong from None
        raise


class Database:
    """An open database. Made by `open_database`."""

    def __init__(self, url: URL, *, busy_timeout_ms: int) -> None:
        self._url = url
        self._busy_timeout_ms = busy_timeout_ms
        self._lock, self._behind = asyncio.Lock(), asyncio.Lock()
        self._slow = asyncio.Semaphore(SLOW)
        self._one: AsyncConnection | None = None  # SQLite's writer
        self.schema_version = 0
        self.is_sqlite = url.get_backend_name() == "sqlite"
        make = _sqlite_engine if self.is_sqlite else _postgresql_engine
        self._writer: AsyncEngine = make(url, busy_timeout_ms, writes=True)
        self._readers: AsyncEngine = make(url, busy_timeout_ms, writes=False)

    @asynccontextmanager
    async def read(self, *, slow: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection for queries; each sees what was committed before it. Raises StorageError.

        slow: they may take seconds, and wait for one another.
        """
        with in_words(self._url):
            async with self._slow if slow else contextlib.nullcontext(), self._readers.connect() as conn:
                yield conn

    @asynccontextmanager
    async def write(self, *, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed when the block is left, rolled back when it raises.

        urgent: a telephone waits for it: with SQLite it goes before all that wait for the one writer.
        """
        with in_words(self._url):
            if not self.is_sqlite:
                async with self._writer.begin() as conn:
                    yield conn
                return
            async with self._turn(urgent=urgent):
                conn = await self._sqlite_writer()
                async with conn.begin():
                    yield conn

    @asynccontextmanager
    async def turn_of_all(self, turn: int, waits: Callable[[], None] | None = None) -> AsyncIterator[bool]:
        """Whether of all machines at this database this one is at `turn`: until the block is left, or the process ends.

        waits: told that another has it, which is waited for. SQLite serves one machine: always. Raises StorageError.
        """
        if self.is_sqlite:
            yield True
            return
        async with contextlib.AsyncExitStack() as kept:
            with in_words(self._url):
                conn = await kept.enter_async_context(self._writer.connect())
                mine = await postgresql.take_turn(conn, turn, waits)
            yield mine

    async def backup(self, path: Path) -> None:
        """Write a complete, checked copy to `path` while the server runs. Raises StorageError."""
        if not self.is_sqlite:
            raise StorageError(
                "A PostgreSQL database is copied by its own tools",
                advice=f"Run: pg_dump --format=custom --file={path} {self._url.database}",
            )
        await asyncio.to_thread(sqlite.backup, _file(self._url), path, self._busy_timeout_ms)

    async def clean(self) -> None:
        """Leave nothing of what was deleted in the files of the database. Writers wait meanwhile; minutes for millions.

        PostgreSQL: the tables with people in them are written anew; its log of changes is the operator's to recycle.
        Raises StorageError.
        """
        with in_words(self._url):
            if self.is_sqlite:
                async with self._turn():
                    await asyncio.to_thread(sqlite.clean, _file(self._url), self._busy_timeout_ms)
                return
            async with self._writer.connect() as conn:
                await postgresql.clean(await conn.execution_options(isolation_level="AUTOCOMMIT"))

    async def size_bytes(self) -> int:
        """How much the database takes on the disk."""
        if self.is_sqlite:
            return (await asyncio.to_thread(_file(self._url).stat)).st_size
        async with self.read() as conn:
            return int((await conn.execute(text("SELECT pg_database_size(current_database())"))).scalar_one())

    @property
    def log_bytes(self) -> int:
        """Size of SQLite's log of changes; it grows while a reader does not let go. 0 with PostgreSQL."""
        try:
            return _file(self._url).with_name(_file(self._url).name + "-wal").stat().st_size if self.is_sqlite else 0
        except OSError:
            return 0

    async def close(self) -> None:
        """Close all connections; their threads end."""
        if self._one is not None:
            await self._one.close()
            self._one = None
        await self._readers.dispose()
        await self._writer.dispose()

    async def start(self) -> None:
        """Check the database and bring its schema to this version. Raises StorageError."""
        try:
            async with self.write() as conn:
                if not self.is_sqlite:
                    await _refuse_blind_locale(conn)
                    await conn.execute(text("SELECT pg_advisory_xact_lock(7283652)"))  # one of several migrates
                self.schema_version = await conn.run_sync(migrations.migrate)
                if self.is_sqlite:
                    await _measure(conn)
        except BaseException:
            await self.close()
            raise

    @asynccontextmanager
    async def _turn(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """The writer's turn; a queue of writers behind a locked database gives up after the same time as the first.

        Of those that are not urgent one alone is at the writer, and the others behind him: who is urgent waits for one.
        """
        async with contextlib.AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(self._busy_timeout_ms / 1000 + 1):
                    if not urgent:
                        await turn.enter_async_context(self._behind)
                    await turn.enter_async_context(self._lock)
            except TimeoutError:
                raise locked() from None
            yield

    async def _sqlite_writer(self) -> AsyncConnection:
        if self._one is None or self._one.closed or self._one.invalidated:
            if self._one is not None:
                await self._one.close()
            self._one = await self._writer.connect()
        return self._one


async def open_database(url: str, *, busy_timeout_ms: int = 5000) -> Database:
    """Open (SQLite: make where it is new) the database and bring its schema to this version. Raises StorageError."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        path = _file(parsed)
        await asyncio.to_thread(sqlite.check_file, path)
        if not path.exists():
            await _make_new(parsed, path)
        sys.setswitchinterval(one_hop.SWITCH_S)
    db = Database(parsed, busy_timeout_ms=busy_timeout_ms)
    await db.start()
    return db


async def version(url: str) -> int:
    """The version of the schema as it is, unchanged; 0: no database yet. Raises StorageError: it serves us not."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        await asyncio.to_thread(sqlite.check_file, _file(parsed))
        if not _file(parsed).exists():
            return 0
    db = Database(parsed, busy_timeout_ms=5000)
    try:
        async with db.read() as conn:
            found, floor = await conn.run_sync(lambda sync: (migrations.version_of(sync), migrations.floor_of(sync)))
        migrations.refuse_newer(found, floor)
        return int(found)
    finally:
        await db.close()


async def restore(url: str, path: Path) -> Path | None:
    """Put the copy `path` in place of the database; returns where the one before is kept. Raises StorageError."""
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite":
        raise StorageError(
            "A PostgreSQL database is put back by its own tools",
            advice=f"Run: pg_restore --clean --dbname={parsed.database} {path}",
        )
    return await asyncio.to_thread(sqlite.restore, _file(parsed), path)


def set_aside(url: str) -> list[str]:
    """Addresses of the databases that a restore has put aside."""
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite":
        return []
    return [
        parsed.set(database=str(one)).render_as_string(hide_password=False) for one in sqlite.set_aside(_file(parsed))
    ]


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StorageError("storage.url is not an address", advice=_URL_ADVICE) from None
    if parsed.drivername not in ("sqlite+aiosqlite", "postgresql+asyncpg") or not parsed.database:
        raise StorageError(f"storage.url names {parsed.drivername!r} or no database", advice=_URL_ADVICE)
    return parsed


_URL_ADVICE = "Use sqlite+aiosqlite:////path/trubka.db or postgresql+asyncpg://user:password@host/name."


async def _make_new(url: URL, path: Path) -> None:
    """A new database is built under another name: a crash half-way leaves no half database."""
    part = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(part)
        made = Database(url.set(database=str(part)), busy_timeout_ms=5000)
        await made.start()
        await made.close()
        part.chmod(0o600)
        part.replace(path)
    except OSError as error:
        raise StorageError(
            f"The database {path} cannot be made ({error.strerror})",
            advice="Give the service's user the folder, or name another by `data` or storage.url.",
        ) from error
    finally:
        with contextlib.suppress(OSError):  # its folder may be what failed
            _remove(part)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _file(url: URL) -> Path:
    return Path(url.database or "")


def _sqlite_engine(url: URL, busy_timeout_ms: int, *, writes: bool) -> AsyncEngine:
    options: dict[str, Any] = {} if writes else {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    engine = create_async_engine(
        url.set(drivername=one_hop.DRIVER),
        hide_parameters=True,  # they are people's data, and errors go to the log
        pool_size=1 if writes else READERS,
        max_overflow=0 if writes else READERS,
        connect_args={"timeout": busy_timeout_ms / 1000, "isolation_level": None},
        **options,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def open_right(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (*sqlite.OPENED_RIGHT, "PRAGMA journal_mode=WAL" if writes else "PRAGMA query_only=ON"):
            cursor.execute(pragma)
        cursor.close()
        connection.create_function("fold", 1, _folded, deterministic=True)
        if writes:
            connection.begin = "BEGIN IMMEDIATE"  # the lock first: no upgrade can fail half-way
        else:
            connection.limit_s = READ_S  # a query that never ends would keep the log of changes growing

    return engine


def _folded(value: object) -> str:
    """fold() of search, for SQL."""
    return fold(value) if isinstance(value, str) else ""


def _postgresql_engine(url: URL, busy_timeout_ms: int, *, writes: bool) -> AsyncEngine:
    server = {"lock_timeout": str(busy_timeout_ms), "application_name": "trubka"}
    if writes:
        return create_async_engine(
            url, hide_parameters=True, pool_size=4, pool_pre_ping=True, connect_args={"server_settings": server}
        )
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_size=READERS,
        pool_pre_ping=True,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        connect_args={
            "server_settings": server
            | {"default_transaction_read_only": "on", "statement_timeout": str(int(READ_S * 1000))}
            | {"plan_cache_mode": "force_custom_plan"}  # by the values asked for: a rare filter and a common one differ
        },
    )


async def _measure(conn: AsyncConnection) -> None:
    """Statistics of the table of values, without which SQLite reads it by the wrong one of its keys; milliseconds."""
    if ((await conn.execute(text("SELECT max(id) FROM clients"))).scalar() or 0) >= MEASURED:
        await conn.execute(text("PRAGMA analysis_limit = 400"))
        await conn.execute(text("ANALYZE client_values"))


async def _refuse_blind_locale(conn: AsyncConnection) -> None:
    """In locale C neither lower() nor trigrams know Cyrillic: searches would find nothing and nobody would know why."""
    if (await conn.execute(text("SELECT lower('Ж') = 'ж' AND getdatabaseencoding() = 'UTF8'"))).scalar():
        return
    raise StorageError(
        "The PostgreSQL database has a locale that knows no letters but English ones",
        advice="Make it anew: createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 trubka",
    )
