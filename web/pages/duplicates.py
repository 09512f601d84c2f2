"""Likely duplicates: the list, two cards side by side and which field of which stays, and merges taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from cti.clients.card import ClientCard
from cti.clients.changes import as_fields
from cti.clients.merging import LABELS, LISTS, Choice, differ
from cti.errors import Refused
from cti.features.client_duplicates import DAY_S, UNDO_DAYS
from cti.storage import cards, duplicates, merges
from web.api.base import place
from web.auth import person_of
from web.pages.client_form import choices
from web.pages.client_told import as_text, field_name
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed
from web.texts import N_, told

PAGE = 30


async def show_list(request: web.Request) -> web.Response:
    """Pairs that nobody has judged yet, and merges that can be taken back."""
    return await _list(request)


async def _list(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    cursor = request.query.get("cursor", "")[:400]
    async with services.db.read() as conn:
        pairs = await duplicates.pairs(conn, limit=PAGE, cursor=cursor or None)
        done = await merges.recent(conn, since=services.clock() - UNDO_DAYS * DAY_S)
    named = [card.id for pair in pairs.rows for card in (pair.one, pair.two)]
    showed(request, [*named, *(one.gone_id for one in done)])
    what = request.query.get("done", "")
    return page(
        request,
        "duplicates.html",
        status=status,
        title=N_("Duplicates"),
        pairs=pairs.rows,
        total=pairs.total,
        next_cursor=pairs.next_cursor,
        later=bool(cursor),
        merges=done,
        done=next((one for one in done if str(one.id) == what), None),
        told=what if what in ("two", "back") else "",
        days=UNDO_DAYS,
        looking=services.duplicates.looking,
        error=error,
    )


async def show(request: web.Request) -> web.Response:
    """Two clients side by side."""
    return await _side_by_side(request)


async def _side_by_side(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    one, two = await _two(request)
    showed(request, [one.id, two.id], thing=f"clients:{one.id},{two.id}")
    async with services_of(request).db.read() as conn:
        alike = await duplicates.compare(conn, one.id, two.id)
        belongs = {card.id: await merges.belongs(conn, card.id) for card in (one, two)}
    offered, others = await choices(request, one), await choices(request, two)
    offered["item_names"] |= others["item_names"]
    return page(
        request,
        "duplicate.html",
        status=status,
        title=N_("Two cards"),
        one=one,
        two=two,
        reasons=alike.reasons if alike else (),
        rows=_rows(request, one, two, offered),
        lists=[(name, *(_texts(request, name, card, offered) for card in (one, two))) for name in LISTS],
        belongs=belongs,
        days=UNDO_DAYS,
        error=error,
    )


async def decide(request: web.Request) -> web.StreamResponse:
    """Merge the two, or say that they are two."""
    form, services, person = await request.post(), services_of(request), person_of(request)
    one, two = (card.id for card in await _two(request))
    try:
        if form.get("act") == "two":
            await services.duplicates.dismiss(person, one, two)
            raise web.HTTPSeeOther("/clients/duplicates?done=two")
        kept, gone = (two, one) if form.get("keep") == str(two) else (one, two)
        versions = {id_: _number(form.get(f"version-{id_}")) for id_ in (one, two)}
        chosen = {name.removeprefix("choice:"): _choice(name, value, gone) for name, value in form.items()}
        made = await services.duplicates.merge(person, kept, gone, versions=versions, choices=chosen)
    except Refused as error:
        return await _side_by_side(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/clients/duplicates?done={made}")


async def undo(request: web.Request) -> web.StreamResponse:
    """Take a merge back."""
    try:
        await services_of(request).duplicates.undo(person_of(request), place(request))
    except Refused as error:
        return await _list(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther("/clients/duplicates?done=back")


def _choice(name: str, value: object, gone: int) -> Choice:
    if value == "both" and name == "choice:note":
        return "both"
    return "gone" if value == str(gone) else "kept"


def _number(value: object) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def _two(request: web.Request) -> tuple[ClientCard, ClientCard]:
    ids = (place(request, "one"), place(request, "two"))
    async with services_of(request).db.read() as conn:
        found = await cards.of(conn, [id_ for id_ in ids if id_ < 2**31])
    if ids[0] == ids[1] or len(found) != 2:
        raise web.HTTPNotFound(text="One of these clients is not there any more: open the list again.")
    return found[ids[0]], found[ids[1]]


def _rows(
    request: web.Request, one: ClientCard, two: ClientCard, offered: Mapping[str, Any]
) -> list[tuple[str, str, str, str, bool]]:
    """Fields that one of the cards has: field, name, both values, whether a person chooses."""
    left, right = as_fields(one), as_fields(two)
    asked = differ(one, two)
    names = {f"property:{prop.id}": prop.name for prop in offered["all_properties"]}
    return [
        (
            field,
            field_name(request, field, names),
            as_text(request, field, left.get(field), offered),
            as_text(request, field, right.get(field), offered),
            field in asked,
        )
        for field in dict.fromkeys((*left, *right))
        if field not in (*LISTS, LABELS) and (left.get(field) not in (None, "") or right.get(field) not in (None, ""))
    ]


def _texts(request: web.Request, field: str, card: ClientCard, offered: Mapping[str, Any]) -> list[str]:
    return [as_text(request, field, [one], offered) for one in as_fields(card)[field]]


ROUTES = (
    Route("GET", "/clients/duplicates", show_list, "clients.merge", "clients"),
    Route("GET", "/clients/duplicates/{one}/{two}", show, "clients.merge", "clients"),
    Route("POST", "/clients/duplicates/{one}/{two}", decide, "clients.merge", "clients"),
    Route("POST", "/clients/merges/{id}/undo", undo, "clients.merge", "clients"),
)
