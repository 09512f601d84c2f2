"""The live board: what goes on now, of queues, people and calls, put together once for all who look at it.

Rules kept here: what is live comes from memory, at the moment that it is looked at; what is counted comes from the
journal, read beside, every few seconds, while somebody looks; each part says from when it is, so that nothing old is
shown as if it were live. A PBX that is quiet is asked whether it is there: silence is not freshness.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from cti.board import AgentFigures, Board, Caller, PauseBudget, PbxNow, QueueFigures, QueueRow, WayStep
from cti.board_rows import agent_row, around, call_row, listening, parts_of, queue_rows
from cti.desktop import AgentView
from cti.directory import DeviceFinder
from cti.errors import StorageError
from cti.reports.pause_budgets import Budgets
from cti.reports.pause_budgets import in_force as budget_of
from cti.reports.queue_sums import History, in_force, quarter
from cti.storage import board_figures, missed, pause_budgets, thresholds
from cti.storage.database import Database
from cti.telephony.commands import MOVES
from cti.telephony.events import CallRecord
from cti.telephony.numbering import NumberPlan, read

LOOKED_S = 5.0  # so long after the last look the journal is read on
READ_S, READ_SHARE = 2.5, 10.0  # between two readings: at least, and as a multiple of what one took
NAMES_S, NAMES_AGAIN_S = 0.5, 5.0  # clients of new calls are asked for, and those of all again
LATELY_S = 1800  # what "now" means for a service level, and what the quarter has had before it
MOST_MISSED = 500

log = structlog.get_logger()


@dataclass(kw_only=True, slots=True)
class _Read:
    """What was last read of the journal. at: when, 0: never."""

    at: float = 0.0
    queues: Mapping[str, tuple[QueueFigures, QueueFigures]] = field(default_factory=dict)
    agents: Mapping[int, AgentFigures] = field(default_factory=dict)
    places: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    missed: Mapping[str, int] = field(default_factory=dict)
    thresholds: History = field(default_factory=dict)
    budgets: Budgets = field(default_factory=dict)
    day: tuple[float, float] = (0.0, 0.0)
    lately: float = 0.0


class LiveBoard:
    """pbxes: how they stand; calls: the open ones; views: everybody's; members: by queue, device and whether paused.

    way_of: the steps that a call took through its dialplan; prove: ask PBXes that are quiet whether they are there.
    """

    def __init__(
        self,
        *,
        db: Database,
        directory: DeviceFinder,
        pbxes: Callable[[], tuple[PbxNow, ...]],
        calls: Callable[[], Sequence[CallRecord]],
        views: Callable[[], Sequence[AgentView]],
        members: Callable[[], Mapping[str, Mapping[str, bool]]],
        plan_of: Callable[[str], NumberPlan],
        way_of: Callable[[str], tuple[WayStep, ...]],
        prove: Callable[[], Awaitable[None]],
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._directory = directory
        self._pbxes = pbxes
        self._calls = calls
        self._views = views
        self._members = members
        self._plan_of = plan_of
        self._way_of = way_of
        self._prove = prove
        self._zone = zone
        self._clock = clock
        self._read = _Read()
        self._names: dict[str, tuple[int, str] | None] = {}
        self._numbers: dict[str, tuple[str | None, str | None]] = {}  # of open calls: as presented, as it is read
        self._stood: dict[str, dict[str, dict[str, bool]]] = {}  # by PBX, queue and device, whether paused
        self._looked = asyncio.Event()
        self._looked_at = float("-inf")

    def look(self) -> Board:
        """Everything as it is at this moment."""
        now = self._clock()
        self._looked_at = now
        self._looked.set()
        pbxes = self._pbxes()
        every = self._calls()
        listens = listening(every, self._directory)
        records = [one for one in every if not (one.placed_by or "").startswith(MOVES) and not _listens(one)]
        open_calls = {one.call for one in records}
        self._names = {call: self._names.get(call) for call in open_calls}
        self._numbers = {call: self._numbers[call] for call in open_calls & self._numbers.keys()}
        here = around(self._directory, pbxes, self._standing(pbxes), self._read.places)
        views = {view.id: view for view in self._views()}
        calls = {one.call: call_row(one, self._who(one), here, views, self._way_of(one.call)) for one in records}
        parts, today = parts_of(calls.values()), self._read.agents
        agents = {
            str(id_): agent_row(
                view,
                here,
                today.get(id_, AgentFigures()),
                parts.get(id_),
                self._budget(view, today.get(id_)),
                listens.get(id_),
            )
            for id_, view in views.items()
        }
        queues = queue_rows(here, agents.values(), calls.values())
        return Board(
            at=now,
            figures_at=self._read.at,
            pbxes=pbxes,
            queues={name: self._counted(row) for name, row in queues.items()},
            agents=agents,
            calls=calls,
            day=self._read.day,
            lately=self._read.lately,
        )

    def _standing(self, pbxes: Sequence[PbxNow]) -> dict[str, dict[str, bool]]:
        """Who stands in which queue; of a PBX that is away, as it last was: the page says that it is."""
        self._stood = {one.name: {} if one.state == "up" else self._stood.get(one.name, {}) for one in pbxes}
        for queue, devices in self._members().items():
            for device, paused in devices.items():
                home = next((one for one in pbxes if device.startswith(one.prefix)), None)
                if home is not None and home.state == "up":
                    self._stood[home.name].setdefault(queue, {})[device] = paused
        found: dict[str, dict[str, bool]] = {}
        for stood in self._stood.values():
            for queue, mine in stood.items():
                found.setdefault(queue, {}).update(mine)
        return found

    async def run(self) -> None:
        """Read the journal and keep PBXes talking while somebody looks, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every(READ_S, self._count), name="board-figures")
            group.create_task(self._every(NAMES_S, self._name), name="board-names")
            group.create_task(self._every(1.0, self._prove), name="board-pbxes")

    async def _every(self, pause_s: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._looked.wait()
            if self._clock() - self._looked_at > LOOKED_S:
                self._looked.clear()
                continue
            began = self._clock()
            try:
                await work()
            except StorageError as error:
                log.warning("the board could not read the journal", reason=str(error))
            await asyncio.sleep(max(pause_s, (self._clock() - began) * READ_SHARE))

    async def _count(self) -> None:
        now = self._clock()
        midnight = datetime.fromtimestamp(now, self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        day, lately = midnight.timestamp(), float(quarter(now - LATELY_S))
        ends = (midnight + timedelta(days=1)).timestamp()
        async with self._db.read() as conn:
            places = await board_figures.places(conn)
            names = {queue for mine in places.values() for queue in mine} | set(self._members())
            names |= {wait.queue for one in self._calls() for wait in one.waits}
            history, budgets = await thresholds.history(conn), await pause_budgets.history(conn)
            queues = await board_figures.queue_figures(conn, names, history, since=day, lately=lately)
            agents = await board_figures.agent_figures(conn, since=day, now=now)
            lost = await missed.missed(conn, since=day, limit=MOST_MISSED)
        counts: dict[str, int] = {}
        for one in lost:
            for queue in one.queues:
                counts[queue] = counts.get(queue, 0) + 1
        self._read = _Read(
            at=now,
            queues=queues,
            agents=agents,
            places=places,
            missed=counts,
            thresholds=history,
            budgets=budgets,
            day=(day, ends),
            lately=lately,
        )

    async def _name(self) -> None:
        """Whose the open calls are: those of nobody yet at each turn, all of them at times."""
        again = int(self._clock() / NAMES_AGAIN_S) != int((self._clock() - NAMES_S) / NAMES_AGAIN_S)
        asked = [call for call, name in self._names.items() if again or name is None]
        if not asked:
            return
        async with self._db.read() as conn:
            found = await board_figures.clients_of(conn, asked)
        self._names.update({call: found.get(call) for call in asked if call in self._names})

    def _counted(self, row: QueueRow) -> QueueRow:
        now, today = self._read.queues.get(row.name, (QueueFigures(), QueueFigures()))
        held = in_force(self._read.thresholds, row.name, self._clock())
        return replace(
            row,
            now=now,
            today=today,
            missed=self._read.missed.get(row.name, 0),
            answer_within_s=held.answer_within_s,
            short_s=held.short_s,
        )

    def _budget(self, view: AgentView, today: AgentFigures | None) -> PauseBudget | None:
        """What the pause that a person has now may last."""
        minutes = budget_of(self._read.budgets, view.reason, self._clock()) if view.chosen == "not-ready" else None
        if minutes is None:
            return None
        used = today.over_s.get(view.reason, 0.0) if today else 0.0
        since = max(view.chosen_since, self._read.day[0])
        return PauseBudget(budget_s=minutes * 60, used_s=round(used), since=since)

    def _who(self, record: CallRecord) -> Caller:
        party = record.client or record.caller
        known = self._names.get(record.call)
        client_id, client_name = known or (None, "")
        name = (party.name or "")[:160]
        number = self._number(record.call, party.number)
        return Caller(call=record.call, number=number, name=name, client_id=client_id, client_name=client_name)

    def _number(self, call: str, raw: str | None) -> str | None:
        known = self._numbers.get(call)
        if known is None or known[0] != raw:
            number = read(raw, self._plan_of(call))
            said = None if number.kind == "hidden" else number.e164 or number.internal or (raw or "")[:40] or None
            known = self._numbers[call] = raw, said
        return known[1]


def _listens(record: CallRecord) -> bool:
    """Whether it is a colleague's ear, by a code at his phone, and no call of anybody's."""
    return any(leg.hears and leg.ended is None for leg in record.legs)
