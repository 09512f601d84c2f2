"""The register of consents as rows: only ever added to; the latest word for an address or a client holds.

What an import said that was taken back stays in it and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.messages.consent import EVERY, PURPOSES, Kind, Purpose, Source, stands
from cti.storage.campaign_tables import campaign_people, consent_texts, consents
from cti.storage.sight import seen
from cti.storage.tables import calls, users


class Wish(NamedTuple):
    """To whom one wants to write, for what. address: E.164, or folded."""

    kind: Kind
    address: str
    purpose: Purpose
    client_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A row of the register. address: "" for all of the client's; purpose: "" for every one. text: version of it.

    undone_at: when its import was taken back; it holds no more.
    """

    id: int
    kind: str
    address: Words
    purpose: str
    given: bool
    source: str
    proof: Words
    text_id: int | None
    text: int | None
    by: str
    at: float
    undone_at: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """A text that people consent to, in one of its versions."""

    id: int
    purpose: str
    language: str
    version: int
    text: str
    by: str
    at: float


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


async def say_imported(
    conn: AsyncConnection,
    said: Sequence[tuple[int | None, Mapping[str, bool]]],
    *,
    now: float,
    user_id: int | None,
    source: str,
    batch: str,
) -> None:
    """What rows of a file say, by client and purpose, for all his numbers and addresses; what stands so stays.

    batch: of the import; it stands in the proof, beside the file's name.
    """
    kinds: tuple[Kind, ...] = ("phone", "email")
    asked = [
        (Wish(kind, "", next(one for one in PURPOSES if one == purpose), client_id), given)
        for client_id, some in said
        if client_id is not None
        for purpose, given in some.items()
        for kind in (kinds if given else kinds[:1])  # a withdrawal holds for all of them
    ]
    stand = await refusals(conn, [wish for wish, _ in asked]) if asked else []
    for (wish, given), why in zip(asked, stand, strict=True):
        if why == ("" if given else "withdrawn"):
            continue
        text_id = await wording_of(conn, wish.purpose, "ru") if given else None
        await say(
            conn, kind=wish.kind, address="", purpose=wish.purpose, given=given, source="import", at=now,
            proof=_proof(source, batch), client_id=wish.client_id, text_id=text_id, user_id=user_id,
        )  # fmt: skip


def _proof(source: str, batch: str) -> str:
    return f"{source[:150]} · {batch}"


async def take_back(conn: AsyncConnection, batch: str, *, after: int, most: int, now: float) -> int | None:
    """Consents that an import brought hold no more, some at a time: what was said before it does again.

    after: the id of the last row before. The id of the last row of these; None: there are no more. What the file
    withdrew stays withdrawn.
    """
    mine = (
        (consents.c.source == "import") & consents.c.given & consents.c.proof.endswith(f" · {batch}", autoescape=True)
    )
    rows = select(consents.c.id).where(mine, consents.c.id > after).order_by(consents.c.id).limit(most)
    ids = list((await conn.execute(rows)).scalars())
    still = consents.c.id.in_(ids) & consents.c.undone_at.is_(None)
    await conn.execute(update(consents).where(still).values(undone_at=now))
    return ids[-1] if ids else None


async def refusal(
    conn: AsyncConnection, *, kind: Kind, address: str, purpose: Purpose, client_id: int | None = None
) -> str:
    """Why nothing may be sent to an address for a purpose: `no-consent`, `withdrawn`; "": it may."""
    return (await refusals(conn, [Wish(kind, address, purpose, client_id)]))[0]


async def refusals(conn: AsyncConnection, wishes: Sequence[Wish]) -> list[str]:
    """The same of some hundreds at once, in their order."""
    return [why for why, _ in await _standing(conn, wishes)]


async def standing(conn: AsyncConnection, wishes: Sequence[Wish]) -> list[tuple[str, Said | None]]:
    """The same, with the row that decides; None: nothing was ever said."""
    found = await _standing(conn, wishes)
    deciding = {row.id for _, row in found if row is not None}
    rows = {one.id: one for one in await _read(conn, consents.c.id.in_(deciding))}
    return [(why, rows.get(row.id) if row is not None else None) for why, row in found]


async def of_client(conn: AsyncConnection, client_id: int, limit: int = 200) -> list[Said]:
    """All that was said of a client's consents, the latest first."""
    return await _read(conn, consents.c.client_id == client_id, limit)


