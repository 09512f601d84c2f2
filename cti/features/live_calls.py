"""An agent's calls as they go: dialling, ringing, talking, held, taken by somebody else, missed, ended.

Cards are the business of screen_pop; this feature only says what became of a call. A ring-all is one call at several
desks: when one answers, the others' say who took it and go; only a call that nobody answered is missed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from cti.desktop import AgentDesktop, CallState, CallView, HandOver, Talker, Variable
from cti.directory import DeviceFinder
from cti.telephony.commands import MOVES
from cti.telephony.events import (
    CallCleared,
    CallMerged,
    CallRecord,
    Conferenced,
    ConnectionCleared,
    Delivered,
    DialFailed,
    Established,
    Held,
    Originated,
    Party,
    Retrieved,
    SnapshotTaken,
)
from cti.telephony.numbering import NumberPlan, read


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialled:
    """What an agent's own click knows of the call it makes."""

    user_id: int
    number: str
    extension: str = ""
    client_id: int | None = None
    client_name: str = ""


@dataclass(kw_only=True, slots=True)
class _Desks:
    """One call at the desks of one or several agents."""

    views: dict[int, CallView] = field(default_factory=dict)
    rang: set[int] = field(default_factory=set)  # ever rung for this call
    caller: Party = field(default_factory=Party)


