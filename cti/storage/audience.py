"""Who a campaign reaches, chosen in SQL: the clients of its segment, an address of each, and why somebody is left out.

A part at a time, by ids of clients, so that other writers have their turns. Whoever is left out has a row too, with the
reason: a number that is told can be opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.campaigns import WENT, Channel
from cti.messages.consent import ASKED, EVERY, Purpose
from cti.storage.campaign_tables import campaign_people, consents
from cti.storage.client_tables import client_emails, client_phones, clients, directory_items
from cti.storage.contact_tables import contact_clients, contact_emails, contact_phones
from cti.storage.parts import Part
from cti.storage.sending_tables import bounced_addresses

# Numbers of +7 that are mobile: Russia's 9xx and Kazakhstan's. Elsewhere the gateway knows.
MOBILE = ("+79", "+770", "+774", "+777")


@dataclass(frozen=True, kw_only=True, slots=True)
class Audience:
    """What people are chosen by. segment: a condition on clients; recent_since: who was written to since then is left
    out, None: nobody is; own: addresses of our mailboxes; share: percent of variant B.
    """

    campaign_id: int
    channel: Channel
    purpose: Purpose
    segment: Part
    share: int = 0
    recent_since: float | None = None
    own: frozenset[str] = frozenset()


async def last_id(conn: AsyncConnection) -> int:
    """The highest id of a client."""
    return int((await conn.execute(select(func.max(clients.c.id)))).scalar() or 0)


async def add(conn: AsyncConnection, audience: Audience, low: int, high: int, base: int) -> int:
    """The clients with ids from low on, below high, as people numbered after base; the last number now."""
    sqlite = conn.dialect.name == "sqlite"
    rows = _rows(audience, sqlite=sqlite)
    names = ("campaign_id", "number", "client_id", "contact_id", "address", "second", "zone", "variant", "state", "why")
    made = insert(campaign_people).from_select(names, rows)
    await conn.execute(made, {"low": low, "high": high, "base": base})
    mine = campaign_people.c.campaign_id == audience.campaign_id
    return int((await conn.execute(select(func.max(campaign_people.c.number)).where(mine))).scalar() or 0)


async def clear(conn: AsyncConnection, campaign_id: int, most: int) -> bool:
    """Forget people of a campaign, the last so many; whether there may be more."""
    mine = campaign_people.c.campaign_id == campaign_id
    last = (await conn.execute(select(func.max(campaign_people.c.number)).where(mine))).scalar()
    if last is None:
        return False
    await conn.execute(delete(campaign_people).where(mine, campaign_people.c.number > last - most))
    return int(last) > most


def _rows(of: Audience, *, sqlite: bool) -> Any:
    """A step after the other, each kept: what one has found out the next one asks again."""
    in_segment = of.segment.follows if sqlite else of.segment.leads
    own, second = _own(of.channel)
    zone = func.coalesce(func.nullif(clients.c.time_zone, ""), directory_items.c.time_zone, "")
    found = _kept(
        "found",
        select(
            clients.c.id,
            clients.c.restricted_at.is_not(None).label("restricted"),
            zone.label("zone"),
            own.label("own"),
            second.label("second"),
        )
        .join_from(clients, directory_items, directory_items.c.id == clients.c.region_id, isouter=True)
        .where(clients.c.id >= bindparam("low"), clients.c.id < bindparam("high"), in_segment),
    )
    table, value = (contact_emails, "folded") if of.channel in ("email", "sms-bounced") else (contact_phones, "e164")
    through = _kept("through", select(found, case((found.c.own.is_(None), _person(of.channel, found))).label("via")))
    # with an address that leads nowhere, or none, an SMS goes at once
    reached: ColumnElement[Any] = func.coalesce(through.c.own, table.c[value])
    if of.channel == "sms-bounced":
        reached = func.coalesce(reached, func.nullif(through.c.second, ""))
    there = _kept(
        "there",
        select(
            through.c.id,
            through.c.restricted,
            through.c.zone,
            case((through.c.own.is_(None), table.c.contact_id)).label("contact_id"),
            reached.label("address"),
            through.c.second,
        ).join_from(through, table, table.c.id == through.c.via, isouter=True),
    )
    asked = _kept(
        "asked", select(there, _latest(there, of.purpose).label("said"), _latest(there, EVERY).label("every"))
    )
    judged = _kept("judged", select(asked, _why(of, asked).label("why")))
    again = func.row_number().over(
        partition_by=[judged.c.address, judged.c.why == ""], order_by=judged.c.id
    )  # fmt: skip
    why = case((judged.c.why != "", judged.c.why), (again > 1, literal("duplicate")), else_=literal(""))
    last = _kept("last", select(*(one for one in judged.c if one.name != "why"), why.label("why")))
    spread = (
        (cast(last.c.id, BigInteger) * literal_column("2654435761") + literal_column(str(of.campaign_id * 2246822519)))
        % literal_column("4294967296")
        * 100
        // literal_column("4294967296")
    )
    return select(
        literal_column(str(of.campaign_id)),
        cast(bindparam("base"), Integer) + func.row_number().over(order_by=last.c.id),
        last.c.id,
        last.c.contact_id,
        case((last.c.why == "", last.c.address)),
        case((and_(last.c.why == "", last.c.second != last.c.address), last.c.second), else_=literal("")),
        last.c.zone,
        case((spread < literal_column(str(of.share)), literal_column("1")), else_=literal_column("0")),
        case((last.c.why == "", literal("waiting")), else_=literal("excluded")),
        last.c.why,
    )


def _kept(name: str, rows: Any) -> Any:
    """A step whose columns are not asked for anew by those after it."""
    return rows.cte(name).prefix_with("MATERIALIZED")


def _mobile(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(~column.startswith("+7"), *(column.startswith(one) for one in MOBILE))


def _own(channel: Channel) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """A client's own first address or number, and the number for an SMS if a letter bounces."""
    phones = select(client_phones.c.e164).where(client_phones.c.client_id == clients.c.id, client_phones.c.e164 > "")
    phones = phones.order_by(client_phones.c.position, client_phones.c.id).limit(1)
    if channel == "calls":
        return phones.correlate(clients).scalar_subquery(), literal("")
    mobile = phones.where(_mobile(client_phones.c.e164), ~client_phones.c.shared).correlate(clients).scalar_subquery()
    if channel == "sms":
        return mobile, literal("")
    folded = client_emails.c.folded
    emails = select(folded).where(client_emails.c.client_id == clients.c.id, folded.like("%_@_%._%"))
    if channel == "sms-bounced":
        emails = emails.where(~_bounced(folded))
    first = emails.order_by(client_emails.c.position, client_emails.c.id).limit(1).correlate(clients).scalar_subquery()
    return first, func.coalesce(mobile, "") if channel == "sms-bounced" else literal("")


