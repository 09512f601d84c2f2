"""A supervisor listens to an agent's conversation, whispers to him, or joins it: with a reason, never without trace.

Rules kept here: it is done at the supervisor's own phone, which rings and then hears the very leg of the agent and no
other; who did it, to whom, when, how and why is a line of the access journal before the phone rings, before each change
of how, and also where it was begun by a code at a phone; the agent is told where the settings say so. The leg that
listens is no call of anybody's: it is no part of the conversation, for the PBX as for the journal. That it listens, and
since when, is the PBX's own word.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from cti.access import Person, Right, may
from cti.desktop import AgentDesktop, Notice, SpyView
from cti.directory import DeviceFinder
from cti.errors import ChannelError, NotAllowed, Refused
from cti.lines import Line
from cti.storage import access_log, board_figures, desktop_events, users
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.telephony.commands import MOVES, ClearConnection, CoreSettings, Spy, SpyHow, SwitchSpy
from cti.telephony.devices import endpoint_of
from cti.telephony.events import (
    CallCleared,
    CallRecord,
    ConnectionCleared,
    DeviceStatus,
    LegRecord,
    Overhears,
    Spied,
)

ANSWER_S = 2.0
RING_S = 20
SWITCHES_SINCE, SWITCHES_NOT = (16, 8), ((17, 0), (17, 1))  # versions of Asterisk
BY_CODE = "by a code at the phone"
MOST_ASKED = 200
NEEDED: Mapping[SpyHow, tuple[Right, ...]] = {  # who speaks hears, too
    "listen": ("calls.spy",),
    "whisper": ("calls.spy", "calls.whisper"),
    "barge": ("calls.spy", "calls.barge"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ear:
    """What somebody wants to hear, or hears: the conversation of user_id in this call. leg, since: once he hears it.

    kind: of his phone, by which he hears it. how: "" where it is not known any more.
    """

    call: str
    user_id: int
    name: str
    how: SpyHow | str
    why: str
    kind: str
    device: str
    leg: str = ""
    since: float = 0.0


class Spying:
    """calls_at: open calls in which devices have a leg; keep: a line of the access journal; tells: agents are told."""

    def __init__(
        self,
        *,
        db: Database,
        directory: DeviceFinder,
        desktop: AgentDesktop,
        line_of: Callable[[str], Line | None],
        status_of: Callable[[str], DeviceStatus],
        calls_at: Callable[[Collection[str]], Sequence[CallRecord]],
        keep: Callable[..., Awaitable[None]],
        next_seq: Callable[[int], int],
        tells: bool,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._directory = directory
        self._desktop = desktop
        self._line_of = line_of
        self._status_of = status_of
        self._calls_at = calls_at
        self._keep = keep
        self._next_seq = next_seq
        self._tells = tells
        self._clock = clock
        self._asked: dict[str, _Ear] = {}  # by request id, until the phone is picked up
        self._ears: dict[int, _Ear] = {}  # by who hears

    def of(self, user_id: int) -> SpyView | None:
        """Whose talk a person hears now, by the PBX's own word."""
        one = self._ears.get(user_id)
        if one is None:
            return None
        return SpyView(user_id=one.user_id, name=one.name, how=one.how, since=one.since, kind=one.kind)

    async def begin(self, actor: Person, user_id: int, how: SpyHow, why: str, *, request_id: str, address: str) -> str:
        """The supervisor's phone, of this kind, rings and hears it. Raises Refused, NotAllowed, ChannelError."""
        agent = self._may(actor, user_id, how)
        if not why.strip():
            raise Refused("why-needed-to-spy", "Say why you listen: it stands in the journal.")
        call, leg = self._talk(user_id)
        own, line = self._own_phone(actor)
        theirs = self._line_of(leg.device or "")
        if theirs is None or theirs.pbx is not line.pbx:
            raise Refused("spy-other-pbx", "This conversation is on another PBX than your phone.")
        name, why = agent.user_name if agent else "", " ".join(why.split())
        await self._note(actor, call, how, user_id, why, address)
        command = Spy(
            device=line.device,
            leg=leg.leg,
            how=how,
            request_id=request_id,
            caller_id_name=name[:80],
            headers=(("X-Trubka-Click", request_id), ("X-Trubka-Spy", how)) if own.kind == "browser" else (),
            timeout_s=RING_S,
        )
        answer = await line.pbx.ask(command, timeout_s=ANSWER_S)
        if not answer.ok:
            raise ChannelError(f"The PBX refused: {answer.message}", permanent=True)
        while len(self._asked) >= MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        self._asked[request_id] = _Ear(
            call=call, user_id=user_id, name=name, how=how, why=why, kind=own.kind, device=own.name
        )
        await self._tell(user_id, actor.name)
        return own.kind

    async def switch(self, actor: Person, how: SpyHow, *, address: str) -> None:
        """He goes on in another way, in the same talk and without a new call. Raises as `begin`."""
        one, line = self._ear(actor)
        self._may(actor, one.user_id, how)
        if how == one.how:
            return
        about = await line.pbx.ask(CoreSettings(), timeout_s=ANSWER_S)
        if not _switches(str(about.headers.get("AsteriskVersion", ""))):
            raise Refused("spy-no-switch", "This PBX is too old to change it: end it, and begin anew in the other way.")
        await self._note(actor, one.call, how, one.user_id, one.why, address)
        answer = await line.pbx.ask(SwitchSpy(leg=one.leg, how=how), timeout_s=ANSWER_S)
        if not answer.ok:
            raise ChannelError(f"The PBX refused: {answer.message}", permanent=True)
        if self._ears.get(actor.id) is one:
            self._ears[actor.id] = replace(one, how=how)
        await self._show(actor.id)

    async def end(self, actor: Person) -> None:
        """He hears nobody any more, as it may be already; the talk goes on without him."""
        if actor.id not in self._ears:
            return
        one, line = self._ear(actor)
        answer = await line.pbx.ask(ClearConnection(leg=one.leg), timeout_s=ANSWER_S)
        if not answer.ok:
            raise ChannelError(f"The PBX refused: {answer.message}", permanent=True)

    async def overhears(self, event: Overhears, _received_at: float) -> None:
        """The PBX says that a leg hears another one, or that it is over."""
        row, request = self._directory.by_device(event.device), event.placed_by or ""
        if row is None or not request.startswith(MOVES):  # by a code at a phone: its plan knows no other way
            return
        if not event.of:
            return await self._over(row.user_id, event.leg)
        one = self._asked.pop(request.removeprefix(MOVES), None) or await self._remembered(row, event)
        if one is not None:
            self._ears[row.user_id] = replace(one, leg=event.leg, since=event.at or self._clock())
            await self._show(row.user_id)

    async def cleared(self, event: ConnectionCleared, _received_at: float) -> None:
        """A leg is over, with or without a word of its listening."""
        row = self._directory.by_device(event.device)
        if row is not None:
            await self._over(row.user_id, event.leg)

    async def call_cleared(self, event: CallCleared, _received_at: float) -> None:
        """Nobody picked up, or all is over."""
        self._asked.pop((event.record.placed_by or "").removeprefix(MOVES), None)
        legs = {leg.leg for leg in event.record.legs}
        for user_id, one in list(self._ears.items()):
            if one.leg in legs:
                await self._over(user_id, one.leg)

    async def _over(self, user_id: int, leg: str) -> None:
        one = self._ears.get(user_id)
        if one is not None and one.leg == leg:
            del self._ears[user_id]
            await self._show(user_id)

    async def _show(self, user_id: int) -> None:
        await self._desktop.spying(user_id, self.of(user_id))

    async def _remembered(self, by: DeviceRow, event: Overhears) -> _Ear | None:
        """Of before a start of the server: whom he hears by the PBX's word, how and why by the journal's last line."""
        near = (event.device or "").removesuffix(endpoint_of(event.leg))
        of = self._directory.by_device(near + endpoint_of(event.of))
        if of is None:
            return None
        try:
            call, _leg = self._talk(of.user_id)
        except Refused:
            return None
        async with self._db.read() as conn:
            lines = await access_log.newest(conn, access_log.Asked(action="spy", user_id=by.user_id), limit=1)
        last = next((line for line in lines if line.thing.startswith(f"call:{call} ")), None)
        how = last.thing.partition(" ")[2].partition(",")[0] if last else ""
        return _Ear(
            call=call,
            user_id=of.user_id,
            name=of.user_name,
            how=how if how in get_args(SpyHow) else "",
            why=last.why if last else "",
            kind=by.kind,
            device=by.name,
        )

    def _may(self, actor: Person, user_id: int, how: SpyHow) -> DeviceRow | None:
        """The phone of whoever may be heard in this way."""
        agent = self._directory.chosen_of(user_id)
        team = agent.team_id if agent else None
        if user_id == actor.id or not all(may(actor, right, owner_team_id=team) for right in NEEDED[how]):
            raise NotAllowed("Your role may not hear this person in this way.")
        return agent

    def _ear(self, actor: Person) -> tuple[_Ear, Line]:
        one = self._ears.get(actor.id)
        line = self._line_of(one.device) if one else None
        if one is None or line is None:
            raise Refused("hears-nobody", "You hear nobody's talk now.")
        return one, line

    async def heard(self, event: Spied, _received_at: float) -> None:
        """Somebody listens by a code at his phone."""
        by = self._directory.by_extension(event.by, event.near)
        of = self._directory.by_extension(event.of, event.near)
        if by is None or of is None:
            return
        async with self._db.read() as conn:
            row = await users.by_id(conn, by.user_id)
        try:
            call, _leg = self._talk(of.user_id)
        except Refused:  # not in a talk yet: whom he hears is known, which call is not
            call = ""
        if row is not None:
            await self._note(row.person, call, "code", of.user_id, BY_CODE, "")
        await self._tell(of.user_id, by.user_name)

    async def _note(self, actor: Person, call: str, how: str, user_id: int, why: str, address: str) -> None:
        async with self._db.read() as conn:
            agent = await users.by_id(conn, user_id)
            found = await board_figures.clients_of(conn, [call])
        clients = [id_ for id_, _name in found.values()]
        thing = f"call:{call} {how}, {agent.login if agent else user_id}"
        await self._keep(actor, "spy", thing, clients, count=1, address=address, why=why)

    async def _tell(self, user_id: int, name: str) -> None:
        if not self._tells:
            return
        seq = self._next_seq(user_id)
        notice = Notice(seq=seq, code="board-spied", args={"name": name}, href="", at=self._clock())
        async with self._db.write() as conn:
            await desktop_events.append(conn, [desktop_events.of_notice(user_id, notice)])
        await self._desktop.message(user_id, notice)

    def _talk(self, user_id: int) -> tuple[str, LegRecord]:
        """The person's conversation and his leg in it."""
        own = {row.name for row in self._directory.devices_of(user_id)}
        for record in self._calls_at(own):
            talked = {leg for pair in record.talked for leg in pair}
            for leg in record.legs:
                if leg.device in own and leg.ended is None and leg.leg in talked:
                    return record.call, leg
        raise Refused("not-in-talk", "This person does not talk now.")

    def _own_phone(self, actor: Person) -> tuple[DeviceRow, Line]:
        row = self._directory.chosen_of(actor.id)
        line = self._line_of(row.name) if row else None
        if row is None or line is None:
            raise Refused("no-device", "You have no phone; an admin adds one under Settings, Users.")
        if self._status_of(row.name) != "idle":
            raise Refused("own-phone-busy", "Your phone is not free on the PBX: free it, or choose another one below.")
        return row, line


def _switches(version: str) -> bool:
    """Whether an Asterisk takes a key as if a phone had sent it: from 16.8 and 17.2 on, and one that does not say."""
    found = re.search(r"(\d+)\.(\d+)", version)
    major, minor = (int(found[1]), int(found[2])) if found else SWITCHES_SINCE
    return (major, minor) >= SWITCHES_SINCE and (major, minor) not in SWITCHES_NOT
