"""What a supervisor does from the live board: with a call, with a person's queues, and with words.

Rules kept here: each action has its right, which may end at one's own team; what is about to be done to a caller is
marked before the PBX is asked; each action is a line of the audit journal once it was done, and a sentence where it
was not. An action whose answer was lost is never repeated: the board shows what became of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from cti.access import Person, Right, may
from cti.board import CallRow, Layout
from cti.desktop import AgentDesktop, Notice
from cti.directory import DeviceFinder
from cti.errors import ChannelError, NotAllowed, Refused
from cti.lines import Line
from cti.storage import board_layouts, desktop_events, sessions, users
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.storage.users import QueueDraft
from cti.telephony.commands import ClearConnection, Command, Redirect, RemoveMember, SetPenalty, TakeOver
from cti.telephony.duty import State
from cti.telephony.events import CallRecord, DeviceStatus, LegRecord

ANSWER_S = 2.0
RING_S = 20
LONGEST_TEXT = 500
MOST_PENALTY = 1000


@dataclass(frozen=True, kw_only=True)
class BoardWays:
    """What actions reach the world by.

    row_of: an open call as the board has it; pick: mark that a waiting caller is taken out of his queue, or is not;
    choose: set a person's state; moved: bring his places at the PBX to what they ought to be; next_seq: of notices.
    """

    line_of: Callable[[str], Line | None]
    status_of: Callable[[str], DeviceStatus]
    record_of: Callable[[str], CallRecord | None]
    row_of: Callable[[str], CallRow | None]
    pick: Callable[[str, bool], None]
    choose: Callable[[Person, int, State, str], Awaitable[bool]]
    moved: Callable[[int], Awaitable[None]]
    standing: Callable[[str], Iterable[str]]
    next_seq: Callable[[int], int]


class BoardActions:
    """Of supervisors. directory: who sits where; clock: UNIX seconds."""

    def __init__(
        self,
        *,
        db: Database,
        directory: DeviceFinder,
        desktop: AgentDesktop,
        ways: BoardWays,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._directory = directory
        self._desktop = desktop
        self._ways = ways
        self._clock = clock

    # Calls ----------------------------------------------------------------------------------------------------------
    async def pick(self, actor: Person, call: str, user_id: int) -> None:
        """A caller who waits goes to a person. Raises Refused, NotAllowed or ChannelError."""
        record, row = self._call(actor, call)
        waits = row.state == "waiting"
        agent = self._agent(user_id)
        self._reaches(actor, "calls.manage", agent)
        if not waits:
            raise Refused("not-waiting", "This caller does not wait any more.")
        if self._ways.status_of(agent.name) not in ("idle", "unknown"):
            raise Refused("agent-busy", "This person's phone is not free.")
        caller = _living(record)[0]
        line = self._line(agent.name)
        if line.pbx is not self._line(call).pbx:
            raise Refused("other-pbx", "That phone is on another PBX: a call cannot go over to it.")
        self._ways.pick(call, True)
        try:
            await _ask(line, Redirect(leg=caller.leg, context=line.settings.dial_context, number=agent.extension))
        except ChannelError as error:
            if not error.unknown:
                self._ways.pick(call, False)
            raise
        await self._note(actor, "board-pick", f"call:{call}", f"to {agent.user_name}, from {row.queue or ''}")

    async def end(self, actor: Person, call: str) -> None:
        """Everybody in the call is hung up. Raises Refused, NotAllowed or ChannelError."""
        record, _row = self._call(actor, call)
        legs = _living(record)
        outside = [leg for leg in legs if leg.device is None] or legs
        for leg in outside:
            await _ask(self._line(call), ClearConnection(leg=leg.leg))
        await self._note(actor, "board-end", f"call:{call}")

    async def take_over(self, actor: Person, call: str) -> None:
        """The supervisor talks with the client instead of whoever does. Raises Refused, NotAllowed or ChannelError."""
        record, _row = self._call(actor, call)
        own = self._own_phone(actor)
        talked = {leg for pair in record.talked for leg in pair}
        client = next((leg for leg in _living(record) if leg.device is None and leg.leg in talked), None)
        if client is None:
            raise Refused("not-talking", "This is done during a conversation; wait until the call is answered.")
        line = self._line(own.name)
        if line.pbx is not self._line(call).pbx:
            raise Refused("other-pbx", "That phone is on another PBX: a call cannot go over to it.")
        command = TakeOver(
            device=line.device,
            leg=client.leg,
            request_id=secrets.token_hex(16),
            caller_id_number=own.extension,
            timeout_s=RING_S,
        )
        await _ask(line, command)
        await self._note(actor, "board-take-over", f"call:{call}")

    # People ---------------------------------------------------------------------------------------------------------
    async def set_state(self, actor: Person, user_id: int, state: State, reason: str) -> bool:
        """Say what a person is from now on. True: the PBX knows. Raises Refused, NotAllowed."""
        self._reaches(actor, "agents.manage", self._agent(user_id))
        told = await self._ways.choose(actor, user_id, state, reason)
        await self._note(actor, "board-state", f"user:{user_id}", f"{state} {reason}".strip())
        return told

    async def set_place(self, actor: Person, user_id: int, queue: str, *, there: bool, penalty: int) -> None:
        """A person works in a queue from now on, with a penalty, or does not. Raises Refused, NotAllowed, ChannelError.

        Where he is logged off, or his PBX is away, it is told when he comes, or when it is back.
        """
        agent = self._agent(user_id)
        self._reaches(actor, "agents.manage", agent)
        if not 0 <= penalty <= MOST_PENALTY:
            raise Refused("bad-queue", "A queue is named as on the PBX; its penalty is 0 to 1000.")
        async with self._db.write() as conn:
            known = {*await users.queue_names(conn), *self._ways.standing(agent.name)}
            if queue not in known:
                raise Refused("unknown-queue", "Nobody works in such a queue yet: an admin sets the first one.")
            mine = {one.name: one for one in await users.queues_of(conn, user_id)}
            before = mine.pop(queue, None)
            if there:
                mine[queue] = QueueDraft(name=queue, penalty=penalty)
            await users.set_queues(conn, user_id, list(mine.values()))
            said = f"{queue}:{penalty}" if there else f"{queue}: out, was {before.penalty if before else 0}"
            await sessions.note(conn, self._clock(), actor.id, "board-queue", f"user:{user_id}", said)
        line = self._line(agent.name)
        if line.pbx.health().state != "up":
            return
        if queue in self._ways.standing(agent.name):
            command: Command = RemoveMember(queue=queue, device=line.device)
            if there:
                command = SetPenalty(queue=queue, device=line.device, penalty=penalty)
            await _ask(line, command)
        elif there:
            await self._ways.moved(user_id)

    # The board itself -----------------------------------------------------------------------------------------------
    async def set_up(self, actor: Person, layout: Layout) -> None:
        """How the person's own board is from now on. Raises Refused."""
        if not layout.tiles or len(set(layout.tiles)) < len(layout.tiles):
            raise Refused("no-tiles", "A board shows one part at least, each once.")
        async with self._db.write() as conn:
            await board_layouts.keep(conn, actor.id, layout)

    # Words ----------------------------------------------------------------------------------------------------------
    async def tell(self, actor: Person, text: str, *, user_id: int | None = None, team_id: int | None = None) -> int:
        """Words that stay on the screens of a person, or of a team, until he has seen them; how many are told.

        Raises Refused, NotAllowed.
        """
        said = " ".join(text.split())[:LONGEST_TEXT]
        if not said:
            raise Refused("no-words", "Write what is to be said.")
        told = [row for row in self._directory.chosen() if user_id in (None, row.user_id)]
        told = [row for row in told if user_id is not None or team_id in (None, row.team_id)]
        if not told:
            raise Refused("nobody", "There is nobody to tell.")
        for row in told:
            self._reaches(actor, "board.tell", row)
        async with self._db.write() as conn:
            notices = [(row.user_id, self._notice(row.user_id, actor, said)) for row in told if row.user_id != actor.id]
            await desktop_events.append(conn, [desktop_events.of_notice(*one) for one in notices])
            thing = f"user:{user_id}" if user_id is not None else f"team:{team_id or 'all'}"
            await sessions.note(conn, self._clock(), actor.id, "board-tell", thing, said)
        for one in notices:
            await self._desktop.message(*one)
        return len(notices)

    def _notice(self, user_id: int, actor: Person, text: str) -> Notice:
        seq = self._ways.next_seq(user_id)
        return Notice(seq=seq, code="board-says", args={"name": actor.name, "words": text}, href="", at=self._clock())

    # Inside ---------------------------------------------------------------------------------------------------------
    def _call(self, actor: Person, call: str) -> tuple[CallRecord, CallRow]:
        """An open call that the actor may do something to. Raises Refused: of others' he need not know."""
        record, row = self._ways.record_of(call), self._ways.row_of(call)
        if record is None or row is None or not _living(record):
            raise Refused("no-call", "There is no such call.")
        if not any(may(actor, "calls.manage", owner_team_id=team) for team in (row.teams or (None,))):
            raise NotAllowed("Your role may not do this with calls of others.")
        return record, row

    def _agent(self, user_id: int) -> DeviceRow:
        row = self._directory.chosen_of(user_id)
        if row is None:
            raise Refused("nobody", "This person has no phone.")
        return row

    def _own_phone(self, actor: Person) -> DeviceRow:
        row = self._directory.chosen_of(actor.id)
        if row is None:
            raise Refused("no-device", "You have no phone; an admin adds one under Settings, Users.")
        if self._ways.status_of(row.name) != "idle":
            raise Refused("unregistered", "Your phone is not free on the PBX.")
        return row

    def _reaches(self, actor: Person, right: Right, row: DeviceRow) -> None:
        if not may(actor, right, owner_id=row.user_id, owner_team_id=row.team_id):
            raise NotAllowed("Your role may not do this with people of other teams.")

    def _line(self, id_: str) -> Line:
        line = self._ways.line_of(id_)
        if line is None:
            raise Refused("no-pbx", "No PBX is set up for this phone; an admin looks at the settings.")
        return line

    async def _note(self, actor: Person, action: str, thing: str, detail: str = "") -> None:
        async with self._db.write() as conn:
            await sessions.note(conn, self._clock(), actor.id, action, thing, detail)


def _living(record: CallRecord) -> list[LegRecord]:
    return [leg for leg in record.legs if leg.ended is None]


async def _ask(line: Line, command: Command) -> None:
    answer = await line.pbx.ask(command, timeout_s=ANSWER_S)
    if not answer.ok:
        raise ChannelError(f"The PBX refused: {answer.message}", permanent=True)
