"""Letters of shared mailboxes and SMS: what clients asked in a period and when it was answered, added up and listed.

It is read from what triggers keep (answer_tables.py). A conversation is followed BACK_S before the period: what was
written before that is not known to the report, so that the next of theirs begins the conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from sqlalchemy import ColumnElement, Float, Select, case, column, false, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages import hours as working
from cti.reports.answers import Channel, Question, Sums, Tally
from cti.storage.answer_tables import letters_asked, sms_asked
from cti.storage.mail_tables import LETTERS_THEIRS, conversations, letters, mailbox_people, mailboxes
from cti.storage.report_limits import each_of
from cti.storage.sms_tables import SMS_THEIRS
from cti.storage.tables import users

BACK_S = 90 * 86400.0  # how far before the period a conversation is followed
MOST = 500_000  # letters, and as many SMS, of one report
PART_S = 31 * 86400
FIRST, LATER, ADDS = 1, 2, 3  # places in a conversation
By = Literal["box", "user"]
Due = Callable[[float], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked for: since <= came < until. channel "": both. sms_target_s: in which an answer to an SMS is due.

    team_id: only mailboxes in which people of this team work, and no SMS.
    """

    since: int
    until: int
    house: working.Hours
    now: float
    sms_target_s: float
    channel: str = ""
    team_id: int | None = None

    @property
    def begins(self) -> float:
        """From when on conversations are followed."""
        return self.since - BACK_S


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One channel: where its messages stand, what its boxes are called and when an answer is due in them.

    names None: a box is its own name. targets, dues: of boxes that have a target, in seconds by their own hours; SMS
    have theirs by the clock, whatever the box.
    """

    channel: Channel
    id: Any
    box: Any
    own: list[ColumnElement[bool]]
    names: Mapping[Any, str] | None
    targets: Mapping[Any, float]
    dues: Mapping[Any, Due]
    people: Mapping[int | None, str]
    asked: Asked

    @property
    def c(self) -> Any:
        """Columns that both channels have."""
        return self.id.table.c

    @property
    def first(self) -> ColumnElement[bool]:
        """What began a conversation, as far as it is followed."""
        before_at = self.c.before_at
        return or_(before_at.is_(None), before_at < self.asked.begins)

    @property
    def rows(self) -> Select[Any]:
        """All there is: id, box, who answered, when it came, was answered, and what was before it."""
        own = self.c
        told = (own.answered_by, own.at, own.answered_at, own.before_at, own.adds)
        return select(self.id, self.box, *told).where(*self.own)

    def of_period(self, rows: Select[Any]) -> Select[Any]:
        """Those of the period."""
        return rows.where(self.c.at >= self.asked.since, self.c.at < self.asked.until)

    def by_parts(self, rows: Select[Any]) -> Iterator[Select[Any]]:
        """The same, a part of the period at a time and the newest first: so no more than a part is in memory."""
        for end in range(self.asked.until, self.asked.since, -PART_S):
            yield rows.where(self.c.at >= max(self.asked.since, end - PART_S), self.c.at < end)

    def question(self, row: Any) -> Question:
        """A row as a question, or as what was added to one."""
        id_, box, by, at, answered_at, before_at, adds = row
        first = before_at is None or before_at < self.asked.begins
        adds = bool(adds) and not first
        latest = None if adds else self.due(box, at)
        return Question(
            id=id_,
            channel=self.channel,
            box=box if self.names is None else self.names[box],
            at=at,
            first=first,
            user=self.people.get(by, ""),
            after_s=None if adds or answered_at is None else answered_at - at,
            late=None if latest is None else (self.asked.now if answered_at is None else answered_at) > latest,
            adds=adds,
        )

    def due(self, box: Any, at: float) -> float | None:
        """When an answer is due; None where nothing is."""
        if self.channel == "sms":
            return at + self.asked.sms_target_s
        return self.dues[box](at) if box in self.dues else None


async def groups(conn: AsyncConnection, asked: Asked, by: By) -> tuple[dict[str, Sums], Sums]:
    """By mailbox and number, or by who answered, in the order of names, nobody last; and the whole.

    Raises Refused: there are too many.
    """
    tallies: dict[str, Tally] = {}
    for source in await sources(conn, asked):
        own = source.c
        place = case((source.first, FIRST), (own.adds, ADDS), else_=LATER)
        rows = source.rows.with_only_columns(source.box, own.answered_by, own.at, own.answered_at, place)
        await each_of(conn, source.by_parts(rows), MOST, partial(_tally, source, by, tallies))
    return await asyncio.to_thread(_added, tallies)


def _tally(source: Source, by: By, tallies: dict[str, Tally], rows: Sequence[Any]) -> None:
    now, people, names, due = source.asked.now, source.people, source.names, source.due
    for box, user, at, answered_at, place in rows:
        name = people.get(user, "") if by == "user" else box if names is None else names[box]
        tally = tallies.get(name) or tallies.setdefault(name, Tally())
        if place == ADDS:
            tally.added += 1
            continue
        latest = due(box, at)
        late = None if latest is None else (now if answered_at is None else answered_at) > latest
        tally.add(place == FIRST, None if answered_at is None else answered_at - at, late)


def _added(tallies: Mapping[str, Tally]) -> tuple[dict[str, Sums], Sums]:
    names = sorted(tallies, key=lambda name: (not name, name.casefold()))
    return {name: tallies[name].sums() for name in names}, Tally.of(tallies.values()).sums()


async def came(conn: AsyncConnection, asked: Asked) -> int:
    """How many letters and SMS came, whatever they belong to: counted by themselves."""
    found = 0
    for source in await sources(conn, asked):
        found += (await conn.execute(_came(source, conn.dialect.name))).scalar_one()
    return found


def _came(source: Source, engine: str) -> Select[Any]:
    asked = source.asked
    if source.channel == "sms":
        which = " INDEXED BY ix_sms_theirs" if engine == "sqlite" else ""  # else it looks for those of no campaign
        at, theirs = column("created_at", Float), text(SMS_THEIRS)
        counted = select(func.count()).select_from(text(f"sms{which}"))
        return counted.where(at >= asked.since, at < asked.until, theirs)
    both = letters.join(conversations, conversations.c.id == letters.c.conversation_id)
    at, theirs = letters.c.received_at, text(LETTERS_THEIRS)
    own = conversations.c.mailbox_id.in_(list(source.names or {}))
    return select(func.count()).select_from(both).where(at >= asked.since, at < asked.until, theirs, own)


async def sources(conn: AsyncConnection, asked: Asked) -> list[Source]:
    """The channels that are asked for."""
    found: list[Source] = []
    people = {row.id: row.name for row in await conn.execute(select(users.c.id, users.c.name))}
    if asked.channel != "sms":
        boxes = (await conn.execute(_boxes(asked.team_id))).all()
        names = {row.id: row.name for row in boxes}
        measured = [row for row in boxes if row.reply_target_s is not None]
        own = letters_asked.c
        found.append(
            Source(
                channel="email",
                id=own.letter_id,
                box=own.mailbox_id,
                own=[own.mailbox_id.in_(list(names)) if names else false()],
                names=names,
                targets={row.id: row.reply_target_s for row in measured},
                dues={row.id: _due(row, asked.house) for row in measured},
                people=people,
                asked=asked,
            )
        )
    if asked.channel != "email" and asked.team_id is None:
        own = sms_asked.c
        found.append(
            Source(
                channel="sms",
                id=own.sms_id,
                box=own.box,
                own=[],
                names=None,
                targets={},
                dues={},
                people=people,
                asked=asked,
            )
        )
    return found


def _boxes(team_id: int | None) -> Any:
    found = select(mailboxes).where(mailboxes.c.kind == "shared")
    if team_id is None:
        return found
    own = select(mailbox_people.c.mailbox_id).join_from(mailbox_people, users, users.c.id == mailbox_people.c.user_id)
    return found.where(mailboxes.c.id.in_(own.where(users.c.team_id == team_id)))


def _due(box: Any, house: working.Hours) -> Due:
    """When an answer is due by the mailbox's own target and hours."""
    hours = working.own(house, hours=box.hours, weekdays=box.weekdays, zone=box.time_zone)
    return working.dues(box.reply_target_s, hours)
