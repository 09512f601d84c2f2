"""Settings of score forms: what is looked at in a conversation, how much it weighs, of which queue."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cti.errors import Refused
from cti.reports.quality import KINDS, MOST_CRITERIA, Criterion
from cti.storage import low_marks, score_forms, users
from cti.storage.low_marks import LowMark
from cti.storage.score_forms import Form
from web.auth import person_of
from web.pages.settings import at, number, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/forms"
BLANKS = 4
FIRST = ("Приветствие по стандарту", "Greeting as agreed")  # of a new form, so that it may be saved


async def show(request: web.Request) -> web.Response:
    """The forms."""
    return await _list(request)


async def _list(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    usual = services.settings.quality
    async with services.db.read() as conn:
        made = await score_forms.every(conn)
        low = await low_marks.rule(conn, usual.low_mark, usual.low_mark_login)
        people = [one for one in await users.every(conn) if one.blocked_at is None or one.id == low.owner_id]
    values: dict[str, Any] = {"made": made, "queues": await _queues(request), "error": error, "said": said(request)}
    values |= {"low": low, "people": people}
    return at(request, page(request, "settings/forms.html", status=status, title=N_("Score forms"), **values), HERE)


async def add(request: web.Request) -> web.StreamResponse:
    """A new one with a first criterion; others follow on its own page."""
    form, person = await request.post(), person_of(request)
    name, queue = str(form.get("name", "")).strip()[:120], str(form.get("queue", ""))[:80] or None
    first = Criterion(id=0, text=FIRST[person.language == "en"])
    try:
        made = await services_of(request).quality.add_form(person, name, queue, [first])
    except Refused as error:
        return await _list(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{made}")


async def keep_low(request: web.Request) -> web.StreamResponse:
    """Which marks of clients are low, and who is to ask what was wrong."""
    form = await request.post()
    most, owner = _whole(str(form.get("most", "")), 0), _whole(str(form.get("owner", "")), 0)
    try:
        await services_of(request).quality.keep_low_mark(person_of(request), LowMark(most=most, owner_id=owner or None))
    except Refused as error:
        return await _list(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def show_one(request: web.Request) -> web.Response:
    """One with its criteria."""
    form = await _known(request)
    return await _form(request, form, list(form.criteria))


async def _form(
    request: web.Request, form: Form, rows: list[Criterion], *, status: int = 200, error: str = ""
) -> web.Response:
    blanks = [Criterion(id=-1 - place, text="") for place in range(min(BLANKS, MOST_CRITERIA - len(rows)))]
    values: dict[str, Any] = {"form": form, "rows": [*rows, *blanks], "queues": await _queues(request), "error": error}
    values |= {"said": said(request), "kinds": KINDS}
    return page(request, "settings/form.html", status=status, title=N_("Score form"), **values)


async def keep(request: web.Request) -> web.StreamResponse:
    """Save the criteria in their order; one without words goes. Other criteria make a new version."""
    before, form = await _known(request), await request.post()
    columns = ("place", "id", "section", "text", "kind", "top", "weight", "critical")
    given = zip(*([str(one) for one in form.getall(name, [])] for name in columns), strict=False)
    rows = sorted(enumerate(given), key=lambda row: (_whole(row[1][0], row[0] + 1), row[0]))
    criteria = [_criterion(place, row[1:]) for place, row in rows[: MOST_CRITERIA + BLANKS] if row[3].strip()]
    name, queue = str(form.get("name", "")).strip()[:120], str(form.get("queue", ""))[:80] or None
    try:
        await services_of(request).quality.keep_form(person_of(request), before.id, name, queue, criteria)
    except Refused as error:
        return await _form(request, before, criteria, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{before.id}?said=saved")


def _criterion(place: int, row: tuple[str, ...]) -> Criterion:
    id_, section, text, kind, top, weight, critical = row
    scale = kind == "scale"
    return Criterion(
        id=_whole(id_, 0) or -1 - place,
        section=" ".join(section.split())[:80],
        text=" ".join(text.split())[:300],
        kind="scale" if scale else "yes",
        top=_whole(top, 5) if scale else 1,
        weight=_whole(weight, 0),
        critical=critical == "1",
    )


def _whole(text: str, else_: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else else_


async def retire(request: web.Request) -> web.StreamResponse:
    """Score by it no more, or again."""
    form, known = await request.post(), await _known(request)
    await services_of(request).quality.retire_form(person_of(request), known.id, retired=form.get("retired") == "1")
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def _queues(request: web.Request) -> list[str]:
    services = services_of(request)
    async with services.db.read() as conn:
        return sorted({*await users.queue_names(conn), *services.agent_states.queues()} - {""})


async def _known(request: web.Request) -> Form:
    wanted = number(request)
    async with services_of(request).db.read() as conn:
        found = await score_forms.get(conn, wanted) if wanted < 2**31 else None
    if found is None:
        raise web.HTTPNotFound(text="There is no such page.")
    return found


ROUTES = (
    Route("GET", HERE, show, "quality.manage", "nothing"),
    Route("POST", HERE, add, "quality.manage", "nothing"),
    Route("POST", HERE + "/low", keep_low, "quality.manage", "nothing"),
    Route("GET", HERE + "/{id}", show_one, "quality.manage", "nothing"),
    Route("POST", HERE + "/{id}", keep, "quality.manage", "nothing"),
    Route("POST", HERE + "/{id}/retired", retire, "quality.manage", "nothing"),
)
