"""Mailboxes as rows: whose they are, how they stand, and what of them could not be read.

The secret of a mailbox is ciphertext here and leaves by `secret_of` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person, may, scope
from cti.storage.mail_tables import (
    mail_folders,
    mailbox_people,
    mailbox_removals,
    mailboxes,
    parked_letters,
)
from cti.storage.tables import users

SENDING = "smtp-"  # begins a trouble of sending alone


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailbox:
    """A mailbox. owner_id: of a personal one; people: of a shared one. opened: a secret is kept. removed: it goes.

    trouble: a code of web/mail_texts.py with what the mail server said after `|`; "" for none.
    """

    id: int
    name: str
    address: str
    sender_name: str
    kind: str
    owner_id: int | None
    owner: str
    imap_host: str
    imap_port: int
    imap_security: str
    smtp_host: str
    smtp_port: int
    smtp_security: str
    login: str
    auth: str
    provider: str
    opened: bool
    files_sent: str
    history_months: int
    signature: str
    reply_target_s: int | None
    hours: str
    weekdays: str
    time_zone: str
    assigns: bool
    paused_at: float | None
    trouble: str
    trouble_at: float | None
    seen_at: float | None
    version: int
    created_at: float
    removed: bool = False
    people: tuple[int, ...] = ()

    def belongs(self, user_id: int) -> bool:
        """Whether it is his own, or he is among its people."""
        return user_id in (self.people if self.kind == "shared" else (self.owner_id,))

    def is_set_by(self, person: Person) -> bool:
        """Whether the person may set it: an admin any, everybody his own."""
        own = self.kind == "personal" and self.owner_id == person.id and scope(person, "mail") != "none"
        return own or may(person, "settings.manage")


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Of the first taking in. total 0: not begun."""

    total: int
    taken: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Parked:
    """A letter that could not be read. why: a code; nothing of the letter."""

    id: int
    mailbox_id: int
    mailbox: str
    folder: str
    tries: int
    why: str
    size: int
    at: float


_removed = exists().where(mailbox_removals.c.mailbox_id == mailboxes.c.id)
_SEEN = [one for one in mailboxes.c if one.name != "secret"]


def _asked() -> Select[Any]:
    opened = (mailboxes.c.secret != "").label("opened")
    owner = func.coalesce(users.c.name, "").label("owner")
    removed = _removed.label("removed")
    return select(*_SEEN, opened, owner, removed).select_from(
        mailboxes.outerjoin(users, users.c.id == mailboxes.c.owner_id)
    )


async def every(conn: AsyncConnection) -> list[Mailbox]:
    """All of them: shared ones first, each by name."""
    return await _rows(conn, _asked())


async def get(conn: AsyncConnection, mailbox_id: int) -> Mailbox | None:
    """One by its id."""
    found = await _rows(conn, _asked().where(mailboxes.c.id == mailbox_id))
    return found[0] if found else None


async def of_person(conn: AsyncConnection, user_id: int, *, every_shared: bool = False) -> list[Mailbox]:
    """Those whose letters a person reads and from which he writes, but for those that are being removed.

    every_shared: his right `mail` reaches to all.
    """
    among = exists().where(mailbox_people.c.mailbox_id == mailboxes.c.id, mailbox_people.c.user_id == user_id)
    shared = mailboxes.c.kind == "shared"
    his = (mailboxes.c.kind == "personal") & (mailboxes.c.owner_id == user_id)
    return await _rows(conn, _asked().where(or_(his, shared if every_shared else shared & among), ~_removed))


async def _rows(conn: AsyncConnection, asked: Select[Any]) -> list[Mailbox]:
    ordered = asked.order_by(mailboxes.c.kind.desc(), mailboxes.c.name, mailboxes.c.id)
    rows = list(await conn.execute(ordered))
    people: dict[int, list[int]] = {}
    of_these = mailbox_people.c.mailbox_id.in_([row.id for row in rows])
    for mailbox_id, user_id in await conn.execute(
        select(mailbox_people.c.mailbox_id, mailbox_people.c.user_id).where(of_these).order_by(mailbox_people.c.user_id)
    ):
        people.setdefault(mailbox_id, []).append(user_id)
    return [Mailbox(**row._mapping, people=tuple(people.get(row.id, ()))) for row in rows]


async def addresses(conn: AsyncConnection) -> frozenset[str]:
    """Folded addresses of all mailboxes: what they send is ours."""
    return frozenset((await conn.execute(select(mailboxes.c.address))).scalars())


async def add(conn: AsyncConnection, values: dict[str, Any], people: Iterable[int], now: float) -> int | None:
    """A new one; its id, None where the address has a mailbox already."""
    try:
        async with conn.begin_nested():
            made = await conn.execute(insert(mailboxes).values(**values, created_at=now).returning(mailboxes.c.id))
            mailbox_id = int(made.scalar_one())
    except IntegrityError:
        return None
    await _keep_people(conn, mailbox_id, people)
    return mailbox_id


