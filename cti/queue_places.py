"""A person's places in queues at the PBX: what it has is made what it ought to be, as soon as it can hear.

Only the phone at which he is rung stands in queues, in each of his own, paused as he is. What is so already is not said
again; what could not be told is owed. The PBX's events on our own commands are their echo, for SETTLE_S.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog

from cti.directory import Directory
from cti.errors import ChannelError, StorageError
from cti.lines import Line
from cti.storage import users
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.telephony.commands import AddMember, Command, PauseMember, RemoveMember
from cti.telephony.duty import Duty

SETTLE_S = 1.0
ANSWER_S = 3.0

Standing = Mapping[str, tuple[bool, str]]  # queue -> paused, reason
log = structlog.get_logger()


class QueuePlaces:
    """standing: a device's queues as the PBX has them. owed: people whose state the PBX has not been told."""

    def __init__(
        self,
        *,
        db: Database,
        directory: Directory,
        line_of: Callable[[str], Line | None],
        standing: Callable[[str], Standing],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._directory = directory
        self._line_of = line_of
        self._standing = standing
        self._clock = clock
        self._told: dict[int, float] = {}  # when our last command to the PBX about him was answered
        self._locks: dict[int, asyncio.Lock] = {}
        self.owed: set[int] = set()

    def pauses(self, user_id: int) -> Iterable[tuple[bool, str]]:
        """Of each of his places, whether it is paused and why."""
        return [pause for one in self._directory.devices_of(user_id) for pause in self._standing(one.name).values()]

    def settling(self, user_id: int) -> bool:
        """Whether what the PBX tells of him now may be the echo of what we told it."""
        return self._clock() - self._told.get(user_id, 0.0) < SETTLE_S or self._lock(user_id).locked()

    def is_heard(self, device: str) -> bool:
        """Whether the device's PBX hears us."""
        line = self._line_of(device)
        return line is not None and line.pbx.health().state == "up"

    async def apply(self, user_id: int, duty_of: Callable[[int], Duty]) -> bool:
        """Tell the PBX what he is by the time it is told; False where it cannot hear now: then it is owed."""
        async with self._lock(user_id):
            row = self._directory.chosen_of(user_id)
            if row is None:
                self.owed.discard(user_id)
                return True
            if not self.is_heard(row.name):
                self.owed.add(user_id)
                return False
            self.owed.discard(user_id)
            try:
                for line, command in await self._commands(user_id, duty_of(user_id), row):
                    await _ask(line, command)
            except (ChannelError, StorageError):  # the link's, or the database's own state says it
                self.owed.add(user_id)
                return False
            finally:
                self._told[user_id] = self._clock()
            return True

    async def _commands(self, user_id: int, duty: Duty, row: DeviceRow) -> list[tuple[Line, Command]]:
        """What makes the PBX's members what they ought to be, and nothing that is so already."""
        reason = duty.reason[:80] if duty.paused and duty.on else ""
        async with self._db.read() as conn:
            wanted = {one.name: one.penalty for one in await users.queues_of(conn, user_id)}
        commands: list[tuple[Line, Command]] = []
        for one in self._directory.devices_of(user_id):
            line = self._line_of(one.name)
            if line is None:
                continue
            here = self._standing(one.name)
            stays = duty.on and one.name == row.name
            commands += [(line, RemoveMember(queue=queue, device=line.device)) for queue in here if not stays]
            if not stays:
                continue
            for queue in wanted.keys() - here.keys():
                member = AddMember(
                    queue=queue,
                    device=line.device,
                    name=one.user_name[:80],
                    penalty=wanted[queue],
                    paused=duty.paused,
                    reason=reason,
                )
                commands.append((line, member))
            if any(standing != (duty.paused, reason) for standing in here.values()):
                commands.append((line, PauseMember(device=line.device, paused=duty.paused, reason=reason)))
        return commands

    def _lock(self, user_id: int) -> asyncio.Lock:
        return self._locks.setdefault(user_id, asyncio.Lock())


async def _ask(line: Line, command: Command) -> None:
    """Told to the PBX. What it answers that it is so already, or that there is no such queue, is no failure of ours."""
    answer = await line.pbx.ask(command, timeout_s=ANSWER_S)
    if not answer.ok:
        log.info("PBX refused a member's change", command=type(command).__name__, reason=answer.message)
