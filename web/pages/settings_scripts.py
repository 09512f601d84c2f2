"""Settings of questionnaires, for admins: one for each queue, others for call lists; questions and their conditions."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cti.clients.properties import KINDS
from cti.clients.scripts import MOST_QUESTIONS, OPS, Question, Script
from cti.errors import Refused
from cti.storage import properties, users
from cti.storage import scripts as stored
from web.auth import person_of
from web.pages.settings import at, number, said
from web.pages.settings_properties import id_of
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/scripts"
BLANKS = 3
LISTS = "*"  # in the form: of no queue, for call lists; no queue is called so


async def show(request: web.Request) -> web.Response:
    """Queues and their questionnaires."""
    return await _page(request)


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    async with services.db.read() as conn:
        made = await stored.every(conn)
        have = {one.queue for one in made if one.queue is not None}
        queues = {*await users.queue_names(conn), *services.agent_states.queues()} - have - {""}
    free = [*([""] if "" not in have else []), *sorted(queues)]
    values: dict[str, Any] = {"made": made, "free": free, "lists": LISTS, "error": error, "said": said(request)}
    return at(
        request, page(request, "settings/scripts.html", status=status, title=N_("Questionnaires"), **values), HERE
    )


async def add(request: web.Request) -> web.StreamResponse:
    """A new one; its questions follow on its own page."""
    form = await request.post()
    queue, name = str(form.get("queue", ""))[:80], str(form.get("name", ""))[:120]
    try:
        made = await services_of(request).scripts.add(person_of(request), None if queue == LISTS else queue, name)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{made}")


async def show_one(request: web.Request) -> web.Response:
    """One with its questions."""
    return await _script_page(request, await _known(request))


async def _script_page(request: web.Request, script: Script, *, status: int = 200, error: str = "") -> web.Response:
    async with services_of(request).db.read() as conn:
        known = await properties.every(conn)
    blanks = range(min(BLANKS, MOST_QUESTIONS - len(script.questions)))
    values: dict[str, Any] = {
        "script": script,
        "rows": [*script.questions, *(Question(id=-2000 - place, text="") for place in blanks)],
        "properties": known,
        "kinds": KINDS,
        "ops": OPS,
        "error": error,
        "said": said(request),
    }
    return page(request, "settings/script.html", status=status, title=N_("Questionnaire"), **values)


async def keep(request: web.Request) -> web.StreamResponse:
    """Save the questions in their order; one without words goes."""
    before, form = await _known(request), await request.post()
    columns = ("place", "id", "text", "kind", "options", "property", "after", "op", "value")
    given = zip(*(map(str, form.getall(name, [])) for name in columns), strict=False)
    rows = sorted(enumerate(given), key=lambda row: (_place(row[1][0], row[0]), row[0]))[: MOST_QUESTIONS + BLANKS]
    questions = [_question(place, row[1:]) for place, row in rows if row[2].strip()]
    name = str(form.get("name", "")).strip()[:120]
    script = Script(id=before.id, queue=before.queue, name=name, questions=tuple(questions))
    try:
        await services_of(request).scripts.keep(person_of(request), script)
    except Refused as error:
        return await _script_page(request, script, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{before.id}?said=saved")


def _place(text: str, else_: int) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 4 else else_ + 1.5


def _question(place: int, row: tuple[str, ...]) -> Question:
    id_, text, kind, options, bound, after, op, value = row
    return Question(
        id=id_of(id_) or -1 - place,
        text=" ".join(text.split())[:300],
        kind=next((one for one in KINDS if one == kind), "text"),
        options=tuple(line[:120] for one in options[:8000].splitlines() if (line := " ".join(one.split()))),
        property_id=id_of(bound) or None,
        after=id_of(after),
        op=next((one for one in OPS if one == op), "is"),
        value=" ".join(value.split())[:200],
    )


async def drop(request: web.Request) -> web.StreamResponse:
    """Ask nothing more in the queue."""
    await services_of(request).scripts.remove(person_of(request), number(request))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def _known(request: web.Request) -> Script:
    wanted = number(request)
    async with services_of(request).db.read() as conn:
        found = await stored.get(conn, wanted) if wanted < 2**31 else None
    if found is None:
        raise web.HTTPNotFound(text="There is no such page.")
    return found


ROUTES = (
    Route("GET", HERE, show, "settings.manage", "nothing"),
    Route("POST", HERE, add, "settings.manage", "nothing"),
    Route("GET", HERE + "/{id}", show_one, "settings.manage", "nothing"),
    Route("POST", HERE + "/{id}", keep, "settings.manage", "nothing"),
    Route("POST", HERE + "/{id}/delete", drop, "settings.manage", "nothing"),
)
