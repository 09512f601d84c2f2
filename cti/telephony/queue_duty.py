"""People's duty as a queue log tells it: who was in the queues, who paused, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from cti.telephony.queue_log import Said

State = Literal["logged-off", "not-ready", "ready"]


class Change(NamedTuple):
    """Somebody became something else."""

    at: float
    agent: str
    state: State
    reason: str


class QueueDuty:
    """Lines about duty in, changes of people's states out. A person is ready while one of his queues has him ready."""

    def __init__(self) -> None:
        self._queues: dict[str, set[str]] = {}
        self._paused: dict[str, dict[str, str]] = {}
        self._state: dict[str, tuple[State, str]] = {}

    def feed(self, said: Said) -> Iterator[Change]:
        """What the line changes."""
        queues = self._queues.setdefault(said.agent, set())
        paused = self._paused.setdefault(said.agent, {})
        which = {said.queue} if said.queue else set(queues)
        if said.what == "in":
            queues.add(said.queue)
        elif said.what == "out":
            queues.difference_update(which)
            for queue in which:
                paused.pop(queue, None)
        else:  # who pauses is in the queue, though his coming is not in the log
            queues.update(which)
            for queue in which or {""}:
                if said.what == "pause":
                    paused[queue] = said.reason
                else:
                    paused.pop(queue, None)
        now = self._now(queues, paused)
        if now != self._state.get(said.agent):
            self._state[said.agent] = now
            yield Change(said.at, said.agent, *now)

    def _now(self, queues: set[str], paused: dict[str, str]) -> tuple[State, str]:
        if not queues:
            return "logged-off", ""
        if all(queue in paused for queue in queues):
            return "not-ready", next((reason for reason in paused.values() if reason), "")
        return "ready", ""
