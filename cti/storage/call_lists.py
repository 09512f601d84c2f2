"""Call lists as rows: who is next, who has whom on his desk, each call and what came of it.

A person who is on a desk is queued, and is the agent's until `due_at`; he who waits is called not before his.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Telephone, Words
from cti.clients.work import Work, Worker
from cti.messages.campaigns import CallList, Given, redial_at
from cti.storage import consents, restrictions
from cti.storage.campaign_tables import campaign_calls, campaign_people, campaigns
from cti.storage.client_tables import clients
from cti.storage.sight import seen
from cti.storage.tables import calls, users

P = campaign_people.c
C = campaign_calls.c
CALLS_S = 4 * 3600.0  # a call that is not over by then is taken for a failed one
EARLY_S = 60.0  # the PBX's clock may be behind ours; calls are found by when they began
LOST_S = 120.0  # a click of which no call came about


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """Somebody of a call list on a desk. tries: calls to him so far."""

    campaign_id: int
    number: int
    client_id: int | None
    client: Words
    address: Telephone
    tries: int
    name: str
    calls: CallList
    user_id: int
    user: str
    until: float
    taken_at: float

    @property
    def id(self) -> str:
        """As the work list knows him."""
        return f"{self.campaign_id}-{self.number}"


async def on_desk(conn: AsyncConnection, user_id: int, e164: str) -> Listed | None:
    """Who has this number and is on a person's desk."""
    rows = await _desks(conn, P.user_id == user_id, P.address == e164)
    return rows[0] if rows else None


async def one(conn: AsyncConnection, user_id: int, campaign_id: int, number: int) -> Listed | None:
    """Somebody on a person's desk."""
    rows = await _desks(conn, P.user_id == user_id, P.campaign_id == campaign_id, P.number == number)
    return rows[0] if rows else None


async def desks(conn: AsyncConnection, who: Worker | None) -> list[Work]:
    """All that are on desks, or on one person's, as things to do."""
    rows = await _desks(conn, *([P.user_id == who.id] if who else []))
    return seen(conn, [_work(row) for row in rows])


async def _desks(conn: AsyncConnection, *which: ColumnElement[bool]) -> list[Listed]:
    rows = (
        select(campaign_people, campaigns.c.name, campaigns.c.given)
        .add_columns(clients.c.name.label("client"), users.c.name.label("user"))
        .join_from(campaign_people, campaigns, campaigns.c.id == P.campaign_id)
        .join(clients, clients.c.id == P.client_id, isouter=True)
        .join(users, users.c.id == P.user_id)
        .where(campaigns.c.channel == "calls", campaigns.c.state == "running", P.state == "queued", *which)
    )
    return [_listed(row) for row in await conn.execute(rows.order_by(P.campaign_id, P.number).limit(500))]


def _listed(row: Any) -> Listed:
    return Listed(
        campaign_id=row.campaign_id,
        number=row.number,
        client_id=row.client_id,
        client=row.client or "",
        address=row.address or "",
        tries=row.tries,
        name=row.name,
        calls=msgspec.json.decode(row.given, type=Given).calls,
        user_id=row.user_id,
        user=row.user,
        until=row.due_at or 0.0,
        taken_at=row.at or 0.0,
    )


def _work(row: Listed) -> Work:
    return Work(
        kind="list",
        id=row.id,
        at=row.taken_at,
        number=row.address,
        client_id=row.client_id,
        client_name=row.client,
        note=row.calls.label,
        site=row.name,
        tries=row.tries,
        taken_by_id=row.user_id,
        taken_by=row.user,
        taken_until=row.until,
        people=frozenset((row.user_id,)),
    )


async def refused(conn: AsyncConnection, row: Listed) -> str:
    """Why he may not be called, in this very moment; "": he may."""
    if await restrictions.restricted(conn, [row.client_id]) or await restrictions.numbers(conn, [row.address]):
        return "restricted"
    return await consents.refusal(conn, kind="phone", address=row.address, purpose="calls", client_id=row.client_id)


async def take(
    conn: AsyncConnection, campaign_id: int, zones: Sequence[str], user_id: int, now: float, until: float
) -> int | None:
    """Put the next one on a desk; his number in the list, None where nobody is next."""
    waits = (P.campaign_id == campaign_id) & (P.state == "waiting") & or_(P.due_at.is_(None), P.due_at <= now)
    for zone in zones:
        while True:
            rows = select(P.number).where(waits, P.zone == zone).order_by(P.due_at.is_(None), P.number).limit(1)
            number = (await conn.execute(rows)).scalar()
            if number is None:
                break
            mine = (P.campaign_id == campaign_id) & (P.number == number) & (P.state == "waiting")
            taken = update(campaign_people).where(mine)
            values = {"state": "queued", "user_id": user_id, "due_at": until, "at": now, "sent_at": now}
            if (await conn.execute(taken.values(values))).rowcount:
                return int(number)
    return None


async def let_go(conn: AsyncConnection, campaign_id: int, number: int, **said: Any) -> bool:
    """He is on no desk any more: he waits again, or what is said of him."""
    mine = (P.campaign_id == campaign_id) & (P.number == number) & (P.state == "queued")
    values = {"state": "waiting", "user_id": None, "due_at": None, **said}
    return (await conn.execute(update(campaign_people).where(mine).values(values))).rowcount == 1


