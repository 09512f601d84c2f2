"""/api/v1: notes on clients and tasks for them. Written notes are read in the client's history."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from cti.clients.tasks import Task, TaskDraft
from cti.errors import Refused
from cti.storage import clients, tasks
from web.api import records as r
from web.api.base import Operation, body_of, call_of, place, reply
from web.api.calls import readable
from web.auth import person_of
from web.services import services_of
from web.shown import showed, showed_callers


class NoteIn(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=20_000, pattern=r"\S")]


class TaskIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """due_at: null for some day. owner_id: who does it; null for nobody yet."""

    what: Annotated[str, Meta(min_length=1, max_length=400, pattern=r"\S")]
    due_at: r.Moment | None = None
    owner_id: r.Id | None = None

    def draft(self) -> TaskDraft:
        return TaskDraft(what=self.what, due_at=self.due_at, owner_id=self.owner_id)


class Finished(Struct, forbid_unknown_fields=True):
    done: bool


class NextIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """kind: none for nothing. client_id: the caller, where one knows him; a caller who is nobody keeps his number."""

    kind: Literal["none", "callback", "task"]
    what: Annotated[str, Meta(max_length=400)] = ""
    due_at: r.Moment | None = None
    owner_id: r.Id | None = None
    client_id: r.Id | None = None

    def draft(self) -> TaskDraft | None:
        if self.kind == "none":
            return None
        return TaskDraft(what=self.what, due_at=self.due_at, owner_id=self.owner_id, kind=self.kind)


class NextOut(Struct):
    """task: null where nothing follows."""

    task: TaskOut | None


class Answered(Struct, forbid_unknown_fields=True, kw_only=True):
    """What its owner does with a reminder. request_id: of the click that dials it; minutes: remind of it again then."""

    request_id: Annotated[str, Meta(min_length=8, max_length=64, pattern="^[A-Za-z0-9-]+$")] | UnsetType = UNSET
    minutes: Annotated[int, Meta(ge=1, le=1440)] | UnsetType = UNSET


class TaskOut(Struct, kw_only=True):
    """done_at: null while it is open. number: to dial; of a client, where none is said, his first."""

    id: int
    kind: str
    number: str | None
    call: str
    remind_at: float | None
    client_id: int | None
    client_name: str
    what: str
    due_at: float | None
    owner_id: int | None
    owner: str
    made_by: str
    created_at: float
    done_at: float | None
    done_by: str


def task_out(one: Task) -> TaskOut:
    """A task as the API gives it."""
    return TaskOut(**{name: getattr(one, name) for name in TaskOut.__struct_fields__})


async def list_mine(request: web.Request) -> web.Response:
    """What one is still to do."""
    async with services_of(request).db.read() as conn:
        mine = await tasks.open_of_person(conn, person_of(request).id)
    showed_callers(request, mine, thing="tasks")
    return reply([task_out(one) for one in mine])


async def list_of_client(request: web.Request) -> web.Response:
    """What is still to be done for a client."""
    client_id = place(request)
    async with services_of(request).db.read() as conn:
        if await clients.get(conn, client_id) is None:
            raise web.HTTPNotFound(text="There is no such client.")
        found = await tasks.open_of_client(conn, client_id)
    showed(request, [client_id] if found else ())
    return reply([task_out(one) for one in found])


async def add(request: web.Request) -> web.Response:
    """A new task for a client."""
    body = await body_of(request, TaskIn)
    made = await services_of(request).tasks.add(person_of(request), place(request), body.draft())
    return reply(r.Made(id=made), 201)


async def change(request: web.Request) -> web.Response:
    """What is to be done, when, by whom."""
    body = await body_of(request, TaskIn)
    await services_of(request).tasks.change(person_of(request), place(request), body.draft())
    return reply(r.Ok())


async def finish(request: web.Request) -> web.Response:
    """It is done, or open again."""
    body = await body_of(request, Finished)
    await services_of(request).tasks.finish(person_of(request), place(request), done=body.done)
    return reply(r.Ok())


async def next_step(request: web.Request) -> web.Response:
    """What follows one's own call."""
    services, person = services_of(request), person_of(request)
    body, call = await body_of(request, NextIn), services.call_log.current(call_of(request))
    task_id = await services.tasks.next_step(person, call, body.draft(), body.client_id)
    async with services.db.read() as conn:
        return _told(request, await tasks.get(conn, task_id) if task_id else None)


