"""What happened with a client, as one stream: its pages, and what its lines are told with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from cti.access import scope
from cti.clients.contacts import Contact
from cti.clients.contracts import Contract
from cti.storage import clients, contacts, contracts, history, recordings, tasks
from cti.storage.changes import ChangeRow
from web.api.base import place
from web.auth import person_of
from web.call_filters import hears
from web.pages.client_form import choices
from web.pages.client_told import as_text, field_name
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed
from web.sms_texts import STATES, WHYS

FIRST = 3  # fields of a new client that its line names


async def show(request: web.Request) -> web.Response:
    """Earlier entries of a client's history, for the end of the list."""
    async with services_of(request).db.read() as conn:
        client = await clients.get(conn, place(request))
        if client is None:
            raise web.HTTPNotFound(text="There is no such client.")
        people = await contacts.of_client(conn, client.id)
        signed = await contracts.of_client(conn, client.id)
    offered = await choices(request, client)
    past = await history_of(request, client.id, people=people, signed=signed, offered=offered)
    showed(request, [client.id])
    return page(request, "parts/history_rows.html", client=client, people=offered["people"], **past)


async def history_of(
    request: web.Request,
    client_id: int,
    *,
    people: Sequence[Contact],
    signed: Sequence[Contract],
    offered: Mapping[str, Any],
) -> dict[str, Any]:
    """A page of the history and what its lines are told with."""
    person = person_of(request)
    own = person.id if scope(person, "calls.read") == "own" else None
    kind = next((one for one in history.KINDS if one == request.query.get("kind")), None)
    async with services_of(request).db.read() as conn:
        stream = await history.of_client(
            conn,
            client_id,
            kinds=[kind] if kind else history.KINDS,
            user_id=own,
            reader=person,
            cursor=request.query.get("cursor", "")[:400] or None,
        )
        shown = [one.call.id for one in stream.rows if one.call]
        heard = await recordings.heard_in(conn, shown, hears(person))
        named = await tasks.by_ids(conn, _tasks_in(row for one in stream.rows for row in one.changed))
    names: dict[str, str] = {f"contact:{one.id}": one.name for one in people}
    names |= {f"contract:{one.id}": one.number for one in signed}
    names |= {f"task:{one.id}": f"«{one.what}»" for one in named.values()}
    return {
        "sms_states": STATES,
        "sms_whys": WHYS,
        "stream": stream.rows,
        "heard": heard,
        "next_cursor": stream.next_cursor,
        "kind": kind or "",
        **told_with(request, offered, names),
    }


def told_with(request: web.Request, offered: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """What templates tell changes with: `field_name` of a field, `told` of a field's value. names: of belongings."""
    names = {f"property:{prop.id}": prop.name for prop in offered["all_properties"]} | dict(names)
    return {
        "field_name": lambda field: field_name(request, field, names),
        "told": lambda field, value: as_text(request, field, value, offered),
        "first_fields": FIRST,
    }


def _tasks_in(changed: Iterable[ChangeRow]) -> list[int]:
    parts = (row.field.split(":") for row in changed)
    return sorted({int(one[1]) for one in parts if one[0] == "task"})


ROUTES = (Route("GET", "/clients/{id}/history", show, "clients.read", "client"),)
