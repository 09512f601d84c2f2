"""The outbox as rows: a row is the queue. Drafts, what waits, what is on its way, what became of it.

Every step is one UPDATE that must hit exactly one row in the state it expects: two who try do it once.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, get_args

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import DEEP_WORDS, Words
from cti.messages.letter import Attachment, Party
from cti.messages.outgoing import State, party
from cti.storage.mail_tables import letters
from cti.storage.sending_tables import event_rules, outbox, outbox_files
from cti.storage.sight import seen
from cti.storage.tables import users

MOST = 200
ALL: tuple[State, ...] = get_args(State)
OPEN: tuple[State, ...] = ("draft", "waiting", "sending", "unknown", "failed", "held")
DRAFT_QUIET_S = 3.0  # a draft that is being typed is not copied to the mail server at every save
SETTLE_FOR_S = 7 * 86400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class OutFile:
    """A file of a letter that is written. content_id: of a picture that stands in the text."""

    id: int
    name: Words
    media_type: str
    size: int
    sha256: str
    content_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutLetter:
    """A row of the outbox. people: (role, name, address) each. left: addresses it has still to reach; empty: all.

    why: code of why it failed, is held or unknown; said: the mail server's words. user: who wrote it, "" for a rule.
    """

    id: int
    key: str
    mailbox_id: int | None
    state: State
    kind: str
    answers_id: int | None
    conversation_id: int | None
    client_id: int | None
    contact_id: int | None
    call_id: str
    user_id: int | None
    user: str
    rule_id: int | None
    campaign_id: int | None = None
    template_id: int | None
    message_id: str
    people: Annotated[tuple[tuple[str, str, str], ...], DEEP_WORDS]
    subject: Words
    html: Words
    quoted: Words
    send_at: float | None
    tries: int
    next_at: float | None
    claimed_at: float | None
    left: Annotated[tuple[str, ...], DEEP_WORDS]
    why: str
    said: Words
    told_at: float | None
    letter_id: int | None
    filed_at: float | None
    draft_version: int
    draft_place: str
    automatic: int
    digest: str
    version: int
    created_at: float
    changed_at: float
    sent_at: float | None
    files: tuple[OutFile, ...] = ()

    @property
    def is_of_all(self) -> bool:
        """Whether it is for all of its mailbox: it was given to the queue, or nobody here has begun it."""
        return self.state != "draft" or (self.user_id is None and self.rule_id is None)

    @property
    def parties(self) -> tuple[Party, ...]:
        """To whom it goes."""
        return tuple(party(role, address, name) for role, name, address in self.people)  # type: ignore[arg-type]

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Its files as every letter has them. A picture's content id begins with the file's number."""
        return tuple(
            Attachment(
                name=one.name,
                media_type=one.media_type,
                size=one.size,
                sha256=one.sha256,
                content_id=one.content_id,
                inline=bool(one.content_id),
            )
            for one in self.files
        )


async def add(conn: AsyncConnection, values: Mapping[str, Any], people: Sequence[Party], now: float) -> int | None:
    """A new row; None where its key has one already."""
    if (await conn.execute(select(outbox.c.id).where(outbox.c.key == values["key"]))).scalar() is not None:
        return None
    row = {**values, **_to(people), "created_at": now, "changed_at": now}
    return int((await conn.execute(insert(outbox).values(row).returning(outbox.c.id))).scalar_one())


async def get(conn: AsyncConnection, letter_id: int) -> OutLetter | None:
    """One row with its files. An id from an address may be any number."""
    return await _one(conn, outbox.c.id == letter_id) if 0 < letter_id < 2**31 else None


async def by_key(conn: AsyncConnection, key: str) -> OutLetter | None:
    """The row that was asked for by this key."""
    return await _one(conn, outbox.c.key == key)


