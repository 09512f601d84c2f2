"""/api/v1/alerts and /alert-rules: what was warned of, who sees to it, and the rules that warn."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.access import scope
from cti.messages.alerts import AlertRule
from cti.storage import alerts
from cti.storage.alerts import Kept
from web.api import records as r
from web.api.base import Operation, body_of, place, reply
from web.auth import person_of
from web.services import services_of


class SendOut(Struct):
    """what: began, again, ended. way: desk, mail, sms, webhook. whom: "" for a webhook. why: it was not sent."""

    what: str
    way: str
    whom: str
    state: str
    why: str


class AlertOut(Struct, kw_only=True):
    """subject: the queue, PBX, mailbox or gateway. Times: UNIX seconds; null: not yet. by: who sees to it, a name.

    level: how often it was told again. trial: somebody tried the rule."""

    id: int
    rule_id: int | None
    rule: str
    watched: str
    subject: str
    value: float
    worst: float
    began_at: float
    ended_at: float | None
    acked_at: float | None
    by: str
    level: int
    trial: bool
    sends: list[SendOut]


class AlertRuleIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """secret: the key that signs a webhook; null: as it was, "": none. version: of the rule that is changed."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    rule: AlertRule
    hook_url: Annotated[str, Meta(max_length=400)] = ""
    secret: Annotated[str, Meta(max_length=200)] | None = None
    version: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class AlertRuleOut(Struct, kw_only=True):
    """enabled_at: UNIX seconds; null: it does not watch. The key itself is never told."""

    id: int
    name: str
    rule: AlertRule
    hook_url: str
    has_secret: bool
    enabled_at: float | None
    version: int


class AlertRuleAct(Struct, forbid_unknown_fields=True):
    """try: what the rule sends really goes to everybody of its first step."""

    act: Literal["on", "off", "try"]


async def list_alerts(request: web.Request) -> web.Response:
    """The last hundred, newest first."""
    person = person_of(request)
    own = person.id if scope(person, "board.read") == "none" else None
    async with services_of(request).db.read() as conn:
        rows = await alerts.journal(conn, own)
    return reply([_alert(one) for one in rows])


def _alert(one: alerts.Alert) -> AlertOut:
    plain = {name: getattr(one, name) for name in AlertOut.__struct_fields__ if name != "sends"}
    return AlertOut(**plain, sends=[SendOut(*each) for each in one.sends])


async def acknowledge(request: web.Request) -> web.Response:
    """Somebody sees to it: nobody is told any more."""
    await services_of(request).alerts.acknowledge(person_of(request), place(request))
    return reply(r.Ok())


async def list_rules(request: web.Request) -> web.Response:
    """All by name."""
    async with services_of(request).db.read() as conn:
        rows = await alerts.rules(conn)
    return reply(
        [AlertRuleOut(**{name: getattr(one, name) for name in AlertRuleOut.__struct_fields__}) for one in rows]
    )


async def add_rule(request: web.Request) -> web.Response:
    """A rule that watches at once."""
    return await _save(request, 0)


async def change_rule(request: web.Request) -> web.Response:
    """All that is said of one."""
    return await _save(request, place(request))


async def _save(request: web.Request, rule_id: int) -> web.Response:
    body = await body_of(request, AlertRuleIn)
    kept = Kept(
        id=rule_id, name=body.name, rule=body.rule, hook_url=body.hook_url, has_secret=False, enabled_at=None,
        version=body.version,
    )  # fmt: skip
    made = await services_of(request).alerts.save(person_of(request), kept, body.secret)
    async with services_of(request).db.read() as conn:
        found = await alerts.rule(conn, made)
    if found is None:
        raise web.HTTPNotFound(text="There is no such rule any more.")
    values = {name: getattr(found, name) for name in AlertRuleOut.__struct_fields__}
    return reply(AlertRuleOut(**values), 200 if rule_id else 201)


async def act_on_rule(request: web.Request) -> web.Response:
    """Switch it on or off, or try it."""
    body, person, here = await body_of(request, AlertRuleAct), person_of(request), services_of(request).alerts
    if body.act == "try":
        await here.try_it(person, place(request))
    else:
        await here.enable(person, place(request), works=body.act == "on")
    return reply(r.Ok())


async def remove_rule(request: web.Request) -> web.Response:
    """Forget it; what it told stays."""
    await services_of(request).alerts.remove(person_of(request), place(request))
    return reply(r.Ok())


OPERATIONS = (
    Operation(
        method="GET", path="/alerts", handler=list_alerts, who="signed-in", shows="staff", gives=list[AlertOut],
        text="What was warned of: all for who sees the board, else what went to you",
    ),
    Operation(
        method="POST", path="/alerts/{id}/acknowledge", handler=acknowledge, who="signed-in", shows="nothing",
        text="See to a warning that went to you: nobody is told of it again", gives=r.Ok, refusals=(404, 409),
    ),
    Operation(
        method="GET", path="/alert-rules", handler=list_rules, who="alerts.write", shows="staff",
        text="The rules that warn", gives=list[AlertRuleOut],
    ),
    Operation(
        method="POST", path="/alert-rules", handler=add_rule, who="alerts.write", shows="nothing", body=AlertRuleIn,
        gives=AlertRuleOut, status=201, text="A new rule, which watches at once", refusals=(409,),
    ),
    Operation(
        method="PUT", path="/alert-rules/{id}", handler=change_rule, who="alerts.write", shows="nothing",
        body=AlertRuleIn, gives=AlertRuleOut, text="All that is said of a rule", refusals=(404, 409, 412),
    ),
    Operation(
        method="POST", path="/alert-rules/{id}/act", handler=act_on_rule, who="alerts.write", shows="nothing",
        body=AlertRuleAct, gives=r.Ok, text="Switch a rule on or off, or try it: it really sends", refusals=(404, 409),
    ),
    Operation(
        method="DELETE", path="/alert-rules/{id}", handler=remove_rule, who="alerts.write", shows="nothing",
        gives=r.Ok, text="Forget a rule; what it told stays", refusals=(404,),
    ),
)  # fmt: skip