def _person(channel: Channel, found: FromClause) -> ColumnElement[Any]:
    """The first contact person's address or number that will do: its id."""
    table: Table = contact_emails if channel in ("email", "sms-bounced") else contact_phones
    rows = select(table.c.id).join_from(contact_clients, table, table.c.contact_id == contact_clients.c.contact_id)
    rows = rows.where(contact_clients.c.client_id == found.c.id)
    if table is contact_emails:
        rows = rows.where(table.c.folded.like("%_@_%._%"))
        rows = rows.where(~_bounced(table.c.folded)) if channel == "sms-bounced" else rows
    else:
        rows = rows.where(table.c.e164 > "", *([_mobile(table.c.e164)] if channel == "sms" else []))
    rows = rows.order_by(contact_clients.c.position, contact_clients.c.contact_id, table.c.position).limit(1)
    return rows.correlate(found).scalar_subquery()


def _latest(there: FromClause, purpose: str) -> ColumnElement[Any]:
    """When the latest word for a purpose was said of the address or the client; below zero where it was withdrawn."""
    said = case((consents.c.given, consents.c.at), else_=-consents.c.at)
    kind = case((there.c.address.like("%@%"), "email"), else_="phone")
    of_client = or_(~consents.c.given, and_(consents.c.address == "", consents.c.kind == kind))
    of_address = and_(consents.c.address == there.c.address, consents.c.kind == kind)
    his = or_(of_address, and_(consents.c.client_id == there.c.id, of_client))
    rows = select(said).where(consents.c.purpose == purpose, his, consents.c.undone_at.is_(None))
    return rows.order_by(consents.c.at.desc(), consents.c.id.desc()).limit(1).correlate(there).scalar_subquery()


def _bounced(folded: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(bounced_addresses.c.folded == folded, bounced_addresses.c.lasting)


def _why(of: Audience, one: FromClause) -> ColumnElement[Any]:
    """The first reason to leave somebody out, in the order of messages/campaigns.py; "" for none."""
    any_phone = exists().where(client_phones.c.client_id == one.c.id, client_phones.c.e164 > "")
    landline = any_phone if of.channel == "sms" else false()
    withdrawn = or_(one.c.said < 0, and_(one.c.every < 0, or_(one.c.said.is_(None), -one.c.every >= one.c.said)))
    return case(
        (one.c.restricted, literal("restricted")),
        (and_(one.c.address.is_(None), landline), literal("landline")),
        (one.c.address.is_(None), literal("no-address")),
        (one.c.address.in_(sorted(of.own)) if of.own else false(), literal("own-address")),
        (withdrawn, literal("withdrawn")),
        (one.c.said.is_(None) if of.purpose in ASKED else false(), literal("no-consent")),
        (_bounced(one.c.address) if of.channel == "email" else false(), literal("bounced")),
        (_recent(of, one), literal("recent")),
        (_already(of, one), literal("duplicate")),
        else_=literal(""),
    )


def _recent(of: Audience, one: FromClause) -> ColumnElement[bool]:
    """Whether another campaign has written there lately, or is about to."""
    if of.recent_since is None:
        return false()
    other = campaign_people.alias("other")
    wrote = and_(other.c.state.in_(sorted(WENT | {"queued"})), other.c.sent_at >= of.recent_since)
    return exists().where(other.c.address == one.c.address, other.c.campaign_id != of.campaign_id, wrote)


def _already(of: Audience, one: FromClause) -> ColumnElement[bool]:
    mine = campaign_people.alias("mine")
    return exists().where(mine.c.address == one.c.address, mine.c.campaign_id == of.campaign_id)