async def listed(
    conn: AsyncConnection,
    *,
    user_id: int,
    mailbox_ids: Collection[int] = (),
    states: Sequence[State] = OPEN,
    client_id: int | None = None,
    limit: int = MOST,
) -> list[OutLetter]:
    """A person's rows and those of mailboxes of his, the latest first; texts and files are left out.

    Of a colleague's drafts nothing is told; one that nobody here has begun is told to all of its mailbox.
    """
    begun_elsewhere = outbox.c.user_id.is_(None) & outbox.c.rule_id.is_(None)
    theirs = and_(outbox.c.mailbox_id.in_(list(mailbox_ids)), or_(outbox.c.state != "draft", begun_elsewhere))
    mine = _whole().where(outbox.c.state.in_(states), or_(outbox.c.user_id == user_id, theirs))
    if client_id is not None:
        mine = mine.where(outbox.c.client_id == client_id)
    rows = await conn.execute(mine.order_by(outbox.c.changed_at.desc(), outbox.c.id.desc()).limit(limit))
    return seen(conn, [replace(_row(row), html="", quoted="") for row in rows])


async def save(
    conn: AsyncConnection,
    letter_id: int,
    values: Mapping[str, Any],
    people: Sequence[Party] | None,
    *,
    version: int,
    now: float,
) -> bool:
    """What a draft says; False where somebody saved it meanwhile, or it is none any more."""
    set_ = {**values, **(_to(people) if people is not None else {}), "version": version + 1, "changed_at": now}
    mine = (outbox.c.id == letter_id) & (outbox.c.version == version) & (outbox.c.state == "draft")
    return (await conn.execute(update(outbox).where(mine).values(set_))).rowcount == 1


async def move(conn: AsyncConnection, row_id: int, since: Sequence[State], /, **values: Any) -> bool:
    """Another state, and what comes with it, if the row is in one of those states."""
    mine = (outbox.c.id == row_id) & outbox.c.state.in_(since)
    return (await conn.execute(update(outbox).where(mine).values(values))).rowcount == 1


async def remove(conn: AsyncConnection, letter_id: int) -> None:
    """Forget a draft that nothing was sent of."""
    await conn.execute(delete(outbox_files).where(outbox_files.c.outbox_id == letter_id))
    await conn.execute(delete(outbox).where(outbox.c.id == letter_id, outbox.c.state.in_(("draft", "canceled"))))


# Files ----------------------------------------------------------------------------------------------------------------
async def add_file(conn: AsyncConnection, letter_id: int, file: Attachment) -> int:
    """A file of a draft; its id."""
    place = select(func.coalesce(func.max(outbox_files.c.position), -1) + 1).where(
        outbox_files.c.outbox_id == letter_id
    )
    row = {
        "outbox_id": letter_id,
        "position": int((await conn.execute(place)).scalar_one()),
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
        "content_id": file.content_id,
    }
    made = int((await conn.execute(insert(outbox_files).values(row).returning(outbox_files.c.id))).scalar_one())
    if file.content_id.startswith("@"):  # a picture of the text: its number leads it
        named = update(outbox_files).where(outbox_files.c.id == made)
        await conn.execute(named.values(content_id=f"{made}.{file.sha256[:16]}{file.content_id}"))
    return made


async def file(conn: AsyncConnection, file_id: int) -> tuple[int, OutFile] | None:
    """A file and the letter it belongs to."""
    if not 0 < file_id < 2**31:
        return None
    row = (await conn.execute(select(outbox_files).where(outbox_files.c.id == file_id))).one_or_none()
    return (row.outbox_id, seen(conn, _file(row))) if row else None


async def drop_file(conn: AsyncConnection, letter_id: int, file_id: int) -> bool:
    """Take a file off a draft."""
    mine = (outbox_files.c.id == file_id) & (outbox_files.c.outbox_id == letter_id)
    return (await conn.execute(delete(outbox_files).where(mine))).rowcount == 1


# The queue ------------------------------------------------------------------------------------------------------------
async def due(conn: AsyncConnection, now: float) -> tuple[list[int | None], float | None]:
    """Mailboxes with letters to be sent now, and when the next letter after them is due."""
    waits = outbox.c.state == "waiting"
    now_due = select(outbox.c.mailbox_id).where(waits, outbox.c.next_at <= now).distinct()
    later = select(func.min(outbox.c.next_at)).where(waits, outbox.c.next_at > now)
    return list((await conn.execute(now_due)).scalars()), (await conn.execute(later)).scalar()


