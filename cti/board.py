"""What a live board shows, as records: queues with those who wait, people, calls, and how fresh each of it is.

Rule kept here: a record names the PBXes that it comes from, so that a page can show it as lost or old when they are,
and the teams that it is about, so that whoever may see one team is told of no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from cti.clients.masking import ARGS, Telephone, Words

Standing = Literal["off", "away", "listening", "talking", "ringing", "after-call", "paused", "ready"]
CallState = Literal["menu", "waiting", "ringing", "talking", "held"]
LegState = Literal["ringing", "talking", "up", "over"]
Tile = Literal["queues", "agents", "calls"]
Sort = Literal["name", "state", "time"]
Theme = Literal["auto", "light", "dark"]
Teams = frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who the client of a call is. number: E.164 or internal, None when hidden; name: as the PBX presents him."""

    call: str
    number: Telephone | None
    name: Words = ""
    client_id: int | None = None
    client_name: Words = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Somebody in a queue. position: now, from 1. since: UNIX s, None where it is not known."""

    who: Caller
    position: int
    since: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueFigures:
    """What became of those who came into a queue since some time, as reports count it.

    level: the service level, 0 to 1, None: nobody; in_time, late: those it has, and those it lacks.
    """

    level: float | None = None
    in_time: int = 0
    late: int = 0
    answered: int = 0
    abandoned: int = 0
    others: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueRow:
    """One queue. people: its members by how they stand. missed: clients who were lost today and not reached since.

    answer_within_s, short_s: T and S of its service level at this moment.
    """

    name: str
    pbxes: tuple[str, ...] = ()
    teams: Teams = frozenset()
    waiting: tuple[Waiting, ...] = ()
    people: Mapping[Standing, int] = field(default_factory=dict)
    now: QueueFigures = QueueFigures()
    today: QueueFigures = QueueFigures()
    answer_within_s: int = 0
    short_s: int = 0
    missed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A queue that somebody is in at the PBX, or works in and is not (there: False)."""

    queue: str
    there: bool
    penalty: int = 0
    paused: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentFigures:
    """A person's day: calls that he picked up, seconds of talk, offers he did not answer, seconds of pauses.

    over_s: of pauses that are over, by reason.
    """

    answered: int = 0
    talk_s: float = 0.0
    missed: int = 0
    paused_s: float = 0.0
    over_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PauseBudget:
    """What a person's pause may last today. used_s: by pauses for the same reason before this one; since: UNIX s."""

    budget_s: int
    used_s: float
    since: float


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentRow:
    """A person on his three axes (cti/desktop.py, AgentView), and in one word: standing, since when.

    who: the client of his call, queue: the one it came from, call_since: since when he rings or talks.
    """

    id: int
    name: str
    extension: str = ""
    team_id: int | None = None
    team: str = ""
    pbxes: tuple[str, ...] = ()
    standing: Standing = "off"
    since: float = 0.0
    chosen: str = "logged-off"
    reason: str = ""
    chosen_since: float = 0.0
    until: float | None = None
    held: bool = False
    device: str = "unknown"
    device_since: float = 0.0
    online: bool = False
    call: str = ""
    queue: str | None = None
    call_since: float | None = None
    who: Caller | None = None
    places: tuple[Place, ...] = ()
    today: AgentFigures = AgentFigures()
    pause: PauseBudget | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LegPart:
    """A leg. user_id, user: whose phone it is, None and "" for somebody outside; since: in this state."""

    leg: str
    user_id: int | None
    user: str
    state: LegState
    since: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class WayStep:
    """A step of the dialplan that the call took: a code of web/texts.py with its arguments."""

    code: str
    args: Annotated[Mapping[str, str], ARGS] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRow:
    """One call. called: the number that was dialled; queues: that it has been in; passed: how often handed over."""

    id: str
    who: Caller
    direction: str
    state: CallState
    since: float | None
    started: float | None
    pbxes: tuple[str, ...] = ()
    teams: Teams = frozenset()
    queue: str | None = None
    called: Telephone | None = None
    queues: tuple[str, ...] = ()
    passed: int = 0
    legs: tuple[LegPart, ...] = ()
    way: tuple[WayStep, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How a person has set up his board. tiles: those he looks at, in his order; team, queue: alone, "": all of them.

    sort: of people; rotate_s: seconds for each tile on a full screen, 0: all of them at once.
    """

    tiles: tuple[Tile, ...] = get_args(Tile)
    team: str = ""
    queue: str = ""
    sort: Sort = "name"
    rotate_s: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ScreenLook:
    """What a screen without a person is shown: the parts in their order, of these teams and queues; none named: of all.

    rotate_s: as in Layout. clients: whether their names and numbers stand there, as far as the link's maker may see.
    """

    tiles: tuple[Tile, ...] = get_args(Tile)
    teams: tuple[int, ...] = ()
    queues: tuple[str, ...] = ()
    rotate_s: int = 0
    clients: bool = False
    language: str = "ru"
    theme: Theme = "dark"


@dataclass(frozen=True, kw_only=True, slots=True)
class PbxNow:
    """One PBX. state: as in cti/desktop.py; heard_at: UNIX s when it last said anything, 0 for never."""

    name: str
    prefix: str
    state: str
    since: float
    heard_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """All of it at one moment. figures_at: when the journal was last read, 0: not yet.

    day: when the day began that it was read for, and ends; lately: since when "now" is, for a service level.
    """

    at: float
    figures_at: float
    pbxes: tuple[PbxNow, ...]
    queues: Mapping[str, QueueRow]
    agents: Mapping[str, AgentRow]
    calls: Mapping[str, CallRow]
    day: tuple[float, float] = (0.0, 0.0)
    lately: float = 0.0

    def pbxes_alike(self, other: Board) -> bool:
        """Whether the PBXes are as they were."""
        return [(one.name, one.state) for one in self.pbxes] == [(one.name, one.state) for one in other.pbxes]
