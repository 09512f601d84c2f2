"""Campaigns as rows: what they say, and steps from one state to the next, each an UPDATE that hits one row or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.campaigns import MOVES, Act, Campaign, Given, State
from cti.storage.campaign_tables import campaigns
from cti.storage.tables import users

MOST = 500
_SAID = ("name", "channel", "purpose", "segment_id", "begins_at")


async def every(conn: AsyncConnection, *, states: Sequence[State] = ()) -> list[Campaign]:
    """The newest first."""
    rows = _rows().order_by(campaigns.c.id.desc()).limit(MOST)
    if states:
        rows = rows.where(campaigns.c.state.in_(states))
    return [_read(row) for row in await conn.execute(rows)]


async def get(conn: AsyncConnection, campaign_id: int) -> Campaign | None:
    """One. An id from an address may be any number."""
    if not 0 < campaign_id < 2**31:
        return None
    row = (await conn.execute(_rows().where(campaigns.c.id == campaign_id))).one_or_none()
    return _read(row) if row else None


async def is_running(conn: AsyncConnection, campaign_id: int) -> bool:
    """Whether nobody has stopped it meanwhile."""
    return (await conn.execute(_STATE, {"of": campaign_id})).scalar() == "running"


_STATE = select(campaigns.c.state).where(campaigns.c.id == bindparam("of"))


async def named(conn: AsyncConnection, name: str, besides: int) -> bool:
    """Whether another one has this name."""
    rows = await conn.execute(select(campaigns.c.name).where(campaigns.c.id != besides))
    return name.casefold() in {one.casefold() for one in rows.scalars()}


async def add(conn: AsyncConnection, one: Campaign, user_id: int, now: float) -> int:
    """A new draft; its id."""
    row = _columns(one) | {"user_id": user_id, "created_at": now}
    return int((await conn.execute(insert(campaigns).values(row).returning(campaigns.c.id))).scalar_one())


async def change(conn: AsyncConnection, one: Campaign) -> bool:
    """All that is said of a draft; False where somebody saved it meanwhile, or it is none any more."""
    mine = (campaigns.c.id == one.id) & (campaigns.c.version == one.version) & (campaigns.c.state == "draft")
    values = _columns(one) | {"version": one.version + 1}
    return (await conn.execute(update(campaigns).where(mine).values(values))).rowcount == 1


async def move(conn: AsyncConnection, campaign_id: int, act: Act, /, **values: Any) -> bool:
    """Another state, with what comes with it; False where it is in none from which this leads on."""
    for before, became in MOVES[act].items():
        mine = update(campaigns).where(campaigns.c.id == campaign_id, campaigns.c.state == before)
        if (await conn.execute(mine.values(state=became, **values))).rowcount:
            return True
    return False


async def note(conn: AsyncConnection, campaign_id: int, **values: Any) -> None:
    """What is known of it otherwise."""
    await conn.execute(update(campaigns).where(campaigns.c.id == campaign_id).values(values))


async def remove(conn: AsyncConnection, campaign_id: int) -> bool:
    """Forget a draft."""
    mine = (campaigns.c.id == campaign_id) & (campaigns.c.state == "draft")
    return (await conn.execute(delete(campaigns).where(mine))).rowcount == 1


def _rows() -> Select[Any]:
    author = users.c.name.label("author")
    return select(campaigns, author).outerjoin(users, users.c.id == campaigns.c.user_id)


def _columns(one: Campaign) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _SAID} | {"given": msgspec.json.encode(one.given).decode()}


def _read(row: Any) -> Campaign:
    plain = {name: getattr(row, name) for name in Campaign.__struct_fields__ if name not in ("given", "built")}
    given = msgspec.json.decode(row.given, type=Given)
    built = msgspec.json.decode(row.built, type=dict[str, int])
    return Campaign(**plain | {"author": row.author or ""}, given=given, built=built)
