"""Questionnaires in calls: an admin makes one for a queue, the agent is led through it, each answer is kept at once.

An answer is always kept with the call. Where its question is bound to a property, it is said of the call's client too,
with its history, by the rights of who gives it; where it cannot be (no client, no right, a restriction), the call keeps
it all the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cti.access import Person, may
from cti.clients.masking import restored
from cti.clients.properties import Property, read_value
from cti.clients.scripts import Question, Script, asked, reads, said
from cti.errors import NotAllowed, Refused
from cti.storage import call_lists, calls, properties
from cti.storage import scripts as stored
from cti.storage.call_lists import Listing
from cti.storage.database import Database
from cti.storage.desktop_events import Connection


class Counted(Protocol):
    """How many cards were changed, how many refused it."""

    @property
    def refused(self) -> int: ...


ChangeClients = Callable[[Person, list[int], Mapping[str, object], str], Awaitable[Counted]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question as the agent sees it. now: it is to be asked. read: what reads its answer."""

    question: Question
    read: Property
    now: bool
    answer: str


class Scripts:
    """current: the id of a call whose consultation has joined it meanwhile; change: writes to cards, with history."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Callable[[], float],
        current: Callable[[str], str],
        change: ChangeClients,
    ) -> None:
        self._db = db
        self._clock = clock
        self._current = current
        self._change = change

    # Asking ----------------------------------------------------------------------------------------------------------
    async def of_call(self, person: Person, call_id: str) -> tuple[Script | None, list[Asked], Listing | None]:
        """The questionnaire of a call that the person had or may see, with what was answered; and its call list.

        Raises NotAllowed.
        """
        call_id = self._current(call_id)
        async with self._db.read() as conn:
            await _part(conn, person, call_id, read_only=True)
            script, questions = await self._state(conn, call_id)
            return script, questions, await call_lists.listing_of(conn, call_id)

    async def answer(self, person: Person, call_id: str, question_id: int, raw: object) -> tuple[list[Asked], bool]:
        """Keep an answer, None takes it back: the questions now, and whether the card has it. Raises Refused."""
        call_id = self._current(call_id)
        async with self._db.write() as conn:
            await _part(conn, person, call_id)
            script, before = await self._state(conn, call_id)
            one = next((one for one in before if one.question.id == question_id), None)
            if script is None or one is None:
                raise Refused("no-question", "This question is no longer asked.")
            raw = restored(raw, [one.answer])
            try:
                given = said(one.read, raw)
            except ValueError as error:
                raise Refused(f"bad-{one.read.kind}", f"{error}.", where=one.question.text) from None
            kept = {"kind": one.read.kind, "given": given}
            await stored.answer(conn, call_id, script.id, one.question, **kept, user_id=person.id, at=self._clock())
            _, now = await self._state(conn, call_id)
            row = await calls.get(conn, call_id)
        client_id = row.client_id if row else None
        written = bool(one.read.id and client_id) and await self._says(person, client_id or 0, one.read, raw)
        return now, written

    async def _state(self, conn: Connection, call_id: str) -> tuple[Script | None, list[Asked]]:
        row = await calls.get(conn, call_id)
        listed = await call_lists.listing_of(conn, call_id)
        script = await stored.get(conn, listed.script_id) if listed and listed.script_id else None
        script = script or await stored.of_queue(conn, (row.queue or "") if row else "")
        if script is None:
            return None, []
        known = {prop.id: prop for prop in await properties.every(conn)}
        answers = {one.question_id: one.answer for one in await stored.of_call(conn, call_id, script.id)}
        now = asked(script, answers, known)
        return script, [
            Asked(question=one, read=reads(one, known), now=one.id in now, answer=answers.get(one.id, ""))
            for one in script.questions
        ]

    async def _says(self, person: Person, client_id: int, prop: Property, raw: object) -> bool:
        """Say it of the client; False where that may not be."""
        try:
            fields = {f"property:{prop.id}": read_value(prop, raw)}
            return (await self._change(person, [client_id], fields, secrets.token_hex(8))).refused == 0
        except (NotAllowed, Refused):
            return False

    # Making ----------------------------------------------------------------------------------------------------------
    async def add(self, actor: Person, queue: str | None, name: str) -> int:
        """A questionnaire for a queue that has none, None: for call lists; its id. Raises Refused, NotAllowed."""
        _may_set(actor)
        if not name.strip():
            raise Refused("bad-question", "A questionnaire and each question need words.")
        async with self._db.write() as conn:
            made = await stored.add(conn, queue and queue[:80], name.strip()[:120])
            if made is None:
                raise Refused("script-exists", "This queue has its questionnaire.")
            return made

    async def keep(self, actor: Person, script: Script) -> None:
        """Its name and questions, for calls from now on. Raises Refused, NotAllowed."""
        _may_set(actor)
        fault = script.fault() or ("" if script.name else "bad-question")
        if fault:
            raise Refused(fault, "Something is wrong with the questions.")
        async with self._db.write() as conn:
            await stored.keep(conn, script)

    async def remove(self, actor: Person, script_id: int) -> None:
        """Ask nothing more in the queue. Raises NotAllowed."""
        _may_set(actor)
        async with self._db.write() as conn:
            await stored.remove(conn, script_id)


def _may_set(actor: Person) -> None:
    if not may(actor, "settings.manage"):
        raise NotAllowed("Your role may not change settings.")


async def _part(conn: Connection, person: Person, call_id: str, *, read_only: bool = False) -> None:
    """Only people who had a call answer for it; it is read by whoever may see the call."""
    if await calls.takes_part(conn, call_id, person.id):
        return
    row = await calls.get(conn, call_id)
    if row is None:
        raise Refused("no-call", "There is no such call.")
    if not (read_only and may(person, "calls.read", owner_id=row.user_id, owner_team_id=row.team_id)):
        raise NotAllowed("Only people who had this call may answer for it.")
