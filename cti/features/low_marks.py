"""A client who gave a conversation a low mark becomes a task of whom the settings name: ask what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cti.clients.tasks import TaskDraft
from cti.storage import journal, tasks, users
from cti.storage.desktop_events import Connection
from cti.storage.spool import Spool
from cti.telephony.events import Scored

WORDS: Mapping[str, str] = {
    "ru": "Клиент оценил разговор на {mark} из 5: узнать, что было не так",
    "en": "The client gave the conversation {mark} of 5: ask what was wrong",
}


class LowMarks:
    """login: whose tasks they become, "" for nobody's. most: the highest mark that is low."""

    def __init__(self, *, spool: Spool, login: str, most: int, clock: Callable[[], float]) -> None:
        self._spool = spool
        self._login = login.casefold()
        self._most = most
        self._clock = clock

    def scored(self, event: Scored) -> None:
        """A client gave a mark; one call makes one task, however often its mark is told."""
        if self._login and event.score <= self._most:
            self._spool.put(lambda conn: self._task(conn, event))

    async def _task(self, conn: Connection, event: Scored) -> None:
        owner, call = await users.by_login(conn, self._login), await journal.get(conn, event.call)
        if owner is None or owner.blocked_at is not None or call is None:
            return
        if await tasks.of_call(conn, event.call, owner.id) is not None:
            return
        what = WORDS["en" if owner.language == "en" else "ru"].format(mark=event.score)
        draft = TaskDraft(what=what, due_at=self._clock(), owner_id=owner.id, number=call.number, call=event.call)
        await tasks.add(conn, call.client_id, draft, self._clock(), owner.id)
