"""Reminders: at its time a task comes to its owner's screens as a call does, and stays until he answers it.

Rules kept here: who talks, is rung or works after a call is not disturbed, the reminder waits for him; so it does while
he has no page open. What is due to somebody there is read anew from the tasks at every tick: a task that was changed,
done or erased anywhere, a server that was killed, a clock that was put right cannot make one go astray. Answered is:
dialled, done (cti/features/client_tasks.py), put off. A call-back is done by itself once the client has answered its
call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from cti.access import Person, may
from cti.clients.tasks import Task
from cti.desktop import AgentDesktop, Reminder
from cti.errors import NotAllowed, Refused, StorageError
from cti.storage import restrictions, tasks, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.spool import Spool

TICK_S = 0.5
MOST = 20  # shown at once
MOST_TOLD = 10_000
LATER_MIN = range(1, 24 * 60 + 1)
KeepLine = Callable[[int, str, Sequence[int], int], None]  # of the access journal: person, login, clients, persons

log = structlog.get_logger()


class Reminders:
    """What each person is reminded of now. busy: whether he must not be disturbed; online: ids of who has a page."""

    def __init__(
        self,
        *,
        db: Database,
        desktop: AgentDesktop,
        keep_line: KeepLine,
        spool: Spool,
        busy: Callable[[int], bool],
        online: Callable[[], tuple[int, ...]],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._desktop = desktop
        self._keep_line = keep_line
        self._spool = spool
        self._busy = busy
        self._online = online
        self._clock = clock
        self._shown: Mapping[int, tuple[Reminder, ...]] = {}
        self._moved = True  # a call came about or ended: a call-back may be done
        self._looking = asyncio.Lock()
        self._told: dict[tuple[int, int], None] = {}  # what the access journal knows: person, task

    def of(self, user_id: int) -> tuple[Reminder, ...]:
        """What a person is reminded of now."""
        return self._shown.get(user_id, ())

    async def run(self) -> None:
        """Watch the clock until cancelled."""
        while True:
            if self._moved:
                self._moved = False
                self._spool.put(lambda conn: tasks.close_called_back(conn, self._clock()))
            try:
                await self.look()
            except StorageError as error:
                log.warning("tasks cannot be read now", reason=str(error))
            await asyncio.sleep(TICK_S)

    async def call_moved(self, _event: object, _received_at: float) -> None:
        """A call was answered or is over."""
        self._moved = True

    async def look(self) -> None:
        """Show what is due now, and take away what is not any more."""
        async with self._looking:
            await self._look(self._clock())

    async def _look(self, now: float) -> None:
        people = [user_id for user_id in self._online() if not self._busy(user_id)]
        if not people and not self._shown:
            return  # at night nothing is read
        async with self._db.read() as conn:
            late = await tasks.due(conn, now, people, each=MOST)
            stopped = await restrictions.restricted(conn, (task.client_id for task in late))
            numbers = await restrictions.numbers(conn, (task.number for task in late if task.number))
        due: dict[int, list[Reminder]] = {}
        for task in late:
            restricted = task.client_id in stopped or task.number in numbers
            due.setdefault(task.owner_id or 0, []).append(_reminder(task, restricted))
        before, self._shown = self._shown, {user_id: tuple(some) for user_id, some in due.items()}
        for user_id in before.keys() | self._shown.keys():
            if before.get(user_id, ()) != self.of(user_id):
                await self._journal(user_id)
                await self._desktop.reminders(user_id, self.of(user_id))

    async def dialled(self, person: Person, task_id: int, request_id: str) -> None:
        """Its owner dials it: he is reminded no more, and its click is known. Raises Refused, NotAllowed."""
        await self._answer(person, task_id, None, request_id)

    async def later(self, person: Person, task_id: int, minutes: int) -> None:
        """Remind of it again in so many minutes."""
        if minutes not in LATER_MIN:
            raise Refused("bad-delay", "Put it off for a minute to a day.")
        await self._answer(person, task_id, self._clock() + minutes * 60)

    async def _answer(self, person: Person, task_id: int, at: float | None, request_id: str | None = None) -> None:
        async with self._db.write() as conn:
            task = await tasks.get(conn, task_id)
            if task is None:
                raise Refused("no-task", "There is no such task any more.")
            if not await _may_answer(conn, person, task):
                raise NotAllowed("This is somebody else's task.")
            await tasks.remind(conn, task_id, at, request_id)
        await self.look()

    async def _journal(self, user_id: int) -> None:
        """Whom a reminder shows is in the access journal, once a task."""
        new = [one for one in self.of(user_id) if (user_id, one.id) not in self._told]
        if not new:
            return
        async with self._db.read() as conn:
            person = await users.by_id(conn, user_id)
        self._told |= {(user_id, one.id): None for one in new}
        for key in list(self._told)[:-MOST_TOLD]:
            del self._told[key]  # should it be shown again after all, it is one line more
        if person is not None:
            whom = [one.client_id for one in new if one.client_id]
            self._keep_line(user_id, person.login, whom, len(new))


async def _may_answer(conn: Connection, person: Person, task: Task) -> bool:
    """Its owner may, and who sets his states; where it is nobody's, who may change clients."""
    if task.owner_id is None:
        return may(person, "clients.write")
    owner = await users.by_id(conn, task.owner_id)
    team = owner.person.team_id if owner else None
    return task.owner_id == person.id or may(person, "agents.manage", owner_id=task.owner_id, owner_team_id=team)


def _reminder(task: Task, restricted: bool) -> Reminder:
    return Reminder(
        id=task.id,
        kind=task.kind,
        what=task.what,
        due_at=task.due_at or 0.0,
        number=task.number,
        client_id=task.client_id,
        client_name=task.client_name,
        restricted=restricted,
    )
