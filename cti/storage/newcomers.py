"""Links that are shown once, as rows: made, used up, too old. The token itself is stored nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.newcomer_tables import phone_links, sign_in_links


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneLink:
    """A telephone that may fetch its settings. left: how often yet; fetched_at: when it last did."""

    pbx: str
    device: str
    kind: str
    mac: str
    left: int
    until: float
    fetched_at: float | None = None


_LINK = select(
    phone_links.c.pbx, phone_links.c.device, phone_links.c.kind, phone_links.c.mac, phone_links.c.left,
    phone_links.c.until, phone_links.c.fetched_at,
)  # fmt: skip


async def offer_way_in(conn: AsyncConnection, user_id: int, token_hash: str, until: float) -> None:
    """A person's first way in; an earlier one does not work any more."""
    await conn.execute(delete(sign_in_links).where(sign_in_links.c.user_id == user_id))
    await conn.execute(insert(sign_in_links).values(token_hash=token_hash, user_id=user_id, until=until))


async def way_in(conn: AsyncConnection, token_hash: str, now: float) -> int | None:
    """Whose way in it is, while it works."""
    found = select(sign_in_links.c.user_id).where(sign_in_links.c.token_hash == token_hash, sign_in_links.c.until > now)
    return (await conn.execute(found)).scalar()


async def take_way_in(conn: AsyncConnection, token_hash: str, now: float) -> int | None:
    """The same, and it works no more: of two who try at once one gets in."""
    user_id = await way_in(conn, token_hash, now)
    gone = await conn.execute(delete(sign_in_links).where(sign_in_links.c.token_hash == token_hash))
    return user_id if gone.rowcount == 1 else None


async def drop_ways_in(conn: AsyncConnection, user_id: int) -> None:
    """He comes no more."""
    await conn.execute(delete(sign_in_links).where(sign_in_links.c.user_id == user_id))


async def offer_settings(conn: AsyncConnection, token_hash: str, link: PhoneLink, now: float) -> None:
    """A telephone may fetch its settings; what is too old goes with this."""
    same = (phone_links.c.pbx == link.pbx) & (phone_links.c.device == link.device) & (phone_links.c.kind == link.kind)
    await conn.execute(delete(phone_links).where(same | (phone_links.c.until < now)))
    values = {"pbx": link.pbx, "device": link.device, "kind": link.kind, "mac": link.mac, "left": link.left}
    await conn.execute(insert(phone_links).values(token_hash=token_hash, until=link.until, **values))


async def take_settings(conn: AsyncConnection, token_hash: str, kind: str, mac: str, now: float) -> PhoneLink | None:
    """The link of this token, for this telephone, used once more; None where there is none that works."""
    one = (
        (phone_links.c.token_hash == token_hash) & (phone_links.c.kind == kind) & (phone_links.c.mac == mac)
        & (phone_links.c.left > 0) & (phone_links.c.until > now)
    )  # fmt: skip
    used = await conn.execute(update(phone_links).where(one).values(left=phone_links.c.left - 1, fetched_at=now))
    if used.rowcount != 1:
        return None
    row = (await conn.execute(_LINK.where(phone_links.c.token_hash == token_hash))).one_or_none()
    return PhoneLink(**row._mapping) if row else None


async def settings_of(conn: AsyncConnection, pbx: str, device: str, now: float) -> list[PhoneLink]:
    """Links of a device that work yet, or were used."""
    mine = (phone_links.c.pbx == pbx) & (phone_links.c.device == device) & (phone_links.c.until > now)
    rows = await conn.execute(_LINK.where(mine).order_by(phone_links.c.kind))
    return [PhoneLink(**row._mapping) for row in rows]


async def drop_settings(conn: AsyncConnection, pbx: str, device: str) -> None:
    """Nobody fetches them any more."""
    await conn.execute(delete(phone_links).where(phone_links.c.pbx == pbx, phone_links.c.device == device))
