"""People of a dialplan: found, set otherwise, their telephones' passwords and settings, and how they go.

What is shown once (a password, an address) is the answer to a form, without an address of its own.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import segno
from aiohttp import web

from cti.access import may
from cti.errors import Refused
from cti.features.phone_settings import SettingsFile
from dialplan.plan import Person as Inside
from dialplan.plan import Plan
from dialplan.staff import mentions
from web.auth import is_https, own_origin, person_of
from web.i18n import translate
from web.newcomer_texts import KINDS
from web.pages import dialplan
from web.pages.dialplan import HERE, draft_of, link, pbx_of, revision_of
from web.routes import Route
from web.services import services_of
from web.step_forms import Form, digits, text
from web.texts import N_, told

PEOPLE = HERE + "/people"
ONE = PEOPLE + "/{extension}"
A_PAGE = 50
MOST_ZIPPED = 200
SAID = {"left": N_("Taken out of the draft; telephones and queues are free again.")}


async def show(request: web.Request) -> web.Response:
    """All of them, by number; found by number, name or telephone."""
    return await _list(request)


async def _list(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    draft, asked = await draft_of(request), request.query.get("q", "")[:80].strip()
    found = [one for one in draft.plan.people if _matches(one, asked.casefold())]
    start = min(dialplan.whole(request.query.get("from", "")), max(len(found) - 1, 0)) // A_PAGE * A_PAGE
    values: dict[str, Any] = {
        "rows": found[start : start + A_PAGE], "q": asked, "start": start, "count": len(found), "a_page": A_PAGE,
        "known": await services_of(request).dialplan_drafts.secrets(draft.pbx), "kinds": _kinds(request),
        "hires": _hires(request), "note": translate(request, SAID.get(request.query.get("done", ""), "")),
        "reach": services_of(request).settings.pbx[draft.pbx].phones,
    }  # fmt: skip
    return dialplan.shown(request, "people.html", draft, title=N_("Staff"), status=status, error=error, **values)


async def show_one(request: web.Request) -> web.Response:
    """One of them."""
    return await _one(request)


async def _one(
    request: web.Request, *, status: int = 200, error: str = "", form: Form | None = None, once: Mapping[str, Any] = {}
) -> web.Response:
    draft, services = await draft_of(request), services_of(request)
    one, names = _person(request, draft.plan), dialplan.names_of(request, draft.plan)
    devices = (*one.devices, *one.browsers)
    values: dict[str, Any] = {
        "one": one,
        "known": await services.dialplan_drafts.secrets(draft.pbx),
        "links": {name: await services.phone_settings.links_of(draft.pbx, name) for name in devices},
        "mentioned": [part.title or names.step(part.id) for part in mentions(draft.plan, one.extension)],
        "typed": dialplan.typed_of(one, form),
        "voicemail": "voicemail" in form if form is not None else one.voicemail,
        "kinds": _kinds(request),
        "reach": services.settings.pbx[draft.pbx].phones,
        "secure": is_https(request),
        "hires": _hires(request),
        "once": once,
    }
    return dialplan.shown(request, "person.html", draft, title=one.name, status=status, error=error, **values)


async def change(request: web.Request) -> web.StreamResponse:
    """Set him otherwise."""
    form, old = await request.post(), _person(request, (await draft_of(request)).plan)
    new = replace(
        old,
        extension=text(form, "extension", 20),
        name=text(form, "name", 120),
        email=text(form, "email", 120),
        caller_id=digits(text(form, "caller_id", 20)),
        voicemail="voicemail" in form,
        devices=_words(text(form, "devices", 400)),
        browsers=_words(text(form, "browsers", 400)),
    )
    try:
        if not new.name:
            raise Refused("no-name", "A name is needed, of at most 120 characters.")
        await services_of(request).newcomers.change(
            person_of(request), pbx_of(request), revision_of(form), old.extension, new
        )
    except Refused as error:
        return await _one(request, status=409, error=told(request, error), form=form)
    raise web.HTTPSeeOther(link(request, f"/people/{new.extension}", said="saved"))


async def new_secret(request: web.Request) -> web.StreamResponse:
    """Another password for one of his telephones, or PIN; shown on this page alone."""
    form, services = await request.post(), services_of(request)
    device = text(form, "device", 80)
    try:
        secret = await services.newcomers.new_secret(person_of(request), pbx_of(request), device)
    except Refused as error:
        return await _one(request, status=409, error=told(request, error))
    return await _one(request, once={"device": device, "secret": secret})


async def settings(request: web.Request) -> web.StreamResponse:
    """The settings of one of his telephones: as a file, or an address where it fetches them; or close the address."""
    form, phones = await request.post(), services_of(request).phone_settings
    device, kind, mac = (text(form, name, 80) for name in ("device", "kind", "mac"))
    person, pbx = person_of(request), pbx_of(request)
    try:
        if "close" in form:
            await phones.close(person, pbx, device)
            return await _one(request)
        if "file" in form:
            return _saved(await phones.take(person, pbx, device, kind, mac))
        offered = await phones.offer(person, pbx, device, kind, mac)
    except Refused as error:
        return await _one(request, status=409, error=told(request, error), form=form)
    address = own_origin(request) + offered.path
    drawn = str(segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="white"))
    return await _one(request, once={"address": address, "until": offered.until, "qr": drawn, "kind": kind})


async def zipped(request: web.Request) -> web.StreamResponse:
    """Files of several telephones: lines of an extension and a MAC address."""
    form, phones = await request.post(), services_of(request).phone_settings
    plan, found = (await draft_of(request)).plan, list[SettingsFile]()
    by_extension = {one.extension: one for one in plan.people}
    try:
        for line in str(form.get("lines", ""))[:20_000].splitlines()[:MOST_ZIPPED]:
            extension, _, mac = line.strip().replace("\t", " ").replace(";", " ").partition(" ")
            if not extension:
                continue
            one = by_extension.get(extension)
            if one is None or not one.devices:
                raise Refused("nobody-there", "There is nobody with this number in the plan.", where=extension)
            found.append(
                await phones.take(person_of(request), pbx_of(request), one.devices[0], text(form, "kind", 20), mac)
            )
        if not found:
            raise Refused("no-lines", "Write an extension and a MAC address on each line.")
    except Refused as error:
        return await _list(request, status=409, error=told(request, error))
    body = await asyncio.to_thread(_zip, found)
    headers = {"Content-Disposition": 'attachment; filename="phones.zip"'}
    return web.Response(body=body, content_type="application/zip", headers=headers)


async def show_leaving(request: web.Request) -> web.Response:
    """What goes with him."""
    return await _leaving(request)


async def _leaving(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    draft = await draft_of(request)
    one = _person(request, draft.plan)
    leaving = await services_of(request).newcomers.look_leaving(person_of(request), draft.pbx, one.extension)
    return dialplan.shown(
        request, "person_leaves.html", draft, title=N_("Somebody leaves"), status=status, error=error, leaving=leaving
    )


async def leave(request: web.Request) -> web.StreamResponse:
    """He goes."""
    form, services = await request.post(), services_of(request)
    try:
        await services.newcomers.dismiss(
            person_of(request),
            pbx_of(request),
            revision_of(form),
            request.match_info["extension"],
            block="block" in form,
        )
    except Refused as error:
        return await _leaving(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(link(request, "/people", done="left"))


def _zip(files: Sequence[SettingsFile]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as out:
        for one in files:
            out.writestr(one.name, one.text)
    return body.getvalue()


def _saved(file: SettingsFile) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return web.Response(text=file.text, content_type=file.media_type, charset="utf-8", headers=headers)


def _person(request: web.Request, plan: Plan) -> Inside:
    asked = request.match_info["extension"]
    for one in plan.people:
        if one.extension == asked:
            return one
    raise web.HTTPNotFound(text="There is nobody with this number in the plan.")


def _matches(one: Inside, asked: str) -> bool:
    names = (one.extension, one.name.casefold(), *one.devices, *one.browsers)
    return not asked or any(asked in name for name in names)


def _kinds(request: web.Request) -> dict[str, str]:
    return {kind: translate(request, label) for kind, label in KINDS.items()}


def _hires(request: web.Request) -> bool:
    person = person_of(request)
    return may(person, "users.manage") and may(person, "dialplan.write")


def _words(typed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(typed.replace(",", " ").split()))


ROUTES = (
    Route("GET", PEOPLE, show, "dialplan.read", "staff"),
    Route("POST", PEOPLE + "/settings.zip", zipped, "dialplan.write", "staff"),
    Route("GET", ONE, show_one, "dialplan.read", "staff"),
    Route("POST", ONE, change, "dialplan.write", "staff"),
    Route("POST", ONE + "/secret", new_secret, "dialplan.write", "staff"),
    Route("POST", ONE + "/settings", settings, "dialplan.write", "staff"),
    Route("GET", ONE + "/leave", show_leaving, "dialplan.write", "staff"),
    Route("POST", ONE + "/leave", leave, "dialplan.write", "staff"),
)
