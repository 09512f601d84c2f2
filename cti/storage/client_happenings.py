"""What happened with clients as conditions: calls, conversations, contracts. Sets of ids, found by their indexes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, not_, or_, select

from cti.clients.filters import Condition, day_begins
from cti.clients.segments import DAY_S
from cti.storage.client_tables import clients
from cti.storage.contact_tables import contracts
from cti.storage.tables import calls

Asked = ColumnElement[bool]


def happened(one: Condition, zone: ZoneInfo, now: float) -> Asked:
    """The condition on a client's history. Raises ValueError or TypeError for a value that does not fit."""
    match one.field:
        case "called":
            return _called(one, zone)
        case "signed":
            since, until = one.value
            signed = contracts.c.signed_on
            bounds = [*([signed >= str(since)] if since else []), *([signed <= str(until)] if until else [])]
            return clients.c.id.in_(select(contracts.c.client_id).where(*bounds))
        case "contact":
            return _contact(one, now)
        case "contract_ends":
            today = datetime.fromtimestamp(now, zone).date()
            last = today + timedelta(days=_days(one.value))
            ends = contracts.c.ends_on.between(today.isoformat(), last.isoformat())
            return clients.c.id.in_(select(contracts.c.client_id).where(ends))
        case "contract_sum":
            return _sum(one)
        case _:
            return _count(one, now)


def _called(one: Condition, zone: ZoneInfo) -> Asked:
    since, until = one.value
    bounds = [calls.c.started_at >= day_begins(since, zone)] if since else []
    bounds += [calls.c.started_at < day_begins(until, zone, days=1)] if until else []
    return clients.c.id.in_(_of_clients(*bounds))


def _of_clients(*conditions: Asked) -> Select[Any]:
    return select(calls.c.client_id).where(calls.c.client_id.is_not(None), *conditions)


def _contact(one: Condition, now: float) -> Asked:
    talked = calls.c.answered_at.is_not(None)
    if one.op in ("empty", "filled"):
        spoken = clients.c.id.in_(_of_clients(talked))
        return spoken if one.op == "filled" else not_(spoken)
    newer = clients.c.id.in_(_of_clients(talked, calls.c.started_at >= now - _days(one.value) * DAY_S))
    return newer if one.op == "newer" else not_(newer)


def _count(one: Condition, now: float) -> Asked:
    """How many calls. Of few the others are left out, so that nobody is looked at who has none."""
    bounds: list[Asked] = [] if one.days is None else [calls.c.started_at >= now - one.days * DAY_S]
    if one.field == "unanswered":
        bounds += [calls.c.direction == "inbound", calls.c.answered_at.is_(None), calls.c.ended_at.is_not(None)]
    elif one.field != "calls":
        bounds.append(calls.c.direction == one.field)
    return _by_number(_of_clients(*bounds).group_by(calls.c.client_id), func.count(), one, int(one.value))


def _sum(one: Condition) -> Asked:
    mine = select(contracts.c.client_id).where(contracts.c.currency == "RUB").group_by(contracts.c.client_id)
    total = func.coalesce(func.sum(contracts.c.amount), 0)
    if one.op in ("empty", "filled"):
        some = clients.c.id.in_(mine.having(total > 0))
        return some if one.op == "filled" else not_(some)
    return _by_number(mine, total, one, round(float(one.value) * 100))


def _by_number(mine: Select[Any], number: ColumnElement[Any], one: Condition, asked: int) -> Asked:
    """By a number that is 0 for all who are not in `mine`."""
    match one.op:
        case "from":
            return clients.c.id.in_(mine.having(number >= asked)) if asked > 0 else clients.c.id.is_not(None)
        case "to":
            return not_(clients.c.id.in_(mine.having(number > asked))) if asked >= 0 else clients.c.id.is_(None)
        case _:
            exactly = clients.c.id.in_(mine.having(number == asked))
            return exactly if asked else or_(exactly, not_(clients.c.id.in_(mine)))


def _days(value: Any) -> int:
    days = int(value)
    if not 0 < days <= 36_600:
        raise ValueError("days are from 1")
    return days
