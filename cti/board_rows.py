"""How the rows of the live board are made of what the parts of the server know. No clock, no database.

What a person is in one word follows the order of the field: in no queue, in a call, ringing, work after a call, paused,
phone out of reach, ready. A call in a queue outweighs what he chose: who talks while paused talks. Who listens to a
colleague's talk listens, and talks in no figure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cti.board import (
    AgentFigures,
    AgentRow,
    Caller,
    CallRow,
    CallState,
    LegPart,
    LegState,
    PauseBudget,
    PbxNow,
    Place,
    QueueRow,
    Standing,
    Waiting,
    WayStep,
)
from cti.desktop import AgentView
from cti.directory import DeviceFinder
from cti.telephony.events import CallRecord, LegRecord

MOST_LEGS = 12
BUSY = ("in-call", "busy", "on-hold")


@dataclass(frozen=True, kw_only=True)
class Around:
    """What rows are made among. members: by queue and device, whether paused; places: where people work, penalties.

    stands: a device's queues at the PBX, whether it is paused there; teams: of those who work or stand in a queue.
    """

    directory: DeviceFinder
    pbxes: Sequence[PbxNow]
    members: Mapping[str, Mapping[str, bool]]
    places: Mapping[int, Mapping[str, int]]
    stands: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    teams: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def pbx_of(self, id_: str) -> tuple[str, ...]:
        """The name of the PBX of a call or device."""
        return tuple(one.name for one in self.pbxes if id_.startswith(one.prefix))[:1]


def around(
    directory: DeviceFinder,
    pbxes: Sequence[PbxNow],
    members: Mapping[str, Mapping[str, bool]],
    places: Mapping[int, Mapping[str, int]],
) -> Around:
    """What the rows of one look have in common."""
    stands: dict[str, dict[str, bool]] = defaultdict(dict)
    teams: dict[str, set[int]] = defaultdict(set)
    for queue, devices in members.items():
        for device, paused in devices.items():
            stands[device][queue] = paused
            row = directory.by_device(device)
            if row is not None and row.team_id is not None:
                teams[queue].add(row.team_id)
    for user_id, mine in places.items():
        row = directory.chosen_of(user_id)
        if row is not None and row.team_id is not None:
            for queue in mine:
                teams[queue].add(row.team_id)
    return Around(
        directory=directory,
        pbxes=pbxes,
        members=members,
        places=places,
        stands=stands,
        teams={queue: frozenset(ids) for queue, ids in teams.items()},
    )


def call_row(
    record: CallRecord, who: Caller, here: Around, views: Mapping[int, AgentView], way: tuple[WayStep, ...]
) -> CallRow:
    """One open call."""
    by_device = here.directory.by_device
    waits = next((wait for wait in record.waits if wait.left is None and wait.how is None), None)
    talked = {leg for pair in record.talked for leg in pair}
    took_part = [leg for leg in record.legs if leg.ended is None or leg.answered is not None]  # not whose ringing ended
    rows = [(leg, by_device(leg.device)) for leg in took_part[-MOST_LEGS:]]
    parts = tuple(_part(leg, row.user_id if row else None, row.user_name if row else "", talked) for leg, row in rows)
    live = [part for part in parts if part.state != "over"]
    speaks = sum(part.state == "talking" for part in live) > 1
    held = any(part.user_id in views and views[part.user_id].call == "held" for part in live if part.user_id)
    state: CallState = "menu"
    since = record.started
    if speaks:
        state, since = "held" if held else "talking", record.answered
    elif waits is not None:
        state, since = "waiting", waits.joined
    elif any(part.state == "ringing" for part in live):
        state = "ringing"
    teams = {row.team_id for leg, row in rows if row is not None and row.team_id is not None and leg.ended is None}
    return CallRow(
        id=record.call,
        who=who,
        direction=record.direction or "",
        state=state,
        since=since,
        started=record.started,
        pbxes=here.pbx_of(record.call),
        teams=frozenset(teams) | here.teams.get(record.queue or "", frozenset()),
        queue=record.queue,
        called=record.called if record.direction == "inbound" else None,
        queues=tuple(dict.fromkeys(wait.queue for wait in record.waits)),
        passed=len(record.transfers),
        legs=parts,
        way=way,
    )


def _part(leg: LegRecord, user_id: int | None, user: str, talked: Collection[str]) -> LegPart:
    state: LegState = "up"
    if leg.ended is not None:
        state = "over"
    elif leg.leg in talked:
        state = "talking"
    elif leg.answered is None and leg.rang is not None:
        state = "ringing"
    since = {"over": leg.ended, "ringing": leg.rang}.get(state, leg.answered)
    return LegPart(leg=leg.leg, user_id=user_id, user=user, state=state, since=since)


def parts_of(calls: Iterable[CallRow]) -> dict[int, tuple[CallRow, LegPart]]:
    """By person, his part in a call that goes on: the one in which he talks, before one that rings."""
    found: dict[int, tuple[CallRow, LegPart]] = {}
    for row in calls:
        for leg in row.legs:
            if leg.user_id is None or leg.state == "over":
                continue
            if leg.user_id not in found or leg.state == "talking":
                found[leg.user_id] = row, leg
    return found


def listening(records: Iterable[CallRecord], directory: DeviceFinder) -> dict[int, float]:
    """Who listens to somebody's talk, since when his phone is up (UNIX s; 0.0: not known)."""
    return {
        row.user_id: leg.answered or 0.0
        for record in records
        for leg in record.legs
        if leg.hears and leg.ended is None and (row := directory.by_device(leg.device)) is not None
    }


