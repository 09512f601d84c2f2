"""For what a letter is written, and that its addressee wants no more of that.

Its campaign or its rule says it; what a person writes is of service.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.consent import PURPOSES, Purpose, Source
from cti.storage import consents, event_rules, outbox
from cti.storage.campaign_tables import campaigns


async def of_letter(conn: AsyncConnection, rule_id: int | None, campaign_id: int | None) -> Purpose:
    """Its purpose; of one whose campaign is gone: marketing."""
    if campaign_id is not None:
        said = (await conn.execute(select(campaigns.c.purpose).where(campaigns.c.id == campaign_id))).scalar()
        return next((one for one in PURPOSES if one == said), "marketing")
    rule = await event_rules.get(conn, rule_id) if rule_id is not None else None
    return rule.given.purpose if rule else "service"


async def withdraw(conn: AsyncConnection, outbox_id: int, now: float, *, source: Source, proof: str) -> None:
    """Withdraw what a letter of ours was for, at the address it went to."""
    letter = await outbox.get(conn, outbox_id)
    to = next((one for one in letter.parties if one.role == "to"), None) if letter else None
    if letter is None or to is None:
        return
    purpose = await of_letter(conn, letter.rule_id, letter.campaign_id)
    gone = await consents.refusal(conn, kind="email", address=to.folded, purpose=purpose, client_id=letter.client_id)
    if gone != "withdrawn":
        await consents.say(
            conn,
            kind="email",
            address=to.folded,
            purpose=purpose,
            given=False,
            source=source,
            at=now,
            proof=proof,
            client_id=letter.client_id,
            contact_id=letter.contact_id,
        )
    await consents.left_campaign(conn, outbox_id, now)
