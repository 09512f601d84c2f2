"""SMS as rows: whoever wants one sent adds a row with a key of his own; cti/features/sms_out.py sends what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.deliveries import State
from cti.messages.sms import measure
from cti.storage.sms_tables import sms


async def add(conn: AsyncConnection, values: Mapping[str, Any], now: float) -> int | None:
    """A message that is to be sent (key, number, text, and what else is known of it); None where its key has one.

    It waits from `send_at` on, else from now.
    """
    if (await conn.execute(select(sms.c.id).where(sms.c.key == values["key"]))).scalar() is not None:
        return None
    return int((await conn.execute(insert(sms).values(_row(values, now)).returning(sms.c.id))).scalar_one())


async def add_many(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]], now: float) -> dict[str, int]:
    """The same for many at once, their key, number, text and all else the same columns; the ids by key."""
    mine = {"keys": [row["key"] for row in rows]}
    there = {key for key, _id in await conn.execute(_BY_KEYS, mine)} if rows else set()
    new = [_row(row, now) for row in rows if row["key"] not in there]
    if new:
        await conn.execute(insert(sms), new)
    return {key: id_ for key, id_ in await conn.execute(_BY_KEYS, mine)} if rows else {}


_BY_KEYS = select(sms.c.key, sms.c.id).where(sms.c.key.in_(bindparam("keys", expanding=True)))


def _row(values: Mapping[str, Any], now: float) -> dict[str, Any]:
    return {
        "direction": "out",
        "state": "queued",
        "parts": measure(values["text"]).parts,
        "next_at": values.get("send_at") or now,
        "created_at": now,
    } | dict(values)


async def move(conn: AsyncConnection, sms_id: int, since: Sequence[State], /, **values: Any) -> bool:
    """Another state, and what comes with it, if the row is in one of those states."""
    mine = (sms.c.id == sms_id) & sms.c.state.in_(since)
    return (await conn.execute(update(sms).where(mine).values(values))).rowcount == 1


async def wrote_since(conn: AsyncConnection, rule_id: int, number: str, since: float) -> bool:
    """Whether a rule has written to a number since then, whoever has it."""
    mine = (sms.c.number == number) & (sms.c.created_at >= since) & (sms.c.rule_id == rule_id)
    mine &= sms.c.state.not_in(("canceled", "rejected"))
    return (await conn.execute(select(sms.c.id).where(mine).limit(1))).first() is not None


async def by_key(conn: AsyncConnection, key: str) -> int | None:
    """The message that was asked for by this key."""
    found: int | None = (await conn.execute(select(sms.c.id).where(sms.c.key == key))).scalar()
    return found


async def number_of(conn: AsyncConnection, sms_id: int) -> str:
    """To whom a message goes, whoever asks: not to be shown."""
    return str((await conn.execute(select(sms.c.number).where(sms.c.id == sms_id))).scalar() or "")


async def put_aside(conn: AsyncConnection, sms_id: int, now: float) -> None:
    """Nothing more is done about a message."""
    values = {"done_at": now, "read_at": func.coalesce(sms.c.read_at, now)}
    await conn.execute(update(sms).where(sms.c.id == sms_id).values(values))


async def call_back(conn: AsyncConnection, now: float, *, rule_id: int = 0, campaign_id: int = 0) -> int:
    """What a rule or a campaign has waiting does not leave; how many."""
    of = sms.c.rule_id == rule_id if rule_id else sms.c.campaign_id == campaign_id
    values = {"state": "canceled", "next_at": None, "settled_at": now, "why": "called-back"}
    return (await conn.execute(update(sms).where(of, sms.c.state == "queued").values(values))).rowcount
