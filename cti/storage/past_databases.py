"""Databases of PBXes that were named in the panel: their logs are read there, and never written."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.past_tables import past_databases

_SHOWN = [column for column in past_databases.c if column.name != "secret"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PastDatabase:
    """One. kind: postgresql or mysql; a table's name "": there is none. at: when it was set."""

    pbx: str
    kind: str
    host: str
    port: int
    name: str
    login: str
    cdr_table: str
    queue_log_table: str
    at: float

    def url(self, password: str, host: str = "") -> str:
        """As `past_source.Source` has it. host: the address of the host, where that was looked up."""
        own = URL.create(self.kind, self.login or None, password or None, host or self.host, self.port, self.name)
        return own.render_as_string(hide_password=False)


async def every(conn: AsyncConnection) -> dict[str, PastDatabase]:
    """All of them by PBX, without what is secret."""
    rows = await conn.execute(select(*_SHOWN))
    return {row.pbx: PastDatabase(**row._mapping) for row in rows}


async def secret_of(conn: AsyncConnection, pbx: str) -> str:
    """A PBX's password there, sealed; "" for none."""
    return str((await conn.execute(select(past_databases.c.secret).where(past_databases.c.pbx == pbx))).scalar() or "")


async def keep(conn: AsyncConnection, values: PastDatabase, secret: str) -> None:
    """Set a PBX's. secret: sealed."""
    await drop(conn, values.pbx)
    row = {column.name: getattr(values, column.name) for column in _SHOWN}
    await conn.execute(insert(past_databases).values(row | {"secret": secret}))


async def drop(conn: AsyncConnection, pbx: str) -> bool:
    """Forget a PBX's. False: there was none."""
    return (await conn.execute(delete(past_databases).where(past_databases.c.pbx == pbx))).rowcount == 1
