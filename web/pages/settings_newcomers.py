"""People come in one act: account, telephones, queues, voicemail; looked at first, handed over on one page, once.

The page that shows passwords is the answer to the form itself: it has no address, is kept by no cache and by no history
of the panel's own navigation (hx-boost="false").
"""

from __future__ import annotations

from typing import Any

from aiohttp import web
from multidict import MultiMapping

from cti.access import ROLES, may
from cti.errors import Refused
from cti.features.newcomers import Look, Newcomer, read_lines
from cti.storage import users
from dialplan.staff import next_free
from web.auth import own_origin, person_of
from web.newcomer_texts import FAULTS
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/people/hire"
MOST_TEXT = 30_000
Form = MultiMapping[Any]


async def show(request: web.Request) -> web.StreamResponse:
    """The form; for somebody who has an account already, it gives him telephones."""
    return await _form(request, _of_address(request))


async def hire(request: web.Request) -> web.StreamResponse:
    """Show what would come of it, then (`do`) let them come and hand them over."""
    form, services, person = await request.post(), services_of(request), person_of(request)
    pbx, wanted = _pbx(request, _text(form, "pbx", 31)), _wanted(form)
    typed = {name: str(value)[:MOST_TEXT] for name, value in form.items() if isinstance(value, str)}
    try:
        look = await services.newcomers.look(person, pbx, wanted)
        if "do" not in form or not look.good:
            return await _look(request, form, typed, pbx, look)
        handed = await services.newcomers.admit(person, pbx, _revision(form), wanted)
    except Refused as error:
        return await _form(request, wanted[0] if wanted else Newcomer(name=""), typed, error=told(request, error))
    known = services.settings.pbx[pbx]
    values: dict[str, Any] = {
        "handed": handed,
        "origin": own_origin(request),
        "pbx": pbx,
        "phones": known.phones,
        "mode": await services.dialplan_drafts.mode(pbx),
    }
    return page(request, "settings/handed_over.html", title=N_("To be handed over"), error="", **values)


async def offer_way_in(request: web.Request) -> web.StreamResponse:
    """Another first sign-in link for a person; shown on this one page."""
    user_id = request.match_info["id"]
    if not (user_id.isascii() and user_id.isdecimal() and len(user_id) < 16):
        raise web.HTTPNotFound(text="There is no such page.")
    services = services_of(request)
    way = await services.first_sign_in.offer(person_of(request), int(user_id))
    async with services.db.read() as conn:
        user = await users.by_id(conn, int(user_id))
    values: dict[str, Any] = {"way": way, "user": user, "origin": own_origin(request), "error": ""}
    return page(request, "settings/way_in_offered.html", title=N_("First sign-in"), **values)


async def _form(
    request: web.Request, like: Newcomer, typed: dict[str, str] | None = None, *, error: str = ""
) -> web.Response:
    services = services_of(request)
    pbxes = services.dialplan_drafts.pbxes
    if not pbxes:
        return page(request, "settings/hire_no_pbx.html", title=N_("New person with a telephone"), error="")
    pbx = _pbx(request, (typed or {}).get("pbx", "") or request.query.get("pbx", ""))
    draft = await services.dialplan_drafts.get(pbx)
    async with services.db.read() as conn:
        teams = await users.team_names(conn)
        user = await users.by_id(conn, like.user_id) if like.user_id else None
    values: dict[str, Any] = {
        "pbx": pbx, "pbxes": pbxes, "draft": draft, "typed": typed or {}, "like": like, "roles": ROLES, "user": user,
        "teams": teams.values(), "free": next_free(draft.plan), "error": error,
        "mode": await services.dialplan_drafts.mode(pbx), "queues": draft.plan.queues,
    }  # fmt: skip
    return page(
        request, "settings/hire.html", status=409 if error else 200, title=N_("New person with a telephone"), **values
    )


async def _look(request: web.Request, form: Form, typed: dict[str, str], pbx: str, look: Look) -> web.Response:
    services = services_of(request)
    titles = {one.name: one.title or one.name for one in (await services.dialplan_drafts.get(pbx)).plan.queues}
    values: dict[str, Any] = {
        "look": look,
        "sent": [(name, value) for name, value in form.items() if name not in ("csrf", "do", "revision")],
        "typed": typed,
        "pbx": pbx,
        "faults": FAULTS,
        "titles": titles,
        "mode": await services.dialplan_drafts.mode(pbx),
        "error": "",
    }
    return page(
        request, "settings/hire_look.html", status=200 if look.good else 409, title=N_("What comes of it"), **values
    )


def _of_address(request: web.Request) -> Newcomer:
    given = request.query.get("user", "")
    known = given.isascii() and given.isdecimal() and len(given) < 16
    return Newcomer(name="", user_id=int(given) if known else None)


def _wanted(form: Form) -> list[Newcomer]:
    """Who is in the form: one with all his fields, or several of pasted lines."""
    queues = tuple(str(one)[:80] for one in form.getall("queue", []) if str(one))
    user = _text(form, "user", 15)
    like = Newcomer(
        name=_text(form, "name", 200),
        login=_text(form, "login", 64),
        extension=_text(form, "extension", 20),
        queues=queues,
        role=_text(form, "role", 20) or "agent",
        team=_text(form, "team", 80),
        language="en" if _text(form, "language", 2) == "en" else "ru",
        desk="desk" in form,
        browser="browser" in form,
        voicemail="voicemail" in form,
        email=_text(form, "email", 200),
        user_id=int(user) if user.isascii() and user.isdecimal() else None,
    )
    lines = str(form.get("lines", ""))[:MOST_TEXT]
    if lines.strip():
        return read_lines(lines, Newcomer(
            name="", queues=queues, role=like.role, team=like.team, language=like.language, desk=like.desk,
            browser=like.browser, voicemail=like.voicemail,
        ))  # fmt: skip
    return [like]


def _text(form: Form, name: str, most: int) -> str:
    return str(form.get(name, "")).strip()[:most]


def _pbx(request: web.Request, asked: str) -> str:
    known = services_of(request).dialplan_drafts.pbxes
    if not may(person_of(request), "dialplan.write"):
        raise web.HTTPForbidden(text="Your role may not do this; ask an admin.")
    if (asked and asked not in known) or not known:
        raise web.HTTPNotFound(text="There is no such page.")
    return asked or known[0]


def _revision(form: Form) -> int:
    typed = _text(form, "revision", 10)
    return int(typed) if typed.isascii() and typed.isdecimal() else -1


ROUTES = (
    Route("GET", HERE, show, "users.manage", "staff"),
    Route("POST", HERE, hire, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/way-in", offer_way_in, "users.manage", "staff"),
)
