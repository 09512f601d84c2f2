"""The PBX's own tables of call detail records and of its queue log, on PostgreSQL, MariaDB or MySQL: only read.

One query through a cursor of the server brings the rows in the order of time, page by page, in a transaction that may
only read: nothing is locked, and no more than a page is in memory. MyISAM is locked by whoever reads: there each day is
a query of its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, MetaData, Select, Table, func, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from cti.errors import StorageError

PAGE = 1_000
CONNECT_S = 10.0
PAGE_S = 120.0  # for the first rows of a large table that has no index by time
DRIVERS = {
    "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg", "mysql": "mysql+aiomysql",
    "mariadb": "mysql+aiomysql",
}  # fmt: skip
_TIMES = {"cdr": ("calldate", "start"), "queue-log": ("time",)}
_NEEDED = {"cdr": {"src", "dst", "channel", "dstchannel", "disposition"}, "queue-log": {"callid", "queuename", "event"}}
Row = Mapping[str, Any]
Time = float | None


class NoTable(StorageError):
    """The database has no such table, or the account may not see it."""


class WrongTable(StorageError):
    """The table has not the columns of such a log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A table. kind: cdr or queue-log; zone: of the PBX's clock."""

    url: str
    table: str
    kind: str
    zone: tzinfo

    @property
    def name(self) -> str:
        """Without what is secret."""
        url = make_url(self.url)
        return f"{url.host or 'localhost'}/{url.database}: {self.table}"


def address(text_: str) -> URL:
    """Where the database is, with the driver that we have. Raises StorageError for what is no such address."""
    try:
        url = make_url(text_)
    except ArgumentError:
        url = None
    kind = url.drivername.partition("+")[0] if url is not None else ""
    if url is None or kind not in DRIVERS or not url.database:
        advice = "Write postgresql://USER:PASSWORD@HOST/NAME or mysql://USER:PASSWORD@HOST/NAME"
        raise StorageError("the PBX's database has no such address", advice=advice)
    return url.set(drivername=DRIVERS[kind])


async def count(source: Source, since: Time = None, until: Time = None) -> int:
    """How many rows there are. Raises StorageError."""
    async with _opened(source) as (conn, table, at):
        asked = select(func.count()).select_from(table).where(*await _within(conn, table, at, source, since, until))
        return int((await asyncio.wait_for(conn.execute(asked), PAGE_S)).scalar_one())


async def pages(source: Source, since: Time = None, until: Time = None) -> AsyncIterator[Sequence[Row]]:
    """The rows in the order of their time, page by page, by the names of their columns. Raises StorageError."""
    async with _opened(source) as (conn, table, at):
        for begin, end in await _parts(conn, table, at, source, since, until):
            asked = select(table).where(*await _within(conn, table, at, source, begin, end))
            async for page in _pages(conn, asked.order_by(at, *_ties(table))):
                yield page


async def _pages(conn: AsyncConnection, asked: Select[Any]) -> AsyncIterator[Sequence[Row]]:
    result = await asyncio.wait_for(conn.stream(asked.execution_options(yield_per=PAGE)), PAGE_S)
    try:
        parts = result.mappings().partitions(PAGE)
        while True:
            try:
                some = await asyncio.wait_for(anext(parts), PAGE_S)
            except StopAsyncIteration:
                return
            yield [{name.lower(): value for name, value in row.items()} for row in some]
    finally:
        await result.close()


@asynccontextmanager
async def _opened(source: Source) -> AsyncIterator[tuple[AsyncConnection, Table, ColumnElement[Any]]]:
    if not re.fullmatch(r"\w{1,64}", source.table):
        raise StorageError(f"{source.table!r} is no name of a table", advice="Letters, digits and _ alone")
    url = address(source.url)
    timeout = {"timeout" if "asyncpg" in url.drivername else "connect_timeout": CONNECT_S}
    engine = create_async_engine(url, connect_args=timeout, pool_size=1, max_overflow=0)
    try:
        async with engine.connect() as conn:
            if engine.dialect.name == "postgresql":
                await conn.execution_options(postgresql_readonly=True)
            else:
                await conn.execute(text("SET SESSION TRANSACTION READ ONLY"))
                await conn.commit()
            table = await conn.run_sync(lambda sync: Table(source.table, MetaData(), autoload_with=sync))
            columns = {name.lower(): column for name, column in table.columns.items()}
            at = next((columns[name] for name in _TIMES[source.kind] if name in columns), None)
            if at is None or not _NEEDED[source.kind] <= set(columns):
                raise WrongTable(
                    f"the table {source.table} has not the columns of a {source.kind}", advice="Name another table"
                )
            yield conn, table, at
    except NoSuchTableError:
        advice = "Name another, or ask for the right to read it"
        raise NoTable(f"there is no table {source.table}", advice=advice) from None
    except (OSError, TimeoutError, DBAPIError, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0][:200]
        advice = "Check its address, name and password, and the right to read"
        raise StorageError(f"the PBX's database cannot be read: {reason}", advice=advice) from error
    finally:
        await engine.dispose()


def _ties(table: Table) -> list[ColumnElement[Any]]:
    """By what rows of one moment are ordered, where the table has it."""
    return [column for column in table.columns if column.name.lower() in ("id", "sequence")]


async def _within(
    conn: AsyncConnection,
    table: Table,
    at: ColumnElement[Any],
    source: Source,
    since: Time,
    until: Time,
) -> list[ColumnElement[bool]]:
    if since is None and until is None:
        return []
    first = (await conn.execute(select(at).where(at.is_not(None)).limit(1))).scalar()
    made: list[ColumnElement[bool]] = []
    if since is not None:
        made.append(at >= _as_there(since, first, source.zone))
    if until is not None:
        made.append(at < _as_there(until, first, source.zone))
    return made


def _as_there(at: float, first: Any, zone: tzinfo) -> Any:
    """A time as the column has it: of a zone or local, as text, or as seconds."""
    if isinstance(first, datetime) and first.tzinfo is not None:
        return datetime.fromtimestamp(at, UTC)
    local = datetime.fromtimestamp(at, zone).replace(tzinfo=None)
    if first is None or isinstance(first, datetime):
        return local
    if isinstance(first, str):
        return str(int(at)) if first.strip().isdecimal() else local.isoformat(sep=" ")
    return int(at)


async def _parts(
    conn: AsyncConnection,
    table: Table,
    at: ColumnElement[Any],
    source: Source,
    since: Time,
    until: Time,
) -> list[tuple[float | None, float | None]]:
    """The whole at once; of a table that is locked by who reads it, day by day."""
    if conn.dialect.name != "mysql":
        return [(since, until)]
    asked = text("SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :name")
    engine = str((await conn.execute(asked, {"name": table.name})).scalar() or "")
    if engine.lower() not in ("myisam", "aria"):
        return [(since, until)]
    first, last = (await conn.execute(select(func.min(at), func.max(at)))).one()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return [(since, until)]
    begin = max(first.replace(tzinfo=source.zone).timestamp(), since or 0.0)
    end = min(last.replace(tzinfo=source.zone).timestamp() + 1.0, until if until is not None else 1e11)
    return list(_days(begin, end))


def _days(begin: float, end: float) -> Iterator[tuple[float, float]]:
    day = timedelta(days=1).total_seconds()
    while begin < end:
        yield begin, min(begin + day, end)
        begin += day