async def claim(conn: AsyncConnection, mailbox_id: int | None, now: float) -> OutLetter | None:
    """Take the next letter of a mailbox to be sent; in a conversation none overtakes another that was to go before."""
    before = outbox.alias("before")
    overtaken = exists().where(
        before.c.conversation_id == outbox.c.conversation_id,
        before.c.id != outbox.c.id,
        or_(before.c.state == "sending", and_(before.c.state == "waiting", before.c.send_at <= now)),
        or_(before.c.send_at < outbox.c.send_at, and_(before.c.send_at == outbox.c.send_at, before.c.id < outbox.c.id)),
    )
    of_box = outbox.c.mailbox_id == mailbox_id if mailbox_id is not None else outbox.c.mailbox_id.is_(None)
    next_ = _whole().where(outbox.c.state == "waiting", outbox.c.next_at <= now, of_box, ~overtaken)
    found = (await conn.execute(next_.order_by(outbox.c.next_at, outbox.c.id).limit(1))).one_or_none()
    if found is None or not await move(conn, found.id, ("waiting",), state="sending", claimed_at=now):
        return None
    return await _with_files(conn, _row(found))


async def hurry(conn: AsyncConnection, mailbox_id: int, now: float) -> None:
    """Letters that waited because nobody was let into their mailbox are tried now."""
    shut = (outbox.c.mailbox_id == mailbox_id) & (outbox.c.state == "waiting") & (outbox.c.why == "mailbox-trouble")
    await conn.execute(update(outbox).where(shut).values(next_at=now))


async def is_going(conn: AsyncConnection, besides: Collection[int]) -> bool:
    """Whether letters are on their way that nobody here has claimed."""
    lost = select(outbox.c.id).where(outbox.c.state == "sending", outbox.c.id.not_in(list(besides)))
    return (await conn.execute(lost.limit(1))).first() is not None


async def interrupted(conn: AsyncConnection, going: Collection[int]) -> list[OutLetter]:
    """Letters that were on their way when whoever had claimed them ended: whether they went, nobody knows."""
    lost = _whole().where(outbox.c.state == "sending", outbox.c.id.not_in(list(going)))
    found = [_row(row) for row in await conn.execute(lost)]
    return [
        one for one in found if await move(conn, one.id, ("sending",), state="unknown", why="cut-off", next_at=None)
    ]


async def untold(conn: AsyncConnection, limit: int = 50) -> list[tuple[int, str, int | None, int | None]]:
    """Letters that did not go as they should and why, who is to be told, and the conversation of one that went.

    Told is the author; of a rule's letter, who wrote the rule.
    """
    author = func.coalesce(outbox.c.user_id, event_rules.c.user_id).label("author")
    joined = outbox.outerjoin(event_rules, event_rules.c.id == outbox.c.rule_id)
    joined = joined.outerjoin(letters, and_(letters.c.id == outbox.c.letter_id, outbox.c.state == "sent"))
    mine = select(outbox.c.id, outbox.c.why, author, letters.c.conversation_id).select_from(joined)
    mine = mine.where(outbox.c.why != "", outbox.c.told_at.is_(None)).order_by(outbox.c.id).limit(limit)
    return [(row.id, row.why, row.author, row.conversation_id) for row in await conn.execute(mine)]


async def unsettled(conn: AsyncConnection, now: float, limit: int = 50) -> list[OutLetter]:
    """Sent letters of which the copy in Sent, or another thing that follows, is still to be done."""
    mine = _whole().where(
        outbox.c.letter_id.is_not(None), outbox.c.filed_at.is_(None), outbox.c.sent_at > now - SETTLE_FOR_S
    )
    return [await _with_files(conn, _row(row)) for row in await conn.execute(mine.order_by(outbox.c.id).limit(limit))]


