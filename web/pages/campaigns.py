"""Campaigns: the list, one of them as it goes, who is in it, and what is done with it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cti.access import may
from cti.errors import Refused
from cti.features.campaigns import Forecast
from cti.messages.campaigns import Campaign, fault, needs_second
from cti.storage import campaigns, limits, mailboxes, scripts, segments, templates, users
from cti.storage.campaign_texts import Text
from web.auth import person_of
from web.campaign_texts import CHANNELS, MARKS, PEOPLE, PURPOSES, STANDS, STATES, WHYS
from web.i18n import translate
from web.pages.campaign_course import course_of
from web.pages.settings import at, number
from web.render import page
from web.routes import Route
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_, REFUSALS, told

HERE = "/campaigns"
WORDS = {"channels": CHANNELS, "purposes": PURPOSES, "states": STATES, "people": PEOPLE, "marks": MARKS, "whys": WHYS}
SAID = {
    "saved": N_("Saved."),
    "asked": N_("Those who may agree are told."),
    "agreed": N_("Agreed: it can be started."),
    "refused": N_("Not agreed; its author is told."),
    "started": N_("It goes."),
    "paused": N_("Paused: what waited in the queue was taken back."),
    "stopped": N_("Stopped: nothing more goes."),
    "tried": N_("The test is on its way."),
    "removed": N_("Deleted."),
}
ACTS = {
    "build": "", "rewrite": "", "ask": "asked", "approve": "agreed", "refuse": "refused", "start": "started",
    "pause": "paused", "stop": "stopped",
}  # fmt: skip


async def show_all(request: web.Request) -> web.Response:
    """All of them."""
    services = services_of(request)
    async with services.db.read() as conn:
        rows = await campaigns.every(conn)
        parts = {one.id: one.name for one in await segments.every(conn)}
    numbers = {one.id: await services.campaign_numbers.of(one) for one in rows}
    values: dict[str, Any] = {"rows": rows, "numbers": numbers, "parts": parts, "said": _said(request), **WORDS}
    goes = any(one.state in ("building", "running") for one in rows)
    return page(request, "campaigns.html", title=N_("Campaigns"), goes=goes, **values)


async def show(request: web.Request) -> web.Response:
    """One, as it is now."""
    return await _shown(request, await known(request))


async def _shown(
    request: web.Request, one: Campaign, *, status: int = 200, error: str = "", texts: list[Text] | None = None
) -> web.Response:
    services, person = services_of(request), person_of(request)
    if texts is None:
        showed(request)
    async with services.db.read() as conn:
        given, _ = await limits.read(conn)
        names = {user.id: user.name for user in await users.every(conn)}
        segment = next((row for row in await segments.every(conn) if row.id == one.segment_id), None)
        known_templates = {row.id: row.name for row in await templates.every(conn, retired=True)}
        boxes = {box.id: box.name for box in await mailboxes.every(conn)}
        questions = {row.id: row.name for row in await scripts.every(conn)}
    shows_cost = one.built_at is not None and one.state in ("ready", "asked")
    values: dict[str, Any] = {
        "one": one,
        "numbers": await services.campaign_numbers.of(one),
        "course": course_of(await services.campaign_numbers.course(one), request),
        "segment": segment,
        "names": names,
        "templates": known_templates,
        "boxes": boxes,
        "questions": questions,
        "missing": REFUSALS[wrong[0]] if (wrong := fault(one)) else "",
        "second": needs_second(one, given.approval_over),
        "approval_over": given.approval_over,
        "may_agree": may(person, "campaigns.approve") and person.id not in (one.user_id, one.asked_by),
        "writes": may(person, "campaigns.write"),
        "forecast": await services.campaigns.forecast(one) if shows_cost else Forecast(texts=one.total),
        "stands": STANDS,
        "texts": texts,
        "error": error,
        "said": "" if error or texts is not None else _said(request),
        "link": lambda **asked: f"{HERE}/{one.id}/people?{urlencode(asked)}",
        **WORDS,
    }
    shown = page(request, "campaign.html", status=status, title=one.name, **values)
    return at(request, shown, f"{HERE}/{one.id}")


async def act(request: web.Request) -> web.StreamResponse:
    """What a person does with it."""
    one, what = await known(request), request.match_info["act"]
    if what not in ACTS:
        raise web.HTTPNotFound(text="There is no such page.")
    feature, person = services_of(request).campaigns, person_of(request)
    try:
        if what in ("approve", "refuse"):
            await feature.answer(person, one.id, agrees=what == "approve")
        else:
            await getattr(feature, what)(person, one.id)
    except Refused as error:
        return await _shown(request, await known(request), status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{one.id}{'?said=' + ACTS[what] if ACTS[what] else ''}")


async def remove(request: web.Request) -> web.StreamResponse:
    """Forget one that has not begun."""
    one = await known(request)
    try:
        await services_of(request).campaigns.remove(person_of(request), one.id)
    except Refused as error:
        return await _shown(request, await known(request), status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=removed")


async def preview(request: web.Request) -> web.StreamResponse:
    """What some of its people are written."""
    one = await known(request)
    texts = sight_of(request).see(await services_of(request).campaigns.preview(person_of(request), one))
    showed(request, (text.one.client_id for text in texts), count=len(texts), thing="campaign")
    return await _shown(request, one, texts=texts)


async def test(request: web.Request) -> web.StreamResponse:
    """Its text to oneself."""
    one, form = await known(request), await request.post()
    try:
        await services_of(request).campaigns.test(person_of(request), one.id, str(form.get("to", ""))[:254])
    except Refused as error:
        return await _shown(request, one, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{one.id}?said=tried")


async def known(request: web.Request) -> Campaign:
    """The one of the path; 404 for any other."""
    async with services_of(request).db.read() as conn:
        found = await campaigns.get(conn, number(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such page.")
    return found


def _said(request: web.Request) -> str:
    return translate(request, SAID.get(request.query.get("said", ""), ""))


ROUTES = (
    Route("GET", HERE, show_all, "campaigns.read", "nothing"),
    Route("GET", HERE + "/{id}", show, "campaigns.read", "nothing"),
    Route("GET", HERE + "/{id}/preview", preview, "campaigns.write", "clients"),
    Route("POST", HERE + "/{id}/test", test, "campaigns.write", "nothing"),
    Route("POST", HERE + "/{id}/delete", remove, "campaigns.write", "nothing"),
    Route("POST", HERE + "/{id}/{act}", act, "campaigns.read", "nothing"),
)
