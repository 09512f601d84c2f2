"""Alerts as rows: rules, where people are reached, what was told of and to whom it went.

Telling is planned in the transaction that begins, repeats or ends an alert; notices, letters and SMS are rows of their
own queues, with keys of their own: so a kill at any point tells nothing twice and forgets nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person
from cti.desktop import Notice
from cti.messages.alert_words import matter, sentence
from cti.messages.alerts import AlertRule, told_to
from cti.messages.outgoing import party
from cti.storage import desktop_events, mailboxes, outbox, sms, users
from cti.storage.alert_tables import alert_contacts, alert_rules, alert_sends, alerts
from cti.storage.tables import users as users_table

HERE = "/alerts"
SHOWN = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A rule as stored. hook_url: "" for no webhook; has_secret: it is signed. enabled_at None: off."""

    id: int
    name: str
    rule: AlertRule
    hook_url: str
    has_secret: bool
    enabled_at: float | None
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """What was told of. ended_at, acked_at None: not yet. by: who saw to it. level: how often it was told again."""

    id: int
    rule_id: int | None
    rule: str
    watched: str
    subject: str
    value: float
    worst: float
    began_at: float
    ended_at: float | None
    acked_at: float | None
    by: str
    level: int
    level_at: float
    trial: bool
    sends: tuple[tuple[str, str, str, str, str], ...] = ()  # what, way, to whom, state, why


_OF = alerts.c


async def rules(conn: AsyncConnection) -> list[Kept]:
    """All by name."""
    rows = await conn.execute(select(alert_rules).order_by(alert_rules.c.name, alert_rules.c.id))
    return [_kept(row) for row in rows]


async def rule(conn: AsyncConnection, rule_id: int) -> Kept | None:
    """One."""
    found = (await conn.execute(select(alert_rules).where(alert_rules.c.id == rule_id))).one_or_none()
    return _kept(found) if found is not None else None


def _kept(row: Any) -> Kept:
    return Kept(
        id=row.id,
        name=row.name,
        rule=msgspec.json.decode(row.given, type=AlertRule),
        hook_url=row.hook_url,
        has_secret=bool(row.hook_secret),
        enabled_at=row.enabled_at,
        version=row.version,
    )


async def hook(conn: AsyncConnection, rule_id: int) -> tuple[str, str]:
    """The webhook of a rule: its address and the sealed key; empty where there is none."""
    found = await conn.execute(
        select(alert_rules.c.hook_url, alert_rules.c.hook_secret).where(alert_rules.c.id == rule_id)
    )
    row = found.one_or_none()
    return (row.hook_url, row.hook_secret) if row is not None else ("", "")


async def save(conn: AsyncConnection, kept: Kept, sealed: str | None, now: float) -> int | None:
    """A new rule (id 0), or all that is said of one on its version; None: it was changed. sealed None: as it was."""
    values = {"name": kept.name, "given": msgspec.json.encode(kept.rule).decode(), "hook_url": kept.hook_url}
    values |= {"hook_secret": sealed} if sealed is not None else {}
    if not kept.id:
        made = insert(alert_rules).values(**values, created_at=now, enabled_at=now).returning(alert_rules.c.id)
        return int((await conn.execute(made)).scalar_one())
    mine = (alert_rules.c.id == kept.id) & (alert_rules.c.version == kept.version)
    changed = await conn.execute(update(alert_rules).where(mine).values(**values, version=kept.version + 1))
    return kept.id if changed.rowcount == 1 else None


async def enable(conn: AsyncConnection, rule_id: int, at: float | None) -> None:
    """Let it watch, or not."""
    await conn.execute(update(alert_rules).where(alert_rules.c.id == rule_id).values(enabled_at=at))


async def remove(conn: AsyncConnection, rule_id: int) -> None:
    """Forget a rule; its alerts stay in the journal."""
    await conn.execute(delete(alert_rules).where(alert_rules.c.id == rule_id))


async def contacts(conn: AsyncConnection) -> dict[int, tuple[str, str]]:
    """E-mail and phone by person."""
    return {row.user_id: (row.email, row.phone) for row in await conn.execute(select(alert_contacts))}


async def keep_contact(conn: AsyncConnection, user_id: int, email: str, phone: str) -> None:
    """Where somebody is reached; both empty: nowhere."""
    await conn.execute(delete(alert_contacts).where(alert_contacts.c.user_id == user_id))
    if email or phone:
        await conn.execute(insert(alert_contacts).values(user_id=user_id, email=email, phone=phone))


async def open_alerts(conn: AsyncConnection) -> dict[tuple[int, str], Alert]:
    """Those that last, by rule and subject."""
    asked = select(alerts).where(_OF.ended_at.is_(None), _OF.trial == 0, _OF.rule_id.is_not(None))
    return {(row.rule_id, row.subject): _alert(row, "") for row in await conn.execute(asked)}


