"""Letters become conversations in the base as the rules say, in any order of arrival, on both engines."""

from __future__ import annotations

import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from cti.access import Person
from cti.clients.card import ClientDraft
from cti.desktop import Notice, WorkView
from cti.errors import Refused
from cti.features.client_base import ClientBase
from cti.features.conversations import Conversations
from cti.features.inbox import Inbox
from cti.messages.hours import Hours
from cti.storage import clients, conversation_lists, conversations, letter_reading
from cti.storage.conversation_lists import Listed
from cti.storage.database import Database
from cti.storage.mail_tables import conversations as table
from cti.storage.mail_tables import letters
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA, BORIS, CLARA
from tests.storage.letters import ANNAS, SALES, Post, add_mailbox

PEOPLE = {
    ANNA: Person(id=ANNA, login="anna", name="Anna", role="agent"),
    BORIS: Person(id=BORIS, login="boris", name="Boris", role="agent"),
    CLARA: Person(id=CLARA, login="clara", name="Clara", role="agent"),
}
NOW = 1_700_100_000.0


class Screens:
    """A desktop that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, Notice]] = []

    async def message(self, agent_id: int, notice: Notice) -> None:
        self.told.append((agent_id, notice))

    async def mail(self, agent_id: int, view: WorkView) -> None: ...


class Office:
    """The inbox over a database: sales@ of Anna and Boris, and Anna's own."""

    def __init__(self, db: Database, here: tuple[int, ...] = (ANNA, BORIS)) -> None:
        self.db, self.here, self.now = db, here, NOW
        self.screens, self.seq = Screens(), 0
        self.inbox = Inbox(
            db=db,
            desktop=self.screens,  # type: ignore[arg-type]
            next_seq=self._next,
            online=lambda: self.here,
            hours=Hours(zone=ZoneInfo("Europe/Moscow")),
            work_changed=lambda: None,
            clock=lambda: self.now,
        )
        base = ClientBase(db=db, plan=NumberPlan(), clock=lambda: self.now)
        self.hands = Conversations(db=db, changed=self.inbox.changed, save=base.change, clock=lambda: self.now)

    def _next(self, _user: int) -> int:
        self.seq += 1
        return self.seq

    async def open(self) -> Office:
        box, folders = await add_mailbox(self.db, SALES, people=(ANNA, BORIS), target_s=4 * 3600)
        self.post = Post(db=self.db, mailbox_id=box, folders=folders)
        box, folders = await add_mailbox(self.db, ANNAS, owner_id=ANNA)
        self.annas = Post(db=self.db, mailbox_id=box, folders=folders)
        return self

    async def came(self, *ids: int, history: bool = False) -> None:
        await self.inbox.arrived(ids, history=history)

    async def row(self, letter_id: int) -> Any:
        async with self.db.read() as conn:
            mine = select(table).join(letters, letters.c.conversation_id == table.c.id).where(letters.c.id == letter_id)
            return (await conn.execute(mine)).one()

    async def list(self, *mailbox_ids: int, **how: Any) -> list[Listed]:
        async with self.db.read() as conn:
            return (await conversation_lists.listed(conn, mailbox_ids, now=self.now, **how)).rows

    async def client(self, name: str, *emails: str, responsible: int | None = None) -> int:
        async with self.db.write() as conn:
            return await clients.insert(conn, ClientDraft(name=name, emails=emails, responsible_id=responsible), 0.0)


async def test_a_letter_of_a_client_is_his_and_its_answer_stays_in_the_conversation(db: Database) -> None:
    office = await Office(db).open()
    romashka = await office.client("Romashka", "hello@romashka.example")
    first = await office.post.bring("a@x", sender="hello@romashka.example")
    ours = await office.post.bring("b@house", sender=SALES, to=["hello@romashka.example"], parents=["a@x"], role="sent")
    other = await office.post.bring("c@x", sender="boss@romashka.example", subject="Другое")
    await office.came(first)
    row = await office.row(first)
    assert (row.state, row.client_id, row.owner_id) == ("new", romashka, ANNA)
    assert row.asked_at == row.last_at
    assert row.due_at > row.asked_at
    assert [(user, notice.code) for user, notice in office.screens.told] == [(ANNA, "letter")]
    await office.came(ours, other)
    row = await office.row(ours)
    assert (row.state, row.letters, row.asked_at, row.due_at) == ("waiting", 2, None, None)
    async with db.read() as conn:
        read = await letter_reading.of_conversation(conn, PEOPLE[ANNA], row.id)
        assert not await letter_reading.handles(conn, PEOPLE[CLARA], row.id)
    assert [(one.id, one.why.code, one.client_why.code) for one in read] == [
        (first, "new", "address"),
        (ours, "reply", "address"),
    ]
    assert (await office.row(other)).client_id == romashka  # by the company's domain


