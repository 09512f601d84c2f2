"""Letters found by words of subject and text, by addresses and by names of files, the newest first, on both engines.

The index holds words as `cti/messages/words.py` reads them. Its keys rise with the time of letters, so SQLite gives
matches newest first without sorting; PostgreSQL's index has no order, so there the newest letters are looked through
first, and the index is asked of words that are rare among them. Who may see a letter is asked of a part of the matches
at a time and for a moment only: a common word in a house of many mailboxes takes no longer than a rare one, and the
next page goes on from there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person
from cti.messages.letter import Letter
from cti.messages.words import Asked, asked, words_of
from cti.storage import letter_access
from cti.storage.mail_tables import (
    letter_bodies,
    letter_files,
    letter_people,
    letter_places,
    letter_words,
    letters,
    mailboxes,
)
from cti.storage.search import read_cursor, write_cursor
from cti.storage.sight import sight_of

MINUTE_BITS = 14  # letters of one minute that have keys of their own
SINCE = 631_152_000  # 1990: before it no letter counts as sent
AT_ONCE = 250  # matches whose rights are asked together
LOOKED_AT = 2_000  # matches of one page at most
LOOKING_S = 0.05  # so long one page looks for letters that the person may see; the next goes on
AGAIN_S = 0.025  # having taken no longer, it goes on to the next of them at once
WINDOW, COMMON = 4_000, 50  # PostgreSQL: the newest letters that are looked through; with so many matches, no index
_FTS = table("letter_fts", column("rowid"))
# as its index has it, and of whatever stands for the table
_VECTOR: ColumnElement[Any] = literal_column("array_to_tsvector(string_to_array(letter_words.words, ' '))")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A page of what was found: conversations, the newest match first. next_cursor: where to look on."""

    conversations: list[int]
    next_cursor: str | None


