"""/api/v1: rules on events: what is sent and ordered by itself, what it would be, what it was."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct

from cti.messages.rules import MOST_DELAY_S, Channel, Event, Given, Rule, WorkingHours
from cti.storage import event_rules
from web.api import records as r
from web.api.base import Operation, body_of, place, reply
from web.auth import person_of
from web.services import services_of, sight_of
from web.shown import showed


class RuleIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """template_id: of the letter or the SMS, null for none. mailbox_id: of a letter alone.

    task: for the client's manager, with `{{fields}}`; "" for none.

    delay_s: after the event. hours: on the client's own clock; null for always.
    """

    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S")]
    event: Event
    given: Given = Given()
    channel: Channel = "email"
    mailbox_id: r.Id | None = None
    template_id: r.Id | None = None
    task: Annotated[str, Meta(max_length=400)] = ""
    delay_s: Annotated[int, Meta(ge=0, le=MOST_DELAY_S)] = 0
    hours: WorkingHours | None = None
    version: Annotated[int, Meta(ge=0, le=2**31 - 1, description="The version that was read; 0 for a new one")] = 0

    def rule(self, rule_id: int = 0) -> Rule:
        plain = {name: getattr(self, name) for name in self.__struct_fields__}
        return Rule(**plain, id=rule_id, enabled_at=None, user_id=None)


class RuleOut(Struct, kw_only=True):
    """enabled_at: since when it works, null: it does not."""

    id: int
    name: str
    event: str
    given: Given
    channel: str
    mailbox_id: int | None
    template_id: int | None
    task: str
    delay_s: int
    hours: WorkingHours | None
    enabled_at: float | None
    version: int


class PlannedOut(Struct, kw_only=True):
    """at: when it would go; time_zone: on whose clock, time_zone_from: card, region or house.

    why: code of what stands in the way of it, "" for nothing. parts, price (hundredths): of an SMS."""

    client_id: int | None
    client: str
    at: float
    time_zone: str
    time_zone_from: str
    to: str
    subject: str
    body: str
    task: str
    why: str
    parts: int
    price: int
    currency: str


class RunOut(Struct, kw_only=True):
    """outcome: queued, task, skipped. outbox_id, sms_id: what it sent; state: what became of that by now."""

    key: str
    client_id: int | None
    client: str
    at: float
    outcome: str
    why: str
    outbox_id: int | None
    sms_id: int | None
    state: str


class Works(Struct, forbid_unknown_fields=True):
    """works: from now on; false: not any more, and what it has in the outbox does not leave."""

    works: bool


async def list_rules(request: web.Request) -> web.Response:
    """All rules by name."""
    async with services_of(request).db.read() as conn:
        found = await event_rules.every(conn)
    return reply([RuleOut(**{name: getattr(one, name) for name in RuleOut.__struct_fields__}) for one in found])


async def add(request: web.Request) -> web.Response:
    """A new rule, which does not work yet."""
    body = await body_of(request, RuleIn)
    return reply(r.Made(id=await services_of(request).event_rules.save(person_of(request), body.rule())), 201)


async def change(request: web.Request) -> web.Response:
    """All that is said of a rule, on the version that was read."""
    body = await body_of(request, RuleIn)
    await services_of(request).event_rules.save(person_of(request), body.rule(place(request)))
    return reply(r.Ok())


async def remove(request: web.Request) -> web.Response:
    """Stop a rule and forget it."""
    await services_of(request).event_rules.remove(person_of(request), place(request))
    return reply(r.Ok())


async def enable(request: web.Request) -> web.Response:
    """Let a rule work, or stop it at once."""
    body = await body_of(request, Works)
    await services_of(request).event_rules.enable(person_of(request), place(request), works=body.works)
    return reply(r.Ok())


async def dry_run(request: web.Request) -> web.Response:
    """What a rule would do, letter by letter; nothing is done."""
    body = await body_of(request, RuleIn)
    found = await services_of(request).event_rules.dry_run(person_of(request), body.rule())
    found = sight_of(request).see(found)
    showed(request, (one.client_id for one in found), count=len(found), thing="rule")
    plain = [name for name in PlannedOut.__struct_fields__ if not name.startswith("time_zone")]
    return reply(
        [
            PlannedOut(
                **{name: getattr(one, name) for name in plain},
                time_zone=one.clock.zone,
                time_zone_from=one.clock.source,
            )
            for one in found
        ]
    )


async def list_runs(request: web.Request) -> web.Response:
    """What a rule did, the latest first."""
    async with services_of(request).db.read() as conn:
        if await event_rules.get(conn, place(request)) is None:
            raise web.HTTPNotFound(text="There is no such rule.")
        found = await event_rules.runs(conn, place(request))
    showed(request, (one.client_id for one in found), count=len(found), thing="rule")
    return reply([RunOut(**{name: getattr(one, name) for name in RunOut.__struct_fields__}) for one in found])


def _operation(method: str, path: str, handler: Any, text: str, gives: Any, **more: Any) -> Operation:
    more.setdefault("shows", "nothing")
    more.setdefault("status", 201 if gives is r.Made else 200)
    more.setdefault("refusals", (404, 409) if "{id}" in path else (409,))
    return Operation(method=method, path=path, handler=handler, who="rules.write", text=text, gives=gives, **more)


OPERATIONS = (
    _operation("GET", "/event-rules", list_rules, "Rules on events", list[RuleOut]),
    _operation("POST", "/event-rules", add, "A new rule, which does not work yet", r.Made, body=RuleIn),
    _operation("POST", "/event-rules/dry-run", dry_run, "What a rule would do; nothing is done", list[PlannedOut],
               shows="clients", body=RuleIn, refusals=(404, 409)),
    _operation("PUT", "/event-rules/{id}", change, "Save a rule", r.Ok, body=RuleIn),
    _operation("DELETE", "/event-rules/{id}", remove, "Stop a rule and forget it", r.Ok),
    _operation("PUT", "/event-rules/{id}/works", enable, "Let a rule work, or stop it at once", r.Ok, body=Works),
    _operation("GET", "/event-rules/{id}/runs", list_runs, "What a rule did", list[RunOut], shows="clients"),
)  # fmt: skip
