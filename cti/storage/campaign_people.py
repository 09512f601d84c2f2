"""People of campaigns as rows: whose turn it is, what became of them, and who answered, called back or unsubscribed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import (
    Case,
    ColumnElement,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.messages.campaigns import OPEN, WENT, Given, PersonState
from cti.storage import call_list_results
from cti.storage.campaign_tables import campaign_people, campaigns, consents
from cti.storage.client_tables import clients
from cti.storage.mail_tables import letters
from cti.storage.sending_tables import outbox
from cti.storage.sight import seen
from cti.storage.sms_tables import sms
from cti.storage.tables import calls

# What a person is by the state of his SMS or letter; whatever else it is, he has failed.
OF_SMS: Mapping[str, PersonState] = {
    "queued": "queued", "sending": "queued", "accepted": "accepted", "sent": "sent", "delivered": "delivered",
    "unknown": "unknown", "canceled": "skipped",
}  # fmt: skip
OF_LETTER: Mapping[str, PersonState] = {
    "waiting": "queued", "sending": "queued", "held": "queued", "sent": "sent", "unknown": "unknown",
    "canceled": "skipped",
}  # fmt: skip
MARKS = {"replied": "replied_at", "unsubscribed": "unsubscribed_at", "called": "called_at", "opened": "opened_at"}
P = campaign_people.c
BOUNCES_S = 86400.0  # most letters that come back do within a day
_BACK = or_(
    and_(outbox.c.state == "sent", outbox.c.why == "returned"),
    and_(outbox.c.state == "failed", outbox.c.why == "refused"),
)
_FOLLOWED: tuple[tuple[Table, ColumnElement[int], Case[Any]], ...] = (  # a message, and what its state makes of whom
    (sms, P.sms_id, case(OF_SMS, value=sms.c.state, else_="failed")),
    (outbox, P.outbox_id, case((_BACK, "bounced"), else_=case(OF_LETTER, value=outbox.c.state, else_="failed"))),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class One:
    """Somebody of a campaign whose turn it is."""

    number: int
    client_id: int | None
    contact_id: int | None
    address: Words
    zone: str
    variant: int
    tries: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Somebody of a campaign as he is listed. why: code of why he was left out, or of what failed."""

    number: int
    client_id: int | None
    client: Words
    address: Words
    variant: int
    state: PersonState
    why: str
    at: float | None
    tries: int
    replied_at: float | None
    unsubscribed_at: float | None
    called_at: float | None


async def counts(conn: AsyncConnection, campaign_id: int) -> dict[str, int]:
    """How many are in which state."""
    rows = select(P.state, func.count()).where(P.campaign_id == campaign_id).group_by(P.state)
    return {row[0]: row[1] for row in await conn.execute(rows)}


async def reasons(conn: AsyncConnection, campaign_id: int, states: Collection[str]) -> dict[str, int]:
    """How many were left out, or failed, for what."""
    rows = select(P.why, func.count()).where(P.campaign_id == campaign_id, P.state.in_(list(states)))
    return {row[0]: row[1] for row in await conn.execute(rows.group_by(P.why))}


async def marks(conn: AsyncConnection, campaign_id: int) -> dict[str, int]:
    """How many have answered, unsubscribed, called back, opened a link."""
    rows = select(*(func.count(P[column]).label(name) for name, column in MARKS.items()))
    found = (await conn.execute(rows.where(P.campaign_id == campaign_id))).one()
    return {name: int(getattr(found, name)) for name in MARKS}


async def by_variant(conn: AsyncConnection, campaign_id: int) -> dict[int, dict[str, int]]:
    """What became of those of A and of B, with those who answered, unsubscribed, called back."""
    named = [func.count(P[column]).label(name) for name, column in MARKS.items()]
    rows = select(P.variant, P.state, func.count().label("people"), *named)
    mine = rows.where(P.campaign_id == campaign_id, P.state != "excluded").group_by(P.variant, P.state)
    found: dict[int, dict[str, int]] = {}
    for row in await conn.execute(mine):
        of = found.setdefault(row.variant, dict.fromkeys((*MARKS, "people"), 0))
        of[row.state] = row.people
        for name in (*MARKS, "people"):
            of[name] += getattr(row, name)
    return found