async def test_any_order_of_arrival_makes_the_same_conversations(db: Database) -> None:
    office = await Office(db).open()
    heads: list[tuple[str, list[str], str]] = [
        ("a", [], "Счёт"), ("b", ["a"], "Re: Счёт"), ("c", ["a", "b"], "Re: Счёт"), ("d", ["never"], "Договор"),
        ("e", ["never"], "Re: Договор"), ("f", [], "Счёт"), ("g", [], "Прайс"),
    ]  # fmt: skip
    ids = [await office.post.bring(name, parents=parents, subject=subject) for name, parents, subject in heads]
    ids += [await office.post.bring(name, subject=name, outlook="0a" * 22) for name in ("h", "i")]
    random.Random(7).shuffle(ids)
    for one in ids:
        await office.came(one, history=True)
    groups: dict[int, set[str]] = {}
    async with db.read() as conn:
        for row in await conn.execute(select(letters.c.message_id, letters.c.conversation_id)):
            groups.setdefault(row.conversation_id, set()).add(row.message_id)
    assert {frozenset(one) for one in groups.values()} == {
        frozenset("abcf"),
        frozenset("de"),
        frozenset("g"),
        frozenset("hi"),
    }
    listed = await office.list(office.post.mailbox_id)
    assert sorted(one.letters for one in listed) == [1, 2, 2, 4]


async def test_told_again_after_a_crash_nothing_is_done_twice(db: Database) -> None:
    office = await Office(db).open()
    first = await office.post.bring("a@x")
    await office.came(first)
    before = await office.row(first)
    await office.came(first)
    assert await office.row(first) == before
    assert len(office.screens.told) == 1


async def test_a_letter_in_two_mailboxes_is_one_in_both_lists(db: Database) -> None:
    office = await Office(db).open()
    first = await office.post.bring("a@x", to=[SALES, ANNAS])
    assert await office.annas.bring("a@x", to=[SALES, ANNAS], at=office.post.at) == first
    await office.came(first)
    both = await office.list(office.post.mailbox_id, office.annas.mailbox_id)
    assert [(one.id, one.unread) for one in both] == [((await office.row(first)).id, 1)]
    assert [one.id for one in await office.list(office.annas.mailbox_id)] == [both[0].id]


async def test_the_manager_gets_it_else_who_is_there_with_the_least(db: Database) -> None:
    office = await Office(db).open()
    await office.client("Pyotr", "pyotr@mail.example", responsible=BORIS)
    await office.client("Other", "other@mail.example", responsible=CLARA)  # she is not of this mailbox
    first = await office.post.bring("a@x")
    second = await office.post.bring("b@x", sender="other@mail.example")
    third = await office.post.bring("c@x", sender="who@mail.example")
    robot = await office.post.bring("d@x", sender="robot@mail.example", automatic="list")
    await office.came(first, second, third, robot)
    rows = [await office.row(one) for one in (first, second, third, robot)]
    assert [row.owner_id for row in rows] == [BORIS, ANNA, ANNA, None]
    assert letter_reading.told(rows[0].owner_why).code == "responsible"
    assert letter_reading.told(rows[1].owner_why).code == "least-loaded"
    assert rows[3].asked_at is None


async def test_history_calls_nobody_and_only_what_is_unread_and_young_is_work(db: Database) -> None:
    office = await Office(db).open()
    young = await office.post.bring("a@x")
    read = await office.post.bring("b@x", subject="Прочтено", seen=True)
    old = await office.post.bring("c@x", subject="Старое", at=NOW - 40 * 86400)
    junk = await office.post.bring("d@x", subject="Спам", role="junk")
    await office.came(young, read, old, junk, history=True)
    assert [(await office.row(one)).state for one in (young, read, old, junk)] == ["new", "done", "done", "done"]
    assert office.screens.told == []
    assert len(await office.list(office.post.mailbox_id)) == 3  # junk stands in no list
    assert [one.state for one in await office.list(office.post.mailbox_id, states=("new",))] == ["new"]


