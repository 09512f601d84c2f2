"""Rules on events as rows, and what they did: once for each key, whoever tries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.messages.rules import Given, Rule, WorkingHours
from cti.storage import sms as sms_rows
from cti.storage.client_tables import clients
from cti.storage.sending_tables import event_rules, outbox, rule_runs
from cti.storage.sight import seen
from cti.storage.sms_tables import sms

MOST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What a rule did once. outcome: queued, task or skipped; why: code of what stood in the way.

    state: of the SMS, or of the letter in the outbox, by now.
    """

    key: str
    client_id: int | None
    client: Words
    at: float
    outcome: str
    why: str
    outbox_id: int | None
    sms_id: int | None = None
    state: str = ""


async def every(conn: AsyncConnection) -> list[Rule]:
    """All rules by name."""
    return [_rule(row) for row in await conn.execute(select(event_rules).order_by(event_rules.c.name))]


async def get(conn: AsyncConnection, rule_id: int) -> Rule | None:
    """One rule. An id from an address may be any number."""
    if not 0 < rule_id < 2**31:
        return None
    row = (await conn.execute(select(event_rules).where(event_rules.c.id == rule_id))).one_or_none()
    return _rule(row) if row else None


async def add(conn: AsyncConnection, rule: Rule, user_id: int, now: float) -> int:
    """A new rule, which does not work yet; its id."""
    row = _columns(rule) | {"user_id": user_id, "created_at": now}
    return int((await conn.execute(insert(event_rules).values(row).returning(event_rules.c.id))).scalar_one())


async def change(conn: AsyncConnection, rule: Rule) -> bool:
    """All that is said of a rule; False where somebody saved it meanwhile."""
    mine = (event_rules.c.id == rule.id) & (event_rules.c.version == rule.version)
    set_ = _columns(rule) | {"version": rule.version + 1}
    return (await conn.execute(update(event_rules).where(mine).values(set_))).rowcount == 1


async def enable(conn: AsyncConnection, rule_id: int, at: float | None) -> bool:
    """It works since then; None: not any more."""
    mine = update(event_rules).where(event_rules.c.id == rule_id)
    return (await conn.execute(mine.values(enabled_at=at))).rowcount == 1


async def call_back(conn: AsyncConnection, rule_id: int, now: float) -> int:
    """Letters and SMS of a rule that have not left do not leave; how many."""
    waiting = (outbox.c.rule_id == rule_id) & (outbox.c.state == "waiting")
    values = {"state": "canceled", "next_at": None, "changed_at": now}
    letters = (await conn.execute(update(outbox).where(waiting).values(values))).rowcount
    return letters + await sms_rows.call_back(conn, now, rule_id=rule_id)


async def remove(conn: AsyncConnection, rule_id: int) -> None:
    """Forget a rule and what it did; letters stay."""
    await conn.execute(delete(rule_runs).where(rule_runs.c.rule_id == rule_id))
    await conn.execute(delete(event_rules).where(event_rules.c.id == rule_id))


async def done(conn: AsyncConnection, rule_id: int, keys: list[str]) -> set[str]:
    """Which of these things the rule has seen to; at most some thousands."""
    mine = select(rule_runs.c.key).where(rule_runs.c.rule_id == rule_id, rule_runs.c.key.in_(keys))
    return set((await conn.execute(mine)).scalars()) if keys else set()


async def written_since(conn: AsyncConnection, rule_id: int, client_id: int, since: float) -> bool:
    """Whether the rule wrote to a client since then."""
    mine = select(rule_runs.c.key).where(
        rule_runs.c.rule_id == rule_id,
        rule_runs.c.client_id == client_id,
        rule_runs.c.at >= since,
        rule_runs.c.outcome == "queued",
    )
    return (await conn.execute(mine.limit(1))).first() is not None


async def note(
    conn: AsyncConnection,
    rule_id: int,
    key: str,
    *,
    at: float,
    client_id: int | None,
    outcome: str,
    why: str = "",
    outbox_id: int | None = None,
    sms_id: int | None = None,
) -> None:
    """What a rule did, in the transaction in which it does it: a second time is an error of the base."""
    row = {"rule_id": rule_id, "key": key, "client_id": client_id, "at": at, "outcome": outcome, "why": why}
    await conn.execute(insert(rule_runs).values(row | {"outbox_id": outbox_id, "sms_id": sms_id}))


async def runs(conn: AsyncConnection, rule_id: int, limit: int = MOST) -> list[Run]:
    """What a rule did, the latest first."""
    state = func.coalesce(sms.c.state, outbox.c.state, "").label("state")
    mine = select(rule_runs, clients.c.name.label("client"), state).outerjoin(
        clients, clients.c.id == rule_runs.c.client_id
    )
    mine = mine.outerjoin(sms, sms.c.id == rule_runs.c.sms_id).outerjoin(outbox, outbox.c.id == rule_runs.c.outbox_id)
    mine = mine.where(rule_runs.c.rule_id == rule_id).order_by(rule_runs.c.at.desc(), rule_runs.c.key).limit(limit)
    found = [
        Run(
            key=row.key,
            client_id=row.client_id,
            client=row.client or "",
            at=row.at,
            outcome=row.outcome,
            why=row.why,
            outbox_id=row.outbox_id,
            sms_id=row.sms_id,
            state=row.state,
        )
        for row in await conn.execute(mine)
    ]
    return seen(conn, found)


def _columns(rule: Rule) -> dict[str, Any]:
    plain = ("name", "event", "channel", "mailbox_id", "template_id", "task", "delay_s")
    return {name: getattr(rule, name) for name in plain} | {
        "given": msgspec.json.encode(rule.given).decode(),
        "hours": msgspec.json.encode(rule.hours).decode() if rule.hours else "",
    }


def _rule(row: Any) -> Rule:
    plain = {name: getattr(row, name) for name in Rule.__dataclass_fields__ if name not in ("given", "hours")}
    return Rule(
        **plain,
        given=msgspec.json.decode(row.given, type=Given),
        hours=msgspec.json.decode(row.hours, type=WorkingHours) if row.hours else None,
    )