async def change(
    conn: AsyncConnection, mailbox_id: int, values: dict[str, Any], people: Iterable[int], version: int
) -> bool | None:
    """Set what is set of it. False: somebody changed it meanwhile; None: the address has another mailbox."""
    here = (mailboxes.c.id == mailbox_id) & (mailboxes.c.version == version)
    try:
        async with conn.begin_nested():
            done = await conn.execute(update(mailboxes).where(here).values(**values, version=version + 1))
    except IntegrityError:
        return None
    if not done.rowcount:
        return False
    await _keep_people(conn, mailbox_id, people)
    return True


async def _keep_people(conn: AsyncConnection, mailbox_id: int, people: Iterable[int]) -> None:
    await conn.execute(delete(mailbox_people).where(mailbox_people.c.mailbox_id == mailbox_id))
    known = select(users.c.id).where(users.c.id.in_(list(people)))
    rows = [{"mailbox_id": mailbox_id, "user_id": one} for one in (await conn.execute(known)).scalars()]
    if rows:
        await conn.execute(insert(mailbox_people), rows)


async def secret_of(conn: AsyncConnection, mailbox_id: int) -> str:
    """Its secret as ciphertext, "" for none."""
    found = await conn.execute(select(mailboxes.c.secret).where(mailboxes.c.id == mailbox_id))
    return str(found.scalar() or "")


async def keep_secret(conn: AsyncConnection, mailbox_id: int, sealed: str) -> None:
    """Another secret; ciphertext."""
    await conn.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(secret=sealed))


async def pause(conn: AsyncConnection, mailbox_id: int, at: float | None) -> None:
    """Paused since `at`, or followed again."""
    await conn.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(paused_at=at))


async def found_well(conn: AsyncConnection, mailbox_id: int, now: float) -> None:
    """It was found in order just now; what is wrong with sending stays."""
    mine = mailboxes.c.id == mailbox_id
    await conn.execute(update(mailboxes).where(mine).values(seen_at=now))
    well = mine & mailboxes.c.trouble.not_like(f"{SENDING}%")
    await conn.execute(update(mailboxes).where(well).values(trouble="", trouble_at=None))


async def sends_well(conn: AsyncConnection, mailbox_id: int) -> None:
    """Its letters go, or something was done about it."""
    mine = (mailboxes.c.id == mailbox_id) & mailboxes.c.trouble.like(f"{SENDING}%")
    await conn.execute(update(mailboxes).where(mine).values(trouble="", trouble_at=None))


async def found_ill(conn: AsyncConnection, mailbox_id: int, trouble: str, now: float) -> bool:
    """It is in trouble; since when stays as long as it lasts. Whether this is news.

    What is wrong with sending is told where nothing else is wrong.
    """
    row = (await conn.execute(select(mailboxes.c.trouble).where(mailboxes.c.id == mailbox_id))).one_or_none()
    if row is None or row.trouble == trouble:
        return False
    if row.trouble and trouble.startswith(SENDING) and not row.trouble.startswith(SENDING):
        return False
    values: dict[str, Any] = (
        {"trouble": trouble[:400]} if row.trouble else {"trouble": trouble[:400], "trouble_at": now}
    )
    await conn.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(**values))
    was, now_is = (one.partition("|")[0].removeprefix(SENDING) for one in (row.trouble, trouble))
    return was != now_is


async def progress(conn: AsyncConnection) -> dict[int, Progress]:
    """How far the first taking in is, of mailboxes where it is not done."""
    total, taken = func.sum(mail_folders.c.total), func.sum(mail_folders.c.taken)
    there = mail_folders.c.gone_at.is_(None)
    asked = select(mail_folders.c.mailbox_id, total, taken).where(there).group_by(mail_folders.c.mailbox_id)
    return {
        row[0]: Progress(total=int(row[1]), taken=int(row[2])) for row in await conn.execute(asked) if row[2] < row[1]
    }


# Parked letters -------------------------------------------------------------------------------------------------------
async def parked(conn: AsyncConnection, of: Sequence[int], limit: int = 200) -> list[Parked]:
    """Letters of these mailboxes that could not be read, the latest first."""
    columns = (
        parked_letters.c.id,
        parked_letters.c.mailbox_id,
        mailboxes.c.name.label("mailbox"),
        mail_folders.c.name.label("folder"),
        parked_letters.c.tries,
        parked_letters.c.why,
        parked_letters.c.size,
        parked_letters.c.at,
    )
    joined = parked_letters.join(mailboxes, mailboxes.c.id == parked_letters.c.mailbox_id).join(
        mail_folders, mail_folders.c.id == parked_letters.c.folder_id
    )
    asked = select(*columns).select_from(joined).where(parked_letters.c.mailbox_id.in_(of))
    rows = await conn.execute(asked.order_by(parked_letters.c.at.desc(), parked_letters.c.id.desc()).limit(limit))
    return [Parked(**row._mapping) for row in rows]


async def read_again(conn: AsyncConnection, parked_id: int) -> None:
    """Let a parked letter be tried as if it had never been."""
    await conn.execute(update(parked_letters).where(parked_letters.c.id == parked_id).values(tries=0))


async def parked_in(conn: AsyncConnection, parked_id: int) -> int | None:
    """The mailbox of a parked letter."""
    found = select(parked_letters.c.mailbox_id).where(parked_letters.c.id == parked_id)
    row = (await conn.execute(found)).one_or_none()
    return int(row.mailbox_id) if row is not None else None
