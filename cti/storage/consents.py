"""The register of consents as rows: only ever added to; the latest word for an address or a client holds."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import and_, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.consent import EVERY, Kind, Purpose, Source, stands
from cti.storage.campaign_tables import consents


async def say(
    conn: AsyncConnection,
    *,
    kind: Kind,
    address: str,
    purpose: Purpose | Literal[""],
    given: bool,
    source: Source,
    at: float,
    proof: str = "",
    client_id: int | None = None,
    contact_id: int | None = None,
    text_id: int | None = None,
    user_id: int | None = None,
) -> int:
    """Write down that a consent was given or withdrawn; the row's id."""
    row = {
        "kind": kind, "address": address, "purpose": purpose, "given": given, "source": source, "at": at,
        "proof": proof[:200], "client_id": client_id, "contact_id": contact_id, "text_id": text_id, "user_id": user_id,
    }  # fmt: skip
    return int((await conn.execute(insert(consents).values(row).returning(consents.c.id))).scalar_one())


async def refusal(
    conn: AsyncConnection, *, kind: Kind, address: str, purpose: Purpose, client_id: int | None = None
) -> str:
    """Why nothing may be sent to an address for a purpose: `no-consent`, `withdrawn`; "": it may."""
    mine: Any = and_(consents.c.kind == kind, consents.c.address == address)
    if client_id is not None:
        mine = or_(mine, and_(consents.c.client_id == client_id, consents.c.address == ""))
    latest = select(consents.c.purpose, consents.c.given, consents.c.at).where(
        mine, consents.c.purpose.in_((purpose, EVERY))
    )
    said: bool | None = None
    said_at = every_at = 0.0
    every = False
    for row in await conn.execute(latest.order_by(consents.c.at, consents.c.id)):
        if row.purpose == EVERY:
            every, every_at = not row.given, row.at
        else:
            said, said_at = row.given, row.at
    if every and every_at >= said_at:  # what was given before STOP does not outlive it
        said = None
    return stands(purpose, said, every)
