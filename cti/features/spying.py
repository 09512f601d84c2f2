"""A supervisor listens to an agent's conversation, whispers to him, or joins it: with a reason, never without trace.

Rules kept here: it is done at the supervisor's own phone, which rings and then hears the very leg of the agent and no
other; who did it, to whom, when, how and why is a line of the access journal before the phone rings, also where it was
begun by a code at a phone; the agent is told where the settings say so. The leg that listens is no call of anybody's:
it is no part of the conversation, for the PBX as for the journal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Literal

from cti.access import Person, may
from cti.desktop import AgentDesktop, Notice
from cti.directory import DeviceFinder
from cti.errors import ChannelError, NotAllowed, Refused
from cti.lines import Line
from cti.storage import board_figures, desktop_events, users
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.telephony.commands import Spy
from cti.telephony.events import CallRecord, DeviceStatus, LegRecord, Spied

How = Literal["listen", "whisper", "barge"]
ANSWER_S = 2.0
RING_S = 20
BY_CODE = "by a code at the phone"


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

    async def begin(self, actor: Person, user_id: int, how: How, why: str, *, request_id: str, address: str) -> str:
        """The supervisor's phone, of this kind, rings and hears it. Raises Refused, NotAllowed, ChannelError."""
        agent = self._directory.chosen_of(user_id)
        team = agent.team_id if agent else None
        if not may(actor, "calls.spy", owner_team_id=team) or user_id == actor.id:
            raise NotAllowed("Your role may not listen to this person.")
        if not why.strip():
            raise Refused("why-needed-to-spy", "Say why you listen: it stands in the journal.")
        call, leg = self._talk(user_id)
        own, line = self._own_phone(actor)
        theirs = self._line_of(leg.device or "")
        if theirs is None or theirs.pbx is not line.pbx:
            raise Refused("spy-other-pbx", "This conversation is on another PBX than your phone.")
        name = agent.user_name if agent else ""
        await self._note(actor, call, how, user_id, " ".join(why.split()), address)
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
        await self._tell(user_id, actor.name)
        return own.kind

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
