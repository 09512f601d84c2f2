"""What clients asked by letter and SMS is what the messages say, whatever happens to them, on both engines."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.hours import Hours, due
from cti.reports import answers
from cti.reports.answers import Message, Question, messages_asked
from cti.storage import answer_figures, answer_lists
from cti.storage.answer_figures import BACK_S, Asked
from cti.storage.answer_tables import sms_asked
from cti.storage.database import Database
from cti.storage.mail_tables import conversations, letters, mailboxes
from cti.storage.sms_tables import sms
from tests.storage.conftest import ANNA, BORIS

RUNS = 300 if os.environ.get("SOAK") else 8
DAY = 86_400
SINCE = 1_790_000_000 // DAY * DAY
UNTIL, NOW = SINCE + 9 * DAY, SINCE + 10.0 * DAY
HOURS = Hours(zone=ZoneInfo("Europe/Berlin"), begins=time(9), ends=time(18))
TARGETS = {1: 7200, 2: None, 3: 60}
SMS_TARGET = 3600
TABLES = {"letters": letters, "sms": sms}
NAMES = {ANNA: "Anna", BORIS: "Boris", None: ""}
KINDS = ("all", "asked", "answered", "open", "adds", "first", "late", "in-time", "first-in-time")

moments = st.one_of(  # few of them, that some are the same; at both ends of what is looked at, too
    st.sampled_from((SINCE - BACK_S - 1, SINCE - BACK_S, SINCE - BACK_S + 1, SINCE - 1.0, float(SINCE), UNTIL - 0.5)),
    st.integers(0, 40).map(lambda sixths: SINCE + sixths * DAY / 6 + 0.125),
)
places, talks, people = st.integers(0, 30), st.sampled_from((1, 2, 3)), st.sampled_from((ANNA, BORIS, None))
ways, flags = st.sampled_from(("in", "out")), st.integers(0, 9).map(lambda one: one == 0)
CHANGES: tuple[st.SearchStrategy[tuple[str, Any]], ...] = (
    st.tuples(st.just("conversation_id"), st.one_of(st.none(), talks)),
    st.tuples(st.just("automatic"), st.sampled_from(("", "reply"))),
    st.tuples(st.just("received_at"), moments),
    st.tuples(st.just("sent_at"), moments),
    st.tuples(st.just("direction"), ways),
    st.tuples(st.just("user_id"), people),
)
SMS_CHANGES: tuple[st.SearchStrategy[tuple[str, Any]], ...] = (
    st.tuples(st.just("number"), st.sampled_from(("", "1", "2"))),
    st.tuples(st.just("automatic"), st.booleans()),
    st.tuples(st.just("campaign_id"), st.sampled_from((None, 1))),
    st.tuples(st.just("rule_id"), st.sampled_from((None, 1))),
    st.tuples(st.just("created_at"), moments),
    st.tuples(st.just("direction"), ways),
    st.tuples(st.just("sender"), st.sampled_from(("shop", "support"))),
    st.tuples(st.just("user_id"), people),
)
acts = st.one_of(
    st.tuples(st.just("letter"), talks, ways, moments, moments, people, flags),
    st.tuples(st.just("letter"), talks, ways, moments, moments, people, flags),
    st.tuples(st.just("sms"), st.sampled_from(("1", "2")), ways, moments, people, flags),
    st.tuples(st.just("sms"), st.sampled_from(("1", "2")), ways, moments, people, flags),
    st.tuples(st.just("change"), st.just("letters"), places, st.one_of(CHANGES)),
    st.tuples(st.just("change"), st.just("sms"), places, st.one_of(SMS_CHANGES)),
    st.tuples(st.just("remove"), st.sampled_from(("letters", "sms")), places),
    st.tuples(st.just("merge"), talks, talks),
    st.tuples(st.just("forget"), st.sampled_from(("1", "2"))),
    st.tuples(st.just("box"), talks, st.sampled_from((1, 2, 3, None))),
)


@settings(
    max_examples=RUNS,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(acts, min_size=10, max_size=60))
async def test_answers_are_what_the_messages_say(db: Database, script: list[Any]) -> None:
    async with db.write() as conn:
        await _anew(conn)
        for number, act in enumerate(script):
            await _do(conn, number, *act)
    asked = Asked(since=SINCE, until=UNTIL, house=HOURS, now=NOW, sms_target_s=SMS_TARGET)
    async with db.read() as conn:
        plain = sorted([*await _letters(conn), *await _sms(conn)], key=answers.newer, reverse=True)
        for kind in KINDS:
            wanted = [one for one in plain if _is(one, kind)]
            assert await answer_lists.behind(conn, asked, kind, by="box", row=None, start=0, limit=500) == (
                wanted, len(wanted),
            )  # fmt: skip
        for by in ("box", "user"):
            names = {getattr(one, by) for one in plain}
            own = {name: [one for one in plain if getattr(one, by) == name] for name in names}
            found, whole = await answer_figures.groups(conn, asked, by)
            assert (found, whole) == ({name: answers.sums(some) for name, some in own.items()}, answers.sums(plain))
            for name, some in own.items():
                page = await answer_lists.behind(conn, asked, "all", by=by, row=name, start=1, limit=2)
                assert page == (some[1:3], len(some))
        assert await answer_figures.came(conn, asked) == len(plain)


def _is(one: Question, kind: str) -> bool:
    named = {
        "all": True, "asked": not one.adds, "late": one.late is True, "in-time": one.late is False,
        "first": one.first and one.after_s is not None, "first-in-time": one.first and one.late is False,
    }  # fmt: skip
    return named.get(kind, one.end == kind)


async def _letters(conn: AsyncConnection) -> list[Question]:
    """By the definition, one conversation after another."""
    rows = (await conn.execute(select(letters).where(letters.c.automatic == ""))).all()
    found: list[Question] = []
    for talk in await conn.execute(select(conversations)):
        if talk.mailbox_id is None:
            continue
        some = [
            Message(
                id=row.id,
                at=row.sent_at if row.direction == "out" else row.received_at,
                ours=row.direction == "out",
                user=NAMES[row.user_id] if row.direction == "out" else "",
            )
            for row in rows
            if row.conversation_id == talk.id
        ]
        target = TARGETS[talk.mailbox_id]
        latest = (lambda _: None) if target is None else (lambda at, target=target: due(at, target, HOURS))
        found += messages_asked(_known(some), "email", f"Box {talk.mailbox_id}", latest, NOW)
    return [one for one in found if SINCE <= one.at < UNTIL]


async def _sms(conn: AsyncConnection) -> list[Question]:
    persons = [~sms.c.automatic, sms.c.campaign_id.is_(None), sms.c.rule_id.is_(None)]
    rows = {row.id: row for row in await conn.execute(select(sms).where(*persons))}
    found: list[Question] = []
    for number in {row.number for row in rows.values()}:
        some = [
            Message(
                id=row.id,
                at=row.created_at,
                ours=row.direction == "out",
                user=NAMES[row.user_id] if row.direction == "out" else "",
                client_id=row.client_id,
            )
            for row in rows.values()
            if row.number == number
        ]
        found += messages_asked(_known(some), "sms", "", lambda at: at + SMS_TARGET, NOW)
    return [replace(one, box=rows[one.id].sender) for one in found if SINCE <= one.at < UNTIL]


def _known(some: Iterable[Message]) -> list[Message]:
    return sorted((one for one in some if one.at >= SINCE - BACK_S), key=lambda one: (one.at, one.id))


async def _anew(conn: AsyncConnection) -> None:
    for table in ("letters", "sms", "conversations", "mailboxes"):
        await conn.execute(text(f"DELETE FROM {table}"))
    server = {"imap_host": "x", "imap_port": 1, "smtp_host": "x", "smtp_port": 1, "login": "x", "created_at": 0}
    boxes = [
        {"id": id_, "name": f"Box {id_}", "address": f"b{id_}@firm.example", "kind": "shared", "reply_target_s": target}
        for id_, target in TARGETS.items()
    ]
    await conn.execute(insert(mailboxes), [box | server for box in boxes])
    await conn.execute(
        insert(conversations), [{"id": id_, "mailbox_id": id_, "state_at": 0, "last_at": 0} for id_ in TARGETS]
    )


async def _do(conn: AsyncConnection, number: int, kind: str, *said: Any) -> None:
    match kind, said:
        case "letter", (talk, way, at, sent_at, user, automatic):
            row = {"message_id": f"m{number}", "sha256": f"{number}", "size": 1, "direction": way, "received_at": at}
            row |= {"sent_at": sent_at, "user_id": user, "automatic": "reply" if automatic else ""}
            id_ = (await conn.execute(insert(letters).values(row).returning(letters.c.id))).scalar_one()
            await conn.execute(update(letters).where(letters.c.id == id_).values(conversation_id=talk))
        case "sms", (theirs, way, at, user, automatic):
            row = {"key": f"{number}", "direction": way, "state": "received", "number": theirs, "text": "?"}
            row |= {"created_at": at, "user_id": user, "automatic": automatic, "sender": "shop"}
            await conn.execute(insert(sms).values(row))
        case "change", (name, place, (column, value)):
            table = TABLES[name]
            await conn.execute(update(table).where(table.c.id == await _at(conn, table, place)).values({column: value}))
        case "remove", (name, place):
            table = TABLES[name]
            await conn.execute(delete(table).where(table.c.id == await _at(conn, table, place)))
        case "merge", (talk, into):
            moved = update(letters).where(letters.c.conversation_id == talk)
            await conn.execute(moved.values(conversation_id=into))
        case "forget", (theirs,):
            await conn.execute(update(sms).where(sms.c.number == theirs).values(number="", text=""))
        case "box", (talk, box):
            await conn.execute(update(conversations).where(conversations.c.id == talk).values(mailbox_id=box))


async def _at(conn: AsyncConnection, table: Any, place: int) -> int | None:
    ids = (await conn.execute(select(table.c.id).order_by(table.c.id))).scalars().all()
    return ids[place % len(ids)] if ids else None


async def test_writers_of_one_conversation_see_what_the_other_wrote(db: Database) -> None:
    """With PostgreSQL two write at once: a question and its answer."""

    async def write(way: str) -> None:
        row = {"key": way, "direction": way, "state": "received", "number": "+79355550101", "text": "?"}
        async with db.write() as conn:
            await conn.execute(insert(sms).values(row | {"created_at": SINCE + (way == "out")}))
            if way == "in":
                other.append(asyncio.create_task(write("out")))
                async with asyncio.timeout(20):
                    while not (db.is_sqlite or other[0].done() or await _waits(db)):
                        continue

    other: list[asyncio.Task[None]] = []
    await write("in")
    await other[0]
    async with db.read() as conn:
        assert (await conn.execute(select(sms_asked.c.answered_at))).scalars().all() == [SINCE + 1]


async def _waits(db: Database) -> bool:
    async with db.read() as conn:
        return (await conn.execute(text("SELECT COUNT(*) FROM pg_locks WHERE NOT granted"))).scalar_one() > 0