def agent_row(
    view: AgentView,
    here: Around,
    today: AgentFigures,
    own: tuple[CallRow, LegPart] | None,
    pause: PauseBudget | None = None,
    listens: float | None = None,
) -> AgentRow:
    """One person. own: his part in a call; pause: what his pause may last; listens: since when to another's talk."""
    chosen = here.directory.chosen_of(view.id)
    works = here.places.get(view.id, {})
    there = {queue: paused for one in view.phones for queue, paused in here.stands.get(one.name, {}).items()}
    call, leg = own or (None, None)
    standing, since = _standing(view, bool(there), leg, listens)
    return AgentRow(
        id=view.id,
        name=view.name,
        extension=view.extension,
        team_id=chosen.team_id if chosen else None,
        team=(chosen.team if chosen else None) or "",
        pbxes=here.pbx_of(chosen.name) if chosen else (),
        standing=standing,
        since=since,
        chosen=view.chosen,
        reason=view.reason,
        chosen_since=view.chosen_since,
        until=view.until,
        held=view.held,
        device=view.device,
        device_since=view.since,
        online=view.online,
        call=view.call,
        queue=call.queue if call else None,
        call_since=leg.since if leg else None,
        who=call.who if call else None,
        places=tuple(
            Place(queue=queue, there=queue in there, penalty=works.get(queue, 0), paused=there.get(queue, False))
            for queue in sorted({*works, *there})
        ),
        today=today,
        pause=pause,
    )


def _standing(view: AgentView, there: bool, leg: LegPart | None, listens: float | None) -> tuple[Standing, float]:
    if listens is not None and (leg is None or leg.state != "talking"):
        return "listening", listens or view.since
    if (leg is not None and leg.state in ("talking", "up")) or view.device in BUSY:
        return "talking", (leg.since if leg else None) or view.since
    if (leg is not None and leg.state == "ringing") or view.device == "ringing":
        return "ringing", (leg.since if leg else None) or view.since
    if view.chosen == "after-call":
        return "after-call", view.chosen_since
    if view.chosen == "not-ready":
        return "paused", view.chosen_since
    if view.chosen == "logged-off" and not there:
        return "off", view.chosen_since
    if view.device in ("unreachable", "unknown"):
        return "away", view.since
    return "ready", view.chosen_since if view.chosen == "ready" else view.since


def queue_rows(here: Around, agents: Iterable[AgentRow], calls: Iterable[CallRow]) -> dict[str, QueueRow]:
    """Every queue that somebody works, stands or waits in, without its figures: who waits, how its people stand."""
    waiting: dict[str, list[CallRow]] = defaultdict(list)
    people: dict[str, Counter[Standing]] = defaultdict(Counter)
    for row in calls:
        if row.state == "waiting" and row.queue:
            waiting[row.queue].append(row)
    for one in agents:
        for place in one.places:
            if place.there:
                said = "paused" if place.paused and one.standing in ("ready", "away") else one.standing
                people[place.queue][said] += 1
    for queue, devices in here.members.items():
        for device, paused in devices.items():
            if here.directory.by_device(device) is None:
                people[queue]["paused" if paused else "ready"] += 1
    names = {queue for mine in here.places.values() for queue in mine} | {*here.members, *waiting}
    return {name: _queue_row(name, here, waiting[name], people[name]) for name in sorted(names, key=str.casefold)}


def _queue_row(name: str, here: Around, inside: list[CallRow], people: Mapping[Standing, int]) -> QueueRow:
    inside.sort(key=lambda row: row.since or 0.0)
    pbxes = {pbx for device in here.members.get(name, ()) for pbx in here.pbx_of(device)}
    return QueueRow(
        name=name,
        pbxes=tuple(sorted(pbxes.union(*(row.pbxes for row in inside)))),
        teams=here.teams.get(name, frozenset()),
        waiting=tuple(
            Waiting(who=row.who, position=place, since=row.since) for place, row in enumerate(inside, start=1)
        ),
        people=dict(people),
    )
