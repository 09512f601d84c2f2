"""Templates of letters and SMS with their editor, and the library of files that they take."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web

from cti.errors import Conflicts, Refused
from cti.features.templates import TemplateDraft
from cti.storage import templates
from cti.storage.templates import Template
from web.auth import person_of
from web.i18n import translate
from web.pages.settings import at, number
from web.render import page
from web.routes import Route
from web.services import services_of
from web.template_texts import FIELDS
from web.texts import N_, told

HERE, LIBRARY = "/settings/templates", "/settings/library"
SAID = {
    "saved": N_("Saved."),
    "added": N_("The template is made: it is offered when a letter is written."),
    "retired": N_("It is offered no more."),
    "back": N_("It is offered again."),
    "renamed": N_("Saved."),
}


async def show(request: web.Request) -> web.Response:
    """All templates."""
    retired = request.query.get("retired") == "1"
    async with services_of(request).db.read() as conn:
        rows = await templates.every(conn, retired=retired)
    values: dict[str, Any] = {"rows": rows, "retired": retired, "said": _said(request)}
    return page(request, "settings/templates.html", title=N_("Templates"), **values)


async def show_new(request: web.Request) -> web.Response:
    """The form of a new one; of=ID: a copy of another."""
    channel: Literal["email", "sms"] = "sms" if request.query.get("channel") == "sms" else "email"
    draft = TemplateDraft(name="", channel=channel, language="ru")
    copied = request.query.get("of", "")
    if copied.isascii() and copied.isdigit() and len(copied) < 10:
        async with services_of(request).db.read() as conn:
            found = await templates.get(conn, int(copied))
        draft = _draft_of(found) if found else draft
    return await _form(request, draft)


async def add(request: web.Request) -> web.StreamResponse:
    """Make one."""
    draft = await _draft(request)
    try:
        made = await services_of(request).templates.save(person_of(request), draft)
    except Refused as error:
        return await _form(request, draft, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{made}?said=added")


async def show_one(request: web.Request) -> web.Response:
    """One."""
    found = await _known(request)
    return await _form(request, _draft_of(found), template=found)


async def change(request: web.Request) -> web.StreamResponse:
    """Save it."""
    found, draft = await _known(request), await _draft(request)
    given = str((await request.post()).get("version", ""))
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    try:
        await services_of(request).templates.save(person_of(request), draft, found.id, version)
    except Conflicts:
        error = translate(request, "Somebody changed this meanwhile: look at the new state and save again.")
        return await _form(request, draft, template=await _known(request), status=409, error=error)
    except Refused as error:
        return await _form(request, draft, template=found, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{found.id}?said=saved")


async def retire(request: web.Request) -> web.StreamResponse:
    """Offer it no more, or again."""
    back = (await request.post()).get("back") == "1"
    await services_of(request).templates.retire(person_of(request), number(request), back=back)
    raise web.HTTPSeeOther(f"{HERE}/{number(request)}?said={'back' if back else 'retired'}")


async def _form(
    request: web.Request, draft: TemplateDraft, *, template: Template | None = None, status: int = 200, error: str = ""
) -> web.Response:
    services = services_of(request)
    async with services.db.read() as conn:
        library = [one for one in await templates.every_file(conn, retired=True)]
    offered = [one for one in library if one.retired_at is None or one.id in draft.files]
    fields = [(code, translate(request, FIELDS.get(code, name))) for code, name in await services.templates.fields()]
    values: dict[str, Any] = {
        "draft": draft,
        "kept": template,
        "library": offered,
        "fields": fields,
        "error": error,
        "said": "" if error else _said(request),
    }
    title = N_("Template") if template else N_("New template")
    shown = page(request, "settings/template.html", status=status, title=title, **values)
    return at(request, shown, f"{HERE}/{template.id}" if template else f"{HERE}/new?channel={draft.channel}")


async def show_library(request: web.Request) -> web.Response:
    """Files for letters."""
    retired = request.query.get("retired") == "1"
    async with services_of(request).db.read() as conn:
        rows = await templates.every_file(conn, retired=retired)
    values: dict[str, Any] = {"rows": rows, "retired": retired, "said": _said(request)}
    return page(request, "settings/library.html", title=N_("Library of files"), **values)


async def entitle(request: web.Request) -> web.StreamResponse:
    """Another title of a file."""
    title = str((await request.post()).get("title", ""))[:120]
    try:
        await services_of(request).templates.entitle(person_of(request), number(request), title)
    except Refused as error:
        raise web.HTTPConflict(text=told(request, error)) from None
    raise web.HTTPSeeOther(f"{LIBRARY}?said=renamed")


async def retire_file(request: web.Request) -> web.StreamResponse:
    """Offer a file no more, or again."""
    back = (await request.post()).get("back") == "1"
    await services_of(request).templates.retire_file(person_of(request), number(request), back=back)
    raise web.HTTPSeeOther(f"{LIBRARY}?said={'back' if back else 'retired'}")


async def _known(request: web.Request) -> Template:
    wanted = number(request)
    async with services_of(request).db.read() as conn:
        found = await templates.get(conn, wanted) if wanted < 2**31 else None
    if found is None:
        raise web.HTTPNotFound(text="There is no such page.")
    return found


async def _draft(request: web.Request) -> TemplateDraft:
    form = await request.post()
    files = [str(one) for one in form.getall("files", [])][:100]
    return TemplateDraft(
        name=str(form.get("name", ""))[:200],
        channel="sms" if form.get("channel") == "sms" else "email",
        language="en" if form.get("language") == "en" else "ru",
        subject=str(form.get("subject", ""))[:400],
        body=str(form.get("body", ""))[:110_000],
        files=tuple(int(one) for one in files if one.isascii() and one.isdigit() and len(one) < 10),
    )


def _draft_of(found: Template) -> TemplateDraft:
    return TemplateDraft(
        name=found.name,
        channel="sms" if found.channel == "sms" else "email",
        language="en" if found.language == "en" else "ru",
        subject=found.subject,
        body=found.body,
        files=tuple(one.id for one in found.files),
    )


def _said(request: web.Request) -> str:
    return translate(request, SAID.get(request.query.get("said", ""), ""))


ROUTES = (
    Route("GET", HERE, show, "templates.write", "nothing"),
    Route("GET", HERE + "/new", show_new, "templates.write", "nothing"),
    Route("POST", HERE, add, "templates.write", "nothing"),
    Route("GET", HERE + "/{id}", show_one, "templates.write", "nothing"),
    Route("POST", HERE + "/{id}", change, "templates.write", "nothing"),
    Route("POST", HERE + "/{id}/retire", retire, "templates.write", "nothing"),
    Route("GET", LIBRARY, show_library, "templates.write", "nothing"),
    Route("POST", LIBRARY + "/{id}", entitle, "templates.write", "nothing"),
    Route("POST", LIBRARY + "/{id}/retire", retire_file, "templates.write", "nothing"),
)
