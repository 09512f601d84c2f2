"""The check of a PBX: what is wrong there, what it costs and what to paste; how it is lived with; and a test call.

Files that somebody gives are read for one answer and kept nowhere: they hold passwords.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cti.access import may
from cti.errors import Refused
from cti.features.dialplan_drafts import Mode
from cti.features.doctor import Examination
from cti.storage import traces
from dialplan.doctor.facts import Finding
from dialplan.doctor.snippets import KINDS, RELOADS, WHOLE, place
from web import doctor_texts, texts
from web.auth import person_of
from web.i18n import N_, language_of
from web.pages.dialplan import draft_of, shown
from web.pages.settings import at
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import told

HERE, LINES = "/dialplan/doctor", "/dialplan/lines"
MOST_FILES = 30
PLANNED = ("extensions.conf", "queues.conf", "pjsip.conf", "features.conf")  # what an owner's plan writes
WORST_FIRST = ("wrong", "warning", "not-visible", "ok")


async def show(request: web.Request) -> web.Response:
    """Examine the PBX now."""
    return await _page(request, {})


async def read_files(request: web.Request) -> web.Response:
    """Examine it with the files that were given."""
    data = await request.post()
    given = {}
    for one in data.getall("files", [])[:MOST_FILES]:
        if isinstance(one, web.FileField):
            given[_name(one.filename)] = one.file.read().decode("utf-8", "replace")
    if pasted := str(data.get("text", "")).replace("\r\n", "\n"):
        given[_name(str(data.get("name", "")))] = pasted
    given.pop("", None)
    return await _page(request, given, error="" if given else N_("Choose files, or paste one and name it."))


async def show_lines(request: web.Request) -> web.Response:
    """How the server lives with this PBX, and what to paste where."""
    return await _lines(request)


async def set_mode(request: web.Request) -> web.Response:
    """Guest or owner."""
    data = await request.post()
    try:
        mode: Mode = "owner" if data.get("mode") == "owner" else "guest"
        await services_of(request).dialplan_drafts.set_mode(person_of(request), _pbx(request), mode)
    except Refused as error:
        return await _lines(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(_link(request, LINES, said="chosen"))


async def prove(request: web.Request) -> web.StreamResponse:
    """Place a test call, then show the way it took."""
    registrar = request.match_info["name"]
    try:
        await services_of(request).test_calls.ask(person_of(request), registrar)
    except Refused as error:
        return await _page(request, {}, status=409, error=told(request, error))
    raise web.HTTPSeeOther(_link(request, HERE, proof=registrar) + "#proof")


async def _page(request: web.Request, files: dict[str, str], *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    pbx = _pbx(request)
    seen = await services.doctor.look(pbx, files) if pbx else None
    values = _common(request, pbx, seen) | {
        "counts": {level: sum(one.level == level for one in seen.findings) for level in WORST_FIRST} if seen else {},
        "rooms": _rooms(seen) if seen else [],
        "registrars": services.test_calls.registrars if may(person_of(request), "settings.manage") else (),
        "given": tuple(files),
        "proof": await _proof(request),
        "test_words": texts.TEST_CALLS,
        "wanted_files": [one for one in RELOADS if one != "res_parking.conf"],
        "error": error,
    }
    return await _shown(request, "doctor.html", pbx, values, title=N_("PBX check"), status=status)


async def _lines(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    pbx = _pbx(request)
    seen = await services.doctor.look(pbx) if pbx else None
    drafts = services.dialplan_drafts
    values = _common(request, pbx, seen) | {
        "can_own": bool(pbx) and drafts.can_own(pbx),
        "may_choose": may(person_of(request), "dialplan.publish"),
        "lines": _sorted(seen.rooms.get("snippets", ())) if seen else [],
        "rights": _sorted(_account(seen)) if seen else [],
        "owned": _sorted(tuple(one for one in seen.findings if one.code.startswith("owner-"))) if seen else [],
        "whole": WHOLE,
        "error": error,
    }
    return await _shown(request, "lines.html", pbx, values, title=N_("Living with the PBX"), status=status)


async def _shown(
    request: web.Request, template: str, pbx: str, values: dict[str, Any], *, title: str, status: int
) -> web.Response:
    """A page of the PBX's part of the panel; without a PBX, how one is set up."""
    if not pbx:
        return page(request, "dialplan/no_pbx.html", title=N_("PBX"))
    values |= {"mode": await services_of(request).dialplan_drafts.mode(pbx), "planned": PLANNED}
    return at(
        request, shown(request, template, await draft_of(request), title=title, status=status, **values), request.path
    )


