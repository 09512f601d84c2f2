"""Scoring on the call's page: give, take back, the agent's answer, and the end of a dispute."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web

from cti.errors import Refused
from web.api.base import call_of
from web.auth import person_of
from web.pages.settings import number
from web.render import page
from web.routes import Route
from web.scoring import answers_of, comments_of
from web.services import services_of
from web.texts import N_, told


async def give(request: web.Request) -> web.StreamResponse:
    """Keep what is filled in and make it a score."""
    form, person, call = await request.post(), person_of(request), call_of(request)
    calibration, quality = _id(form, "calibration"), services_of(request).quality
    try:
        await quality.draft(
            person, call, form_id=_id(form, "by"), answers=answers_of(form), comments=comments_of(form),
            calibration_id=calibration,
        )  # fmt: skip
        await quality.give(person, call, calibration)
    except Refused as error:
        return _refused(request, call, calibration, error)
    raise web.HTTPSeeOther(f"/quality/calibrations/{calibration}" if calibration else _place(call))


async def take_back(request: web.Request) -> web.StreamResponse:
    """The score is a draft again."""
    call, calibration = call_of(request), _id(await request.post(), "calibration")
    try:
        await services_of(request).quality.take_back(person_of(request), call, calibration)
    except Refused as error:
        return _refused(request, call, calibration, error)
    raise web.HTTPSeeOther(_place(call, calibration))


async def reply(request: web.Request) -> web.StreamResponse:
    """The agent answers, and may disagree."""
    form = await request.post()
    text, disputed, call = str(form.get("reply", "")), form.get("disputed") == "1", str(form.get("call", ""))[:80]
    try:
        made = await services_of(request).quality.reply(person_of(request), number(request), text, disputed=disputed)
    except Refused as error:
        return _refused(request, call, 0, error)
    raise web.HTTPSeeOther(_place(made.call_id))


async def settle(request: web.Request) -> web.StreamResponse:
    """A dispute ends: the score stays, or its answers become others."""
    form = await request.post()
    answers = answers_of(form) if form.get("change") == "1" else None
    verdict, call, quality = str(form.get("verdict", "")), str(form.get("call", ""))[:80], services_of(request).quality
    try:
        made = await quality.settle(person_of(request), number(request), verdict, answers=answers)
    except Refused as error:
        return _refused(request, call, 0, error)
    raise web.HTTPSeeOther(_place(made.call_id))


def _refused(request: web.Request, call: str, calibration: int, error: Refused) -> web.Response:
    back = _place(call, calibration)
    return page(request, "review_refused.html", status=409, title=N_("Score"), error=told(request, error), back=back)


def _place(call: str, calibration: int = 0) -> str:
    return f"/calls/{quote(call)}" + (f"?calibration={calibration}" if calibration else "") + "#score"


def _id(form: Any, name: str) -> int:
    text = str(form.get(name, ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


ROUTES = (
    Route("POST", "/calls/{id}/review", give, "quality.score", "nothing"),
    Route("POST", "/calls/{id}/review/back", take_back, "quality.score", "nothing"),
    Route("POST", "/reviews/{id}/reply", reply, "quality.read", "nothing"),
    Route("POST", "/reviews/{id}/settle", settle, "quality.score", "nothing"),
)
