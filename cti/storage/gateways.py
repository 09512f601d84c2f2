"""SMS gateways as rows: how they are set and stand, the prefixes they serve, and the names they write by.

The secrets of a gateway are ciphertext here and leave by `secret_of` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.routes import Route
from cti.storage.sms_tables import sms, sms_gateways, sms_parts, sms_routes, sms_senders

OPEN_S = 72 * 3600.0  # so long a gateway is asked what became of a message


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """A gateway. given: JSON of its kind. opened: secrets are kept. trouble: `code|its words`; "" for none."""

    id: int
    name: str
    kind: str
    given: str
    opened: bool
    sender: str
    rate: int
    price: int
    currency: str
    paused_at: float | None
    removed_at: float | None
    trouble: str
    trouble_at: float | None
    seen_at: float | None
    version: int
    created_at: float

    @property
    def in_use(self) -> bool:
        """Whether it sends."""
        return self.paused_at is None and self.removed_at is None


_COLUMNS = [one for one in sms_gateways.c if one.name != "secret"] + [(sms_gateways.c.secret != "").label("opened")]


async def every(conn: AsyncConnection, *, removed: bool = False) -> list[Gateway]:
    """All of them by name. removed: also those that were removed just now."""
    asked = select(*_COLUMNS).order_by(sms_gateways.c.name, sms_gateways.c.id)
    if not removed:
        asked = asked.where(sms_gateways.c.removed_at.is_(None))
    return [Gateway(**row._mapping) for row in await conn.execute(asked)]


async def get(conn: AsyncConnection, gateway_id: int) -> Gateway | None:
    """One, also a removed one."""
    row = (await conn.execute(select(*_COLUMNS).where(sms_gateways.c.id == gateway_id))).one_or_none()
    return Gateway(**row._mapping) if row is not None else None


async def secret_of(conn: AsyncConnection, gateway_id: int) -> str:
    """Its secrets, sealed."""
    found = await conn.execute(select(sms_gateways.c.secret).where(sms_gateways.c.id == gateway_id))
    return str(found.scalar() or "")


async def add(conn: AsyncConnection, values: Mapping[str, Any], now: float) -> int | None:
    """A new one, which serves all numbers after the others; its id. None: the name is taken."""
    if await _named(conn, values["name"], besides=0):
        return None
    made = insert(sms_gateways).values(**values, created_at=now).returning(sms_gateways.c.id)
    gateway_id = int((await conn.execute(made)).scalar_one())
    last = (await conn.execute(select(func.max(sms_routes.c.position)).where(sms_routes.c.prefix == ""))).scalar() or 0
    await conn.execute(insert(sms_routes).values(prefix="", gateway_id=gateway_id, position=last + 1))
    return gateway_id


async def change(conn: AsyncConnection, gateway_id: int, values: Mapping[str, Any], version: int) -> bool | None:
    """Set it anew; False: somebody changed it meanwhile. None: the name is taken."""
    if "name" in values and await _named(conn, values["name"], besides=gateway_id):
        return None
    mine = (sms_gateways.c.id == gateway_id) & (sms_gateways.c.version == version)
    return (await conn.execute(update(sms_gateways).where(mine).values(**values, version=version + 1))).rowcount == 1


async def _named(conn: AsyncConnection, name: str, *, besides: int) -> bool:
    asked = select(sms_gateways.c.id).where(sms_gateways.c.name == name, sms_gateways.c.id != besides)
    return (await conn.execute(asked)).first() is not None


async def mark(conn: AsyncConnection, gateway_id: int, **values: float | None) -> bool:
    """paused_at, removed_at; what was wrong is wrong no more. Whether there is such a one."""
    fresh = {"trouble": "", "trouble_at": None, "version": sms_gateways.c.version + 1, **values}
    return (await conn.execute(update(sms_gateways).where(sms_gateways.c.id == gateway_id).values(fresh))).rowcount == 1


async def forget_removed(conn: AsyncConnection, before: float) -> None:
    """Those that were removed before then go for good, with their secrets."""
    await conn.execute(delete(sms_gateways).where(sms_gateways.c.removed_at < before))


async def found_well(conn: AsyncConnection, gateway_id: int, now: float) -> None:
    """It is in order now."""
    mine = update(sms_gateways).where(sms_gateways.c.id == gateway_id)
    await conn.execute(mine.values(seen_at=now, trouble="", trouble_at=None))


async def found_ill(conn: AsyncConnection, gateway_id: int, trouble: str, now: float) -> bool:
    """It is in trouble; since when stays as long as it lasts. Whether this is news."""
    row = (await conn.execute(select(sms_gateways.c.trouble).where(sms_gateways.c.id == gateway_id))).one_or_none()
    if row is None or row.trouble == trouble:
        return False
    values: dict[str, Any] = {"trouble": trouble[:400]}
    if not row.trouble:
        values["trouble_at"] = now
    await conn.execute(update(sms_gateways).where(sms_gateways.c.id == gateway_id).values(values))
    return str(row.trouble).partition("|")[0] != trouble.partition("|")[0]


# Routes and names -----------------------------------------------------------------------------------------------------
async def routes(conn: AsyncConnection) -> list[Route]:
    """All of them: longer prefixes last."""
    columns = (getattr(sms_routes.c, name) for name in Route.__struct_fields__)
    order = (sms_routes.c.prefix, sms_routes.c.position, sms_routes.c.gateway_id)
    return [Route(**row._mapping) for row in await conn.execute(select(*columns).order_by(*order))]


async def set_routes(conn: AsyncConnection, given: Sequence[Route]) -> bool:
    """These in place of all; False: a gateway is gone, or stands twice for one prefix."""
    try:
        async with conn.begin_nested():
            await conn.execute(delete(sms_routes))
            for one in given:
                values = {name: getattr(one, name) for name in Route.__struct_fields__}
                await conn.execute(insert(sms_routes).values(**values))
    except IntegrityError:
        return False
    return True


async def senders(conn: AsyncConnection) -> dict[tuple[int, str], str]:
    """The names by gateway and purpose, where they are not the gateway's own."""
    rows = await conn.execute(select(sms_senders.c.gateway_id, sms_senders.c.purpose, sms_senders.c.sender))
    return {(row[0], row[1]): row[2] for row in rows}


