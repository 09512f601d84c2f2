"""/api/v1: session, agents, queues, users, and the document of it all."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cti.storage import users
from web.api import (
    agent_figures,
    alerts,
    belongings,
    board,
    bulk,
    callbacks,
    calls,
    campaigns,
    catalogue,
    clients,
    consents,
    conversations,
    dialplan_versions,
    dialplans,
    duplicates,
    duty,
    event_rules,
    exports,
    figures,
    grid,
    imports,
    mailboxes,
    marks,
    missed,
    number_lists,
    outbox,
    past,
    pause_budgets,
    phones,
    quality,
    recordings,
    reports,
    restrictions,
    results,
    scripts,
    segments,
    sms,
    sms_gateways,
    table_reports,
    tasks,
    templates,
    why,
    work,
)
from web.api import records as r
from web.api.base import Operation, body_of, reply
from web.api.openapi import document
from web.auth import COOKIE, IDENTITY, address_of, let_in, person_of
from web.services import services_of


async def sign_in(request: web.Request) -> web.Response:
    """A session, as a cookie; the answer has the token that unsafe requests carry."""
    body = await body_of(request, r.SignIn)
    browser = request.headers.get("User-Agent", "")
    accounts = services_of(request).accounts
    made = await accounts.sign_in(
        body.login,
        body.password,
        code=body.totp,
        ip=address_of(request),
        browser=browser,
        before=request.cookies.get(COOKIE, "")[:200],
    )
    p = made.person
    response = reply(r.Me(p.id, p.login, p.name, p.role, p.language, made.csrf), 201)
    let_in(request, response, made)
    return response


async def me(request: web.Request) -> web.Response:
    """Who is signed in."""
    p = person_of(request)
    return reply(r.Me(p.id, p.login, p.name, p.role, p.language, request[IDENTITY].csrf))


async def set_keys(request: web.Request) -> web.Response:
    """One's own keys of the panel."""
    body = await body_of(request, r.KeysIn)
    await services_of(request).own_keys.set(person_of(request), body.keys)
    return reply(r.Ok())


async def sign_out(request: web.Request) -> web.Response:
    """End this session."""
    identity = request[IDENTITY]
    if identity.session:
        await services_of(request).accounts.sign_out(identity.person, identity.session)
        await services_of(request).agent_duty.signed_out(identity.person)
        await services_of(request).hot_desks.signed_out(identity.person)
    response = reply(r.Ok())
    response.del_cookie(COOKIE, path="/")
    return response


async def agents(request: web.Request) -> web.Response:
    """Colleagues and their phones' states."""
    return reply([r.agent_out(view) for view in services_of(request).agent_states.views()])


async def queues(request: web.Request) -> web.Response:
    """Queues and their members, as the PBX has them."""
    known = services_of(request).agent_states.queues()
    return reply([r.QueueOut(name=name, members=[r.member_out(m) for m in members]) for name, members in known.items()])


async def everybody(request: web.Request) -> web.Response:
    """Accounts."""
    async with services_of(request).db.read() as conn:
        rows = await users.every(conn)
    return reply([r.UserOut(u.id, u.login, u.name, u.role, u.team, u.language, u.blocked_at is not None) for u in rows])


async def openapi(_request: web.Request) -> web.Response:
    """This document."""
    return reply(document(OPERATIONS))


_OWN = (
    Operation(
        method="POST",
        path="/session",
        handler=sign_in,
        who="public",
        shows="nothing",
        text="Sign in: a session as a cookie",
        body=r.SignIn,
        gives=r.Me,
        status=201,
        refusals=(401,),
    ),
    Operation(
        method="PUT",
        path="/me/keys",
        handler=set_keys,
        who="signed-in",
        shows="nothing",
        text="One's own keys of the panel: all that are not as usual",
        body=r.KeysIn,
        gives=r.Ok,
        refusals=(409,),
    ),
    Operation(
        method="GET", path="/session", handler=me, who="signed-in", shows="nothing", text="Who is signed in", gives=r.Me
    ),
    Operation(
        method="DELETE",
        path="/session",
        handler=sign_out,
        who="signed-in",
        shows="nothing",
        text="Sign out",
        gives=r.Ok,
    ),
    Operation(
        method="GET",
        path="/agents",
        handler=agents,
        who="agents.read",
        shows="staff",
        text="Agents",
        gives=list[r.AgentOut],
    ),
    Operation(
        method="GET",
        path="/queues",
        handler=queues,
        who="agents.read",
        shows="staff",
        text="Queues",
        gives=list[r.QueueOut],
    ),
    Operation(
        method="GET",
        path="/users",
        handler=everybody,
        who="users.manage",
        shows="staff",
        text="Accounts",
        gives=list[r.UserOut],
    ),
    Operation(
        method="GET",
        path="/openapi.json",
        handler=openapi,
        who="public",
        shows="nothing",
        text="This document",
        gives=dict[str, Any],
    ),
)
OPERATIONS = (
    *_OWN,
    *grid.OPERATIONS,
    *clients.OPERATIONS,
    *duplicates.OPERATIONS,
    *restrictions.OPERATIONS,
    *consents.OPERATIONS,
    *belongings.OPERATIONS,
    *agent_figures.OPERATIONS,
    *figures.OPERATIONS,
    *why.OPERATIONS,
    *reports.OPERATIONS,
    *table_reports.OPERATIONS,
    *segments.OPERATIONS,
    *sms_gateways.OPERATIONS,
    *catalogue.OPERATIONS,
    *tasks.OPERATIONS,
    *conversations.OPERATIONS,
    *imports.OPERATIONS,
    *exports.OPERATIONS,
    *bulk.OPERATIONS,
    *results.OPERATIONS,
    *scripts.OPERATIONS,
    *mailboxes.OPERATIONS,
    *marks.OPERATIONS,
    *quality.OPERATIONS,
    *recordings.OPERATIONS,
    *calls.OPERATIONS,
    *callbacks.OPERATIONS,
    *missed.OPERATIONS,
    *number_lists.OPERATIONS,
    *work.OPERATIONS,
    *outbox.OPERATIONS,
    *sms.OPERATIONS,
    *templates.OPERATIONS,
    *event_rules.OPERATIONS,
    *campaigns.OPERATIONS,
    *duty.OPERATIONS,
    *past.OPERATIONS,
    *pause_budgets.OPERATIONS,
    *alerts.OPERATIONS,
    *board.OPERATIONS,
    *phones.OPERATIONS,
    *dialplans.OPERATIONS,
    *dialplan_versions.OPERATIONS,
)
ROUTES = tuple(one.route for one in OPERATIONS)