async def last_ends(conn: AsyncConnection) -> dict[tuple[int, str], float]:
    """When each rule's last alert of a subject ended."""
    asked = select(_OF.rule_id, _OF.subject, func.max(_OF.ended_at).label("at")).where(
        _OF.rule_id.is_not(None), _OF.trial == 0
    )
    rows = await conn.execute(asked.group_by(_OF.rule_id, _OF.subject))
    return {(row.rule_id, row.subject): row.at for row in rows if row.at is not None}


async def journal(conn: AsyncConnection, told: int | None = None) -> list[Alert]:
    """The last ones, newest first, each with what was sent. told: those that went to this person, None: all."""
    name = select(users_table.c.name).where(users_table.c.id == _OF.acked_by).scalar_subquery().label("by")
    mine = select(alert_sends.c.alert_id).where(alert_sends.c.user_id == told)
    some = [_OF.id.in_(mine)] if told is not None else []
    rows = (await conn.execute(select(alerts, name).where(*some).order_by(_OF.id.desc()).limit(SHOWN))).all()
    sent: dict[int, list[tuple[str, str, str, str, str]]] = {}
    asked = (
        select(alert_sends, func.coalesce(users_table.c.name, "").label("whom"))
        .outerjoin(users_table, users_table.c.id == alert_sends.c.user_id)
        .where(alert_sends.c.alert_id.in_([row.id for row in rows]))
        .order_by(alert_sends.c.id)
    )
    for row in await conn.execute(asked):
        sent.setdefault(row.alert_id, []).append((row.what, row.way, row.whom, row.state, row.why or row.said))
    return [_alert(row, row.by or "", tuple(sent.get(row.id, ()))) for row in rows]


def _alert(row: Any, by: str, sends: tuple[tuple[str, str, str, str, str], ...] = ()) -> Alert:
    plain = {name: getattr(row, name) for name in Alert.__slots__ if name not in ("by", "sends", "trial")}
    return Alert(**plain, by=by, sends=sends, trial=bool(row.trial))


async def begin(
    conn: AsyncConnection, kept: Kept, subject: str, value: float, now: float, *, trial: bool = False
) -> Alert:
    """A new alert. A trial is over as it begins."""
    values = {
        "rule_id": kept.id, "rule": kept.name, "watched": kept.rule.watched, "subject": subject[:160], "value": value,
        "worst": value, "began_at": now, "level_at": now, "trial": int(trial), "ended_at": now if trial else None,
    }  # fmt: skip
    row = (await conn.execute(insert(alerts).values(values).returning(alerts))).one()
    return _alert(row, "")


async def move(conn: AsyncConnection, alert_id: int, **values: Any) -> None:
    """Another level, a worse value, an end."""
    await conn.execute(update(alerts).where(_OF.id == alert_id).values(values))


async def acknowledge(conn: AsyncConnection, alert_id: int, user_id: int, now: float) -> bool:
    """Somebody sees to it: nobody is told any more. False: somebody did already, or there is none."""
    mine = (_OF.id == alert_id) & _OF.acked_at.is_(None)
    done = await conn.execute(update(alerts).where(mine).values(acked_at=now, acked_by=user_id))
    if done.rowcount:
        await call_off(conn, alert_id, "acked")
    return done.rowcount == 1


async def taken(
    conn: AsyncConnection, alert_id: int, by: Person, next_seq: Callable[[int], int], now: float
) -> list[tuple[int, Notice]]:
    """Notices for everybody else whose desk it stands on; whoever sees to it is not told of it any more."""
    href = f"{HERE}#alert-{alert_id}"
    for one in await desktop_events.unshown(conn, by.id, "message"):
        if msgspec.json.decode(one.payload, type=Notice).href == href:
            await desktop_events.shown(conn, by.id, one.seq, now, None)
    row = (await conn.execute(select(alerts).where(_OF.id == alert_id))).one()
    own = (alert_sends.c.alert_id == alert_id) & (alert_sends.c.way == "desk") & (alert_sends.c.state == "sent")
    whom = (await conn.execute(select(alert_sends.c.user_id).where(own).distinct())).scalars().all()
    told = []
    for person in await users.every(conn):
        if person.id in whom and person.id != by.id and person.blocked_at is None:
            words = matter(person.language, rule=row.rule, watched=row.watched, subject=row.subject, value=row.worst)
            args = {"name": by.name, "words": words}
            told.append((person.id, Notice(seq=next_seq(person.id), code="alert-taken", args=args, href=href, at=now)))
    await desktop_events.append(conn, [desktop_events.of_notice(user_id, notice) for user_id, notice in told])
    return told