async def expired(conn: AsyncConnection, now: float) -> int:
    """Whom nobody has called in his time waits again; how many. Who is being called stays."""
    calling = select(C.number).where(C.campaign_id == P.campaign_id, C.number == P.number, C.outcome == "").exists()
    listed = P.campaign_id.in_(select(campaigns.c.id).where(campaigns.c.channel == "calls"))
    late = listed & (P.state == "queued") & (P.due_at < now) & ~calling
    values = {"state": "waiting", "user_id": None, "due_at": None, "at": now}
    return (await conn.execute(update(campaign_people).where(late).values(values))).rowcount


async def dialled(conn: AsyncConnection, row: Listed, request_id: str, now: float) -> None:
    """A call to him begins."""
    await _attempt(conn, row, now, request_id=request_id)
    mine = (P.campaign_id == row.campaign_id) & (P.number == row.number)
    await conn.execute(update(campaign_people).where(mine).values(tries=P.tries + 1))


async def blocked(conn: AsyncConnection, row: Listed, why: str, now: float) -> None:
    """He may not be called: the line of it, and he is passed over."""
    await _attempt(conn, row, now, outcome=why)
    await let_go(conn, row.campaign_id, row.number, state="skipped", why=why, at=now)


async def _attempt(conn: AsyncConnection, row: Listed, now: float, **said: Any) -> None:
    mine = (C.campaign_id == row.campaign_id) & (C.number == row.number)
    last = (await conn.execute(select(func.max(C.attempt)).where(mine))).scalar() or 0
    values = {
        "campaign_id": row.campaign_id, "number": row.number, "attempt": last + 1, "user_id": row.user_id, "at": now,
        "label": row.calls.label,
    }  # fmt: skip
    await conn.execute(insert(campaign_calls).values(values | said))


async def settle(conn: AsyncConnection, now: float) -> int:
    """What came of calls that are over: their people are reached, called again later, or not any more; how many."""
    open_ = (
        select(
            campaign_calls,
            calls.c.id.label("call"),
            calls.c.ended_at,
            calls.c.answered_at,
            calls.c.outcome.label("end"),
        )
        .add_columns(P.tries, campaigns.c.given)
        .join_from(campaign_calls, campaigns, campaigns.c.id == C.campaign_id)
        .join(campaign_people, and_(P.campaign_id == C.campaign_id, P.number == C.number))
        .join(calls, and_(calls.c.started_at >= C.at - EARLY_S, calls.c.request_id == C.request_id), isouter=True)
        .where(C.outcome == "")
    )
    count = 0
    for row in (await conn.execute(open_)).all():
        outcome = _outcome(row, now)
        mine = update(campaign_calls).where(
            C.campaign_id == row.campaign_id, C.number == row.number, C.attempt == row.attempt
        )
        if outcome or (row.call and row.call != row.call_id):
            await conn.execute(mine.values(outcome=outcome, call_id=row.call or ""))
        if outcome:
            count += 1
            await _after(conn, row, outcome, now)
    return count


def _outcome(row: Any, now: float) -> str:
    """What came of a call; "": it is not over."""
    if row.call is None:
        return "failed" if row.at < now - LOST_S else ""
    if row.ended_at is None:
        return "failed" if row.at < now - CALLS_S else ""
    if row.answered_at is not None:
        return "answered"
    return row.end if row.end in ("busy", "no-answer") else "failed"


async def _after(conn: AsyncConnection, row: Any, outcome: str, now: float) -> None:
    if outcome == "answered":
        await let_go(conn, row.campaign_id, row.number, state="reached", why="", at=now)
        return
    again = redial_at(msgspec.json.decode(row.given, type=Given).calls, outcome, row.tries, now)
    if again is None:
        await let_go(conn, row.campaign_id, row.number, state="failed", why=outcome, at=now)
    else:
        await let_go(conn, row.campaign_id, row.number, due_at=again, why=outcome, at=now)


async def waiting(conn: AsyncConnection, ids: Collection[int], now: float) -> dict[int, int]:
    """How many of each list may be called now, at whatever hour it is with them."""
    due = or_(P.due_at.is_(None), P.due_at <= now)
    rows = select(P.campaign_id, func.count()).where(P.campaign_id.in_(list(ids)), P.state == "waiting", due)
    return {row[0]: row[1] for row in await conn.execute(rows.group_by(P.campaign_id))}


class Listing(NamedTuple):
    """The call list that a call is of: its name, who calls, and its questionnaire."""

    name: str
    label: str
    script_id: int | None


async def listing_of(conn: AsyncConnection, call_id: str) -> Listing | None:
    """The call list that was worked through by a call."""
    rows = (
        select(campaigns.c.name, campaigns.c.given, C.label)
        .join_from(calls, campaign_calls, C.request_id == calls.c.request_id)
        .join(campaigns, campaigns.c.id == C.campaign_id)
        .where(calls.c.id == call_id, C.request_id != "")
    )
    row = (await conn.execute(rows.limit(1))).one_or_none()
    return Listing(row.name, row.label, msgspec.json.decode(row.given, type=Given).calls.script_id) if row else None