class LiveCalls:
    """Call views per agent. dialled: request id -> what the click knew, None for a call that was not ours.

    plan_of: how numbers are written at the PBX of a call. handed: what a person is asked about in a call, or was given;
    taker: whom he gave a call, dropped: whether nobody took it; asking: whom the PBX asks for him; variables: what the
    dialplan said of a call; kept_back: why his card of one has not come.
    """

    def __init__(
        self,
        *,
        desktop: AgentDesktop,
        directory: DeviceFinder,
        plan_of: Callable[[str], NumberPlan],
        dialled: Callable[[str], Awaitable[Dialled | None]],
        record_of: Callable[[str], CallRecord | None] = lambda _call: None,
        handed: Callable[[str, int], HandOver | None] = lambda _call, _user: None,
        taker: Callable[[str, int], str] = lambda _call, _user: "",
        dropped: Callable[[str, int], bool] = lambda _call, _user: False,
        asking: Callable[[str, int], str] = lambda _call, _user: "",
        variables: Callable[[str], tuple[Variable, ...]] = lambda _call: (),
        kept_back: Callable[[str, int], str] = lambda _call, _user: "",
    ) -> None:
        self._desktop = desktop
        self._directory = directory
        self._plan_of = plan_of
        self._dialled = dialled
        self._record_of = record_of
        self._handed = handed
        self._taker = taker
        self._dropped = dropped
        self._asking = asking
        self._variables = variables
        self._kept_back = kept_back
        self._calls: dict[str, _Desks] = {}

    def views_of(self, agent_id: int) -> tuple[CallView, ...]:
        """The agent's calls that are not over, oldest first."""
        open_states = ("dialling", "ringing", "talking", "held")
        views = (desks.views.get(agent_id) for desks in self._calls.values())
        return tuple(view for view in views if view and view.state in open_states)

    async def originated(self, event: Originated, received_at: float) -> None:
        """An agent's own device starts a call: by a click of his, or on the phone itself."""
        self._calls.setdefault(event.call, _Desks()).caller = event.caller
        agent = self._directory.by_device(event.device)
        if agent is None or (event.called is None and event.direction is None and event.placed_by is None):
            return  # a leg that dials nobody: it comes to take another one's place, and that call is shown already
        if (event.placed_by or "").startswith(MOVES):
            return  # so does this one, which rings first
        click = await self._dialled(event.placed_by) if event.placed_by else None
        view = CallView(
            id=event.call,
            state="dialling",
            direction=event.direction or "outbound",
            number=click.number if click else self._number(event.call, event.called),
            client_id=click.client_id if click else None,
            client_name=click.client_name if click else "",
            extension=click.extension if click else "",
            request_id=event.placed_by or "",
            since=event.at or received_at,
            device=event.device or "",
        )
        await self._tell(agent.user_id, view)

    async def delivered(self, event: Delivered, received_at: float) -> None:
        """A device rings: its owner's call is ringing, and everybody it rings at is shown who else hears it."""
        agent = self._directory.by_device(event.device)
        if agent is None or event.placed_by is not None:
            return
        desks = self._calls.setdefault(event.call, _Desks())
        desks.rang.add(agent.user_id)
        ringing = self._names(event.targets)
        view = CallView(
            id=event.call,
            state="ringing",
            direction="inbound",
            number=self._number(event.call, event.calling.number),
            name=_name(event.calling),
            queue=event.queue,
            since=event.at or received_at,
            ringing=ringing,
            device=event.device or "",
        )
        await self._tell(agent.user_id, view)
        for other, seen in list(desks.views.items()):
            if other != agent.user_id and seen.state == "ringing" and seen.ringing != ringing:
                await self._tell(other, replace(seen, ringing=ringing))

    async def established(self, event: Established, received_at: float) -> None:
        """Two parties talk: their own desks say so, the others still ringing learn who took it."""
        talking = {row.user_id: row for d in (event.device, event.peer_device) if (row := self._directory.by_device(d))}
        desks = self._calls.setdefault(event.call, _Desks())
        now = event.at or received_at
        for user_id, row in talking.items():
            seen = desks.views.get(user_id) or self._unseen(event.call, row.name, desks.caller)
            if seen.state != "talking":
                await self._tell(user_id, replace(seen, state="talking", since=now, ringing=(), by="", device=row.name))
            elif seen.device not in (event.device, event.peer_device):
                await self._tell(user_id, replace(seen, device=row.name))  # he goes on at another phone of his
        taker = self._directory.by_device(event.device) or next(iter(talking.values()), None)
        for user_id, seen in list(desks.views.items()):
            waits = seen.state == "ringing" or (seen.state == "taken" and not seen.by)
            if waits and user_id not in talking:
                await self._tell(user_id, replace(seen, state="taken", by=taker.user_name if taker else "", ringing=()))

    async def conferenced(self, event: Conferenced, _received_at: float) -> None:
        """Three or more talk: each desk names the others; who has left, or talks with one alone again, names nobody."""
        people = [(self._directory.by_device(party.device), party) for party in event.parties]
        for user_id, seen in list(self._calls.get(event.call, _Desks()).views.items()):
            others = [(row, party) for row, party in people if row is None or row.user_id != user_id]
            is_in = any(row is not None and row.user_id == user_id for row, _ in people)
            names = [Talker(name=row.user_name) if row else self._outside(event.call, party) for row, party in others]
            together = tuple(dict.fromkeys(names)) if is_in and len(names) > 1 else ()
            if seen.together != together:
                await self._tell(user_id, replace(seen, together=together))

    async def held(self, event: Held, received_at: float) -> None:
        """The agent put the other party on hold."""
        await self._switch(event.call, event.device, "held", event.at or received_at)

    async def retrieved(self, event: Retrieved, received_at: float) -> None:
        """The agent took the other party back."""
        await self._switch(event.call, event.device, "talking", event.at or received_at)

    async def connection_cleared(self, event: ConnectionCleared, received_at: float) -> None:
        """A device left the call: to its owner it is over, unless another device of his is still in it."""
        agent = self._directory.by_device(event.device)
        desks = self._calls.get(event.call)
        seen = desks.views.get(agent.user_id) if desks and agent else None
        if agent is None or seen is None or seen.device != event.device:
            return
        if event.result == "answered-elsewhere":
            taker = self._directory.by_device(event.taken_by)
            by = taker.user_name if taker else seen.by
            if seen.state != "taken" or by != seen.by:
                await self._tell(agent.user_id, replace(seen, state="taken", by=by, ringing=()))
        elif seen.state in ("talking", "held", "ringing") and not self._goes_on(event):
            by = self._taker(event.call, agent.user_id) if event.result == "transferred" else seen.by
            at = event.at or received_at
            await self._tell(
                agent.user_id, replace(seen, state="ended", outcome=event.result, by=by, since=at, ringing=())
            )

    def _goes_on(self, event: ConnectionCleared) -> bool:
        """Another leg of the same phone has taken this one's place: a page that was loaded anew took its call back."""
        record = self._record_of(event.call)
        legs = record.legs if record else ()
        talked = {leg for pair in (record.talked if record else ()) for leg in pair}
        return any(
            leg.device == event.device and leg.leg != event.leg and leg.ended is None and leg.leg in talked
            for leg in legs
        )

    async def call_cleared(self, event: CallCleared, received_at: float) -> None:
        """The call is over for everybody; who was rung for a call that nobody answered has missed it."""
        desks = self._calls.pop(event.call, None)
        if desks is None:
            return
        outcome = event.record.outcome or "unfinished"
        untold = event.record.reason == "sip"  # that nobody answered, SIP does not tell
        lost = event.record.answered is None and outcome != "diverted" and not untold
        for user_id, seen in desks.views.items():
            asked = self._handed(event.call, user_id)
            state: CallState = "missed" if lost and user_id in desks.rang and not asked else "ended"
            passed = seen.state == "ended" and seen.outcome == "transferred"
            if (seen.state == "taken" and not lost) or (passed and not self._dropped(event.call, user_id)):
                continue
            said = "not-taken" if passed else outcome
            view = replace(seen, state=state, outcome=said, since=event.at or received_at, ringing=())
            await self._desktop.call(user_id, self._with_hand_over(user_id, view))

    async def call_merged(self, event: CallMerged, received_at: float) -> None:
        """Two calls turned out to be one: each desk keeps one view, under the id that stays."""
        gone = self._calls.pop(event.call, None)
        if gone is None:
            return
        kept = self._calls.setdefault(event.into, _Desks(caller=gone.caller))
        kept.rang |= gone.rang
        for user_id, view in gone.views.items():
            await self._desktop.call(user_id, replace(view, state="ended", since=received_at, ringing=()))
            if user_id not in kept.views or kept.views[user_id].state not in ("talking", "held"):
                await self._tell(user_id, replace(view, id=event.into))

    async def handed_over(self, call: str, user_id: int) -> None:
        """What the person is asked about has changed, or is his now."""
        seen = self._calls.get(call, _Desks()).views.get(user_id)
        if seen is not None:
            await self._tell(user_id, seen)

    async def told_of(self, call: str) -> None:
        """The dialplan said something of a call: all that have it on their desks, or are asked about it."""
        for desks in list(self._calls.values()):
            for user_id, view in list(desks.views.items()):
                if call in (view.id, view.hand_over.call if view.hand_over else ""):
                    await self._tell(user_id, view)

    async def dial_failed(self, event: DialFailed, received_at: float) -> None:
        """A click of ours led to no call at all."""
        click = await self._dialled(event.placed_by)
        if click is not None:
            view = CallView(
                id=event.call,
                state="ended",
                direction="outbound",
                number=click.number,
                client_id=click.client_id,
                client_name=click.client_name,
                outcome=event.outcome,
                since=event.at or received_at,
                request_id=event.placed_by,
            )
            await self._desktop.call(click.user_id, view)

    async def snapshot_taken(self, event: SnapshotTaken, received_at: float) -> None:
        """Forget calls that the PBX no longer has; show those that went on while this server was away."""
        self._calls = {
            call: desks
            for call, desks in self._calls.items()
            if call in event.open_calls or not call.startswith(event.prefix)
        }
        for call in sorted(event.open_calls - self._calls.keys()):
            record = self._record_of(call)
            if record is not None and not (record.placed_by or "").startswith(MOVES):
                await self._restore(record, received_at)

    async def _restore(self, record: CallRecord, now: float) -> None:
        talked = {leg for pair in record.talked for leg in pair}
        for leg in record.legs:
            row = self._directory.by_device(leg.device)
            if row is None or leg.ended is not None:
                continue
            view = replace(
                self._unseen(record.call, row.name, record.caller),
                state="talking" if leg.leg in talked else "ringing" if leg.answered is None else "dialling",
                direction=record.direction or "inbound",
                queue=record.queue,
                since=leg.answered or leg.rang or record.started or now,
                request_id=record.placed_by or "",
            )
            if record.direction == "outbound":
                view = replace(view, number=self._number(record.call, record.called), name="")
            await self._tell(row.user_id, view)

    def _unseen(self, call: str, device: str, caller: Party) -> CallView:
        """The view of a call that was already up when the server came."""
        number, name = self._number(call, caller.number), _name(caller)
        return CallView(id=call, state="ringing", direction="inbound", number=number, name=name, device=device)

    async def _switch(self, call: str, device: str | None, state: CallState, at: float) -> None:
        agent = self._directory.by_device(device)
        seen = self._calls.get(call, _Desks()).views.get(agent.user_id) if agent else None
        if agent and seen and seen.state in ("talking", "held") and seen.state != state:
            await self._tell(agent.user_id, replace(seen, state=state))

    def _with_hand_over(self, user_id: int, view: CallView) -> CallView:
        one = self._handed(view.id, user_id)
        said, card = self._variables(one.call if one else view.id), self._kept_back(view.id, user_id)
        view = replace(view, variables=said, card=card, asking=self._asking(view.id, user_id))
        if one is None or one.kind != "given":
            return replace(view, hand_over=one)
        return replace(view, hand_over=one, number=one.number, name=one.name, queue=view.queue or one.queue)

    async def _tell(self, user_id: int, view: CallView) -> None:
        view = self._with_hand_over(user_id, view)
        views = self._calls.setdefault(view.id, _Desks()).views
        views[user_id] = view
        await self._desktop.call(user_id, view)
        giver = views.get(view.hand_over.by_id) if view.hand_over else None
        if view.hand_over and giver:
            by_id, gone = view.hand_over.by_id, giver.outcome == "transferred"
            by = giver.by or self._taker(view.id, by_id) if gone else giver.by
            asking = "" if gone else self._asking(view.id, by_id)
            if (by, asking) != (giver.by, giver.asking):
                await self._tell(by_id, replace(giver, by=by))

    def _outside(self, call: str, party: Party) -> Talker:
        return Talker(number=self._number(call, party.number))

    def _number(self, call: str, raw: str | None) -> str | None:
        number = read(raw, self._plan_of(call))
        return None if number.kind == "hidden" else number.e164 or number.internal or (raw or "")[:40]

    def _names(self, devices: tuple[str, ...]) -> tuple[str, ...]:
        rows = (self._directory.by_device(device) for device in devices)
        return tuple(dict.fromkeys(row.user_name for row in rows if row))


def _name(party: Party) -> str:
    return (party.name or "")[:160]
