"""A person out of the base, in one transaction: rows deleted or emptied by the table of held.py, mentions masked.

The figures stay: a call keeps its times, its queue and who answered it, and tells no more who called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.mentions import Needles
from cti.desktop import ScreenPop, emptied, without
from cti.storage import contacts, mentions
from cti.storage.client_tables import client_changes, client_places, client_values
from cti.storage.contact_tables import contact_clients
from cti.storage.held import HELD, Category, Held, Way, Who, calls_of
from cti.storage.mentions import Mention
from cti.storage.tables import call_notes, calls, desktop_events, legs
from cti.storage.who import Person

AT_ONCE = 500
LATE_MOST = 500


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A voicemail at a PBX. place: CONTEXT/MAILBOX/BOX/MESSAGE; "": only when it was left is known."""

    pbx: str
    place: str = ""
    at: float | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with some rows of one table. way: as Way, or `masked`."""

    category: Category | str
    table: str
    way: Way | str
    count: int


async def held(conn: AsyncConnection, who: Who) -> dict[str, int]:
    """How many rows of each table are his; not of the journals, which an erasure leaves."""
    counted = {}
    for one in HELD:
        if one.category == "journal":
            continue
        asked = select(func.count()).select_from(one.table).where(one.rows(who))
        counted[one.table.name] = int((await conn.execute(asked)).scalar_one())
    return counted


async def lately(conn: AsyncConnection, who: Who, since: float) -> list[str]:
    """His calls since then, which screens may still show."""
    return list((await conn.execute(calls_of(who).where(calls.c.started_at >= since).limit(LATE_MOST))).scalars())


async def messages(conn: AsyncConnection, who: Who) -> list[Message]:
    """The calls in which he left a message on a PBX's voicemail."""
    left = select(calls.c.pbx, calls.c.started_at).where(calls.c.id.in_(calls_of(who)), calls.c.outcome == "voicemail")
    rows = await conn.execute(left.order_by(calls.c.started_at).limit(LATE_MOST))
    return [Message(pbx=row.pbx, at=row.started_at) for row in rows]


async def is_calling(conn: AsyncConnection, who: Who) -> bool:
    """Whether a call of his is going on, as far as it is written."""
    going = calls_of(who).where(calls.c.ended_at.is_(None), calls.c.outcome.is_(None))
    return (await conn.execute(going.limit(1))).first() is not None


async def erase(conn: AsyncConnection, person: Person, found: list[Mention]) -> list[Event]:
    """Erase him. found: what mentions.find found of his needles."""
    who = person.who
    theirs = list((await conn.execute(calls_of(who))).scalars())
    await _mask_legs(conn, theirs)
    done = [await _pops(conn, who, theirs)]
    touched = await _found_by(conn, who, found)
    for one in HELD:
        if one.way != "stays" and one.table is not desktop_events and (who.clients or one.table is not call_notes):
            done.append(await _with(conn, one, who))
    done.append(await _people_elsewhere(conn, who))
    masked = await mentions.mask(conn, found, person.needles)
    done += [Event(category="mentions", table=str(name), way="masked", count=count) for name, count in masked.items()]
    await contacts.relink(conn, touched - {*who.clients})
    return [one for one in done if one.count]


async def _with(conn: AsyncConnection, one: Held, who: Who) -> Event:
    """A contact person's calls stay his company's, and what is noted of them."""
    emptied = {name: value for name, value in one.emptied.items() if who.clients or name != "client_id"}
    statement = update(one.table).values(**emptied) if one.way == "emptied" else delete(one.table)
    count = (await conn.execute(statement.where(one.rows(who)))).rowcount
    return Event(category=one.category, table=str(one.table.name), way=one.way, count=count)


async def _people_elsewhere(conn: AsyncConnection, who: Who) -> Event:
    """His people in the histories of cards to which they belonged once."""
    names = [client_changes.c.field.like(f"contact:{one}:%") for one in who.people]
    count = (await conn.execute(delete(client_changes).where(or_(*names)))).rowcount if names else 0
    return Event(category="people", table=str(client_changes.name), way="deleted", count=count)


async def _mask_legs(conn: AsyncConnection, ids: Sequence[str]) -> None:
    """Legs are named by what was dialled: Local/79355550101@..."""
    for part in _parts(ids):
        rows = (await conn.execute(select(calls).where(calls.c.id.in_(part)))).all()
        for row in rows:
            outside = (row.number, row.called if row.direction != "inbound" else None, row.caller_number)
            needles = Needles(numbers=tuple({f"+{one.lstrip('+')}" for one in outside if one and _long(one)}))
            details = needles.masked(row.details)
            if details != row.details:
                await conn.execute(update(calls).where(calls.c.id == row.id).values(details=details))
            for leg in (await conn.execute(select(legs).where(legs.c.call_id == row.id))).all():
                values = {name: needles.masked(getattr(leg, name) or "") or None for name in ("leg", "device")}
                if values != {"leg": leg.leg, "device": leg.device}:
                    this = (legs.c.call_id == row.id, legs.c.leg_id == leg.leg_id)
                    await conn.execute(update(legs).where(*this).values(values))


def _long(number: str) -> bool:
    """Whether it is an outside number, and digits alone."""
    return len(number) > 6 and number.lstrip("+").isdigit()


async def _pops(conn: AsyncConnection, who: Who, ids: Sequence[str]) -> Event:
    """Cards that agents were given: those of his calls tell of nobody, in others he is not among the likely ones."""
    count = 0
    for part in _parts(ids):
        for row in (await conn.execute(select(desktop_events).where(desktop_events.c.call_id.in_(part)))).all():
            count += await _write(conn, row.agent_id, row.seq, row.payload, emptied)
    likely = [desktop_events.c.payload.like(f'%"client":{{"id":{one},%') for one in who.clients]
    if likely:
        for row in (await conn.execute(select(desktop_events).where(or_(*likely)))).all():
            count += await _write(conn, row.agent_id, row.seq, row.payload, lambda pop: without(pop, who.clients))
    return Event(category="calls", table=str(desktop_events.name), way="emptied", count=count)


async def _write(
    conn: AsyncConnection, agent_id: int, seq: int, payload: str, change: Callable[[ScreenPop], ScreenPop]
) -> int:
    try:
        text = msgspec.json.encode(change(msgspec.json.decode(payload, type=ScreenPop))).decode()
    except msgspec.DecodeError:  # of an older version: nobody can show it any more
        text = "{}"
    this = (desktop_events.c.agent_id == agent_id, desktop_events.c.seq == seq)
    await conn.execute(update(desktop_events).where(*this).values(payload=text))
    return 1


async def _found_by(conn: AsyncConnection, who: Who, found: Iterable[Mention]) -> set[int]:
    """Clients who are found by him: by texts that name him, or as their contact person."""
    companies = select(contact_clients.c.client_id).where(contact_clients.c.contact_id.in_(who.people))
    places = [one.key[0] for one in found if one.table is client_places]
    theirs = select(client_places.c.client_id).where(client_places.c.id.in_(places))
    at = [column.name for column in client_values.primary_key.columns].index("client_id")
    named = {*(await conn.execute(theirs.union(companies))).scalars()}
    return named | {*(one.key[at] for one in found if one.table is client_values)}


def _parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
