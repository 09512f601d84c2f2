"""The agent's desk: the card of the call, the note, what was before; what happens meanwhile comes by the live wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from cti.access import scope
from cti.clients.card import KINDS
from cti.clients.filters import day_begins
from cti.clients.tasks import standing
from cti.desktop import Notice, ScreenPop, in_call
from cti.storage import calls, clients, coaching, desktop_events, history, lookup, tasks
from cti.storage.missed import Missed, missed
from cti.telephony.numbering import show as shown
from web import wire
from web.api.base import place, reply
from web.auth import person_of
from web.readers import reader_of
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed
from web.sms_texts import STATES
from web.texts import N_
from web.uncalled import uncalled

LAST = 12
TASKS = 20
KEPT_POPS = 5  # cards looked at when a page is opened anew
MISSED_S = 24 * 3600.0
MISSED_SHOWN = 50


async def show(request: web.Request) -> web.Response:
    """The desk, empty until a call comes."""
    services, person = services_of(request), person_of(request)
    now = services.clock()
    today = datetime.fromtimestamp(now, services.zone).date().isoformat()
    async with services.db.read() as conn:
        own = await calls.journal(conn, user_id=person.id, limit=8)
        mine = await tasks.open_of_person(conn, person.id, limit=TASKS)
        soon = await coaching.due(conn, person.id, today)
    whose = [*(row.client_id for row in own.rows), *(one.client_id for one in mine)]
    persons = {row.client_id or row.number for row in own.rows} | {one.client_id or one.number for one in mine}
    showed(request, whose, count=len(persons - {None}))
    tomorrow = day_begins(today, services.zone, days=1)
    work = [(one, standing(one, now, tomorrow)) for one in mine]
    stopped = await uncalled(request, mine)
    values: dict[str, Any] = {"last": own.rows, "tasks": work, "coaching": soon, "today": today, "uncalled": stopped}
    return page(request, "desk.html", title=N_("Desk"), kinds=KINDS, **values)


async def client(request: web.Request) -> web.Response:
    """What the desk's card shows of a client whom somebody calls himself, or says is calling."""
    services = services_of(request)
    async with services.db.read() as conn:
        found = await lookup.brief_of(conn, place(request), now=services.clock())
    if found is None:
        raise web.HTTPNotFound(text="There is no such client.")
    showed(request, [found.id])
    return reply(wire.client(found, reader_of(request)))


async def before(request: web.Request) -> web.Response:
    """The last calls, SMS and notes of a client, for the card on the desk; not the call that it is of."""
    person, now = person_of(request), request.query.get("call", "")
    own = person.id if scope(person, "calls.read") == "own" else None
    async with services_of(request).db.read() as conn:
        kinds: tuple[history.Kind, ...] = ("call", "sms", "note")
        last = await history.of_client(conn, place(request), kinds=kinds, user_id=own, reader=person, limit=LAST + 1)
    rows = [one for one in last.rows if one.call is None or one.call.id != now][:LAST]
    showed(request, [place(request)] if rows else ())
    return page(request, "parts/before.html", last=rows, sms_states=STATES)


async def outside(request: web.Request) -> web.Response:
    """The address of another system's page about a caller whom we do not know; "" where no page is set up."""
    return _outside(request, {})


async def outside_client(request: web.Request) -> web.Response:
    """The same about a client: of the call the browser says what it has on its screen."""
    async with services_of(request).db.read() as conn:
        found = await clients.get(conn, place(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such client.")
    showed(request, [found.id])
    return _outside(request, {"client_id": str(found.id), "name": found.name, "inn": found.inn})


def _outside(request: web.Request, told: dict[str, str]) -> web.Response:
    services, person = services_of(request), person_of(request)
    wanted = services.desk_settings.outside
    if wanted is None:
        return reply({"url": "", "opens": ""})
    said = {name: request.query.get(name, "")[:80].replace("\x00", "") for name in ("call_id", "queue", "phone")}
    if services.sights.of(person).hides:
        said["phone"] = ""
    return reply({"url": wanted.address(said | told | {"agent": person.login}), "opens": wanted.opens})


async def state(request: web.Request) -> web.Response:
    """What a page opened anew starts from: cards of the calls still open, own notes, missed calls, the last seq."""
    services, person, reader = services_of(request), person_of(request), reader_of(request)
    now = services.clock()
    async with services.db.read() as conn:
        last = (await desktop_events.last_seqs(conn)).get(person.id, 0)
        events = await desktop_events.since(conn, person.id, max(0, last - KEPT_POPS))
        unseen = await desktop_events.unshown(conn, person.id, "message")
        events = [e for e in events if e.kind == "screen_pop"]
        rows = {e.call_id: await calls.get(conn, e.call_id) for e in events if e.call_id}
        written = {call_id: await calls.notes(conn, call_id) for call_id in rows}
        lost = await missed(conn, since=now - MISSED_S, user_id=person.id, limit=MISSED_SHOWN)
    stopped = await uncalled(request, lost)
    still = [e for e in events if (row := rows.get(e.call_id or "")) is None or row.open]
    fresh = [e for e in still if now - e.created_at < MISSED_S]
    pops = [in_call(msgspec.json.decode(e.payload, type=ScreenPop), e.call_id) for e in fresh]
    notes = {call_id: n.text for call_id, all_of in written.items() for n in all_of if n.user_id == person.id}
    matched = {one.client.id for pop in pops for one in pop.matches}
    callers = {item.client_id or item.number for item in lost} | {pop.call.number for pop in pops if not pop.matches}
    whom = [*matched, *(item.client_id for item in lost)]
    showed(request, whom, count=len((callers | matched) - {None}), thing="desk")
    return reply(
        {
            "seq": last,
            "server_time": now,
            "pops": [wire.screen_pop(pop, reader) for pop in pops],
            "notes": notes,
            "missed": [
                _entry(item, item.client_id in stopped or item.number in stopped)
                | {"taken_by": item.taken_by if item.is_taken(now) and item.taken_by_id != person.id else ""}
                for item in lost
            ],
            "notices": [wire.notice(msgspec.json.decode(e.payload, type=Notice), reader) for e in unseen],
        }
    )


def _entry(item: Missed, is_restricted: bool) -> dict[str, Any]:
    return {
        "call": item.call,
        "at": item.last_at,
        "number": item.number,
        "shown": shown(item.number) if item.number else "",
        "caller_name": item.caller_name,
        "client_id": item.client_id,
        "client_name": item.client_name,
        "queue": item.queues[0] if item.queues else None,
        "tries": item.tries,
        "restricted": is_restricted,
    }


async def set_theme(request: web.Request) -> web.Response:
    """Keep the person's look."""
    person, theme = person_of(request), request.match_info["theme"]
    await services_of(request).accounts.set_look(person, language=person.language, theme=theme)
    return reply({"ok": True})


ROUTES = (
    Route("GET", "/", show, "desk", "calls"),
    Route("GET", "/desk/client/{id}", client, "clients.read", "client"),
    Route("GET", "/desk/outside", outside, "desk", "nothing"),
    Route("GET", "/desk/outside/{id}", outside_client, "clients.read", "client"),
    Route("GET", "/desk/before/{id}", before, "clients.read", "client"),
    Route("GET", "/desk/state", state, "desk", "calls"),
    Route("PUT", "/desk/theme/{theme}", set_theme, "signed-in", "nothing"),
)
