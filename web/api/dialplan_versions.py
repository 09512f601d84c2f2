"""What becomes of a draft: looked over, traced, published, gone back from; saved calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType, to_builtins

from cti.features.dialplan_drafts import Mode
from cti.features.dialplan_publish import Job
from cti.features.dialplan_traces import Saved, asked_at
from cti.storage.dialplan_versions import Version
from dialplan.plan import Plan
from dialplan.trace import Asked, Taken, trace
from web.api.base import Operation, body_of, place, query_of, reply
from web.api.dialplans import FaultOut, Revision, pbx_of
from web.api.records import Ok
from web.auth import person_of
from web.i18n import language_of, say
from web.publish_texts import WHYS
from web.services import services_of

Note = Annotated[str, Meta(max_length=500, description="What the history says of it")]
Short = Annotated[str, Meta(max_length=80)]
Words = Annotated[str, Meta(max_length=400, description="Several with commas between")]


class VersionOut(Struct):
    """state: publishing, running, replaced, undone. of: the version that was gone back to. why: of one undone."""

    number: int
    state: str
    note: str
    of: int
    author: str
    at: float
    took_ms: int
    why: str
    text: str


class JobOut(Struct):
    """stage: waiting, writing, reading, looking, going-back; running and undone are its ends; "": there is none."""

    version: int
    stage: str
    why: str
    text: str
    took_ms: int


class StepOut(Struct):
    """A step of a walk. way: the next one. why: code of why, with what it names."""

    node: str
    kind: str
    way: str
    why: str
    about: dict[str, Any]


class SavedOut(Struct):
    """A saved call. changed: the draft treats it otherwise than expected."""

    id: int
    title: str
    number: str
    at: str
    changed: bool
    expected: list[list[str]]
    takes: list[list[str]]


class ChangedOut(Struct):
    """part: field of the plan. how: added, removed, changed."""

    part: str
    how: str
    id: str
    title: str
    kind: str
    fields: list[dict[str, Any]]


class ReviewOut(Struct):
    """files: lines of a unified difference, passwords masked. lacking: by the admin's own file the line to paste.

    edited: files of ours that somebody changed by hand since the last publish.
    """

    pbx: str
    revision: int
    running: int | None
    faults: list[FaultOut]
    saved: list[SavedOut]
    changes: list[ChangedOut]
    files: dict[str, list[str]]
    lacking: dict[str, str]
    edited: list[str]
    unwritten: str


class PublishIn(Struct, forbid_unknown_fields=True):
    revision: Revision
    note: Note = ""


class BackIn(Struct, forbid_unknown_fields=True):
    note: Note = ""


class ModeIn(Struct, forbid_unknown_fields=True):
    mode: Mode


class Call(Struct, forbid_unknown_fields=True):
    """A call to be walked through. at: `2026-11-29 19:30` on the clock of the house, else now."""

    number: Annotated[str, Meta(pattern=r"^(\+?[0-9*#]{1,30})?$")] = ""
    at: Short = ""
    caller: Annotated[str, Meta(pattern=r"^(\+?[0-9]{1,30})?$")] = ""
    keys: Words = ""
    answers: Words = ""
    tags: Words = ""
    manager: Short = ""
    busy: bool = False
    running: Annotated[bool, Meta(description="What runs, instead of the draft")] = False


class SaveIn(Call, forbid_unknown_fields=True):
    title: Annotated[str, Meta(max_length=120)] | UnsetType = UNSET


def _version_out(request: web.Request, one: Version) -> VersionOut:
    text = _why(request, one.why, one.said)
    return VersionOut(one.number, one.state, one.note, one.of, one.author, one.at, one.took_ms, one.why, text)


def _job_out(request: web.Request, job: Job) -> JobOut:
    return JobOut(job.version, job.stage, job.why, _why(request, job.why, job.said), job.took_ms)


def _why(request: web.Request, why: str, said: str) -> str:
    return say(language_of(request), WHYS.get(why, why), said=said) if why else ""


def saved_out(one: Saved) -> SavedOut:
    """A saved call as the API shows it."""
    expected, takes = [list(step) for step in one.expected], [list(step) for step in one.takes]
    return SavedOut(one.id, one.title, one.asked.number, one.asked.at.isoformat(), one.changed, expected, takes)


def _step_out(one: Taken) -> StepOut:
    about: Mapping[str, Any] = to_builtins(dict(one.about))
    return StepOut(one.node, one.kind, one.way, one.why, dict(about))


async def review(request: web.Request) -> web.Response:
    """The draft against what runs."""
    found = await services_of(request).dialplan_reviews.of(pbx_of(request))
    return reply(
        ReviewOut(
            found.pbx, found.revision, found.running.number if found.running else None,
            [FaultOut(one.code, one.at, one.what, one.weight) for one in (*found.faults, *found.lacks)],
            [saved_out(one) for one in found.saved],
            [ChangedOut(c.part, c.how, c.id, c.title, c.kind, to_builtins(c.fields)) for c in found.changes],
            {name: list(lines) for name, lines in found.files.items()},
            dict(found.lacking), list(found.edited), found.unwritten,
        )
    )  # fmt: skip


async def publish(request: web.Request) -> web.Response:
    """Begin to publish the draft."""
    body = await body_of(request, PublishIn)
    publisher = services_of(request).dialplan_publish
    return reply(
        _job_out(request, await publisher.publish(person_of(request), pbx_of(request), body.revision, body.note)), 202
    )


async def back(request: web.Request) -> web.Response:
    """Begin to publish what a version was."""
    body, number = await body_of(request, BackIn), place(request)
    publisher = services_of(request).dialplan_publish
    return reply(
        _job_out(request, await publisher.back(person_of(request), pbx_of(request), min(number, 2**31 - 1), body.note)),
        202,
    )


async def progress(request: web.Request) -> web.Response:
    """How far the last publish is."""
    job = services_of(request).dialplan_publish.job(pbx_of(request))
    return reply(_job_out(request, job) if job else JobOut(0, "", "", "", 0))


async def history(request: web.Request) -> web.Response:
    """Versions, newest first."""
    found = await services_of(request).dialplan_publish.history(pbx_of(request))
    return reply([_version_out(request, one) for one in found])


async def set_mode(request: web.Request) -> web.Response:
    """Live with a PBX as guest or owner."""
    body = await body_of(request, ModeIn)
    await services_of(request).dialplan_drafts.set_mode(person_of(request), pbx_of(request), body.mode)
    return reply(Ok())


async def walk(request: web.Request) -> web.Response:
    """Walk a call through the draft or what runs."""
    call = query_of(request, Call)
    plan, asked = await _asked(request, call)
    return reply([_step_out(one) for one in await asyncio.to_thread(trace, plan, asked)])


async def save(request: web.Request) -> web.Response:
    """Keep a call with the way that it takes now."""
    body = await body_of(request, SaveIn)
    plan, asked = await _asked(request, body)
    traces, pbx = services_of(request).dialplan_traces, pbx_of(request)
    id_ = await traces.save(person_of(request), pbx, plan, asked, body.title or "")
    return reply(saved_out(next(one for one in await traces.look(pbx, plan) if one.id == id_)), 201)


async def saved(request: web.Request) -> web.Response:
    """Saved calls in the draft."""
    pbx = pbx_of(request)
    draft = await services_of(request).dialplan_drafts.get(pbx)
    return reply([saved_out(one) for one in await services_of(request).dialplan_traces.look(pbx, draft.plan)])


async def accept(request: web.Request) -> web.Response:
    """The way that a saved call takes in the draft is right."""
    pbx = pbx_of(request)
    draft = await services_of(request).dialplan_drafts.get(pbx)
    await services_of(request).dialplan_traces.accept(person_of(request), pbx, draft.plan, place(request))
    return reply(Ok())


async def remove(request: web.Request) -> web.Response:
    """Forget a saved call."""
    await services_of(request).dialplan_traces.remove(person_of(request), pbx_of(request), place(request))
    return reply(Ok())


async def _asked(request: web.Request, call: Call) -> tuple[Plan, Asked]:
    services, pbx = services_of(request), pbx_of(request)
    draft = await services.dialplan_drafts.get(pbx)
    now = await services.dialplan_publish.running(pbx) if call.running else None
    if call.running and now is None:
        raise web.HTTPNotFound(text="Nothing was published for this PBX yet.")
    return now[1] if now else draft.plan, Asked(
        number=call.number.removeprefix("+"),
        at=asked_at(call.at, services.zone, services.clock()),
        caller=call.caller,
        keys=_words(call.keys),
        answers=frozenset(_words(call.answers)),
        tags=frozenset(_words(call.tags)),
        manager=call.manager,
        manager_free=not call.busy,
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


_AT = "/dialplans/{pbx}"
OPERATIONS = (
    Operation(
        method="GET", path=f"{_AT}/review", handler=review, who="dialplan.read", shows="staff", gives=ReviewOut,
        text="The draft against what runs: faults, saved calls, changes in words and in files", refusals=(404,),
    ),
    Operation(
        method="POST", path=f"{_AT}/publish", handler=publish, who="dialplan.publish", shows="nothing", gives=JobOut,
        text="Publish the draft: it begins, and is undone by itself where it cannot stay", body=PublishIn, status=202,
        refusals=(404, 409),
    ),
    Operation(
        method="GET", path=f"{_AT}/publish", handler=progress, who="dialplan.read", shows="nothing", gives=JobOut,
        text="How far the last publish since the start of the server is",
    ),
    Operation(
        method="GET", path=f"{_AT}/versions", handler=history, who="dialplan.read", shows="staff",
        gives=list[VersionOut], text="What was published, newest first",
    ),
    Operation(
        method="POST", path=f"{_AT}/versions/{{id}}/publish", handler=back, who="dialplan.publish", shows="nothing",
        gives=JobOut, text="Publish again what a version was", body=BackIn, status=202, refusals=(404, 409),
    ),
    Operation(
        method="PUT", path=f"{_AT}/mode", handler=set_mode, who="dialplan.publish", shows="nothing", gives=Ok,
        text="Whether the dialplan is ours: owner, or guest, who changes nothing", body=ModeIn, refusals=(404, 409),
    ),
    Operation(
        method="GET", path=f"{_AT}/trace", handler=walk, who="dialplan.read", shows="staff", gives=list[StepOut],
        text="Walk a call through the draft or what runs: every step, and why", query=Call, refusals=(404, 409),
    ),
    Operation(
        method="GET", path=f"{_AT}/traces", handler=saved, who="dialplan.read", shows="staff", gives=list[SavedOut],
        text="Saved calls, and whether the draft treats them as expected", refusals=(404,),
    ),
    Operation(
        method="POST", path=f"{_AT}/traces", handler=save, who="dialplan.write", shows="staff", gives=SavedOut,
        text="Keep a call with the way that it takes: each publish looks at it", body=SaveIn, status=201,
        refusals=(404, 409),
    ),
    Operation(
        method="PUT", path=f"{_AT}/traces/{{id}}", handler=accept, who="dialplan.write", shows="nothing",
        gives=Ok, text="The way that a saved call takes in the draft is right from now on", refusals=(404, 409),
    ),
    Operation(
        method="DELETE", path=f"{_AT}/traces/{{id}}", handler=remove, who="dialplan.write", shows="nothing", gives=Ok,
        text="Forget a saved call", refusals=(404, 409),
    ),
)  # fmt: skip
