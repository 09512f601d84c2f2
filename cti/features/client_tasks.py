"""Notes on clients and tasks for them, as people write them; what changes of them is a record of the client's history.

A note is its writer's: nobody else changes it, an admin may delete it. A task is everybody's who may change clients:
whoever did it says so. What follows a call is a task too: one for each call and person, said anew it takes the place of
what was said before; where the caller is nobody's client, it keeps his number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cti.access import Person, may
from cti.clients.changes import Change, differences
from cti.clients.masking import restored
from cti.clients.tasks import NOTE_CHARS, WHAT_CHARS, Note, Task, TaskDraft, fields_of
from cti.errors import NotAllowed, Refused
from cti.storage import calls, changes, client_notes, clients, merges, tasks, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection


class ClientTasks:
    """Writes notes and tasks."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    async def note(self, person: Person, client_id: int, text: str) -> int:
        """A new note on a client; returns its id. Raises NotAllowed or Refused."""
        text = _noted(person, text)
        async with self._db.write() as conn:
            await _client(conn, client_id)
            return await client_notes.add(conn, client_id, person.id, text, self._clock())

    async def change_note(self, person: Person, note_id: int, text: str) -> Note:
        """Other words of one's own note; returns what it was."""
        text, now = _noted(person, text), self._clock()
        async with self._db.write() as conn:
            before = await _own_note(conn, person, note_id)
            text = restored(text, before.text)
            if text != before.text:
                await client_notes.change(conn, note_id, text, now)
                told = Change(field=f"note:{note_id}", was=before.text, became=text)
                await _write(conn, person, now, before.client_id, [told])
        return before

    async def remove_note(self, person: Person, note_id: int) -> Note:
        """Delete one's own note, or as an admin anybody's; returns what it was."""
        _allowed(person)
        now = self._clock()
        async with self._db.write() as conn:
            before = await _own_note(conn, person, note_id, admin=True)
            await client_notes.remove(conn, note_id)
            told = Change(field=f"note:{note_id}", was=before.text, became=None)
            await _write(conn, person, now, before.client_id, [told])
        return before

    async def add(self, person: Person, client_id: int, draft: TaskDraft) -> int:
        """A new task for a client; returns its id."""
        draft = _sound(person, draft)
        async with self._db.write() as conn:
            await _client(conn, client_id)
            await _owner(conn, draft)
            return await tasks.add(conn, client_id, draft, self._clock(), person.id)

    async def next_step(
        self, person: Person, call_id: str, draft: TaskDraft | None, client_id: int | None = None
    ) -> int | None:
        """What follows the person's own call, None for nothing; returns the task's id. client_id: where he knows it."""
        draft, now = _sound(person, draft) if draft else None, self._clock()
        async with self._db.write() as conn:
            row, before = await calls.get(conn, call_id), await tasks.of_call(conn, call_id, person.id)
            if not await calls.takes_part(conn, call_id, person.id):
                if row is None:
                    raise Refused("no-call", "There is no such call.")
                raise NotAllowed("Only people who had this call may say what follows it.")
            client_id = await _client_of(conn, (row.client_id if row else None) or client_id)
            if before is not None and before.done_at is None:
                await tasks.remove(conn, before.id)
            if draft is None:
                return None
            number = row.number if row else None
            if client_id is None and number is None:
                raise Refused("nobody-to-call", "The caller hid the number and is no client.")
            await _owner(conn, draft)
            return await tasks.add(conn, client_id, replace(draft, number=number, call=call_id), now, person.id)

    async def change(self, person: Person, task_id: int, draft: TaskDraft) -> Task:
        """What is to be done, when, by whom; returns what it was."""
        draft, now = _sound(person, draft), self._clock()
        async with self._db.write() as conn:
            before = await _task(conn, task_id)
            draft = replace(draft, what=restored(draft.what, before.what))
            if draft.owner_id != before.owner_id:
                await _owner(conn, draft)
            await tasks.change(conn, task_id, draft)
            told = differences(fields_of(before), fields_of(draft))
            await _write(conn, person, now, before.client_id, _of_task(task_id, told))
        return before

    async def finish(self, person: Person, task_id: int, *, done: bool) -> Task:
        """It is done, or it is not after all; returns what it was. Done twice is done once."""
        _allowed(person)
        now = self._clock()
        async with self._db.write() as conn:
            before = await _task(conn, task_id)
            if (before.done_at is not None) != done:
                await tasks.finish(conn, task_id, now if done else None, person.id if done else None)
                told = Change(field="done_at", was=before.done_at, became=now if done else None)
                await _write(conn, person, now, before.client_id, _of_task(task_id, [told]))
        return before

    async def remove(self, person: Person, task_id: int) -> Task:
        """Delete a task; returns what it was."""
        _allowed(person)
        now = self._clock()
        async with self._db.write() as conn:
            before = await _task(conn, task_id)
            await tasks.remove(conn, task_id)
            told = Change(field="what", was=before.what, became=None)
            await _write(conn, person, now, before.client_id, _of_task(task_id, [told]))
        return before


def _allowed(person: Person) -> None:
    if not may(person, "clients.write"):
        raise NotAllowed("Your role may not change clients; ask an admin.")


def _noted(person: Person, text: str) -> str:
    _allowed(person)
    text = text.strip()[:NOTE_CHARS]
    if not text:
        raise Refused("empty-note", "A note needs a text.")
    return text


def _sound(person: Person, draft: TaskDraft) -> TaskDraft:
    _allowed(person)
    what = " ".join(draft.what.split())[:WHAT_CHARS]
    if not what:
        raise Refused("empty-task", "Say what is to be done.")
    return replace(draft, what=what)


async def _client(conn: Connection, client_id: int) -> None:
    if await clients.get(conn, client_id) is None:
        raise Refused("no-client", "There is no such client.")


async def _client_of(conn: Connection, client_id: int | None) -> int | None:
    """A client's id as he is kept now; None for nobody."""
    client_id = await merges.kept_id(conn, client_id) if client_id else None
    return client_id if client_id and await clients.get(conn, client_id) else None


async def _owner(conn: Connection, draft: TaskDraft) -> None:
    owner = await users.by_id(conn, draft.owner_id) if draft.owner_id is not None else None
    if draft.owner_id is not None and (owner is None or owner.blocked_at is not None):
        raise Refused("no-person", "There is no such person.")


async def _own_note(conn: Connection, person: Person, note_id: int, *, admin: bool = False) -> Note:
    note = await client_notes.get(conn, note_id)
    if note is None:
        raise Refused("no-note", "There is no such note any more.")
    if note.user_id != person.id and not (admin and person.role == "admin"):
        raise NotAllowed("A note is changed by who wrote it.")
    return note


async def _task(conn: Connection, task_id: int) -> Task:
    task = await tasks.get(conn, task_id)
    if task is None:
        raise Refused("no-task", "There is no such task any more.")
    return task


def _of_task(task_id: int, told: Iterable[Change]) -> list[Change]:
    return [replace(one, field=f"task:{task_id}:{one.field}") for one in told]


async def _write(conn: Connection, person: Person, now: float, client_id: int | None, told: Iterable[Change]) -> None:
    """Records in the client's history; version 0: the card itself has not changed. None: nobody's task has none."""
    if client_id is not None:
        await changes.write(conn, client_id, told, at=now, user_id=person.id, version=0)
