"""Links by which a screen without a person shows a live board, as rows. Of their tokens only hashes are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.board import ScreenLook
from cti.storage.board_tables import board_links
from cti.storage.tables import users

_OF = board_links.c


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkRow:
    """One link. user_id, maker: who made it. Times in UNIX seconds; seen_at: when a screen last came by it."""

    id: int
    user_id: int
    maker: str
    name: str
    look: ScreenLook
    created_at: float
    expires_at: float
    revoked_at: float | None
    seen_at: float | None


async def add(
    conn: AsyncConnection, *, token_hash: str, user_id: int, name: str, look: ScreenLook, **times: float
) -> int:
    """A new one; times: created_at, expires_at."""
    row = {"token_hash": token_hash, "user_id": user_id, "name": name, "look": msgspec.json.encode(look).decode()}
    made = await conn.execute(insert(board_links).values(**row, **times).returning(_OF.id))
    return int(made.scalar_one())


async def every(conn: AsyncConnection, user_id: int | None) -> list[LinkRow]:
    """Those that were not revoked, of a maker or of all, newest first."""
    own = true() if user_id is None else _OF.user_id == user_id
    return await _rows(conn, own)


async def by_id(conn: AsyncConnection, link_id: int) -> LinkRow | None:
    """One that was not revoked."""
    return next(iter(await _rows(conn, _OF.id == link_id)), None)


async def by_token(conn: AsyncConnection, token_hash: str) -> LinkRow | None:
    """One that was not revoked, by its token's hash."""
    return next(iter(await _rows(conn, _OF.token_hash == token_hash)), None)


async def change(conn: AsyncConnection, link_id: int, **said: Any) -> None:
    """said: columns."""
    await conn.execute(update(board_links).where(_OF.id == link_id).values(**said))


async def _rows(conn: AsyncConnection, which: ColumnElement[bool]) -> list[LinkRow]:
    names = [name for name in LinkRow.__slots__ if name not in ("maker", "look")]
    asked = select(*(_OF[name] for name in names), _OF.look, users.c.name.label("maker"))
    asked = asked.join_from(board_links, users, users.c.id == _OF.user_id).where(which, _OF.revoked_at.is_(None))
    found = (await conn.execute(asked.order_by(_OF.id.desc()))).mappings()
    return [LinkRow(**{**row, "look": _look(row["look"])}) for row in found]


def _look(text: str) -> ScreenLook:
    """As it was kept; of another version: what every screen shows, without clients."""
    try:
        return msgspec.json.decode(text, type=ScreenLook)
    except msgspec.MsgspecError:
        return ScreenLook()
