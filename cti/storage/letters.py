"""Letters as rows. One letter is one row, however often and wherever it comes."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.letter import Letter
from cti.storage import bounces, letter_search
from cti.storage.mail_tables import letter_bodies, letter_files, letter_people, letters

EARLIEST = 631152000.0  # 1990: a letter that claims to be older, or from later than tomorrow, errs
AHEAD_S = 2 * 86400.0


async def keep(
    conn: AsyncConnection,
    letter: Letter,
    *,
    received_at: float,
    ours: frozenset[str] = frozenset(),
    user_id: int | None = None,
) -> tuple[int, bool]:
    """Keep a letter; its id, and whether it is new here. ours: folded addresses of mailboxes: what they send goes out.

    A letter that a bare copy of was kept first (sent here, and found in Sent later) is known by its Message-ID alone
    when ours sent it.
    """
    sender = letter.sender
    goes_out = sender is not None and sender.folded in ours
    same = select(letters.c.id).where(letters.c.message_id == letter.message_id)
    if not goes_out:
        same = same.where(letters.c.sha256 == letter.sha256)
    known = (await conn.execute(same.order_by(letters.c.id).limit(1))).scalar()
    if known is not None:
        if user_id is not None:
            await conn.execute(update(letters).where(letters.c.id == known).values(user_id=user_id))
        return int(known), False
    sent_at = letter.sent_at
    believable = sent_at is not None and EARLIEST <= sent_at <= received_at + AHEAD_S
    row = {
        "message_id": letter.message_id,
        "sha256": letter.sha256,
        "direction": "out" if goes_out else "in",
        "subject": letter.subject,
        "sender": sender.folded if sender else "",
        "sender_name": sender.name if sender else "",
        "sent_at": sent_at if believable else received_at,
        "received_at": received_at,
        "size": letter.size,
        "snippet": letter.snippet,
        "files": sum(not one.inline for one in letter.files),
        "automatic": letter.automatic,
        "oddities": " ".join(letter.oddities)[:200],
        "quiet": letter.quiet,
        "in_reply_to": letter.in_reply_to,
        "thread_refs": " ".join(letter.references),
        "outlook_id": letter.outlook_id,
        "user_id": user_id,
    }
    made = int((await conn.execute(insert(letters).values(row).returning(letters.c.id))).scalar_one())
    body = {"letter_id": made, "text": letter.text, "html": letter.html, "calendar": letter.calendar}
    await conn.execute(insert(letter_bodies).values(body))
    people = [
        {
            "letter_id": made, "position": place, "role": one.role, "name": one.name, "address": one.address,
            "folded": one.folded,
        }
        for place, one in enumerate(letter.people)
    ]  # fmt: skip
    if people:
        await conn.execute(insert(letter_people), people)
    files = [
        {
            "letter_id": made, "position": place, "name": one.name, "media_type": one.media_type, "size": one.size,
            "sha256": one.sha256, "content_id": one.content_id, "inline": one.inline,
        }
        for place, one in enumerate(letter.files)
    ]  # fmt: skip
    if files:
        await conn.execute(insert(letter_files), files)
    if letter.bounces and not goes_out:
        await bounces.keep(conn, letter, made, received_at)
    elif sender is not None and not goes_out and not letter.automatic:
        await bounces.clear(conn, sender.folded, before=received_at)
    await letter_search.add(conn, made, letter, sent_at if believable and sent_at is not None else received_at)
    return made, True


async def stored(conn: AsyncConnection) -> set[str]:
    """Hashes of the files that letters have."""
    return set((await conn.execute(select(letter_files.c.sha256).distinct())).scalars())