async def add(conn: AsyncConnection, letter_id: int, letter: Letter, sent_at: float) -> None:
    """A letter can be found from now on."""
    people = [part for one in letter.people for part in (one.name, one.address)]
    words = words_of((letter.subject, *people, *(one.name for one in letter.files), letter.text))
    await put(conn, letter_id, words, sent_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wordless:
    """A letter that cannot be found yet. said: all that it is to be found by."""

    id: int
    sent_at: float
    said: tuple[str, ...]

    @property
    def words(self) -> str:
        """The words that lead to it; making them takes a while."""
        return words_of(self.said)


async def wordless(conn: AsyncConnection, after: int, limit: int) -> list[Wordless]:
    """Letters without words, by rising id."""
    columns = (letters.c.id, letters.c.sent_at, letters.c.subject, letter_bodies.c.text)
    joined = letters.outerjoin(letter_bodies, letter_bodies.c.letter_id == letters.c.id)
    missing = ~exists().where(letter_words.c.letter_id == letters.c.id)
    asked = select(*columns).select_from(joined).where(letters.c.id > after, missing)
    rows = (await conn.execute(asked.order_by(letters.c.id).limit(limit))).all()
    ids = [row.id for row in rows]
    named: dict[int, list[str]] = {one: [] for one in ids}
    people = select(letter_people).where(letter_people.c.letter_id.in_(ids))
    for one in await conn.execute(people.order_by(letter_people.c.letter_id, letter_people.c.position)):
        named[one.letter_id] += (one.name, one.address)
    for one in await conn.execute(select(letter_files).where(letter_files.c.letter_id.in_(ids))):
        named[one.letter_id].append(one.name)
    return [
        Wordless(id=row.id, sent_at=row.sent_at, said=(row.subject, *named[row.id], row.text or "")) for row in rows
    ]


async def fill(conn: AsyncConnection, one: Wordless, words: str) -> bool:
    """A letter can be found now, unless it is gone or somebody was faster."""
    there = select(letters.c.id).where(letters.c.id == one.id)
    missing = ~exists().where(letter_words.c.letter_id == letters.c.id)
    if (await conn.execute(there.where(missing))).first() is None:
        return False
    await put(conn, one.id, words, one.sent_at)
    return True


async def put(conn: AsyncConnection, letter_id: int, words: str, sent_at: float) -> None:
    """These words lead to a letter."""
    await conn.execute(delete(letter_words).where(letter_words.c.letter_id == letter_id))
    key = key_of(letter_id, sent_at)
    taken = select(letter_words.c.id).where(letter_words.c.id >= key).order_by(letter_words.c.id).limit(1)
    while (await conn.execute(taken)).scalar() == key:
        key += 1
        taken = select(letter_words.c.id).where(letter_words.c.id >= key).order_by(letter_words.c.id).limit(1)
    await conn.execute(insert(letter_words).values(id=key, letter_id=letter_id, words=words))


def key_of(letter_id: int, sent_at: float) -> int:
    """The key of a letter's words: it rises with time."""
    return (max(int(sent_at) - SINCE, 0) // 60 << MINUTE_BITS) | (letter_id & ((1 << MINUTE_BITS) - 1))


async def find(
    conn: AsyncConnection,
    person: Person,
    q: str,
    *,
    mailbox_ids: Collection[int] = (),
    limit: int = 50,
    cursor: str | None = None,
) -> Found:
    """Conversations with letters that the person may see, by words. mailbox_ids: only of these. Raises Refused."""
    words = asked(q, hides=sight_of(conn).hides)
    if not words:
        return Found(conversations=[], next_cursor=None)
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**62
    mine = list((await conn.execute(select(mailboxes.c.id).where(letter_access.boxes_of(person)))).scalars())
    chosen: dict[int, None] = {}
    began, looked_at = monotonic(), 0
    while not looked_at or (looked_at < LOOKED_AT and monotonic() - began < AGAIN_S):
        keys, reached = await _matches(conn, words, before)
        looked_at += max(len(keys), 1)
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            for key, conversation in await _seen(conn, person, some, mine, mailbox_ids):
                if conversation not in chosen and len(chosen) == limit:
                    return Found(conversations=list(chosen), next_cursor=write_cursor(before))
                chosen[conversation] = None
                before = key
            before = some[-1]
            if monotonic() - began > LOOKING_S and before != keys[-1]:
                return Found(conversations=list(chosen), next_cursor=write_cursor(before))
        if reached is None:
            return Found(conversations=list(chosen), next_cursor=None)
        before = reached
    return Found(conversations=list(chosen), next_cursor=write_cursor(before))


async def _matches(conn: AsyncConnection, words: Sequence[Asked], before: int) -> tuple[list[int], int | None]:
    """Keys with all of the words, the newest first, and how far down was looked; None: there are no more."""
    if conn.dialect.name != "sqlite":
        return await _in_newest(conn, words, before) or await _in_index(conn, words, before)
    keys = await _in_fts(conn, [replace(one, begins="") for one in words], before)
    if len(keys) < LOOKED_AT and words[-1].begins:  # of a word that many letters hold no other beginnings are asked
        keys = await _in_fts(conn, words, before)
    return keys, _end_of(keys)


async def _in_fts(conn: AsyncConnection, words: Sequence[Asked], before: int) -> list[int]:
    wanted = " AND ".join(f'("{one.stem}"' + (f' OR "{one.begins}" *)' if one.begins else ")") for one in words)
    match = literal_column("letter_fts").op("MATCH")(wanted)
    keys = select(_FTS.c.rowid).where(match, _FTS.c.rowid < before).order_by(_FTS.c.rowid.desc())
    return list((await conn.execute(keys.limit(LOOKED_AT))).scalars())


async def _in_newest(conn: AsyncConnection, words: Sequence[Asked], before: int) -> tuple[list[int], int | None] | None:
    """Of the newest letters; None where few of them have the words, and there are older ones."""
    newest = select(letter_words).where(letter_words.c.id < before).order_by(letter_words.c.id.desc()).limit(WINDOW)
    some = newest.subquery("letter_words")
    hits = func.array_agg(some.c.id).filter(_fits(words))
    keys, last, count = (await conn.execute(select(hits, func.min(some.c.id), func.count()))).one()
    keys = sorted(keys or (), reverse=True)
    if count < WINDOW:
        return keys, None
    return (keys, last) if len(keys) >= COMMON else None


async def _in_index(conn: AsyncConnection, words: Sequence[Asked], before: int) -> tuple[list[int], int | None]:
    """By the index, whatever the planner expects of the words."""
    hits = select(letter_words.c.id).where(_fits(words)).cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
    asked_for = select(hits.c.id).where(hits.c.id < before).order_by(hits.c.id.desc()).limit(LOOKED_AT)
    keys = list((await conn.execute(asked_for)).scalars())
    return keys, _end_of(keys)


def _fits(words: Sequence[Asked]) -> ColumnElement[bool]:
    wanted = " & ".join(f"('{one.stem}'" + (f" | '{one.begins}':*)" if one.begins else ")") for one in words)
    asked_for = text("CAST(:asked AS tsquery)").bindparams(bindparam("asked", wanted))
    return _VECTOR.bool_op("@@")(asked_for)


def _end_of(keys: Sequence[int]) -> int | None:
    return keys[-1] if len(keys) == LOOKED_AT else None


async def _seen(
    conn: AsyncConnection, person: Person, keys: Sequence[int], mine: Collection[int], only: Collection[int]
) -> list[tuple[int, int]]:
    """Of these, the keys and conversations of letters that the person may see. mine: his mailboxes, which are asked
    first: whoever works with letters sees nearly all that he finds there."""
    lies = letter_places.c
    rows = select(letter_words.c.id, letters.c.conversation_id)
    rows = rows.join_from(letter_words, letters, letters.c.id == letter_words.c.letter_id)
    rows = rows.where(letter_words.c.id.in_(keys), letters.c.conversation_id.is_not(None))
    here = exists().where(lies.letter_id == letters.c.id, lies.mailbox_id.in_(only or mine))
    if only:
        seen = here & letter_access.visible(person)
    else:
        elsewhere = letters.c.client_id.is_not(None) | (letters.c.user_id == person.id)
        seen = here | (elsewhere & letter_access.visible(person))
    found = await conn.execute(rows.where(seen).order_by(letter_words.c.id.desc()))
    return [(row.id, row.conversation_id) for row in found]
