"""Conversations as people handle them: who has one, in what state it is, whose it is, what is one and what is two.

Whoever works in one of its mailboxes may handle it. A hand's word stands: what somebody split is not joined by itself,
a client that somebody named stays. Who writes an answer holds the conversation for a moment, so that nobody else does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

from cti.access import Person, may
from cti.clients.card import ClientDraft
from cti.clients.changes import as_fields, draft_of
from cti.errors import NotAllowed, Refused
from cti.storage import belonging as owners
from cti.storage import clients, conversations, letter_reading, mail_people, regrouping
from cti.storage import users as people
from cti.storage.conversations import Standing
from cti.storage.database import Database
from cti.storage.desktop_events import Connection

State = Literal["new", "work", "waiting", "done"]
ANSWERING_S = 120.0  # a hold that nobody renews ends
AT_ONCE = 200
ADDRESSES_MOST = 20  # of one card
Save = Callable[[Person, int, ClientDraft, int], Awaitable[Any]]


class Conversations:
    """changed: told of mailboxes whose lists are otherwise now; save: writes a client's card."""

    def __init__(
        self, *, db: Database, changed: Callable[[Iterable[int]], None], save: Save, clock: Callable[[], float]
    ) -> None:
        self._db = db
        self._changed = changed
        self._save = save
        self._clock = clock

    async def set_state(self, person: Person, ids: Sequence[int], state: State) -> dict[int, str]:
        """Let conversations stand so; returns how they stood before. Done: nothing waits in them any more."""
        return await self._each(person, ids, lambda conn, one: self._state(conn, one, state))

    async def _state(self, conn: Connection, one: Standing, state: State) -> str:
        values: dict[str, Any] = {"state": state, "state_at": self._clock()}
        if state == "done":
            values |= {"asked_at": None, "due_at": None, "answering_id": None, "answering_until": None}
        elif one.state == "done" and state in ("new", "work"):  # opened again: what nobody answered waits again
            values["asked_at"] = await conversations.asked_after(
                conn, one.id, await conversations.answered_at(conn, one.id)
            )
        await conversations.change(conn, one.id, **values)
        return one.state

    async def assign(self, person: Person, ids: Sequence[int], user_id: int | None) -> dict[int, str]:
        """Give conversations to somebody who may see their letters, or to nobody."""
        async with self._db.read() as conn:
            to = await people.by_id(conn, user_id) if user_id is not None else None
        if user_id is not None and (to is None or to.blocked_at is not None):
            raise Refused("no-person", "There is no such person.")
        why = conversations.why("by-hand", {"name": person.name})

        async def give(conn: Connection, one: Standing) -> str:
            if to is not None and not await letter_reading.handles(conn, to.person, one.id):
                raise NotAllowed(f"{to.name} does not belong to this mailbox.")
            state = "work" if one.state == "new" and user_id == person.id else one.state
            await conversations.change(conn, one.id, owner_id=user_id, owner_why=why, state=state)
            return one.state

        return await self._each(person, ids, give)

    async def answering(self, person: Person, conversation_id: int, *, ends: bool = False) -> None:
        """The person writes an answer, or does no more. Raises Refused where a colleague does."""
        now = self._clock()

        async def hold(conn: Connection, one: Standing) -> str:
            free = one.answering_id in (None, person.id) or (one.answering_until or 0.0) <= now
            if not free:
                if ends:
                    return one.state
                name = await mail_people.name_of(conn, one.answering_id)
                raise Refused("answering", f"{name} is writing an answer.")
            who, until = (None, None) if ends else (person.id, now + ANSWERING_S)
            await conversations.change(conn, one.id, answering_id=who, answering_until=until)
            return one.state

        await self._each(person, [conversation_id], hold)

    async def split(self, person: Person, conversation_id: int, letter_ids: Collection[int]) -> int:
        """Some letters make a conversation of their own; returns its id."""
        async with self._db.write() as conn:
            one = await _seen(conn, person, conversation_id)
            made = await regrouping.split(conn, one.id, letter_ids, self._clock(), person.name)
            if made is None:
                raise Refused("nothing-to-split", "Choose some letters of the conversation, and not all of them.")
            touched = await conversations.mailboxes_of(conn, one.id)
        self._changed(touched)
        return made

    async def merge(self, person: Person, conversation_id: int, other_ids: Sequence[int]) -> int:
        """Make one conversation of several; returns its id."""
        async with self._db.write() as conn:
            one = await _seen(conn, person, conversation_id)
            others = {(await _seen(conn, person, id_)).id for id_ in other_ids[:AT_ONCE]} - {one.id}
            if not others:
                raise Refused("nothing-to-merge", "Choose another conversation.")
            await regrouping.merge(conn, one.id, others)
            touched = await conversations.mailboxes_of(conn, one.id)
        self._changed(touched)
        return one.id

    async def give_client(self, person: Person, conversation_id: int, client_id: int, address: str = "") -> None:
        """The conversation is this client's. address: put on his card too, and known from now on."""
        if address:
            await self._put_on_card(person, client_id, address)
        async with self._db.write() as conn:
            one = await _seen(conn, person, conversation_id)
            if not await owners.names_of(conn, [client_id]):
                raise Refused("no-client", "There is no such client.")
            by_hand = conversations.why("by-hand", {"name": person.name})
            await conversations.change(conn, one.id, client_id=client_id, contact_id=None)
            mine = await letter_reading.ids_of(conn, one.id)
            await regrouping.give_client(conn, client_id, None, by_hand, letter_ids=mine)
            if address:
                told = conversations.why("address", {"address": address})
                strange = await regrouping.of_nobody(conn, address)
                await regrouping.give_client(conn, client_id, None, told, letter_ids=strange)
            touched = await conversations.mailboxes_of(conn, one.id)
        self._changed(touched)

    async def _put_on_card(self, person: Person, client_id: int, address: str) -> None:
        if not may(person, "clients.write"):
            raise NotAllowed("Your role may not change clients; ask an admin.")
        async with self._db.read() as conn:
            card = await clients.get(conn, client_id)
        if card is None:
            raise Refused("no-client", "There is no such client.")
        if address in {one.casefold() for one in card.emails} or len(card.emails) >= ADDRESSES_MOST:
            return
        draft = draft_of(as_fields(card))
        await self._save(person, client_id, replace(draft, emails=(*draft.emails, address)), card.version)

    async def _each(
        self, person: Person, ids: Sequence[int], act: Callable[[Connection, Standing], Awaitable[str]]
    ) -> dict[int, str]:
        """Do it with each, all or none; what each act gives, by id."""
        touched: set[int] = set()
        done: dict[int, str] = {}
        async with self._db.write() as conn:
            for conversation_id in ids[:AT_ONCE]:
                one = await _seen(conn, person, conversation_id)
                done[one.id] = await act(conn, one)
                touched.update(await conversations.mailboxes_of(conn, one.id))
        self._changed(touched)
        return done


async def _seen(conn: Connection, person: Person, conversation_id: int) -> Standing:
    """A conversation that the person may handle, held for this transaction. Raises Refused."""
    one = await conversations.standing(conn, conversation_id, hold=True) if 0 < conversation_id < 2**31 else None
    if one is None or not await letter_reading.handles(conn, person, one.id):
        raise Refused("no-conversation", "There is no such conversation.")
    return one
