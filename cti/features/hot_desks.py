"""Shared desk phones: who sits down at one is rung there, and his places in queues, cards and states go with him.

One sits down in the panel, or at the phone itself by a code of its dialplan (`*11101`), with his PIN where he has one.
Who sat there before is told and is back at his own phone. A desk is free again when its sitter leaves, signs out, or at
the hour that the settings name. Who sat where is kept in the journal of states.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from cti.access import Person, may
from cti.channels.base import DeskQuestion, DeskWord
from cti.desktop import AgentDesktop, Notice
from cti.directory import Directory
from cti.errors import ChannelError, NotAllowed, Refused, StorageError
from cti.lines import Line
from cti.passwords import Passwords
from cti.storage import desks, desktop_events, sessions, users
from cti.storage.database import Database
from cti.storage.desks import Desk, DeskDraft
from cti.telephony.auto_answer import MODELS
from cti.telephony.commands import RemoveMember
from cti.telephony.devices import is_device
from cti.telephony.events import DeviceStatus

PIN = re.compile(r"[0-9]{4,8}")
TRIES, TRIES_S = 5, 600.0  # wrong PINs of one person, then silence for a while
ANSWER_S = 2.0
EMPTIED_S = 1.5  # so long the PBX's account of an emptied desk is waited for
LOOK_S = 0.02
TICK_S = 20.0
IN_USE: tuple[DeviceStatus, ...] = ("ringing", "in-call", "on-hold", "busy")

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskWays:
    """What a desk's change reaches. standing: a device's queues at the PBX; follow: his extension rings where he is;

    seated: his state's journal and places in queues; prefix_of: what ids of a PBX that names itself begin with.
    """

    line_of: Callable[[str], Line | None]
    status_of: Callable[[str], DeviceStatus]
    standing: Callable[[str], Mapping[str, tuple[bool, str]]]
    prefix_of: Callable[[str], str | None]
    follow: Callable[[int], Awaitable[None]]
    seated: Callable[[int, int | None], Awaitable[None]]
    online: Callable[[int], bool]
    next_seq: Callable[[int], int]


class HotDesks:
    """free_at: the time of day at which all desks are free, None: never."""

    def __init__(
        self,
        *,
        db: Database,
        directory: Directory,
        desktop: AgentDesktop,
        passwords: Passwords,
        ways: DeskWays,
        free_at: time | None,
        zone: ZoneInfo,
        clock: Callable[[], float],
        pbxes: Sequence[str] = (),
    ) -> None:
        self._db = db
        self._directory = directory
        self._desktop = desktop
        self._passwords = passwords
        self._ways = ways
        self._free_at = free_at
        self._zone = zone
        self._clock = clock
        self._pbxes = tuple(pbxes)
        self._wrong: dict[int, list[float]] = {}
        self._one_moves = asyncio.Lock()

    # In the panel --------------------------------------------------------------------------------------------------
    async def every(self) -> list[Desk]:
        """All desks, and who sits at each."""
        async with self._db.read() as conn:
            return await desks.every(conn)

    async def sit(self, person: Person, desk_id: int) -> None:
        """The person sits down. Raises Refused: `no-desk`, `pbx-down`, `desk-in-use`."""
        desk = next((one for one in await self.every() if one.id == desk_id), None)
        if desk is None or not may(person, "desk", owner_id=person.id):
            raise Refused("no-desk", "There is no such desk.")
        if desk.user_id == person.id:
            return
        self._must_be_free(desk)
        await self._take(desk.id, person.id, person.id)

    async def leave(self, person: Person) -> None:
        """The person gets up, wherever he sits."""
        for desk in [one for one in await self.every() if one.user_id == person.id]:
            await self._free(desk, person.id)

    async def free(self, actor: Person, desk_id: int) -> None:
        """A supervisor makes a desk free. Raises Refused, NotAllowed."""
        for desk in [one for one in await self.every() if one.id == desk_id and one.user_id is not None]:
            row = self._directory.chosen_of(desk.user_id or 0)
            if not may(actor, "agents.manage", owner_id=desk.user_id, owner_team_id=row.team_id if row else None):
                raise NotAllowed("Your role may not free others' desks.")
            self._must_be_free(desk)
            await self._free(desk, actor.id)

    async def signed_out(self, person: Person) -> None:
        """Who signs out for good frees his desk; another panel of his keeps him there."""
        if not self._ways.online(person.id):
            await self.leave(person)

    async def set_pin(self, person: Person, pin: str) -> None:
        """What the person types at a shared phone; "": nothing is asked. Raises Refused: `bad-pin`."""
        if pin and not PIN.fullmatch(pin):
            raise Refused("bad-pin", "A PIN has 4 to 8 digits.")
        hashed = await self._passwords.hash(pin) if pin else None
        async with self._db.write() as conn:
            await users.change(conn, person.id, desk_pin=hashed)
            await sessions.note(conn, self._clock(), person.id, "pin", f"user:{person.id}", "set" if pin else "off")

    async def has_pin(self, person: Person) -> bool:
        """Whether he has one."""
        async with self._db.read() as conn:
            return await desks.pin(conn, person.id) is not None

    async def keep(self, actor: Person, drafts: Sequence[DeskDraft]) -> None:
        """An admin says which desks there are. Raises Refused: `bad-device`, `no-such-pbx`, `device-taken`."""
        if not may(actor, "users.manage"):
            raise NotAllowed("Only an admin sets the shared phones.")
        for draft in drafts:
            pbx, _, name = draft.name.rpartition(":") if self._pbxes else ("", "", draft.name)
            if self._pbxes and pbx not in self._pbxes:
                raise Refused("no-such-pbx", f"A device is named with its PBX, like {self._pbxes[0]}:PJSIP/105.")
            known = draft.extension.isascii() and draft.extension.isdigit() and draft.model in MODELS
            if not known or len(draft.extension) > 16 or not is_device(name) or len(draft.name) > 80:
                raise Refused("bad-device", "A device is named like PJSIP/105 and has an extension of digits.")
        names = {draft.name for draft in drafts}
        async with self._db.read() as conn:
            if not await desks.may_be(conn, drafts):
                raise Refused("device-taken", "One of these phones is somebody's own or stands here twice.")
        for desk in [one for one in await self.every() if one.name not in names]:
            await self._free(desk, actor.id)
        async with self._db.write() as conn:
            if not await desks.keep(conn, drafts):
                raise Refused("device-taken", "One of these phones is somebody's own or stands here twice.")
            await sessions.note(conn, self._clock(), actor.id, "desks", "", " ".join(sorted(names)))
        await self._directory.reload()

    # At the phone --------------------------------------------------------------------------------------------------
    async def desk(self, asked: DeskQuestion) -> DeskWord:
        """Somebody dialled the code at a phone: what the dialplan tells him."""
        prefix = self._ways.prefix_of(asked.pbx)
        if prefix is None:
            return "no"
        device = prefix + asked.device
        desk = next((one for one in await self.every() if one.name == device), None)
        if desk is None:
            return "no"
        if not asked.extension:
            await self._free(desk, desk.user_id)
            return "ok"
        row = self._directory.by_extension(asked.extension, near=device)
        return await self._sit_by_phone(desk, row.user_id, asked.pin) if row else "no"

    async def _sit_by_phone(self, desk: Desk, user_id: int, pin: str) -> DeskWord:
        async with self._db.read() as conn:
            user, stored = await users.by_id(conn, user_id), await desks.pin(conn, user_id)
        if user is None or user.blocked_at is not None or not may(user.person, "desk", owner_id=user_id):
            return "no"
        now = self._clock()
        wrong = self._wrong[user_id] = [at for at in self._wrong.get(user_id, ()) if now - at < TRIES_S]
        if len(wrong) >= TRIES:
            return "no"
        if stored is not None:
            if not pin:
                return "pin"
            wrong.append(now)  # before it is looked at: many at once are many tries
            if not await self._passwords.verify(stored, pin):
                return "no"
            self._wrong.pop(user_id, None)
        await self._take(desk.id, user_id, user_id)
        return "ok"

    # Time ----------------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Free the desks at their hour, until cancelled; whoever talks at one then is let finish."""
        while True:
            try:
                await self.look()
            except StorageError as error:
                log.warning("desks cannot be looked at now", reason=str(error))
            await asyncio.sleep(TICK_S)

    async def look(self) -> None:
        """Free those at which people sat down before the hour."""
        if self._free_at is not None:
            await self._free_those_of(before=self._last_hour(self._free_at))

    def _last_hour(self, at: time) -> float:
        now = datetime.fromtimestamp(self._clock(), self._zone)
        hour = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        return (hour if hour <= now else hour - timedelta(days=1)).timestamp()

    async def _free_those_of(self, *, before: float) -> None:
        for desk in await self.every():
            seated = desk.user_id is not None and (desk.seated_at or 0.0) < before
            if seated and self._ways.status_of(desk.name) not in IN_USE:
                await self._free(desk, None)

    # Inside --------------------------------------------------------------------------------------------------------
    def _must_be_free(self, desk: Desk) -> None:
        line = self._ways.line_of(desk.name)
        if line is None or line.pbx.health().state != "up":
            raise Refused("pbx-down", "The line to the PBX is down: sit down when it is back.")
        if desk.user_id is not None and self._ways.status_of(desk.name) in IN_USE:
            raise Refused("desk-in-use", "Somebody talks at this phone now: wait until he is done.")

    async def _take(self, desk_id: int, user_id: int, by_id: int) -> None:
        """The person sits here from now on, whoever sat here before, and nowhere else."""
        async with self._one_moves:
            desk = next((one for one in await self.every() if one.id == desk_id), None)
            if desk is None:
                raise Refused("no-desk", "There is no such desk.")
            if desk.user_id != user_id:
                await self._seat(desk, user_id, by_id)

    async def _free(self, seen: Desk, by_id: int | None) -> None:
        """Nobody sits here any more, unless somebody has sat down since it was `seen`."""
        async with self._one_moves:
            desk = next((one for one in await self.every() if one.id == seen.id), None)
            if desk is not None and desk.user_id is not None and desk.user_id == seen.user_id:
                await self._seat(desk, None, by_id)

    async def _seat(self, desk: Desk, user_id: int | None, by_id: int | None) -> None:
        """Everybody it was told to, and the PBX, knows who sits here. desk: as it is at this moment."""
        left = next((one for one in await self.every() if user_id and one.user_id == user_id), None)
        async with self._db.write() as conn:
            await desks.seat(conn, desk.id, user_id, self._clock())
        await self._directory.reload()
        for one in (desk, *([left] if left else [])):
            await self._empty(one.name)
        for person in dict.fromkeys(one for one in (desk.user_id, user_id) if one is not None):
            await self._ways.follow(person)
            await self._ways.seated(person, by_id)
        if desk.user_id is not None and by_id != desk.user_id:
            await self._tell(desk, desk.user_id, user_id)

    async def _empty(self, device: str) -> None:
        """Take the phone out of all queues: they are its last sitter's."""
        line = self._ways.line_of(device)
        if line is None:
            return
        with contextlib.suppress(ChannelError):
            for queue in list(self._ways.standing(device)):
                await line.pbx.ask(RemoveMember(queue=queue, device=line.device), timeout_s=ANSWER_S)
        for _ in range(round(EMPTIED_S / LOOK_S)):  # its events say so a moment later
            if not self._ways.standing(device):
                return
            await asyncio.sleep(LOOK_S)

    async def _tell(self, desk: Desk, sat: int, user_id: int | None) -> None:
        row = self._directory.chosen_of(user_id) if user_id else None
        notice = Notice(
            seq=self._ways.next_seq(sat),
            code="desk-taken" if row else "desk-freed",
            args={"desk": desk.extension, "name": row.user_name if row else ""},
            href="",
            at=self._clock(),
        )
        async with self._db.write() as conn:
            await desktop_events.append(conn, [desktop_events.of_notice(sat, notice)])
        await self._desktop.message(sat, notice)