def _common(request: web.Request, pbx: str, seen: Examination | None) -> dict[str, Any]:
    """What both pages have. kind: chosen, else what the PBX looks like."""
    language = language_of(request)
    asked = request.query.get("kind", "")
    kind = asked if asked in KINDS else seen.kind if seen else KINDS[0]
    return {
        "seen": seen,
        "kind": kind,
        "kinds": doctor_texts.KINDS,
        "levels": doctor_texts.LEVELS,
        "title_of": lambda one: doctor_texts.title(language, one),
        "wrong_of": lambda one: doctor_texts.wrong(language, one),
        "costs_of": lambda one: doctor_texts.costs(language, one),
        "where": lambda file: doctor_texts.where(language, kind, file, place(kind, file)),
        "reloads": RELOADS,
        "address": lambda **query: _link(request, request.path if request.method == "GET" else HERE, **query),
        "here": HERE,
        "there": LINES,
    }


def _rooms(seen: Examination) -> list[tuple[str, list[Finding], list[Finding]]]:
    """Each room's name, what is to be looked at (the worst first), and what is well."""
    found = []
    for room, findings in seen.rooms.items():
        bad = [one for one in _sorted(findings) if one.level != "ok"]
        found.append((doctor_texts.ROOMS[room], bad, [one for one in findings if one.level == "ok"]))
    return found


def _sorted(findings: tuple[Finding, ...]) -> list[Finding]:
    return sorted(findings, key=lambda one: WORST_FIRST.index(one.level))


def _account(seen: Examination) -> tuple[Finding, ...]:
    """What manager.conf has to say."""
    return tuple(one for one in seen.rooms.get("account", ()) if one.file == "manager.conf")


async def _proof(request: web.Request) -> dict[str, Any] | None:
    """The newest test call at the registrar of the address, and the steps of the dialplan that it took."""
    services = services_of(request)
    registrar = request.query.get("proof", "")
    done = services.test_calls.last(registrar)
    if done is None:
        return None
    call = services.test_calls.call_of(registrar)
    async with services.db.read() as conn:
        steps = await traces.of_call(conn, call) if call else []
    language = language_of(request)
    way = [(step.at - done.at, texts.step(language, step.step, step.args)) for step in steps if step.step[:4] == "way-"]
    return {"done": done, "call": call, "way": way}


def _pbx(request: web.Request) -> str:
    """The PBX of the address, else the first; "" where none is set up."""
    known = services_of(request).doctor.pbxes
    asked = request.query.get("pbx", "") or (known[0] if known else "")
    if asked and asked not in known:
        raise web.HTTPNotFound(text="There is no such page.")
    return asked


def _link(request: web.Request, path: str, **query: str) -> str:
    kept = {name: request.query[name] for name in ("pbx", "kind") if request.query.get(name)}
    asked = {name: value for name, value in (kept | query).items() if value}
    return path + (f"?{urlencode(asked)}" if asked else "")


def _name(given: str) -> str:
    """A file's own name, "" for what is none of Asterisk's."""
    name = given.replace("\\", "/").rpartition("/")[2].strip().lower()[:80]
    return name if name.endswith(".conf") else ""


ROUTES = (
    Route("GET", HERE, show, "dialplan.read", "staff"),
    Route("POST", HERE, read_files, "dialplan.read", "staff"),
    Route("POST", HERE + "/proof/{name}", prove, "settings.manage", "staff"),
    Route("GET", LINES, show_lines, "dialplan.read", "staff"),
    Route("POST", LINES, set_mode, "dialplan.publish", "staff"),
)