async def said_next(request: web.Request) -> web.Response:
    """What one said is to follow one's own call."""
    row = await readable(request)
    async with services_of(request).db.read() as conn:
        return _told(request, await tasks.of_call(conn, row.id, person_of(request).id))


def _told(request: web.Request, task: Task | None) -> web.Response:
    showed(request, [task.client_id] if task else (), count=1 if task else 0)
    return reply(NextOut(task_out(task) if task else None))


async def answer(request: web.Request) -> web.Response:
    """A reminder was dialled, or is put off."""
    reminders, person, body = services_of(request).reminders, person_of(request), await body_of(request, Answered)
    if body.request_id is not UNSET:
        await reminders.dialled(person, place(request), body.request_id)
    elif body.minutes is not UNSET:
        await reminders.later(person, place(request), body.minutes)
    else:
        raise Refused("bad-answer", "Say when to remind of it again, or by which click it was dialled.")
    return reply(r.Ok())


async def drop(request: web.Request) -> web.Response:
    """Delete a task."""
    await services_of(request).tasks.remove(person_of(request), place(request))
    return reply(r.Ok())


async def note(request: web.Request) -> web.Response:
    """A new note on a client."""
    body = await body_of(request, NoteIn)
    return reply(r.Made(id=await services_of(request).tasks.note(person_of(request), place(request), body.text)), 201)


async def change_note(request: web.Request) -> web.Response:
    """Other words of one's own note."""
    body = await body_of(request, NoteIn)
    await services_of(request).tasks.change_note(person_of(request), place(request), body.text)
    return reply(r.Ok())


async def drop_note(request: web.Request) -> web.Response:
    """Delete one's own note."""
    await services_of(request).tasks.remove_note(person_of(request), place(request))
    return reply(r.Ok())


def _writes(method: str, path: str, handler: Any, text: str, gives: Any = r.Ok, **more: Any) -> Operation:
    status = 201 if gives is r.Made else 200
    return Operation(
        method=method,
        path=path,
        handler=handler,
        who="clients.write",
        shows="nothing",
        text=text,
        gives=gives,
        status=status,
        refusals=(404, 409),
        **more,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/tasks",
        handler=list_mine,
        who="clients.read",
        shows="clients",
        text="One's own open tasks, the most urgent first",
        gives=list[TaskOut],
    ),
    Operation(
        method="GET",
        path="/clients/{id}/tasks",
        handler=list_of_client,
        who="clients.read",
        shows="client",
        text="Open tasks for a client, the most urgent first",
        gives=list[TaskOut],
        refusals=(404,),
    ),
    _writes("POST", "/clients/{id}/tasks", add, "A new task", r.Made, body=TaskIn),
    _writes("PUT", "/tasks/{id}", change, "Change a task", body=TaskIn),
    _writes("PUT", "/tasks/{id}/done", finish, "A task is done, or open again", body=Finished),
    Operation(
        method="PUT",
        path="/tasks/{id}/reminder",
        handler=answer,
        who="desk",
        shows="nothing",
        text="A reminder of one's own task was dialled, or is put off",
        body=Answered,
        gives=r.Ok,
        refusals=(404, 409),
    ),
    Operation(
        method="PUT",
        path="/calls/{id}/next",
        handler=next_step,
        who="clients.write",
        shows="call",
        text="Say what follows one's own call: nothing, a call-back, a task; the last word counts",
        body=NextIn,
        gives=NextOut,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/calls/{id}/next",
        handler=said_next,
        who="clients.read",
        shows="call",
        text="What one said is to follow one's own call",
        gives=NextOut,
        refusals=(404,),
    ),
    _writes("DELETE", "/tasks/{id}", drop, "Delete a task"),
    _writes("POST", "/clients/{id}/notes", note, "A new note", r.Made, body=NoteIn),
    _writes("PUT", "/notes/{id}", change_note, "Change one's own note", body=NoteIn),
    _writes("DELETE", "/notes/{id}", drop_note, "Delete one's own note"),
)