async def course(conn: AsyncConnection, campaign_id: int, bucket_s: int) -> list[tuple[float, str, int]]:
    """What happened when: beginning of a span of time, state that people came to in it, how many."""
    span = func.floor(P.at / bucket_s) if conn.dialect.name != "sqlite" else func.round(P.at / bucket_s - 0.5)
    rows = select(span.label("span"), P.state, func.count()).where(
        P.campaign_id == campaign_id, P.at.is_not(None), P.state.not_in(("waiting", "excluded"))
    )
    found = await conn.execute(rows.group_by("span", P.state).order_by("span"))
    return [(float(row[0]) * bucket_s, row[1], row[2]) for row in found]


async def listed(
    conn: AsyncConnection,
    campaign_id: int,
    *,
    states: Collection[str] = (),
    why: str | None = None,
    mark: str = "",
    variant: int | None = None,
    result: str = "",
    answer: tuple[int, str] | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Row]:
    """People by their numbers, those after `after`. states: of these, none: all. mark: of MARKS.

    result: of calls to them; answer: that they gave, and the question's id.
    """
    asked = [P.campaign_id == campaign_id, P.number > after]
    asked += [P.state.in_(list(states))] if states else []
    asked += [P.why == why] if why is not None else []
    asked += [P[MARKS[mark]].is_not(None)] if mark in MARKS else []
    asked += [P.variant == variant] if variant is not None else []
    asked += [call_list_results.with_result(campaign_id, result)] if result else []
    asked += [call_list_results.with_answer(campaign_id, *answer)] if answer else []
    rows = select(campaign_people, clients.c.name.label("client")).outerjoin(clients, clients.c.id == P.client_id)
    found = await conn.execute(rows.where(*asked).order_by(P.number).limit(limit))
    plain = [name for name in Row.__dataclass_fields__ if name not in ("client", "address")]
    made = [
        Row(**{name: getattr(row, name) for name in plain}, client=row.client or "", address=row.address or "")
        for row in found
    ]
    return seen(conn, made)


async def some(conn: AsyncConnection, campaign_id: int, numbers: Sequence[int], limit: int) -> list[One]:
    """Of each number the first who waits from there on."""
    found: dict[int, One] = {}
    for number in numbers:
        rows = select(campaign_people).where(P.campaign_id == campaign_id, P.number >= number, P.state == "waiting")
        row = (await conn.execute(rows.order_by(P.number).limit(1))).one_or_none()
        if row is not None:
            found[row.number] = _one(row)
    return list(found.values())[:limit]


async def zones(conn: AsyncConnection, campaign_id: int) -> list[str]:
    """The zones of those who wait."""
    rows = select(P.zone).where(P.campaign_id == campaign_id, P.state == "waiting").distinct()
    return list((await conn.execute(rows)).scalars())


async def turn(conn: AsyncConnection, campaign_id: int, there: Sequence[str], now: float, most: int) -> list[One]:
    """Who of these zones is next; somebody who is to be tried later is not."""
    found: list[One] = []
    for zone in there:
        if len(found) >= most:
            break
        mine = (P.campaign_id == campaign_id) & (P.state == "waiting") & (P.zone == zone)
        rows = select(campaign_people).where(mine, or_(P.due_at.is_(None), P.due_at <= now))
        found += [_one(row) for row in await conn.execute(rows.order_by(P.number).limit(most - len(found)))]
    return found


async def open_left(conn: AsyncConnection, campaign_id: int, now: float) -> bool:
    """Whether somebody waits or is in a queue, or a letter may still come back and an SMS go in its place."""
    may_bounce = and_(P.state == "sent", P.second != "", P.at > now - BOUNCES_S)
    left = or_(P.state.in_(("waiting", "queued")), may_bounce)
    rows = select(P.number).where(P.campaign_id == campaign_id, left).limit(1)
    return (await conn.execute(rows)).first() is not None


