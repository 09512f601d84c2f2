"""SQLite at one trip to its thread per statement.

SQLAlchemy 2.1.9 with aiosqlite 0.22.1 (both 2026) makes a trip each to open a cursor, execute, fetch and close it,
and one to roll back nothing: a card would wait longer for threads than for the disk. Here a statement is one trip: it
begins a transaction where the connection is a writer's and has none, executes, fetches all rows and closes. Commit and
rollback travel only when there is a transaction. A test counts the stock driver's trips and fails when it needs one.

`in_one_trip` goes further: all statements of a piece of work, and the commit with them, are one trip. So whoever has
SQLite's one writer has it as long as the disk takes, not as long as the loop is busy with others meanwhile.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite import aiosqlite as stock
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util.concurrency import await_

DRIVER = "sqlite+one_hop"
SWITCH_S = 0.0005  # Python's own 5 ms for a thread to get its turn would be longer than a whole transaction here
LOOK_EVERY = 20_000  # steps of SQLite's machine between two looks at the clock: a fifth of a millisecond and more
AT_ONCE = 200  # rows
_Statement = Callable[[sqlite3.Connection], sqlite3.Cursor]
T = TypeVar("T")


class _Cursor(stock.AsyncAdapt_aiosqlite_cursor):
    """Holds what one trip brought back; has no cursor of the database open."""

    __slots__ = ("_described", "_last_id", "_row_count", "_travel")

    def __init__(self, adapt_connection: Any) -> None:
        self._travel: Callable[[_Statement], tuple[Any, int, int | None, Sequence[Any]]] = adapt_connection.travel
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._rows = deque()
        self._described: Any = None
        self._row_count = -1
        self._last_id: int | None = None

    @property
    def description(self) -> Any:
        return self._described

    @property
    def rowcount(self) -> int:
        return self._row_count

    @property
    def lastrowid(self) -> Any:
        return self._last_id

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        self._run(lambda raw: raw.execute(operation, parameters if parameters is not None else ()))

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        self._run(lambda raw: raw.executemany(operation, seq_of_parameters))

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        return None

    def _run(self, statement: _Statement) -> None:
        self._described, self._row_count, self._last_id, rows = self._travel(statement)
        self._rows = deque(rows)


class OneHopConnection(stock.AsyncAdapt_aiosqlite_connection):
    """begin: the statement that opens a transaction before the first of its statements; "" for readers.

    limit_s: a statement that takes longer is ended ("interrupted"); 0: no limit. left_s: so much of a processor's time
    is left for the statements to come, as a busy machine is no reason to end one; None: no limit.
    """

    __slots__ = ("begin", "inside", "left_s", "limit_s")
    _cursor_cls: type[stock.AsyncAdapt_aiosqlite_cursor] = _Cursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.begin = ""
        self.limit_s = 0.0
        self.left_s: float | None = None
        self.inside = False  # its thread is where we are: nothing has to travel

    def travel(self, statement: _Statement) -> Any:
        """Run a statement in the connection's thread; brings back description, row count, last id and all rows."""
        begin, limit_s, left_s, connection = self.begin, self.limit_s, self.left_s, self._connection

        def trip() -> tuple[Any, int, int | None, Sequence[Any]]:
            raw = connection._conn
            if begin and not raw.in_transaction:
                raw.execute(begin)
            if left_s is not None and left_s <= 0:
                raise sqlite3.OperationalError("interrupted")
            begun = time.thread_time()
            if limit_s:
                end, last = time.monotonic() + limit_s, math.inf if left_s is None else begun + left_s
                raw.set_progress_handler(lambda: time.monotonic() > end or time.thread_time() > last, LOOK_EVERY)
            cursor = statement(raw)
            try:
                return cursor.description, cursor.rowcount, cursor.lastrowid, _rows_of(cursor)
            finally:
                cursor.close()
                if left_s is not None:
                    self.left_s = left_s - (time.thread_time() - begun)

        try:
            return await_(self._run(trip))
        except Exception as error:  # noqa: BLE001 - the adapter's own way: it raises it again
            self._handle_exception(error)

    def rollback(self) -> None:
        if self._connection._connection and self._connection.in_transaction:
            self._end(self._connection._conn.rollback)

    def commit(self) -> None:
        if self._connection._connection and self._connection.in_transaction:
            self._end(self._connection._conn.commit)

    async def in_one_trip(self, work: Callable[[], Coroutine[Any, Any, T]], ends: Callable[[T], bool]) -> T:
        """See the function of this name."""

        def trip() -> T:
            self.inside = True
            try:
                made = _finished(work())
                if self.begin and ends(made) and self._connection.in_transaction:
                    self._connection._conn.commit()
                return made
            finally:
                self.inside = False

        there = asyncio.ensure_future(self._connection._execute(contextvars.copy_context().run, trip))
        try:
            return await asyncio.shield(there)
        except asyncio.CancelledError:
            while not there.done():  # until then the connection is nobody else's
                await asyncio.wait([there])
            raise

    def _end(self, how: Callable[[], None]) -> None:
        try:
            await_(self._run(how))
        except Exception as error:  # noqa: BLE001 - as above
            self._handle_exception(error)

    async def _run(self, trip: Callable[[], T]) -> T:
        if self.inside:
            return trip()
        made: T = await self._connection._execute(trip)
        return made


class _Dbapi(stock.AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *args: Any, **options: Any) -> OneHopConnection:
        connection = aiosqlite.connect(*args, **options)
        connection._thread.daemon = True  # a thread that hangs on a disk must not keep the process
        return OneHopConnection(self, await_(connection))


class OneHopDialect(stock.SQLiteDialect_aiosqlite):
    """The stock dialect with these connections."""

    driver = "one_hop"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:
        return _Dbapi(aiosqlite, sqlite3)


async def in_one_trip(
    conn: AsyncConnection, work: Callable[[], Coroutine[Any, Any, T]], *, ends: Callable[[T], bool] = lambda _: True
) -> T:
    """What `work` brings, which awaits nothing but statements of `conn`; with SQLite it runs in conn's thread.

    There it must not touch what the loop's tasks change meanwhile. ends: whether a writer's transaction is committed at
    once, on the same trip; nothing may go wrong after it. Where not, or with PostgreSQL, the transaction goes on.
    """
    assert conn.sync_connection is not None
    here = conn.sync_connection.connection.dbapi_connection
    if not isinstance(here, OneHopConnection):
        return await work()
    return await here.in_one_trip(work, ends)


def _rows_of(cursor: sqlite3.Cursor) -> list[Any]:
    """All of them, part by part: between two the loop has its turn, which one long fetch in C would not give it."""
    rows: list[Any] = cursor.fetchmany(AT_ONCE)
    fetched = len(rows)
    while fetched == AT_ONCE:
        some = cursor.fetchmany(AT_ONCE)
        fetched = len(some)
        rows += some
    return rows


def _finished(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("work in one trip waited for something else than its connection")


registry.register("sqlite.one_hop", __name__, "OneHopDialect")
