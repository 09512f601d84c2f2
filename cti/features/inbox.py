"""Letters that came: whose they are, of which conversation, who answers them and until when; and who is told of it.

Rules kept here: each letter is seen to once, whatever stops the server, and told again it changes nothing. An answer of
the client opens its conversation again, ours lets it wait for him. Nobody is called for history; of that, what is
unread and young is work, all else is done. Automatic letters ask nothing of anybody.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from cti.desktop import AgentDesktop, Notice, WorkView
from cti.errors import StorageError
from cti.messages.assigning import Box, give
from cti.messages.belonging import Belongs, Owner, decide, domain_of
from cti.messages.hours import Hours, due, own
from cti.storage import belonging as owners
from cti.storage import conversations, desktop_events, mail_people, purposes, regrouping, users
from cti.storage.conversations import NewLetter, Standing
from cti.storage.database import Database
from cti.storage.desktop_events import Connection

AT_ONCE = 5  # letters, before other writers have their turn: some 40 ms
YOUNG_S = 14 * 86400.0  # unread letters of history that are still work
TICK_S = 0.5
QUIET_S = 15.0  # so often counts are gathered where nothing was heard of a change

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    """What some letters are seen to with."""

    boxes: Mapping[int, Box]
    by_address: Mapping[str, Sequence[Owner]]
    by_domain: Mapping[str, Sequence[Owner]]
    history: bool


class Inbox:
    """online: ids of people who have a page open; next_seq: of what a person must not miss."""

    def __init__(
        self,
        *,
        db: Database,
        desktop: AgentDesktop,
        next_seq: Callable[[int], int],
        online: Callable[[], tuple[int, ...]],
        hours: Hours,
        work_changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._desktop = desktop
        self._next_seq = next_seq
        self._online = online
        self.hours = hours
        self.came: Callable[[], None] = lambda: None  # set by who tells authors of what came back
        self._work_changed = work_changed
        self._clock = clock
        self._one = asyncio.Lock()  # two letters of one conversation must not make two
        self._marks: Counter[int] = Counter()  # by mailbox: another number where its list is not the same any more
        self._stale = True
        self._views: dict[int, WorkView] = {}

    def of(self, user_id: int) -> WorkView:
        """How much one person has to answer."""
        return self._views.get(user_id, WorkView())

    def changed(self, mailbox_ids: Iterable[int]) -> None:
        """Something of these mailboxes' lists is otherwise now."""
        self._marks.update(mailbox_ids)
        self._stale = True
        self._work_changed()

    async def arrived(self, letter_ids: Sequence[int], *, history: bool) -> None:
        """Letters that are stored now. Raises StorageError: told again, it goes on."""
        for start in range(0, len(letter_ids), AT_ONCE):
            some, told = letter_ids[start : start + AT_ONCE], list[tuple[int, Notice]]()
            async with self._one, self._db.write() as conn:
                touched = await self._see_to(conn, some, told, history=history)
                await desktop_events.append(conn, [desktop_events.of_notice(*one) for one in told])
            for user_id, notice in told:
                await self._desktop.message(user_id, notice)
            self.changed(touched)
            if not history:
                self.came()  # among them may be one that came back
            await asyncio.sleep(0)

    async def run(self) -> None:
        """See to letters a crash left behind, then tell people how much waits, until cancelled."""
        await self.catch_up()
        while True:
            try:
                await self._tell()
            except StorageError as error:
                self._stale = True
                log.warning("letters cannot be counted now", reason=str(error))
            await asyncio.sleep(TICK_S)

    async def catch_up(self) -> None:
        """See to all letters that nobody has seen to; tries again until the database takes them."""
        after = 0
        while True:
            try:
                async with self._db.read() as conn:
                    left = await conversations.waiting(conn, after=after)
                await self.arrived(left, history=True)
            except StorageError as error:
                log.warning("letters cannot be seen to now", reason=str(error))
                await asyncio.sleep(QUIET_S)
                continue
            if not left:
                return
            after = left[-1]

    # Whose, where, who -----------------------------------------------------------------------------------------------
    async def _see_to(
        self, conn: Connection, ids: Sequence[int], told: list[tuple[int, Notice]], *, history: bool
    ) -> set[int]:
        ours = await conversations.own_addresses(conn)
        found = await conversations.new_letters(conn, ids, ours)
        facts = await _facts(conn, found, history=history)
        touched: set[int] = set()
        for letter in found:
            if letter.conversation_id is not None:
                await conversations.list_in(conn, letter.conversation_id, letter.mailboxes)
                touched.update(letter.mailboxes)
            else:
                touched.update(await self._take(conn, letter, facts, told))
        return touched

    async def _take(
        self, conn: Connection, letter: NewLetter, facts: _Facts, told: list[tuple[int, Notice]]
    ) -> tuple[int, ...]:
        placed = await conversations.find_place(conn, letter)
        if placed.into is None:
            into = await conversations.begin(conn, letter, next(iter(letter.mailboxes), None))
        else:
            into = placed.into
            if placed.also:
                await regrouping.merge(conn, into, placed.also)
        before = await conversations.standing(conn, into)
        if before is None:
            return ()
        so_far = await owners.client_of(conn, before.client_id)
        whose = decide(letter.others, by_address=facts.by_address, by_domain=facts.by_domain, conversation=so_far)
        await conversations.put(conn, letter, into, placed, whose)
        await conversations.list_in(conn, into, letter.mailboxes)
        values = await self._changes(conn, letter, before, facts, is_new=placed.into is None)
        if before.client_id is None and whose.client_id is not None:
            values |= {"client_id": whose.client_id, "contact_id": whose.contact_id}
            await regrouping.adopt(conn, into, whose.client_id, await _named(conn, whose))
        values |= await self._owner(conn, letter, before, values, facts)
        await conversations.change(conn, into, **values)
        await conversations.grown(conn, into)
        owner = values.get("owner_id", before.owner_id)
        if letter.asks and owner is not None and not facts.history and values.get("asked_at", before.asked_at):
            told.append((owner, self._notice(owner, letter, into)))
        if letter.direction == "in" and not facts.history:
            await purposes.stops(conn, letter.id, self._clock())
        return await conversations.mailboxes_of(conn, into)

    async def _changes(
        self, conn: Connection, letter: NewLetter, before: Standing, facts: _Facts, *, is_new: bool
    ) -> dict[str, Any]:
        """What a letter changes of its conversation: state, and until when it is to be answered."""
        values: dict[str, Any] = {}
        if letter.at > before.last_at:
            values["last_at"] = letter.at
        if not letter.counts:
            return values
        now = self._clock()
        if letter.direction == "out" and not letter.automatic:
            asked = await conversations.asked_after(conn, before.id, letter.at)
            state = before.state if asked is not None else "waiting"
            if facts.history:
                state = before.state if asked is not None else "done"
            return values | self._asked(asked, state, before, facts, now)
        if not letter.asks:
            return values | ({"state": "new", "state_at": now} if is_new and not facts.history else {})
        if letter.at <= await conversations.answered_at(conn, before.id):
            return values
        if facts.history and not (letter.unread and letter.at > now - YOUNG_S):
            return values
        asked = before.asked_at if before.asked_at is not None else letter.at
        opens = before.state in ("done", "waiting")
        state = ("work" if before.owner_id is not None and not is_new else "new") if opens else before.state
        return values | self._asked(min(asked, letter.at), state, before, facts, now)

    def _asked(self, asked: float | None, state: str, before: Standing, facts: _Facts, now: float) -> dict[str, Any]:
        box = facts.boxes.get(before.mailbox_id or 0)
        target = box.target_s if box is not None and asked is not None else None
        due_at = due(asked, target, self.hours_of(box)) if box and asked is not None and target is not None else None
        values: dict[str, Any] = {"asked_at": asked, "due_at": due_at, "state": state}
        return values | ({"state_at": now} if state != before.state else {})

    def hours_of(self, box: Box) -> Hours:
        """When a mailbox is answered: its own hours on its own clock, where it says them, else those of the house."""
        return own(self.hours, hours=box.hours, weekdays=box.weekdays, zone=box.time_zone)

    async def _owner(
        self, conn: Connection, letter: NewLetter, before: Standing, values: Mapping[str, Any], facts: _Facts
    ) -> dict[str, Any]:
        """Who has it, where nobody has yet."""
        if before.owner_id is not None:
            return {}
        if letter.direction == "out" and letter.user_id is not None:
            return {"owner_id": letter.user_id, "owner_why": conversations.why("answered")}
        if values.get("state", before.state) != "new" or facts.history or not letter.asks:
            return {}
        box = next((facts.boxes[one] for one in letter.mailboxes if one in facts.boxes), None)
        if box is None:
            return {}
        client_id = values.get("client_id", before.client_id)
        manager = await mail_people.responsible(conn, client_id)
        loads = await mail_people.loads(conn, box.people)
        given = give(box, responsible=manager, here=self._online(), loads=loads)
        if given.user_id is None:
            return {}
        count = str(loads.get(given.user_id, 0))
        return {"owner_id": given.user_id, "owner_why": conversations.why(given.code, {"count": count})}

    def _notice(self, user_id: int, letter: NewLetter, conversation_id: int) -> Notice:
        told = {"name": letter.sender_name or letter.sender, "subject": letter.subject}
        seq, href = self._next_seq(user_id), f"/mail?c={conversation_id}"
        return Notice(
            seq=seq, code="letter" if letter.subject else "letter-bare", args=told, href=href, at=self._clock()
        )

    # Who is told -----------------------------------------------------------------------------------------------------
    async def _tell(self) -> None:
        people = self._online()
        if not people or not (self._stale or any(one not in self._views for one in people)):
            return
        self._stale = False
        async with self._db.read() as conn:
            boxes = list((await mail_people.boxes(conn)).values())
            waits = await mail_people.unanswered(conn, people)
            persons = {one.id: one.person for one in await users.every(conn)}
        views = {}
        for user_id in people:
            if (person := persons.get(user_id)) is None:
                continue
            mine = [one.id for one in mail_people.seen_by(person, boxes)]
            own = [one.id for one in boxes if one.id in mine and (person.id in one.people or one.owner_id == person.id)]
            count = waits.of_people.get(user_id, 0) + sum(waits.of_boxes.get(one, 0) for one in own)
            views[user_id] = WorkView(count=count, mark=str(sum(self._marks[one] for one in mine)))
        before, self._views = self._views, views
        for user_id, view in views.items():
            if before.get(user_id) != view:
                await self._desktop.mail(user_id, view)


async def _facts(conn: Connection, found: Collection[NewLetter], *, history: bool) -> _Facts:
    """What is known of the addresses in these letters."""
    new = [letter for letter in found if letter.conversation_id is None]
    by_address = await owners.owners_of(conn, (one for letter in new for one in letter.others))
    strange = (one for letter in new for one in letter.others if one not in by_address)
    domains = {domain for one in strange if (domain := domain_of(one))}
    by_domain = {domain: await owners.companies_at(conn, domain) for domain in sorted(domains)}
    return _Facts(boxes=await mail_people.boxes(conn), by_address=by_address, by_domain=by_domain, history=history)


async def _named(conn: Connection, whose: Belongs) -> str:
    names = await owners.names_of(conn, [whose.client_id] if whose.client_id is not None else [])
    return next(iter(names.values()), "")