async def unfiled_drafts(conn: AsyncConnection, now: float, limit: int = 20) -> list[OutLetter]:
    """Drafts whose latest version is not on the mail server yet."""
    mine = _whole().where(
        outbox.c.state == "draft",
        outbox.c.mailbox_id.is_not(None),
        outbox.c.version > outbox.c.draft_version,
        outbox.c.version > 1,
        outbox.c.changed_at < now - DRAFT_QUIET_S,
    )
    return [await _with_files(conn, _row(row)) for row in await conn.execute(mine.order_by(outbox.c.id).limit(limit))]


async def left_drafts(conn: AsyncConnection, limit: int = 20) -> list[OutLetter]:
    """Letters thrown away or sent, of which a draft lies on the mail server still."""
    gone = outbox.c.state.in_(("canceled", "sent"))
    mine = _whole().where(gone, outbox.c.draft_version > 0, outbox.c.mailbox_id.is_not(None))
    return [_row(row) for row in await conn.execute(mine.order_by(outbox.c.id).limit(limit))]


# What the loop guard asks ---------------------------------------------------------------------------------------------
async def automatic_before(
    conn: AsyncConnection, letter_id: int, since: float, *, folded: str = "", digest: str = ""
) -> int:
    """How many letters nobody wrote were before this one, since then, to an address or with the same text."""
    mine = [outbox.c.rule_id.is_not(None), outbox.c.created_at >= since, outbox.c.id < letter_id]
    mine.append(outbox.c.state.in_(("waiting", "sending", "sent", "unknown")))
    mine += [outbox.c.to_folded == folded] if folded else []
    mine += [outbox.c.digest == digest] if digest else []
    return int((await conn.execute(select(func.count()).select_from(outbox).where(*mine))).scalar_one())


async def wrote_since(conn: AsyncConnection, rule_id: int, folded: str, since: float) -> bool:
    """Whether a rule has written to an address since then, whoever has it."""
    mine = (outbox.c.rule_id == rule_id) & (outbox.c.to_folded == folded) & (outbox.c.created_at >= since)
    mine &= outbox.c.state.in_(("waiting", "sending", "sent", "unknown", "held"))
    return (await conn.execute(select(outbox.c.id).where(mine).limit(1))).first() is not None


async def stored(conn: AsyncConnection) -> set[str]:
    """Hashes of the files that rows know."""
    return set((await conn.execute(select(outbox_files.c.sha256).distinct())).scalars())


def new_message_id(address: str) -> str:
    """A Message-ID, made once for a letter, without <>."""
    domain = address.rpartition("@")[2].encode("idna").decode("ascii") or "trubka.invalid"
    return f"{secrets.token_hex(16)}@{domain}"


def _to(people: Iterable[Party]) -> dict[str, Any]:
    some = list(people)
    first = next((one.folded for one in some if one.role == "to"), "")
    return {"people": json.dumps([[o.role, o.name, o.address] for o in some], ensure_ascii=False), "to_folded": first}


def _whole() -> Select[Any]:
    name = func.coalesce(users.c.name, "").label("user")
    return select(outbox, name).select_from(outbox.outerjoin(users, users.c.id == outbox.c.user_id))


async def _one(conn: AsyncConnection, where: ColumnElement[bool]) -> OutLetter | None:
    row = (await conn.execute(_whole().where(where))).one_or_none()
    return seen(conn, await _with_files(conn, _row(row))) if row else None


async def _with_files(conn: AsyncConnection, letter: OutLetter) -> OutLetter:
    mine = select(outbox_files).where(outbox_files.c.outbox_id == letter.id)
    rows = await conn.execute(mine.order_by(outbox_files.c.position, outbox_files.c.id))
    return replace(letter, files=tuple(_file(row) for row in rows))


def _file(row: Any) -> OutFile:
    return OutFile(**{name: getattr(row, name) for name in OutFile.__dataclass_fields__})


def _row(row: Any) -> OutLetter:
    plain = {name: value for name, value in row._mapping.items() if name not in ("people", "left", "to_folded")}
    people = tuple((str(role), str(name), str(address)) for role, name, address in json.loads(row.people))
    return OutLetter(**plain, people=people, left=tuple(json.loads(row.left or "[]")))
