"""Rows of the live board -> the JSON that browsers get, in the reader's language and as he may see numbers. Pure.

What a page works out itself (how long somebody waits, how old a tile is) is not said: only since when.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

from cti.access import Person, scope
from cti.board import AgentRow, Board, Caller, CallRow, PbxNow, QueueFigures, QueueRow, ScreenLook, Tile
from cti.telephony.numbering import show
from web.duty_texts import state
from web.texts import step
from web.wire import Json, Reader

Row = QueueRow | AgentRow | CallRow
PARTS: tuple[Tile, ...] = get_args(Tile)


@dataclass(frozen=True, slots=True)
class Viewer:
    """As whom a board is told: all who are alike are told the same. teams, queues: the only ones he sees, None: all.

    names: whether he may know clients; numbers: whether he is told by which number they call; parts: what he looks at.
    cards: whether he may open clients' cards.
    """

    reader: Reader
    teams: frozenset[int] | None
    names: bool
    numbers: bool = True
    queues: frozenset[str] | None = None
    parts: tuple[Tile, ...] = PARTS
    cards: bool = True

    def sees(self, row: Row) -> bool:
        """Whether a row is his business."""
        return self._of_teams(row) and self._of_queues(row)

    def _of_teams(self, row: Row) -> bool:
        if self.teams is None:
            return True
        return row.team_id in self.teams if isinstance(row, AgentRow) else not self.teams.isdisjoint(row.teams)

    def _of_queues(self, row: Row) -> bool:
        if self.queues is None:
            return True
        if isinstance(row, QueueRow):
            return row.name in self.queues
        inside = [one.queue for one in row.places] if isinstance(row, AgentRow) else [row.queue, *row.queues]
        return not self.queues.isdisjoint(inside)

    def narrowed(self, row: Row) -> Row:
        """A row without what is not told him: of other queues, of clients."""
        if isinstance(row, AgentRow) and self.queues is not None:
            row = replace(row, places=tuple(one for one in row.places if one.queue in self.queues))
            row = row if row.queue in self.queues else replace(row, queue=None, who=None)
        if isinstance(row, CallRow) and not self.numbers:
            row = replace(row, way=())  # its steps may name whoever calls
        return row


NO_TEAM = -1


def viewer_of(person: Person, reader: Reader) -> Viewer:
    """A person who may look at the board."""
    return Viewer(reader, _teams(person), scope(person, "clients.read") != "none")


def screen_of(maker: Person, reader: Reader, look: ScreenLook) -> Viewer:
    """A screen that shows what its maker chose, of what he may see."""
    teams = _teams(maker)
    if look.teams:
        teams = frozenset(look.teams) if teams is None else teams & frozenset(look.teams)
    return Viewer(
        reader,
        teams,
        names=look.clients and scope(maker, "clients.read") != "none",
        numbers=look.clients,
        queues=frozenset(look.queues) or None,
        parts=look.tiles,
        cards=False,
    )


def _teams(person: Person) -> frozenset[int] | None:
    """The teams whose rows a person sees; None: all."""
    if scope(person, "board.read") == "all":
        return None
    return frozenset({person.team_id if person.team_id is not None else NO_TEAM})


def told(row: Row, viewer: Viewer) -> Json:
    """One row."""
    row = viewer.narrowed(viewer.reader.sight.see(row))
    if isinstance(row, QueueRow):
        return queue(row, viewer)
    return agent(row, viewer) if isinstance(row, AgentRow) else call(row, viewer)


def queue(row: QueueRow, viewer: Viewer) -> Json:
    """A queue."""
    return {
        "name": row.name,
        "pbxes": row.pbxes,
        "waiting": [
            {"who": caller(one.who, viewer), "position": one.position, "since": one.since} for one in row.waiting
        ],
        "people": row.people,
        "now": figures(row.now),
        "today": figures(row.today),
        "missed": row.missed,
        "within_s": row.answer_within_s,
        "short_s": row.short_s,
    }


def figures(one: QueueFigures) -> Json:
    """level: in percent, None: nobody was counted."""
    level = None if one.level is None else round(one.level * 100)
    return {
        "level": level,
        "in_time": one.in_time,
        "late": one.late,
        "answered": one.answered,
        "abandoned": one.abandoned,
        "others": one.others,
    }


def agent(row: AgentRow, viewer: Viewer) -> Json:
    """A person."""
    return {
        "id": row.id,
        "name": row.name,
        "extension": row.extension,
        "team": row.team,
        "team_id": row.team_id,
        "pbxes": row.pbxes,
        "standing": row.standing,
        "since": row.since,
        "chosen": row.chosen,
        "chosen_text": state(row.chosen, row.reason, viewer.reader.language),
        "chosen_since": row.chosen_since,
        "until": row.until,
        "held": row.held,
        "device": row.device,
        "online": row.online,
        "call": row.call,
        "queue": row.queue,
        "call_since": row.call_since,
        "who": caller(row.who, viewer) if row.who else None,
        "places": [
            {"queue": one.queue, "there": one.there, "penalty": one.penalty, "paused": one.paused} for one in row.places
        ],
        "today": {
            "answered": row.today.answered,
            "talk_s": row.today.talk_s,
            "missed": row.today.missed,
            "paused_s": row.today.paused_s,
        },
        "pause": None
        if row.pause is None
        else {"budget_s": row.pause.budget_s, "used_s": row.pause.used_s, "since": row.pause.since},
    }


def call(row: CallRow, viewer: Viewer) -> Json:
    """A call."""
    language = viewer.reader.language
    return {
        "id": row.id,
        "who": caller(row.who, viewer),
        "direction": row.direction,
        "state": row.state,
        "since": row.since,
        "started": row.started,
        "pbxes": row.pbxes,
        "queue": row.queue,
        "called": show(row.called),
        "queues": row.queues,
        "passed": row.passed,
        "legs": [
            {"leg": one.leg, "user_id": one.user_id, "user": one.user, "state": one.state, "since": one.since}
            for one in row.legs
        ],
        "way": [step(language, one.code, one.args) for one in row.way],
    }


def caller(one: Caller, viewer: Viewer) -> Json:
    """A client; whoever may not know clients is told the number alone, as he may see it."""
    name = one.client_name or one.name
    return {
        "call": one.call,
        "shown": show(one.number) if viewer.numbers else "",
        "client_id": one.client_id if viewer.names and viewer.cards else None,
        "name": name if viewer.names else "",
    }


def pbx(one: PbxNow) -> Json:
    """How a PBX stands."""
    return {"name": one.name, "state": one.state, "since": one.since, "heard_at": one.heard_at}


def clients_in(board: Board, viewer: Viewer) -> set[int]:
    """Whose data the viewer is shown."""
    if not viewer.names:
        return set()
    return {row.who.client_id for row in board.calls.values() if row.who.client_id is not None and viewer.sees(row)}