async def set_senders(conn: AsyncConnection, gateway_id: int, given: Mapping[str, str]) -> None:
    """Its names by purpose; "": its own."""
    await conn.execute(delete(sms_senders).where(sms_senders.c.gateway_id == gateway_id))
    for purpose, sender in given.items():
        if sender:
            await conn.execute(insert(sms_senders).values(gateway_id=gateway_id, purpose=purpose, sender=sender))


# What went by them ----------------------------------------------------------------------------------------------------
async def sent_since(conn: AsyncConnection, since: float) -> dict[int, tuple[int, int]]:
    """Messages and parts that each has taken since then."""
    asked = select(sms.c.gateway_id, func.count(), func.coalesce(func.sum(sms.c.parts), 0)).where(
        sms.c.accepted_at >= since, sms.c.direction == "out", sms.c.gateway_id.is_not(None)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in await conn.execute(asked.group_by(sms.c.gateway_id))}


async def unsettled(conn: AsyncConnection, gateway_id: int, now: float, limit: int = 200) -> list[str]:
    """What it calls messages whose end is not known, the oldest first."""
    asked = select(sms_parts.c.far_id).join(sms, sms.c.id == sms_parts.c.sms_id)
    asked = asked.where(
        sms.c.accepted_at > now - OPEN_S,
        sms.c.settled_at.is_(None),
        sms_parts.c.gateway_id == gateway_id,
        sms_parts.c.state.in_(("accepted", "sent")),
        sms_parts.c.far_id != "",
    )
    return [str(row[0]) for row in await conn.execute(asked.order_by(sms.c.accepted_at).limit(limit))]
