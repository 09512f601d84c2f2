"""Which calls are to be scored: drawn by rule for a week, and those that several people score blind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.quality_tables import calibration_people, calibrations, call_reviews, review_draws, review_plans
from cti.storage.search import clean
from cti.storage.tables import calls, users

MOST_DRAWN = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewPlan:
    """So many random calls of every agent in a week. None: of any team, queue, outcome. least_s: of conversation."""

    id: int
    name: str
    each: int
    team_id: int | None
    queue: str | None
    outcome: str | None
    least_s: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A call that is to be scored. scored: by somebody already. talked_s: of conversation."""

    call_id: str
    week: str
    plan: str
    agent_id: int
    agent: str
    team_id: int | None
    started_at: float
    talked_s: float
    queue: str | None
    scored: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """A call that several people score without seeing each other. people: by id. closed: all is shown."""

    id: int
    call_id: str
    version_id: int
    made_by: int | None
    created_at: float
    closed_at: float | None
    people: dict[int, str]
    given: frozenset[int]

    @property
    def open(self) -> bool:
        """Whether it is blind yet."""
        return self.closed_at is None


async def plans(conn: AsyncConnection) -> list[ReviewPlan]:
    """All, by name."""
    rows = await conn.execute(select(review_plans).order_by(review_plans.c.name, review_plans.c.id))
    return [ReviewPlan(**row._mapping) for row in rows]


async def add_plan(conn: AsyncConnection, plan: ReviewPlan) -> int:
    """A new one (its id is not looked at); returns its id."""
    values = {
        "name": clean(plan.name), "each": plan.each, "team_id": plan.team_id, "least_s": plan.least_s,
        "queue": plan.queue and clean(plan.queue), "outcome": plan.outcome,
    }  # fmt: skip
    return int((await conn.execute(insert(review_plans).values(values).returning(review_plans.c.id))).scalar_one())


async def remove_plan(conn: AsyncConnection, plan_id: int) -> None:
    """Draw by it no more; what was drawn stays."""
    await conn.execute(update(review_draws).where(review_draws.c.plan_id == plan_id).values(plan_id=None))
    await conn.execute(delete(review_plans).where(review_plans.c.id == plan_id))


async def draw(conn: AsyncConnection, plan: ReviewPlan, week: str, since: float, until: float, now: float) -> int:
    """Fill every agent's calls of a week up to the plan's number, by chance; returns how many came.

    Finished conversations that began in since <= t < until; no call twice, none that somebody has scored.
    """
    have = (
        select(review_draws.c.agent_id, func.count().label("have"))
        .where(review_draws.c.plan_id == plan.id, review_draws.c.week == week)
        .group_by(review_draws.c.agent_id)
        .subquery()
    )
    talked = calls.c.ended_at - calls.c.answered_at
    fits = (
        select(
            calls.c.id,
            calls.c.user_id,
            func.row_number().over(partition_by=calls.c.user_id, order_by=func.random()).label("place"),
        )
        .join(users, users.c.id == calls.c.user_id)
        .where(
            calls.c.started_at >= since,
            calls.c.started_at < until,
            calls.c.answered_at.is_not(None),
            talked >= plan.least_s,
            users.c.blocked_at.is_(None),
            calls.c.id.not_in(select(review_draws.c.call_id)),
            calls.c.id.not_in(select(call_reviews.c.call_id)),
        )
    )
    if plan.team_id is not None:
        fits = fits.where(users.c.team_id == plan.team_id)
    if plan.queue is not None:
        fits = fits.where(calls.c.queue == plan.queue)
    if plan.outcome is not None:
        fits = fits.where(calls.c.outcome == plan.outcome)
    chance = fits.subquery()
    few = (
        select(chance.c.id, literal(plan.id), literal(week), chance.c.user_id, literal(now))
        .join(have, have.c.agent_id == chance.c.user_id, isouter=True)
        .where(chance.c.place <= plan.each - func.coalesce(have.c.have, 0))
    )
    names = ("call_id", "plan_id", "week", "agent_id", "drawn_at")
    return (await conn.execute(insert(review_draws).from_select(names, few))).rowcount


async def drawn(conn: AsyncConnection, week: str, team_id: int | None = None) -> list[Drawn]:
    """What was drawn for a week, by agent."""
    own = review_draws.c
    done = (
        select(call_reviews.c.id)
        .where(call_reviews.c.call_id == own.call_id, call_reviews.c.state == "given",
               call_reviews.c.calibration_id == 0)
        .exists()
    )  # fmt: skip
    statement = (
        select(
            own.call_id, own.week, func.coalesce(review_plans.c.name, "").label("plan"), own.agent_id,
            users.c.name.label("agent"), users.c.team_id, calls.c.started_at,
            (calls.c.ended_at - calls.c.answered_at).label("talked_s"), calls.c.queue, done.label("scored"),
        )
        .join(users, users.c.id == own.agent_id)
        .join(calls, calls.c.id == own.call_id)
        .join(review_plans, review_plans.c.id == own.plan_id, isouter=True)
        .where(own.week == week)
        .order_by(users.c.name, calls.c.started_at)
        .limit(MOST_DRAWN)
    )  # fmt: skip
    if team_id is not None:
        statement = statement.where(users.c.team_id == team_id)
    return [Drawn(**{**row._mapping, "scored": bool(row.scored)}) for row in await conn.execute(statement)]


async def begin(conn: AsyncConnection, call_id: str, version_id: int, people: Sequence[int], *, now: float,
                by: int) -> int:  # fmt: skip
    """A calibration; returns its id."""
    values = {"call_id": call_id, "version_id": version_id, "created_at": now, "made_by": by}
    made = int((await conn.execute(insert(calibrations).values(values).returning(calibrations.c.id))).scalar_one())
    rows = [{"calibration_id": made, "user_id": one} for one in people]
    await conn.execute(insert(calibration_people), rows)
    return made


async def close(conn: AsyncConnection, calibration_id: int, now: float) -> None:
    """Show all to all."""
    await conn.execute(update(calibrations).where(calibrations.c.id == calibration_id).values(closed_at=now))


async def calibration(conn: AsyncConnection, calibration_id: int) -> Calibration | None:
    """One by its id."""
    found = await _calibrations(conn, select(calibrations).where(calibrations.c.id == calibration_id))
    return found[0] if found else None


async def every_calibration(conn: AsyncConnection, limit: int = 200) -> list[Calibration]:
    """Newest first."""
    return await _calibrations(conn, select(calibrations).order_by(calibrations.c.id.desc()).limit(limit))


async def _calibrations(conn: AsyncConnection, statement: Any) -> list[Calibration]:
    rows = (await conn.execute(statement)).all()
    ids = [row.id for row in rows]
    if not ids:
        return []
    named = (
        select(calibration_people.c.calibration_id, users.c.id, users.c.name)
        .join(users, users.c.id == calibration_people.c.user_id)
        .where(calibration_people.c.calibration_id.in_(ids))
        .order_by(users.c.name)
    )
    people: dict[int, dict[int, str]] = {}
    for calibration_id, user_id, name in await conn.execute(named):
        people.setdefault(calibration_id, {})[user_id] = name
    own = call_reviews.c
    scored = select(own.calibration_id, own.by_user_id).where(own.calibration_id.in_(ids), own.state == "given")
    given: dict[int, set[int]] = {}
    for calibration_id, user_id in await conn.execute(scored):
        given.setdefault(calibration_id, set()).add(user_id)
    return [
        Calibration(**row._mapping, people=people.get(row.id, {}), given=frozenset(given.get(row.id, ())))
        for row in rows
    ]