async def _read(conn: AsyncConnection, which: ColumnElement[bool], limit: int = 1000) -> list[Said]:
    whole = select(consents, users.c.name.label("by"), consent_texts.c.version.label("text")).join_from(
        consents, users, users.c.id == consents.c.user_id, isouter=True
    )
    whole = whole.outerjoin(consent_texts, consent_texts.c.id == consents.c.text_id).where(which)
    names = [one for one in Said.__dataclass_fields__ if one != "by"]
    rows = await conn.execute(whole.order_by(consents.c.at.desc(), consents.c.id.desc()).limit(limit))
    return seen(conn, [Said(**{name: getattr(row, name) for name in names}, by=row.by or "") for row in rows])


async def wordings(conn: AsyncConnection) -> list[Wording]:
    """All texts that there are, the newest version of each first."""
    whole = select(consent_texts, users.c.name.label("by")).join_from(
        consent_texts, users, users.c.id == consent_texts.c.user_id, isouter=True
    )
    texts = consent_texts.c
    rows = await conn.execute(whole.order_by(texts.purpose, texts.language, texts.version.desc()))
    return [
        Wording(
            id=row.id,
            purpose=row.purpose,
            language=row.language,
            version=row.version,
            text=row.text,
            by=row.by or "",
            at=row.created_at,
        )
        for row in rows
    ]


async def word(conn: AsyncConnection, purpose: Purpose, language: str, text: str, user_id: int, now: float) -> int:
    """A new version of a text; those before stay as they are. Its number."""
    texts = consent_texts.c
    mine = (texts.purpose == purpose) & (texts.language == language)
    version = ((await conn.execute(select(func.max(texts.version)).where(mine))).scalar() or 0) + 1
    row = {
        "purpose": purpose, "language": language, "version": version, "text": text, "user_id": user_id,
        "created_at": now,
    }  # fmt: skip
    await conn.execute(insert(consent_texts).values(row))
    return int(version)


async def wording_of(conn: AsyncConnection, purpose: str, language: str) -> int | None:
    """The text that is consented to now: in this language, else in any."""
    texts = consent_texts.c
    mine = select(texts.id).where(texts.purpose == purpose).order_by(texts.language != language, texts.version.desc())
    return (await conn.execute(mine.limit(1))).scalar()


async def talk_with(conn: AsyncConnection, user_id: int, client_id: int, since: float) -> str | None:
    """The latest call in which a person talked with a client, that is not over or was not by then."""
    mine = (calls.c.user_id == user_id) & (calls.c.client_id == client_id) & calls.c.answered_at.is_not(None)
    lately = select(calls.c.id).where(mine, or_(calls.c.ended_at.is_(None), calls.c.ended_at >= since))
    return (await conn.execute(lately.order_by(calls.c.started_at.desc()).limit(1))).scalar()


async def left_campaign(conn: AsyncConnection, outbox_id: int, now: float) -> None:
    """Whoever got this letter in a campaign wants no more."""
    mine = (campaign_people.c.outbox_id == outbox_id) & campaign_people.c.unsubscribed_at.is_(None)
    await conn.execute(update(campaign_people).where(mine).values(unsubscribed_at=now))


async def _standing(conn: AsyncConnection, wishes: Sequence[Wish]) -> list[tuple[str, Any]]:
    said: dict[tuple[str, str], list[Any]] = {}
    mine: dict[int, list[Any]] = {}
    rows = (await conn.execute(select(consents).where(_of(wishes)).order_by(consents.c.at, consents.c.id))).all()
    for row in rows:
        if row.address:
            said.setdefault((row.kind, row.address), []).append(row)
        if row.client_id is not None and (not row.given or not row.address):
            mine.setdefault(row.client_id, []).append(row)
    return [_stands(one, said, mine) for one in wishes]


def _of(wishes: Sequence[Wish]) -> ColumnElement[bool]:
    addresses = {one.address for one in wishes if one.address}
    clients = {one.client_id for one in wishes if one.client_id is not None}
    whole = consents.c.client_id.in_(clients) & (consents.c.given.is_(False) | (consents.c.address == ""))
    purposes = {one.purpose for one in wishes} | {EVERY}
    reached = or_(consents.c.address.in_(addresses), whole if clients else false())
    return and_(reached, consents.c.purpose.in_(purposes), consents.c.undone_at.is_(None))


def _stands(wish: Wish, said: dict[tuple[str, str], list[Any]], mine: dict[int, list[Any]]) -> tuple[str, Any]:
    rows = {row.id: row for row in said.get((wish.kind, wish.address), [])}
    rows |= {row.id: row for row in mine.get(wish.client_id or 0, []) if not row.given or row.kind == wish.kind}
    word: bool | None = None
    every, latest = False, None
    for row in sorted(rows.values(), key=lambda one: (one.at, one.id)):
        if row.purpose == EVERY:
            every = not row.given
            word = None if every else word  # what was given before STOP does not outlive it
        elif row.purpose == wish.purpose:
            word = row.given
        latest = row
    return stands(wish.purpose, word, every), latest
