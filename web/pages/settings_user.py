"""One person, as an admin sees and changes him: role, password, devices, queues, tokens, sessions, block."""

from __future__ import annotations

from collections.abc import Awaitable
from itertools import zip_longest
from typing import Any

from aiohttp import web

from cti.access import ROLES
from cti.errors import Refused
from cti.features.directory_admin import DeviceDraft, DirectoryAdmin, QueueDraft
from cti.storage import users
from web.auth import IDENTITY, person_of
from web.browsers import browser_name
from web.newcomer_texts import PHONE_MODELS
from web.pages.settings import at, number, said, user_draft
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import told

MOST_ROWS = 20


async def show(request: web.Request) -> web.StreamResponse:
    """His page."""
    return await _page(request)


async def change(request: web.Request) -> web.StreamResponse:
    """Name, login, role, team, language."""
    return await _do(request, _people(request).change(person_of(request), number(request), await user_draft(request)))


async def set_password(request: web.Request) -> web.StreamResponse:
    """A new password."""
    password = str((await request.post()).get("password", ""))[:1025]
    return await _do(request, _people(request).set_password(person_of(request), number(request), password), "password")


async def set_devices(request: web.Request) -> web.StreamResponse:
    """His phones."""
    names, *more = await _columns(request, "device", "extension", "kind", "use", "model")
    drafts = [
        DeviceDraft(name=name, extension=extension, kind=kind, chosen=use == "rung", model=model or "auto")
        for name, extension, kind, use, model in zip_longest(names, *more, fillvalue="")
        if name
    ]
    return await _do(request, _people(request).set_devices(person_of(request), number(request), drafts))


async def set_queues(request: web.Request) -> web.StreamResponse:
    """His queues."""
    names, penalties = await _columns(request, "queue", "penalty")
    drafts = [
        QueueDraft(name=name, penalty=int(penalty) if penalty.isascii() and penalty.isdigit() else 0)
        for name, penalty in zip_longest(names, penalties, fillvalue="")
        if name
    ]
    return await _do(request, _people(request).set_queues(person_of(request), number(request), drafts))


async def block(request: web.Request) -> web.StreamResponse:
    """Shut him out."""
    work = _people(request).block(person_of(request), number(request), blocked=True)
    return await _do(request, work, "blocked")


async def unblock(request: web.Request) -> web.StreamResponse:
    """Let him in again."""
    work = _people(request).block(person_of(request), number(request), blocked=False)
    return await _do(request, work, "unblocked")


async def sign_out(request: web.Request) -> web.StreamResponse:
    """Sign him out everywhere."""
    return await _do(request, _people(request).sign_out(person_of(request), number(request)), "signed-out")


async def drop_totp(request: web.Request) -> web.StreamResponse:
    """His phone is lost: the password alone."""
    return await _do(request, _people(request).drop_totp(person_of(request), number(request)), "totp-off")


async def add_token(request: web.Request) -> web.StreamResponse:
    """A new API token, shown on this one page and never again."""
    note = str((await request.post()).get("note", ""))[:120]
    try:
        token = await _people(request).make_token(person_of(request), number(request), note)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    return await _page(request, token=token)


async def drop_token(request: web.Request) -> web.StreamResponse:
    """Revoke a token."""
    work = _people(request).drop_token(person_of(request), number(request), number(request, "token"))
    return await _do(request, work, "revoked")


async def _do(request: web.Request, work: Awaitable[None], done: str = "saved") -> web.StreamResponse:
    """Back to his page with what was done, or the page with why not."""
    try:
        await work
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/settings/people/{number(request)}?said={done}")


async def _page(request: web.Request, *, status: int = 200, error: str = "", token: str = "") -> web.Response:
    services, user_id = services_of(request), number(request)
    async with services.db.read() as conn:
        user = await users.by_id(conn, user_id)
        if user is None:
            raise web.HTTPNotFound(text="There is no such person.")
        values: dict[str, Any] = {
            "devices": await users.devices_of(conn, user_id),
            "queues": await users.queues_of(conn, user_id),
            "teams": (await users.team_names(conn)).values(),
            "known_queues": sorted({*await users.queue_names(conn), *services.agent_states.queues()}),
        }
    values |= {
        "tokens": await services.people.tokens_of(user_id),
        "sessions": await services.accounts.sessions_of(user_id),
        "status_of": services.agent_states.device_status,
        "pbxes": services.people.pbxes,
        "models": PHONE_MODELS,
        "own": request[IDENTITY].session,
        "browser_name": browser_name,
        "roles": ROLES,
    }
    told = {"user": user, "error": error, "token": token, "said": said(request) if not error else ""}
    shown = page(request, "settings/person.html", status=status, title=user.name, **told, **values)
    return at(request, shown, f"/settings/people/{user_id}")


async def _columns(request: web.Request, *names: str) -> list[list[str]]:
    form = await request.post()
    return [[str(value).strip()[:120] for value in form.getall(name, [])][:MOST_ROWS] for name in names]


def _people(request: web.Request) -> DirectoryAdmin:
    return services_of(request).people


ROUTES = (
    Route("GET", "/settings/people/{id}", show, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}", change, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/password", set_password, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/devices", set_devices, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/queues", set_queues, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/block", block, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/unblock", unblock, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/sign-out", sign_out, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/totp-off", drop_totp, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/tokens", add_token, "users.manage", "staff"),
    Route("POST", "/settings/people/{id}/tokens/{token}/revoke", drop_token, "users.manage", "staff"),
)