async def test_an_answer_of_the_client_opens_what_was_done(db: Database) -> None:
    office = await Office(db).open()
    first = await office.post.bring("a@x")
    await office.came(first)
    row = await office.row(first)
    assert await office.hands.set_state(PEOPLE[ANNA], [row.id], "done") == {row.id: "new"}
    assert (await office.row(first)).asked_at is None
    again = await office.post.bring("b@x", parents=["a@x"])
    await office.came(again)
    row = await office.row(first)
    assert (row.state, row.owner_id, row.asked_at) == ("work", ANNA, office.post.at)


async def test_what_a_hand_splits_and_merges_stays_so(db: Database) -> None:
    office = await Office(db).open()
    first, second = await office.post.bring("a@x"), await office.post.bring("b@x", parents=["a@x"])
    await office.came(first, second)
    whole = (await office.row(first)).id
    apart = await office.hands.split(PEOPLE[ANNA], whole, [second])
    answer = await office.post.bring("c@x", parents=["a@x", "b@x"])
    await office.came(answer)
    assert [(await office.row(one)).id for one in (first, second, answer)] == [whole, apart, apart]
    assert await office.hands.merge(PEOPLE[BORIS], whole, [apart]) == whole
    later = await office.post.bring("d@x", parents=["b@x"])
    await office.came(later)
    row = await office.row(later)
    assert (row.id, row.letters) == (whole, 4)
    async with db.read() as conn:
        led = await conversations.standing(conn, apart)
    assert led is not None
    assert led.id == whole
    with pytest.raises(Refused):
        await office.hands.merge(PEOPLE[CLARA], whole, [apart])


async def test_who_writes_an_answer_holds_the_conversation_for_a_moment(db: Database) -> None:
    office = await Office(db).open()
    first = await office.post.bring("a@x")
    await office.came(first)
    row = await office.row(first)
    await office.hands.answering(PEOPLE[ANNA], row.id)
    with pytest.raises(Refused, match="Anna is writing"):
        await office.hands.answering(PEOPLE[BORIS], row.id)
    assert [one.answering for one in await office.list(office.post.mailbox_id)] == ["Anna"]
    office.now += 200
    await office.hands.answering(PEOPLE[BORIS], row.id)
    await office.hands.answering(PEOPLE[BORIS], row.id, ends=True)
    assert [one.answering for one in await office.list(office.post.mailbox_id)] == [""]


async def test_an_unknown_address_put_on_a_card_brings_all_its_letters(db: Database) -> None:
    office = await Office(db).open()
    romashka = await office.client("Romashka", "hello@romashka.example")
    first = await office.post.bring("a@x", sender="new@else.example")
    second = await office.post.bring("b@x", sender="new@else.example", subject="Прайс")
    await office.came(first, second)
    row = await office.row(first)
    assert row.client_id is None
    await office.hands.give_client(PEOPLE[ANNA], row.id, romashka, "new@else.example")
    assert [(await office.row(one)).client_id for one in (first, second)] == [romashka, romashka]
    third = await office.post.bring("c@x", sender="new@else.example", subject="Ещё")
    await office.came(third)
    assert (await office.row(third)).client_id == romashka


async def test_a_list_goes_on_where_its_page_ended(db: Database) -> None:
    office = await Office(db).open()
    ids = [await office.post.bring(f"m{n}@x", subject=f"Тема {n}") for n in range(7)]
    await office.came(*ids, history=True)
    seen: list[str] = []
    cursor = None
    async with db.read() as conn:
        for _ in range(4):
            found = await conversation_lists.listed(
                conn, [office.post.mailbox_id, office.annas.mailbox_id], now=NOW, limit=3, cursor=cursor
            )
            seen += [one.subject for one in found.rows]
            cursor = found.next_cursor
            if cursor is None:
                break
    assert seen == [f"Тема {n}" for n in range(6, -1, -1)]
