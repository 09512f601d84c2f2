"""Notes on clients and tasks for them: written on the card, done on the card and on the desk."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from cti.clients.tasks import NOTE_CHARS, WHAT_CHARS, TaskDraft
from cti.errors import Refused
from web.api.base import place
from web.auth import person_of
from web.pages.client_form import many_of
from web.routes import Route
from web.services import services_of


async def add_note(request: web.Request) -> web.StreamResponse:
    """A new note on a client."""
    text = next(iter(many_of(await request.post(), "text", NOTE_CHARS)), "")
    await services_of(request).tasks.note(person_of(request), place(request), text)
    raise _back_to(place(request))


async def change_note(request: web.Request) -> web.StreamResponse:
    """Other words of one's own note."""
    text = next(iter(many_of(await request.post(), "text", NOTE_CHARS)), "")
    before = await services_of(request).tasks.change_note(person_of(request), place(request), text)
    raise _back_to(before.client_id)


async def remove_note(request: web.Request) -> web.StreamResponse:
    """Delete a note."""
    before = await services_of(request).tasks.remove_note(person_of(request), place(request))
    raise _back_to(before.client_id)


async def add(request: web.Request) -> web.StreamResponse:
    """A new task for a client."""
    await services_of(request).tasks.add(person_of(request), place(request), await _read(request))
    raise _back_to(place(request))


async def change(request: web.Request) -> web.StreamResponse:
    """What is to be done, when, by whom."""
    before = await services_of(request).tasks.change(person_of(request), place(request), await _read(request))
    raise _back_to(before.client_id)


async def finish(request: web.Request) -> web.StreamResponse:
    """It is done, or open again; back to where that was said."""
    form = await request.post()
    done = "again" not in form
    before = await services_of(request).tasks.finish(person_of(request), place(request), done=done)
    if form.get("back") == "desk":
        raise web.HTTPSeeOther("/")
    raise _back_to(before.client_id)


async def remove(request: web.Request) -> web.StreamResponse:
    """Delete a task."""
    before = await services_of(request).tasks.remove(person_of(request), place(request))
    raise _back_to(before.client_id)


async def _read(request: web.Request) -> TaskDraft:
    """The task that the form describes. Raises Refused for a time that is none."""
    form = await request.post()
    owner = str(form.get("owner_id", ""))
    return TaskDraft(
        what=next(iter(many_of(form, "what", WHAT_CHARS)), ""),
        due_at=_moment(str(form.get("due", "")).strip(), services_of(request).zone),
        owner_id=int(owner) if owner.isascii() and owner.isdigit() and len(owner) < 10 else None,
    )


def _moment(text: str, zone: ZoneInfo) -> float | None:
    """`2026-11-23T15:00` on the clock of the house."""
    if not text:
        return None
    try:
        at = datetime.strptime(text[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
    except ValueError:
        raise Refused("bad-time", "A time is written 2026-11-23 15:00.") from None
    return at.timestamp()


def _back_to(client_id: int | None) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/clients/{client_id}?tab=history" if client_id else "/")


ROUTES = (
    Route("POST", "/clients/{id}/notes", add_note, "clients.write", "nothing"),
    Route("POST", "/notes/{id}", change_note, "clients.write", "nothing"),
    Route("POST", "/notes/{id}/delete", remove_note, "clients.write", "nothing"),
    Route("POST", "/clients/{id}/tasks", add, "clients.write", "nothing"),
    Route("POST", "/tasks/{id}", change, "clients.write", "nothing"),
    Route("POST", "/tasks/{id}/done", finish, "clients.write", "nothing"),
    Route("POST", "/tasks/{id}/delete", remove, "clients.write", "nothing"),
)
