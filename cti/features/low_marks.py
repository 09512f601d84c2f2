"""A client who gave a conversation a low mark becomes a task of whom the panel names: ask what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cti.clients.tasks import TaskDraft
from cti.storage import journal, low_marks, tasks, users
from cti.storage.desktop_events import Connection
from cti.storage.spool import Spool
from cti.telephony.events import Scored

WORDS: Mapping[str, str] = {
    "ru": "Клиент оценил разговор на {mark} из 5: узнать, что было не так",
    "en": "The client gave the conversation {mark} of 5: ask what was wrong",
}


class LowMarks:
    """login, most: whose tasks they become and the highest mark that is low, as long as the panel says nothing."""

    def __init__(self, *, spool: Spool, login: str, most: int, clock: Callable[[], float]) -> None:
        self._spool = spool
        self._login = login
        self._most = most
        self._clock = clock

    def scored(self, event: Scored) -> None:
        """A client gave a mark; one call makes one task, however often its mark is told."""
        self._spool.put(lambda conn: self._task(conn, event))

    async def _task(self, conn: Connection, event: Scored) -> None:
        rule = await low_marks.rule(conn, self._most, self._login)
        if rule.owner_id is None or event.score > rule.most:
            return
        owner, call = await users.by_id(conn, rule.owner_id), await journal.get(conn, event.call)
        if owner is None or owner.blocked_at is not None or call is None:
            return
        if await tasks.of_call(conn, event.call, owner.id) is not None:
            return
        what = WORDS["en" if owner.language == "en" else "ru"].format(mark=event.score)
        draft = TaskDraft(what=what, due_at=self._clock(), owner_id=owner.id, number=call.number, call=event.call)
        await tasks.add(conn, call.client_id, draft, self._clock(), owner.id)
