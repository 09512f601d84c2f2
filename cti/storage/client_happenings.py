"""What happened with clients as conditions: calls, conversations, contracts. Rows that name clients, by an index."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select

from cti.clients.filters import Condition, day_begins
from cti.clients.segments import DAY_S
from cti.storage.contact_tables import contracts
from cti.storage.parts import EVERYBODY, NOBODY, Asked, Part, named_by
from cti.storage.tables import calls


def happened(one: Condition, zone: ZoneInfo, now: float) -> Part:
    """The condition on a client's history. Raises ValueError or TypeError for a value that does not fit."""
    match one.field:
        case "called":
            return _called(one, zone)
        case "signed":
            since, until = one.value
            signed = contracts.c.signed_on
            bounds = [*([signed >= str(since)] if since else []), *([signed <= str(until)] if until else [])]
            return named_by(contracts.c.client_id, select(contracts.c.client_id).where(*bounds))
        case "contact":
            return _contact(one, now)
        case "contract_ends":
            today = datetime.fromtimestamp(now, zone).date()
            last = today + timedelta(days=_days(one.value))
            ends = contracts.c.ends_on.between(today.isoformat(), last.isoformat())
            return named_by(contracts.c.client_id, select(contracts.c.client_id).where(ends))
        case "contract_sum":
            return _sum(one)
        case _:
            return _count(one, now)


def _called(one: Condition, zone: ZoneInfo) -> Part:
    since, until = one.value
    bounds = [calls.c.started_at >= day_begins(since, zone)] if since else []
    bounds += [calls.c.started_at < day_begins(until, zone, days=1)] if until else []
    return named_by(calls.c.client_id, _of_clients(*bounds))


def _of_clients(*conditions: Asked) -> Select[Any]:
    return select(calls.c.client_id).where(calls.c.client_id.is_not(None), *conditions)


def _contact(one: Condition, now: float) -> Part:
    talked: list[Asked] = [calls.c.answered_at.is_not(None)]
    if one.op in ("newer", "older"):
        talked.append(calls.c.started_at >= now - _days(one.value) * DAY_S)
    return named_by(calls.c.client_id, _of_clients(*talked), without=one.op in ("empty", "older"))


def _count(one: Condition, now: float) -> Part:
    """How many calls. Of few the others are left out, so that nobody is looked at who has none."""
    bounds: list[Asked] = [] if one.days is None else [calls.c.started_at >= now - one.days * DAY_S]
    if one.field == "unanswered":
        bounds += [calls.c.direction == "inbound", calls.c.answered_at.is_(None), calls.c.ended_at.is_not(None)]
    elif one.field != "calls":
        bounds.append(calls.c.direction == one.field)
    mine = _of_clients(*bounds).group_by(calls.c.client_id)
    return _by_number(calls.c.client_id, mine, func.count(), one, int(one.value))


def _sum(one: Condition) -> Part:
    owner = contracts.c.client_id
    mine = select(owner).where(contracts.c.currency == "RUB").group_by(owner)
    total = func.coalesce(func.sum(contracts.c.amount), 0)
    if one.op in ("empty", "filled"):
        return named_by(owner, mine.having(total > 0), without=one.op == "empty")
    return _by_number(owner, mine, total, one, round(float(one.value) * 100))


def _by_number(
    owner: ColumnElement[Any], mine: Select[Any], number: ColumnElement[Any], one: Condition, asked: int
) -> Part:
    """By a number that is 0 for all who are not in `mine`, and never less."""
    match one.op:
        case "from":
            return named_by(owner, mine.having(number >= asked)) if asked > 0 else EVERYBODY
        case "to":
            return named_by(owner, mine.having(number > asked), without=True) if asked >= 0 else NOBODY
        case _ if asked:
            return named_by(owner, mine.having(number == asked))
        case _:
            return named_by(owner, mine.having(number != 0), without=True)


def _days(value: Any) -> int:
    days = int(value)
    if not 0 < days <= 36_600:
        raise ValueError("days are from 1")
    return days
