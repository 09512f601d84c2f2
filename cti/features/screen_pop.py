"""Screen pop: a device rings, the caller's card is on its owner's screen.

Rules kept here: one pop per call and agent, however often a queue rings him; a stored row with the agent's next seq
first, the emit second; a hidden number matches nobody; a colleague is shown as a colleague, unless he asks about his
client or hands him over (hand_over): then it is the client's card; who talks with a client whose card he was not given
(a transfer, a pick-up, a ring that nobody saw) gets it then;
each decision leaves a trace row (`trace/{call}`: why did the card come, or not). When the database is late the card is
shown all the same and its row follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
from msgspec import structs

from cti.clients.matching import match
from cti.clients.pop_rules import PopRule
from cti.desktop import AgentDesktop, Erased, HandOver, Match, PopCall, PopKind, ScreenPop, Why, in_call
from cti.directory import DeviceFinder
from cti.errors import Refused
from cti.storage import calls, clients, desktop_events, lookup, traces
from cti.storage.database import Database
from cti.storage.desktop_events import NewEvent
from cti.storage.directory import DeviceRow
from cti.storage.spool import Spool
from cti.storage.traces import Step
from cti.telephony.events import (
    CallCleared,
    CallMerged,
    CallRecord,
    Delivered,
    Established,
    Party,
    SnapshotTaken,
)
from cti.telephony.numbering import Number, NumberPlan, read

STORE_LIMIT_S = 0.3  # a card waits this long for its row; then it is shown and the row follows


@dataclass(kw_only=True, slots=True)
class _Popped:
    """What one agent was shown of a call."""

    pop: ScreenPop
    shown: bool = False
    asked_at: float = 0.0  # when the colleague asked whose client it is


@dataclass(frozen=True, kw_only=True, slots=True)
class _Caller:
    kind: PopKind
    number: str | None
    name: str
    matches: tuple[Match, ...] = ()
    colleague: str = ""
    steps: list[tuple[str, dict[str, str]]] = field(default_factory=list)


class ScreenPops:
    """Cards for agents. plan_of: how numbers are written at the PBX of a call; record_of: a call that goes on.

    handed: what a person is asked about in a call, or was given; rule: when a queue's cards come and what they do.
    """

    def __init__(
        self,
        *,
        db: Database,
        spool: Spool,
        desktop: AgentDesktop,
        directory: DeviceFinder,
        plan_of: Callable[[str], NumberPlan],
        record_of: Callable[[str], CallRecord | None],
        clock: Callable[[], float],
        handed: Callable[[str, int], HandOver | None] = lambda _call, _user: None,
        rule: Callable[[str | None], PopRule] = lambda _queue: PopRule(),
    ) -> None:
        self._handed = handed
        self._rule = rule
        self._kept: dict[str, dict[int, str]] = {}  # call -> whose card does not come by itself: answer, hand
        self._db = db
        self._spool = spool
        self._desktop = desktop
        self._directory = directory
        self._plan_of = plan_of
        self._record_of = record_of
        self._clock = clock
        self._seqs: dict[int, int] = {}
        self._open: dict[str, dict[int, _Popped]] = {}

    async def start(self) -> None:
        """Load the seqs, and the pops of calls that were open when the server stopped: none is shown twice."""
        async with self._db.read() as conn:
            self._seqs = await desktop_events.last_seqs(conn)
            rows = await desktop_events.of_open_calls(conn)
        for row in rows:
            pop = in_call(msgspec.json.decode(row.payload, type=ScreenPop), row.call_id)
            popped = _Popped(pop=pop, shown=row.shown_at is not None)
            self._open.setdefault(pop.call.id, {})[row.agent_id] = popped

    def seq_of(self, agent_id: int) -> int:
        """The agent's last seq (0: nothing yet)."""
        return self._seqs.get(agent_id, 0)

    def next_seq(self, agent_id: int) -> int:
        """The seq of the agent's next stored event; each is given once, also to those who store other kinds."""
        self._seqs[agent_id] = self._seqs.get(agent_id, 0) + 1
        return self._seqs[agent_id]

    def has_popped(self, call: str, agent_id: int) -> bool:
        """Whether the agent was given this call's card."""
        return agent_id in self._open.get(call, {})

    def kept_back(self, call: str, agent_id: int) -> str:
        """Why the agent's card of a call has not come: answer (it comes with it), hand (he asks for it), "" it came."""
        return self._kept.get(call, {}).get(agent_id, "")

    async def by_hand(self, agent_id: int, call: str) -> None:
        """The agent asks for the card of a call of his. Raises Refused."""
        record = self._record_of(call)
        client = record.client if record else None
        rows = {row.name: row for row in self._directory.devices_of(agent_id)}
        leg = next((one for one in record.legs if one.device in rows and one.ended is None), None) if record else None
        if record is None or client is None or leg is None:
            raise Refused("not-your-call", "You are not in this call (any more).")
        if self.kept_back(record.call, agent_id):
            ring = self._ring(record, leg.leg, leg.device or "", client)
            await self._give(ring, rows[leg.device or ""], self._clock(), ("pop-by-hand", {}), asked=True)

    async def delivered(self, event: Delivered, received_at: float) -> None:
        """A device rings: give its owner the caller's card, once."""
        agent = self._directory.by_device(event.device)
        if event.device is None or event.placed_by is not None:
            return
        if agent is None:
            self._trace(event.call, None, [("device-without-person", {"device": event.device})])
            return
        known = self._open.get(event.call, {}).get(agent.user_id)
        if known is None or self._is_news(known, event.call, agent, event.calling):
            if not self._waits(event, agent):
                await self._give(event, agent, received_at)
        elif not known.shown:
            known.shown = True
            await self._desktop.pop(agent.user_id, known.pop)

    async def established(self, event: Established, received_at: float) -> None:
        """An agent talks with a client: if he was not given the client's card, he gets it now."""
        record = self._record_of(event.call)
        client = record.client if record else None
        if record is None or client is None:
            return
        for leg, device, other in (
            (event.leg, event.device, event.peer_device),
            (event.peer, event.peer_device, event.device),
        ):
            agent = self._directory.by_device(device)
            if agent is None or other is not None or device == record.caller.device:
                continue
            known = self._open.get(event.call, {}).get(agent.user_id)
            if self.kept_back(event.call, agent.user_id) == "hand" and not self._handed(event.call, agent.user_id):
                continue
            if known is None or self._is_news(known, event.call, agent, client):
                ring = self._ring(record, leg, device or "", client, event.at)
                await self._give(ring, agent, received_at, ("card-in-talk", {}))

    async def _give(
        self,
        event: Delivered,
        agent: DeviceRow,
        received_at: float,
        *why: tuple[str, dict[str, str]],
        asked: bool = False,
    ) -> None:
        handed = self._handed(event.call, agent.user_id)
        if handed is not None:
            calling = Party(number=handed.number, name=handed.name)
            event = structs.replace(event, calling=calling, queue=event.queue or handed.queue)
            why = ((f"hand-over-{handed.kind}", {"name": handed.by}), *why)
        caller = await self._identify(event, agent)
        if handed is not None:
            caller = await self._as_chosen(caller, handed)
        elif not asked:
            what = self._rule(event.queue).of(caller.kind)
            if what == "nothing":
                self._kept.setdefault(event.call, {})[agent.user_id] = "hand"
                return self._trace(event.call, agent.user_id, [*caller.steps, ("pop-not-wanted", {})])
            caller = _as_wanted(caller, what)
        self._kept.get(event.call, {}).pop(agent.user_id, None)
        pop = self._next_pop(event, agent, caller, received_at)
        asked_at = handed.began if handed else 0.0
        self._open.setdefault(event.call, {})[agent.user_id] = _Popped(pop=pop, shown=True, asked_at=asked_at)
        await self._store(agent, pop, [*why, *caller.steps])
        await self._desktop.pop(agent.user_id, pop)

    def _waits(self, event: Delivered, agent: DeviceRow) -> bool:
        """Whether the queue's cards come later than the ring; a colleague's does not."""
        when = self._rule(event.queue).when
        of_colleague = read(event.calling.number, self._plan_of(event.call)).kind == "internal"
        if when == "ring" or of_colleague or self._handed(event.call, agent.user_id):
            return False
        mine = self._kept.setdefault(event.call, {})
        if agent.user_id not in mine:
            mine[agent.user_id] = when
            self._trace(event.call, agent.user_id, [(f"pop-waits-{when}", {"name": agent.user_name})])
        return True

    def _ring(self, record: CallRecord, leg: str, device: str, client: Party, at: float | None = None) -> Delivered:
        """The ring that a person would have had of a client who talks with him."""
        return Delivered(
            at=at,
            call=record.call,
            leg=leg,
            leg_id="",
            device=device,
            calling=client,
            called=record.called if record.direction == "inbound" else None,
            queue=record.queue,
        )

    def _is_news(self, known: _Popped, call: str, agent: DeviceRow, party: Party) -> bool:
        """He was shown a colleague, and now it is that colleague's client; or he is asked anew, or in another call."""
        handed = self._handed(call, agent.user_id)
        if handed is not None:
            return known.asked_at != handed.began or known.pop.call.id != call
        return known.pop.kind == "colleague" and read(party.number, self._plan_of(call)).kind != "internal"

    async def call_cleared(self, event: CallCleared, _received_at: float) -> None:
        """The call is over: nothing of it stays in memory."""
        self._open.pop(event.call, None)
        self._kept.pop(event.call, None)

    async def call_merged(self, event: CallMerged, _received_at: float) -> None:
        """Two calls turned out to be one: who saw either card has seen it."""
        gone = self._open.pop(event.call, {})
        kept = self._open.setdefault(event.into, {})
        for agent_id, popped in gone.items():
            kept.setdefault(agent_id, popped)
        self._kept.setdefault(event.into, {}).update(self._kept.pop(event.call, {}))

    async def erased(self, view: Erased) -> None:
        """Somebody was erased: cards of calls that go on no longer name him among the likely ones."""
        for popped in self._open.values():
            for one in popped.values():
                one.pop = view.out_of(one.pop)

    async def snapshot_taken(self, event: SnapshotTaken, _received_at: float) -> None:
        """Forget the pops of calls that ended while nobody looked."""

        def goes_on(call: str) -> bool:
            return call in event.open_calls or not call.startswith(event.prefix)

        self._open = {call: popped for call, popped in self._open.items() if goes_on(call)}
        self._kept = {call: whose for call, whose in self._kept.items() if goes_on(call)}

    async def _identify(self, event: Delivered, agent: DeviceRow) -> _Caller:
        plan = self._plan_of(event.call)
        number = read(event.calling.number, plan)
        name = (event.calling.name or "")[:160]
        row = self._directory.by_extension(number.internal, near=event.device) if number.kind == "internal" else None
        if row is not None:
            return self._colleague(number, name, row.user_name)
        if number.kind == "hidden":
            return _Caller(kind="hidden", number=None, name=name, steps=[("number-hidden", {})])
        kind, matches = await self._look_up(number, plan, agent)
        if number.kind == "internal" and not matches:
            return self._colleague(number, name, "")
        shown = number.e164 or number.internal or (event.calling.number or "")[:40]
        rule = ("number-read", {"number": shown, "rule": number.rule})
        first = ("number-unreadable", {"number": shown}) if number.kind == "unreadable" else rule
        steps = [first, (f"matched-{kind}", _found(matches))]
        return _Caller(kind=kind, number=shown, name=name, matches=matches, steps=steps)

    async def _look_up(self, number: Number, plan: NumberPlan, agent: DeviceRow) -> tuple[PopKind, tuple[Match, ...]]:
        async with self._db.read() as conn:
            candidates = await lookup.look_up(conn, number, plan, now=self._clock())
            choices = await clients.choices(conn, number.e164 or "") if len(candidates) > 1 else []
        return match(number, candidates, choices, agent.user_id)

    async def _as_chosen(self, caller: _Caller, handed: HandOver) -> _Caller:
        """Whom the colleague took the client for is who he is."""
        async with self._db.read() as conn:
            row = await calls.get(conn, handed.call)
            chosen = row.client_id if row else None
            if chosen is None or [one.client.id for one in caller.matches] == [chosen]:
                return caller
            brief = await lookup.brief_of(conn, chosen, now=self._clock())
        known = [one for one in caller.matches if one.client.id == chosen]
        if known or brief is not None:
            why = Why(code="handed-over", args={"name": handed.by})
            one = known[0] if known else Match(client=brief, why=why) if brief else None
            return replace(caller, kind="client", matches=(one,) if one else ())
        return caller

    def _colleague(self, number: Number, name: str, colleague: str) -> _Caller:
        return _Caller(
            kind="colleague",
            number=number.internal,
            name=name,
            colleague=colleague or name,
            steps=[("internal-call", {"number": number.internal or "", "name": colleague})],
        )

    def _next_pop(self, event: Delivered, agent: DeviceRow, caller: _Caller, received_at: float) -> ScreenPop:
        return ScreenPop(
            seq=self.next_seq(agent.user_id),
            kind=caller.kind,
            call=PopCall(
                id=event.call,
                direction="internal" if caller.kind == "colleague" else "inbound",
                number=caller.number,
                name=caller.name,
                device=event.device or "",
                queue=event.queue,
                called=event.called,
                started=event.at or received_at,
            ),
            matches=caller.matches,
            colleague=caller.colleague,
            ringing=self._ringing(event),
            received_at=received_at,
        )

    def _ringing(self, event: Delivered) -> tuple[str, ...]:
        rows = (self._directory.by_device(device) for device in event.targets)
        return tuple(dict.fromkeys(row.user_name for row in rows if row))

    async def _store(self, agent: DeviceRow, pop: ScreenPop, steps: list[tuple[str, dict[str, str]]]) -> None:
        """The pop's row and its trace in one commit; waits for it at most STORE_LIMIT_S."""
        now = self._clock()
        row = NewEvent(
            agent_id=agent.user_id,
            seq=pop.seq,
            kind="screen_pop",
            call_id=pop.call.id,
            payload=msgspec.json.encode(pop).decode(),
            created_at=now,
        )
        told = [*steps, ("pop-sent", {"name": agent.user_name, "device": agent.name})]
        rows = [Step(call_id=pop.call.id, at=now, step=s, user_id=agent.user_id, args=a) for s, a in told]

        async def write(conn: desktop_events.Connection) -> None:
            await desktop_events.append(conn, [row])
            await traces.add(conn, rows)

        stored = self._spool.put(write)
        if self._spool.state == "ok":
            await asyncio.wait({stored}, timeout=STORE_LIMIT_S)

    def _trace(self, call: str, user_id: int | None, steps: list[tuple[str, dict[str, str]]]) -> None:
        now = self._clock()
        rows = [Step(call_id=call, at=now, step=s, user_id=user_id, args=a) for s, a in steps]
        self._spool.put(lambda conn: traces.add(conn, rows))


def _as_wanted(caller: _Caller, what: str) -> _Caller:
    """One client that is to be picked, or several of whom the first is taken for the caller."""
    if what == "list" and caller.kind == "client":
        return replace(caller, kind="several")
    if what == "card" and caller.kind == "several":
        return replace(caller, kind="client", matches=caller.matches[:1])
    return caller


def _found(matches: tuple[Match, ...]) -> dict[str, str]:
    whys: list[Why] = [m.why for m in matches]
    return {"count": str(len(matches)), "clients": ", ".join(str(m.client.id) for m in matches[:10])} | (
        {"why": whys[0].code} if whys else {}
    )
