"""Queues, groups, routes...: a list, one of them open beside it, the same for each kind (web/plan_forms.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from cti.errors import Refused
from cti.storage import users
from dialplan.edits import NotSo
from dialplan.plan import Plan
from web.auth import person_of
from web.i18n import translate
from web.pages.dialplan import HERE, change, draft_of, link, names_of, shown, typed_of, whole, why_not
from web.plan_forms import KINDS, Kind
from web.routes import Route
from web.services import services_of
from web.step_forms import Form, penalty_rows, text

A_PAGE = 50
PIN = re.compile(r"[0-9]{4,12}")
NEW = "+"  # in the address, where one is made


async def show(request: web.Request) -> web.Response:
    """The list, with one open where the address names it."""
    return await _list(request)


async def _list(
    request: web.Request, *, form: Form | None = None, error: Refused | NotSo | None = None
) -> web.Response:
    kind, draft = _kind(request), await draft_of(request)
    asked, chosen = request.query.get("q", "")[:80].strip(), request.query.get("open", "")[:80]
    every, names = kind.keyed(draft.plan), names_of(request, draft.plan)
    found = [pair for pair in every if asked.casefold() in _words(pair[1])]
    start = min(whole(request.query.get("from", "")), max(len(found) - 1, 0)) // A_PAGE * A_PAGE
    one = dict(every).get(chosen)
    blank = _blank(kind) if chosen == NEW else None
    values: dict[str, Any] = {
        "kind": kind,
        "rows": found[start : start + A_PAGE],
        "count": len(found),
        "start": start,
        "a_page": A_PAGE,
        "q": asked,
        "chosen": chosen if one is not None or blank is not None else "",
        "one": one if one is not None else blank,
        "fresh": NEW,
        "typed": typed_of(one if one is not None else blank, form),
        "penalties": _penalties(one, form),
        "used": kind.used,
        "named": lambda ids: ", ".join(names.step(one) for one in ids),
        "names": names,
        "wrong": _wrong(kind, draft.faults, every),
        "members": await _members(request) if kind.part == "queues" else {},
    }
    if kind.sealed_as and one is not None:
        values["kept"] = kind.sealed_as + chosen in await services_of(request).dialplan_drafts.secrets(draft.pbx)
    status, why = (409, why_not(request, draft, error)) if error else (200, "")
    return shown(request, "list.html", draft, title=kind.title, status=status, error=why, **values)


async def save(request: web.Request) -> web.StreamResponse:
    """Set the one that is open, or add a new one."""
    kind, form, chosen = _kind(request), await request.post(), request.query.get("open", "")[:80]
    key = "" if chosen == NEW else chosen
    if kind.sealed_as and key and "secret" in form:
        return await _keep_secret(request, kind, key, text(form, "secret", 80))

    def edit(plan: Plan) -> Plan:
        old = _blank(kind) if not key else dict(kind.keyed(plan)).get(key)
        if old is None:
            raise NotSo("gone", key)
        return kind.put(plan, kind.read(form, old), key)

    try:
        await change(request, form, edit)
    except (Refused, NotSo) as error:
        return await _list(request, form=form, error=_named(request, error))
    again = text(form, kind.key) if kind.key in form else key
    raise web.HTTPSeeOther(link(request, f"/{kind.part}", open=again, said="saved" if key else "added"))


async def _keep_secret(request: web.Request, kind: Kind, key: str, secret: str) -> web.StreamResponse:
    """The password of the one that is open, sealed; it is told to nobody again."""
    draft = await draft_of(request)
    try:
        if key not in dict(kind.keyed(draft.plan)):
            raise NotSo("gone", key)
        if kind.sealed_as == "box-" and not PIN.fullmatch(secret):
            raise NotSo("no-pin", key)
        drafts = services_of(request).dialplan_drafts
        await drafts.set_secrets(person_of(request), draft.pbx, {kind.sealed_as + key: secret})
    except (Refused, NotSo) as error:
        return await _list(request, error=error)
    raise web.HTTPSeeOther(link(request, f"/{kind.part}", open=key, said="saved"))


async def remove(request: web.Request) -> web.StreamResponse:
    """Delete the one that is open; one that is in use stays, and its users are named."""
    kind, form, chosen = _kind(request), await request.post(), request.query.get("open", "")[:80]
    try:
        await change(request, form, lambda plan: kind.drop(plan, chosen))
    except (Refused, NotSo) as error:
        return await _list(request, error=error)
    raise web.HTTPSeeOther(link(request, f"/{kind.part}", said="removed"))


def _kind(request: web.Request) -> Kind:
    return KINDS[request.path.removeprefix(HERE + "/").partition("/")[0]]


def _blank(kind: Kind) -> Any:
    needed: dict[str, object] = {
        "name": "",
        "prefix": "",
        "trunk": "",
        "id": "",
        "people": (),
        "number": "",
        "host": "",
    }
    return kind.make(**{name: value for name, value in needed.items() if name in kind.make.__dataclass_fields__})


def _penalties(one: object, form: Form | None) -> list[tuple[str, ...]]:
    """Rules of a queue's penalties as they are or were typed, and an empty one for the next."""
    if form is not None and "penalty_after" in form:
        return penalty_rows(form)
    rules = getattr(one, "penalties", ())
    return [*((str(rule.after_s), str(rule.least), str(rule.most)) for rule in rules), ("", "", "")]


def _words(one: object) -> str:
    names = ("title", "name", "number", "prefix", "trunk")
    return " ".join(str(getattr(one, name, "")) for name in names).casefold()


def _wrong(kind: Kind, faults: tuple[Any, ...], every: list[tuple[str, Any]]) -> Mapping[str, list[Any]]:
    """Faults by what has them; those of steps are shown at the steps."""
    found: dict[str, list[Any]] = {}
    for key, one in every:
        at = {getattr(one, name) for name in ("name", "id", "prefix", "number") if getattr(one, name, "")} or {""}
        for fault in faults:
            if fault.at in at and fault.code.startswith(kind.codes):
                found.setdefault(key, []).append(fault)
    return found


def _named(request: web.Request, error: Refused | NotSo) -> Refused | NotSo:
    """A field that cannot be read is named as the reader reads it."""
    if isinstance(error, NotSo) and error.code == "bad-form":
        return NotSo(error.code, *(translate(request, one) for one in error.what))
    return error


async def _members(request: web.Request) -> Mapping[str, list[tuple[int, str, int]]]:
    """Who works in each queue: account, name and penalty."""
    async with services_of(request).db.read() as conn:
        return await users.members_of_queues(conn)


ROUTES = tuple(
    route
    for part in KINDS
    for route in (
        Route("GET", f"{HERE}/{part}", show, "dialplan.read", "staff"),
        Route("POST", f"{HERE}/{part}", save, "dialplan.write", "staff"),
        Route("POST", f"{HERE}/{part}/delete", remove, "dialplan.write", "staff"),
    )
)
