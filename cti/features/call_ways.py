"""The way a call took through a generated dialplan, kept in its trace in the words of that day; and the client's mark.

What decides at a step is known at the next one: the key that was pressed, what the opening hours said. A dialplan may
be anybody's: its words are cut, its steps counted, and a flood of them costs one write in a quarter of a second.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from cti.board import WayStep
from cti.errors import StorageError
from cti.storage import scores, traces
from cti.storage.spool import Spool
from cti.storage.traces import Step
from cti.telephony.events import CallCleared, CallMerged, Scored, SnapshotTaken, StepTaken
from dialplan.flow import titles
from dialplan.plan import Plan

TOGETHER_S = 0.25
FRESH_S = 15.0  # so long after a publish steps may still be called as before
MOST = 60  # steps of one call that are kept
MOST_CALLS = 5000  # of which steps are counted at once
LONGEST = 80
SHOWN = 8  # steps of an open call that a board shows
KINDS = frozenset((
    "ByHours", "Menu", "Say", "ToQueue", "ToPeople", "ToGroup", "ToManager", "ByClient", "ByList", "ToOutside",
    "ToVoicemail", "CallBack", "Score", "End",
))  # fmt: skip
HOURS = frozenset(("open", "closed", "holiday"))
KEYS = frozenset("0123456789*#")


@dataclass(slots=True)
class _Way:
    """How far a call has come. kind: of its last step."""

    steps: int = 0
    kind: str = ""
    told: list[WayStep] = field(default_factory=list)  # the last of them, for boards


class StepTitles:
    """How the running plan of a PBX calls its steps. running: a version and its plan."""

    def __init__(
        self,
        *,
        running: Callable[[str], Awaitable[tuple[object, Plan] | None]],
        pbx_of: Callable[[str], str],
        clock: Callable[[], float],
    ) -> None:
        self._running = running
        self._pbx_of = pbx_of
        self._clock = clock
        self._known: dict[str, tuple[float, Mapping[str, str]]] = {}

    async def of(self, call: str, node: str) -> str:
        """The title of a step, as of the last seconds; "" where it has none or cannot be read now."""
        pbx, now = self._pbx_of(call), self._clock()
        at, known = self._known.get(pbx, (float("-inf"), {}))
        if not 0 <= now - at < FRESH_S:
            self._known[pbx] = now, known
            with contextlib.suppress(StorageError):
                found = await self._running(pbx)
                known = titles(found[1]) if found is not None else {}
                self._known[pbx] = now, known
        return known.get(node, "")


class CallWays:
    """Hears of steps and marks. title_of: how the running plan calls a step, by its call and id; "" where unknown.

    unhappy: is told of every mark, to look for low ones.
    """

    def __init__(self, *, spool: Spool) -> None:
        self._spool = spool
        self.title_of: Callable[[str, str], Awaitable[str]] | None = None
        self.unhappy: Callable[[Scored], None] | None = None
        self._ways: dict[str, _Way] = {}
        self._untold: list[Step] = []
        self._stops = False

    def of(self, call: str) -> tuple[WayStep, ...]:
        """The last steps of an open call."""
        way = self._ways.get(call)
        return tuple(way.told) if way else ()

    async def step_taken(self, event: StepTaken, received_at: float) -> None:
        """A call came to a step."""
        way = self._ways.get(event.call)
        if way is None:
            if len(self._ways) >= MOST_CALLS:
                return
            way = self._ways[event.call] = _Way()
        at = event.at or received_at
        if way.kind == "ByHours" and event.hours in HOURS:
            self._tell(way, event.call, at, f"way-hours-{event.hours}")
        elif way.kind in ("Menu", "CallBack") and event.key in KEYS:
            self._tell(way, event.call, at, "way-key", key=event.key)
        way.kind = event.kind if event.kind in KINDS else ""
        node = _line(event.node)
        title = _line(await self.title_of(event.call, node)) if self.title_of is not None else ""
        self._tell(way, event.call, at, f"way-{way.kind or 'step'}", title=title or node)

    async def scored(self, event: Scored, received_at: float) -> None:
        """The client gave a mark: the last one counts."""
        at = event.at or received_at
        self._spool.put(lambda conn: scores.put(conn, event.call, event.score, at))
        if self.unhappy is not None:
            self.unhappy(event)

    async def call_merged(self, event: CallMerged, _received_at: float) -> None:
        """The call is a part of another."""
        self._ways.pop(event.call, None)

    async def call_cleared(self, event: CallCleared, _received_at: float) -> None:
        """The call is over."""
        self._ways.pop(event.call, None)

    async def snapshot_taken(self, event: SnapshotTaken, _received_at: float) -> None:
        """Forget calls that ended while nobody looked."""
        gone = [call for call in self._ways if call.startswith(event.prefix) and call not in event.open_calls]
        for call in gone:
            del self._ways[call]

    def _tell(self, way: _Way, call: str, at: float, step: str, **args: str) -> None:
        way.steps += 1
        if way.steps > MOST:
            return
        if way.steps == MOST:
            step, args = "way-long", {}
        way.told = [*way.told, WayStep(code=step, args=args)][-SHOWN:]
        if not self._untold and not self._stops:
            asyncio.get_running_loop().call_later(TOGETHER_S, self._write)
        self._untold.append(Step(call_id=call, at=at, step=step, args=args))
        if self._stops:
            self._write()

    def stop(self) -> None:
        """The server stops: what was told is written now, and what is told from now on at once."""
        self._stops = True
        self._write()

    def _write(self) -> None:
        rows, self._untold = self._untold, []
        if rows:
            self._spool.put(lambda conn: traces.add(conn, rows))


def _line(text: str) -> str:
    """One line of letters that print."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[: LONGEST * 4]).split())[:LONGEST]