async def become(conn: AsyncConnection, campaign_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """People who waited are otherwise now; number, state, why, at, sms_id, outbox_id, sent_at of each."""
    if not rows:
        return
    blank = {"why": ""}
    values = [{"of": campaign_id, "n": row["number"]} | {f"v_{name}": row.get(name, blank.get(name)) for name in _NEW}
              for row in rows]  # fmt: skip
    await conn.execute(_BECOME, values)


_NEW = ("state", "why", "at", "sms_id", "outbox_id", "sent_at")
_BECOME = (
    update(campaign_people)
    .where(P.campaign_id == bindparam("of"), P.number == bindparam("n"), P.state == "waiting")
    .values({name: bindparam(f"v_{name}") for name in _NEW})
)


async def written_lately(conn: AsyncConnection, campaign_id: int, addresses: Collection[str], since: float) -> set[str]:
    """To which of these addresses another campaign has written since then."""
    rows = select(P.address).where(
        P.address.in_(list(addresses)), P.campaign_id != campaign_id, P.sent_at >= since, P.state != "skipped"
    )
    return {str(one) for one in (await conn.execute(rows)).scalars()}


async def give_back(conn: AsyncConnection, campaign_id: int, now: float) -> int:
    """Whose SMS or letter was called back waits again."""
    back = {"state": "waiting", "sms_id": None, "outbox_id": None, "sent_at": None, "at": now, "tries": P.tries + 1}
    of_sms = select(sms.c.id).where(sms.c.campaign_id == campaign_id, sms.c.state == "canceled")
    of_letters = select(outbox.c.id).where(
        outbox.c.campaign_id == campaign_id, outbox.c.state == "canceled", outbox.c.why == "called-back"
    )
    mine = (P.campaign_id == campaign_id) & (P.state == "queued")
    mine &= or_(P.sms_id.in_(of_sms.where(sms.c.why == "called-back")), P.outbox_id.in_(of_letters))
    return (await conn.execute(update(campaign_people).where(mine).values(back))).rowcount


async def queued(conn: AsyncConnection, campaign_id: int, now: float) -> int:
    """How many SMS and letters of a campaign wait to be sent; what waits for an hour of its client's is not counted."""
    soon = now + 5.0
    texts = select(func.count()).where(sms.c.campaign_id == campaign_id, sms.c.state == "queued")
    texts = texts.where(or_(sms.c.next_at <= soon, sms.c.why.not_in(("quiet", "a-day"))))
    mails = select(func.count()).where(outbox.c.campaign_id == campaign_id, outbox.c.state == "waiting")
    letters_due = mails.where(outbox.c.next_at <= soon)
    return int((await conn.execute(texts)).scalar_one()) + int((await conn.execute(letters_due)).scalar_one())


async def held(conn: AsyncConnection, campaign_id: int) -> bool:
    """Whether its SMS wait for tomorrow's budget."""
    rows = select(sms.c.id).where(sms.c.campaign_id == campaign_id, sms.c.state == "queued", sms.c.why == "budget")
    return (await conn.execute(rows.limit(1))).first() is not None


async def spent(conn: AsyncConnection, campaign_id: int) -> int:
    """What its SMS have cost, hundredths."""
    went = sms.c.state.not_in(("queued", "canceled"))
    rows = select(func.sum(sms.c.price)).where(sms.c.campaign_id == campaign_id, went)
    return int((await conn.execute(rows)).scalar() or 0)


async def is_behind(conn: AsyncConnection, campaign_id: int) -> bool:
    """Whether somebody is no more what his SMS or letter is."""
    for table, key, state in _FOLLOWED:
        mine = (P.campaign_id == campaign_id) & P.state.in_(sorted(OPEN))
        rows = select(P.number).join(table, key == table.c.id).where(mine, P.state != state).limit(1)
        if (await conn.execute(rows)).first() is not None:
            return True
    return False


async def follow(conn: AsyncConnection, campaign_id: int, now: float) -> int:
    """Let people be what their SMS and letters are; how many have changed."""
    mine = (P.campaign_id == campaign_id) & P.state.in_(sorted(OPEN))
    count = 0
    for table, key, state in _FOLLOWED:
        change = update(campaign_people).where(mine, key == table.c.id, P.state != state)
        made = await conn.execute(change.values(state=state, why=table.c.why, at=now))
        count += made.rowcount
    return count


async def after_bounce(conn: AsyncConnection, campaign_id: int, now: float) -> int:
    """Whose letter came back and who has a number waits for an SMS, unless somebody else has that number here."""
    other = campaign_people.alias("other")
    taken = select(other.c.number).where(other.c.address == P.second, other.c.campaign_id == campaign_id).exists()
    mine = (P.campaign_id == campaign_id) & (P.state == "bounced") & (P.second != "")
    twin = campaign_people.alias("twin")
    first = select(func.min(twin.c.number)).where(
        twin.c.campaign_id == campaign_id, twin.c.state == "bounced", twin.c.second == P.second
    )
    change = update(campaign_people).where(mine, ~taken, P.number == first.scalar_subquery())
    values = {"address": P.second, "second": "", "state": "waiting", "why": "", "at": now, "outbox_id": None}
    return (await conn.execute(change.values(values))).rowcount


Heard = tuple[str, str, int | None, float]  # of MARKS, the address or "", the client, when


async def heard(conn: AsyncConnection, since: float) -> list[Heard]:
    """Whom a campaign had reached and who has written, called or unsubscribed since then, which is not noted yet."""
    texts = select(sms.c.number, sms.c.client_id, sms.c.created_at).where(
        sms.c.direction == "in", sms.c.created_at >= since
    )
    mails = select(literal(""), letters.c.client_id, letters.c.received_at).where(
        letters.c.direction == "in", letters.c.received_at >= since, letters.c.client_id.is_not(None)
    )
    inbound = select(calls.c.number, calls.c.client_id, calls.c.started_at).where(
        calls.c.direction == "inbound", calls.c.started_at >= since
    )
    said = select(consents.c.address, consents.c.client_id, consents.c.at).where(
        consents.c.at >= since, ~consents.c.given
    )
    rows: list[Heard] = []
    for mark, asked in (("replied", texts), ("replied", mails), ("called", inbound), ("unsubscribed", said)):
        theirs = asked.where(exists().where(_noted_of(mark, *asked.selected_columns)))
        rows += [(mark, one[0] or "", one[1], one[2]) for one in await conn.execute(theirs)]
    return rows


def _noted_of(mark: str, address: Any, client_id: Any, at: Any) -> ColumnElement[bool]:
    """People whom a campaign had reached before, and of whom this is not noted yet: who waits was not reached."""
    whose = or_(and_(P.address == address, P.address != ""), P.client_id == client_id)
    reached = and_(P.state.in_(sorted(WENT)), P.sent_at < at, P.sent_at > at - 90 * 86400.0)
    return and_(whose, P[MARKS[mark]].is_(None), reached)


async def opened(conn: AsyncConnection, campaign_id: int, number: int, at: float) -> None:
    """Somebody has followed his link; the first time counts."""
    one = (P.campaign_id == campaign_id) & (P.number == number) & P.opened_at.is_(None) & P.sent_at.is_not(None)
    await conn.execute(update(campaign_people).where(one).values(opened_at=at))


async def answered(conn: AsyncConnection, rows: Sequence[Heard]) -> None:
    """Note it of those whom a campaign had reached before."""
    for mark, address, client_id, at in rows:
        await _mark(conn, mark, address, client_id, at)


async def _mark(conn: AsyncConnection, mark: str, address: str, client_id: int | None, at: float) -> None:
    column = P[MARKS[mark]]
    mine = _noted_of(mark, literal(address), literal(client_id, Integer), literal(at))
    numbers = select(P.campaign_id, P.number, P.sent_at, campaigns.c.given)
    for row in (await conn.execute(numbers.join(campaigns, campaigns.c.id == P.campaign_id).where(mine))).all():
        if mark == "called" and at > row.sent_at + _back_days(row.given) * 86400.0:
            continue
        one = (P.campaign_id == row.campaign_id) & (P.number == row.number)
        await conn.execute(update(campaign_people).where(one).values({column.name: at}))


def _back_days(given: str) -> int:
    return msgspec.json.decode(given, type=Given).back_days


def _one(row: Any) -> One:
    return One(**{name: getattr(row, name) for name in One.__dataclass_fields__})
