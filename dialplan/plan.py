"""A PBX as its admin thinks of it: numbers, hours, a flow of steps, queues, people, routes. Frozen data.

A number leads to a step; a step leads on to steps by their ids. What a plan says in words is compiled to contexts
(flow.py), found fault with (faults.py) and walked through without a PBX (trace.py). Texts are anybody's: what could
change the structure of a file is refused by model.py, the rest is quoted by render.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dialplan.office import CODES, PARKING, Box, Codes, Group, Music, Parking, Penalty, Trunk

# Hours ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From when until when, on days of the week. days: 0 is Monday; begins, ends: `09:00`, `24:00` for midnight."""

    days: tuple[int, ...]
    begins: str
    ends: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A date that is not as its day of the week says. open: `09:00-16:00` each, () for closed.

    holiday: where a step has an own way for holidays, the day takes it (when it is closed).
    """

    date: str
    open: tuple[str, ...] = ()
    title: str = ""
    holiday: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """When somebody is there, on the clock of a zone (`Europe/Moscow`). days: a date comes once, and wins."""

    id: str
    title: str
    zone: str
    spans: tuple[Span, ...] = ()
    days: tuple[Day, ...] = ()


# Steps of the flow: each has an id of its own; a link is the id of the next step, "" ends the call --------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class ByHours:
    """Open, closed or a holiday: three ways. holiday: "" is as closed."""

    id: str
    hours: str
    open: str
    closed: str
    holiday: str = ""
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Menu:
    """Say a sound, wait for a digit. choices: digit -> step. otherwise: nothing was pressed, or nothing of these."""

    id: str
    sound: str
    choices: tuple[tuple[str, str], ...]
    otherwise: str
    wait_s: int = 5
    tries: int = 2
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    """Play a sound to the end, go on."""

    id: str
    sound: str
    then: str
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToQueue:
    """Wait in a queue. priority: added to the client's own. otherwise: nobody took the call in time, or could.

    after: where the caller goes when the agent has hung up, "" for nowhere.
    """

    id: str
    queue: str
    otherwise: str
    after: str = ""
    wait_s: int = 60
    priority: int = 0
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToPeople:
    """Ring people: all at once, or one after another, each for ring_s."""

    id: str
    people: tuple[str, ...]  # extensions
    otherwise: str
    ring_s: int = 20
    in_turn: bool = False
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToGroup:
    """Ring a group (office.py)."""

    id: str
    group: str
    otherwise: str
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToManager:
    """Ring the client's own manager while he is free; nobody's client, or no manager, goes on at once."""

    id: str
    otherwise: str
    ring_s: int = 20
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ByClient:
    """Who calls decides: the first way whose tag the client has, as the server says (FastAGI)."""

    id: str
    ways: tuple[tuple[str, str], ...]  # tag -> step
    otherwise: str
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ByList:
    """On which list the caller's number stands, as the server says (FastAGI): black, white, or neither.

    black: "" hangs up; white: "" goes on as everybody.
    """

    id: str
    black: str
    otherwise: str
    white: str = ""
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToOutside:
    """Ring a number outside, by the outbound routes."""

    id: str
    number: str
    otherwise: str
    ring_s: int = 30
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToVoicemail:
    """Leave a message in a mailbox. greeting: heard before, in place of the mailbox's own."""

    id: str
    box: str
    greeting: str = ""
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallBack:
    """Offer to be called back: one key asks for it, another, or none, goes on. queue: whose place is kept; "": none."""

    id: str
    sound: str
    then: str
    otherwise: str
    queue: str = ""
    key: str = "1"
    wait_s: int = 5
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Ask for a mark of the talk, 1 to 5; it is told to the server."""

    id: str
    sound: str
    then: str
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """The call ends. how: hung up, busy, or as a number that does not exist."""

    id: str
    how: Literal["hang-up", "busy", "unknown"] = "hang-up"
    title: str = ""


Node = (
    ByHours
    | Menu
    | Say
    | ToQueue
    | ToPeople
    | ToGroup
    | ToManager
    | ByClient
    | ByList
    | ToOutside
    | ToVoicemail
    | CallBack
    | Score
    | End
)


# What the flow names --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A number that clients dial. digits: as the carrier sends them, without plus. first: a step.

    record: every talk of its calls, after Plan.announcement.
    """

    digits: str
    first: str
    title: str = ""
    language: Literal["ru", "en"] = "ru"
    record: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """A queue. number: what colleagues dial, "" for none; ring_s, retry_s, wrapup_s, limit, weight: as Asterisk's.

    say: a sound for those who wait, every say_every_s. record: every talk, after Plan.announcement. penalties: whom
    the wait brings in; without, everybody is asked by his penalty.
    """

    name: str
    title: str = ""
    number: str = ""
    strategy: Literal["ringall", "leastrecent", "fewestcalls", "random", "rrmemory", "linear", "wrandom"] = "rrmemory"
    ring_s: int = 20
    retry_s: int = 3
    wrapup_s: int = 3
    limit: int = 0
    music: str = "default"
    place_every_s: int = 0
    say_wait: bool = False
    level_s: int = 20
    join_empty: bool = True
    record: bool = False
    say: str = ""
    say_every_s: int = 30
    weight: int = 0
    penalties: tuple[Penalty, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody inside. devices: endpoints; browsers: those of them that are browsers'. voicemail: has a mailbox.

    caller_id: what he shows outside where his route says nothing, "" for the site's.
    """

    extension: str
    name: str
    devices: tuple[str, ...]
    browsers: tuple[str, ...] = ()
    email: str = ""
    voicemail: bool = False
    caller_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Numbers outside by their beginning. prefix: digits, "" for all others. strip, add: cut off, and put before.

    allowed: False refuses. limit: calls at once, 0 for any. caller_id: shown, "" for the person's own. who: the only
    extensions that may, () for everybody; hours: when, "" for always; longest_min: a call is ended then, 0 for never.
    record: every talk; whoever is called hears Plan.announcement as he picks up.
    """

    prefix: str
    trunk: str
    strip: int = 0
    add: str = ""
    digits: int = 0  # how many there must be in all, 0: any
    caller_id: str = ""
    limit: int = 0
    allowed: bool = True
    title: str = ""
    who: tuple[str, ...] = ()
    hours: str = ""
    longest_min: int = 0
    record: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Take:
    """A sound in one language. sha256: of the sound as the server keeps it (sounds.py says where the PBX finds it)."""

    language: Literal["ru", "en"]
    sha256: str
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """A sound by its name: a file of the PBX (`vm-goodbye`), or one that was brought (`trubka/hello`): it has takes."""

    name: str
    title: str = ""
    takes: tuple[Take, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All of a PBX. announcement: the sound that says a call is recorded. spies: extensions that may listen.

    refusal: the key by which whoever hears the announcement is not recorded, "" for none.
    """

    numbers: tuple[Number, ...] = ()
    nodes: tuple[Node, ...] = ()
    hours: tuple[Hours, ...] = ()
    queues: tuple[Queue, ...] = ()
    people: tuple[Person, ...] = ()
    routes: tuple[Route, ...] = ()
    sounds: tuple[Sound, ...] = ()
    groups: tuple[Group, ...] = ()
    boxes: tuple[Box, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    music: tuple[Music, ...] = ()
    codes: Codes = CODES
    parking: Parking = PARKING
    spies: tuple[str, ...] = ()
    announcement: str = ""
    refusal: str = ""
    zone: str = "Europe/Moscow"


def ways(node: Node) -> tuple[tuple[str, str, bool], ...]:
    """Where a step leads: name of the way, the step ("" ends the call), whether the caller chose it."""
    match node:
        case ByHours():
            holiday = (("holiday", node.holiday, False),) if node.holiday else ()
            return (("open", node.open, False), ("closed", node.closed, False), *holiday)
        case Menu():
            return (*((digit, to, True) for digit, to in node.choices), ("otherwise", node.otherwise, False))
        case ByClient():
            return (*((f"tag {tag}", to, False) for tag, to in node.ways), ("otherwise", node.otherwise, False))
        case ByList():
            white = (("white", node.white, False),) if node.white else ()
            return (("black", node.black, False), *white, ("otherwise", node.otherwise, False))
        case CallBack():
            return (("asked", node.then, True), ("otherwise", node.otherwise, False))
        case Say() | Score():
            return (("then", node.then, False),)
        case ToQueue():
            return (("otherwise", node.otherwise, False), *((("after", node.after, True),) if node.after else ()))
        case ToPeople() | ToGroup() | ToManager() | ToOutside():
            return (("otherwise", node.otherwise, False),)
        case ToVoicemail() | End():
            return ()


def reached(plan: Plan, first: Iterable[str]) -> set[str]:
    """Steps that calls come to which begin at these."""
    leads = {node.id: [to for _, to, _ in ways(node)] for node in plan.nodes}
    seen, left = set[str](), list(first)
    while left:
        here = left.pop()
        if here in leads and here not in seen:
            seen.add(here)
            left += leads[here]
    return seen