async def was_told(conn: AsyncConnection, alert_id: int, user_id: int) -> bool:
    """Whether an alert went to somebody."""
    asked = select(alert_sends.c.id).where(alert_sends.c.alert_id == alert_id, alert_sends.c.user_id == user_id)
    return (await conn.execute(asked.limit(1))).first() is not None


async def call_off(conn: AsyncConnection, alert_id: int, why: str) -> None:
    """What waits for the end of quiet hours is not sent any more: it is over, or somebody sees to it."""
    mine = (alert_sends.c.alert_id == alert_id) & (alert_sends.c.state == "waiting")
    mine &= alert_sends.c.way != "webhook"
    await conn.execute(update(alert_sends).where(mine).values(state="canceled", next_at=None, why=why))


async def plan(
    conn: AsyncConnection, kept: Kept, alert: Alert, what: str, whom: Collection[int], *, at: float, now: float
) -> None:
    """Rows of what is to be told: desks at once, the rest at a time."""
    ways: list[tuple[str, int | None]] = [
        (way, user_id) for way in kept.rule.ways if way != "webhook" for user_id in whom
    ]
    ways += [("webhook", None)] if "webhook" in kept.rule.ways and kept.hook_url else []
    rows = [
        {
            "alert_id": alert.id, "what": what, "way": way, "user_id": user_id, "state": "waiting", "at": now,
            "key": hashlib.sha256(f"alert:{alert.id}:{what}:{alert.level}:{way}:{user_id}".encode()).hexdigest(),
            "next_at": now if way == "desk" else at,
        }
        for way, user_id in ways
    ]  # fmt: skip
    if rows:
        await conn.execute(insert(alert_sends), rows)


async def due(conn: AsyncConnection, now: float) -> Sequence[Any]:
    """What is to be told now, with its alert."""
    asked = select(alert_sends, alerts).join(alerts, _OF.id == alert_sends.c.alert_id)
    asked = asked.where(alert_sends.c.state == "waiting", alert_sends.c.next_at <= now)
    columns = [*alert_sends.c, *(one.label(f"a_{one.name}") for one in _OF)]
    return (await conn.execute(asked.with_only_columns(*columns).order_by(alert_sends.c.id).limit(200))).all()


async def settle(conn: AsyncConnection, send_id: int, **values: Any) -> bool:
    """What became of one that waited; False: it was called off meanwhile."""
    mine = (alert_sends.c.id == send_id) & (alert_sends.c.state == "waiting")
    return (await conn.execute(update(alert_sends).where(mine).values(values))).rowcount == 1


async def hand_over(
    conn: AsyncConnection, row: Any, kept: Kept | None, people: Mapping[int, users.UserRow],
    reached: Mapping[int, tuple[str, str]], next_seq: Callable[[int], int], now: float,
) -> Notice | None:  # fmt: skip
    """Give one of `due` to the desk, the outbox or the queue of SMS, and note it. The notice, of a desk."""
    person = people.get(row.user_id)
    email, phone = reached.get(row.user_id, ("", ""))
    mailbox = await mailboxes.get(conn, kept.rule.mailbox_id or 0) if kept and row.way == "mail" else None
    why = "" if person is not None and person.blocked_at is None else "gone"
    if row.way == "mail" and not why:
        why = "" if email and mailbox is not None else "no-mailbox" if email else "no-address"
    if row.way == "sms" and not why:
        why = "" if phone else "no-phone"
    state = {"desk": "sent"}.get(row.way, "handed")
    if not await settle(conn, row.id, state="failed" if why else state, why=why, next_at=None, sent_at=now) or why:
        return None
    assert person is not None
    words = sentence(
        person.language, what=row.what, rule=row.a_rule, watched=row.a_watched, subject=row.a_subject,
        value=row.a_worst if row.what == "again" else row.a_value, trial=bool(row.a_trial),
    )  # fmt: skip
    if row.way == "desk":
        notice = Notice(
            seq=next_seq(person.id),
            code="alert-over" if row.what == "ended" else "alert",
            args={"words": words},
            href=f"{HERE}#alert-{row.alert_id}",
            at=now,
        )
        await desktop_events.append(conn, [desktop_events.of_notice(person.id, notice)])
        return notice
    if row.way == "sms":
        await sms.add(conn, {"key": row.key, "number": phone, "text": words}, now)
    elif mailbox is not None:
        values = {
            "key": row.key, "mailbox_id": mailbox.id, "state": "waiting", "kind": "new", "send_at": now, "next_at": now,
            "message_id": outbox.new_message_id(mailbox.address), "subject": words[:400],
            "html": f"<p>{escape(words)}</p>", "automatic": 1,
        }  # fmt: skip
        await outbox.add(conn, values, [party("to", email, person.name)], now)
    return None


def whom(kept: Kept, level: int) -> list[int]:
    """Who is told at a level."""
    return told_to(kept.rule, level)
