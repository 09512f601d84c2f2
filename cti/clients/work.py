"""One queue of what is to be done: missed clients, call-backs ordered on the site, own call-backs, tasks and letters.

What comes first is a rule of its own here, and so is the reason that is said of it. The order: what I have taken; a
promise whose time is over; who ordered a call; who called in vain, the insistent and my own clients before others and
the latest first, for he is still at his phone; tasks that are due; what waits for its time; what others have taken.
Pure: `now` is an argument. Times in UNIX seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cti.clients.masking import Telephone, Words

WorkKind = Literal["missed", "order", "callback", "task", "letter", "list"]
TAKEN_S = 30 * 60.0  # so long an item is somebody's: he may have gone home
TAKEN, LATE, ORDERED, INSISTENT, MISSED, DUE, WAITING, OTHERS = range(8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One thing to do. id: of the task, order or conversation, of a missed client's last call. at: since when it is so.

    tries, wait_s: of a missed client. due_at: when it was promised or wished for. site: whose form it came by.
    voicemail: the call that left a message. kept: his place in the queue is. queues, team_id, people: whose it is: of
    these queues, this team, these persons; everybody's: open_to_all.
    """

    kind: WorkKind
    id: str
    at: float
    number: Telephone | None = None
    client_id: int | None = None
    client_name: Words = ""
    name: Words = ""
    note: Words = ""
    page: Words = ""
    site: str = ""
    tries: int = 0
    wait_s: float = 0.0
    due_at: float | None = None
    responsible_id: int | None = None
    responsible: str = ""
    taken_by_id: int | None = None
    taken_by: str = ""
    taken_until: float | None = None
    later_until: float | None = None
    queues: tuple[str, ...] = ()
    team_id: int | None = None
    people: frozenset[int] = frozenset()
    open_to_all: bool = False
    voicemail: str = ""
    kept: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A thing to do where one person has it. level: of the order above; why: code of web/work_texts.py, with times."""

    work: Work
    level: int
    why: str
    times: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """Who has a list of things to do."""

    id: int
    team_id: int | None = None
    queues: frozenset[str] = frozenset()


def is_of(work: Work, worker: Worker) -> bool:
    """Whether it is this person's to do: as manager, by queue or team, because it rang him, or he has taken it."""
    if work.open_to_all or worker.id in (*work.people, work.responsible_id, work.taken_by_id):
        return True
    in_team = work.team_id is not None and work.team_id == worker.team_id
    return in_team or not worker.queues.isdisjoint(work.queues)


def placed(works: Iterable[Work], me: int, now: float) -> list[Placed]:
    """Things to do in the order in which one person does them, each with why it stands there."""
    return sorted((_place(one, me, now) for one in works), key=_key)


def waiting(list_of: Iterable[Placed]) -> int:
    """How many are to be done now by the one whose list it is."""
    return sum(one.level < WAITING for one in list_of)


def _key(one: Placed) -> tuple[int, float, str]:
    work = one.work
    newest_first = one.level in (INSISTENT, MISSED)
    at = one.times.get("until") or one.times.get("due") or work.at
    return one.level, -work.at if newest_first else at, work.id


def _place(work: Work, me: int, now: float) -> Placed:
    taken = work.taken_by_id is not None and (work.taken_until or 0.0) > now
    later = work.later_until if work.later_until and work.later_until > now else None
    if taken and work.taken_by_id != me:
        return Placed(work=work, level=OTHERS, why="taken")
    if later:
        return Placed(work=work, level=WAITING, why="put-off", times={"until": later})
    if taken:
        why = "list" if work.kind == "list" else "taken-by-me"
        return Placed(work=work, level=TAKEN, why=why, times={"until": work.taken_until or now})
    if work.kind == "letter":
        late = work.due_at is not None and work.due_at <= now
        times = {"due": work.due_at or work.at, "at": work.at}
        return Placed(work=work, level=LATE if late else DUE, why="letter-late" if late else "letter", times=times)
    if work.due_at is not None and work.due_at > now:
        return Placed(work=work, level=WAITING, why=f"{work.kind}-waits", times={"due": work.due_at})
    if work.kind == "missed":
        own = work.responsible_id == me
        level = INSISTENT if own or work.tries > 1 or work.voicemail else MISSED
        why = (
            "missed-voicemail"
            if work.voicemail
            else "missed-own"
            if own
            else "missed-often"
            if work.tries > 1
            else "missed"
        )
        return Placed(work=work, level=level, why=why, times={"at": work.at})
    if work.kind == "order":
        why = "order-late" if work.due_at else "order-kept" if work.kept else "order"
        return Placed(work=work, level=ORDERED, why=why, times={"due": work.due_at or work.at})
    level = LATE if work.kind == "callback" else DUE
    return Placed(work=work, level=level, why=f"{work.kind}-late", times={"due": work.due_at or work.at})
