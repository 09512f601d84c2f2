"""For what a letter is written, and that its addressee wants no more of that.

Its campaign or its rule says it; what a person writes is of service.
"""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.consent import PURPOSES, Purpose, Source
from cti.messages.quotes import pieces
from cti.messages.stopping import wish
from cti.storage import consents, event_rules, limits, outbox
from cti.storage.campaign_tables import campaigns
from cti.storage.mail_tables import letter_bodies, letters
from cti.storage.sending_tables import outbox as outbox_table


async def of_letter(
    conn: AsyncConnection, rule_id: int | None, campaign_id: int | None, *, gone: Purpose = "service"
) -> Purpose:
    """Its purpose; of one whose campaign is gone: marketing. gone: of one whose rule is."""
    if campaign_id is not None:
        said = (await conn.execute(select(campaigns.c.purpose).where(campaigns.c.id == campaign_id))).scalar()
        return next((one for one in PURPOSES if one == said), "marketing")
    rule = await event_rules.get(conn, rule_id) if rule_id is not None else None
    return rule.given.purpose if rule else gone if rule_id is not None else "service"


async def withdraw(conn: AsyncConnection, outbox_id: int, now: float, *, source: Source, proof: str) -> None:
    """Withdraw what a letter of ours was for, at the address it went to."""
    letter = await outbox.get(conn, outbox_id)
    to = next((one for one in letter.parties if one.role == "to"), None) if letter else None
    if letter is None or to is None:
        return
    purpose = await of_letter(conn, letter.rule_id, letter.campaign_id, gone="marketing")
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


async def stops(conn: AsyncConnection, letter_id: int, now: float) -> None:
    """A letter that came and says only STOP, to one of ours that is no service, or by the address in its headers."""
    came = (await conn.execute(select(letters).where(letters.c.id == letter_id))).one_or_none()
    if came is None:
        return
    body = (await conn.execute(select(letter_bodies.c.text).where(letter_bodies.c.letter_id == letter_id))).scalar()
    own = "".join(piece.text for piece in pieces(body or "") if not piece.quoted).strip()
    words = (await limits.read(conn))[0].stop_words
    if wish(own or came.subject, words) != "stop" and wish(came.subject, words) != "stop":
        return
    ours = outbox_table.c
    mine = select(ours.id, ours.rule_id, ours.campaign_id).where(
        ours.to_folded == came.sender, or_(ours.campaign_id.is_not(None), ours.rule_id.is_not(None))
    )
    answered = mine.where(ours.message_id == came.in_reply_to) if came.in_reply_to else mine.where(ours.state == "sent")
    row = (await conn.execute(answered.order_by(ours.id.desc()).limit(1))).one_or_none()
    if row is not None and await of_letter(conn, row.rule_id, row.campaign_id) != "service":
        await withdraw(conn, row.id, now, source="letter", proof=f"letter:{letter_id}")
