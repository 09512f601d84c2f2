"""Rules on events: which there are, one of them, what it would do, what it did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import msgspec
from aiohttp import web

from cti.clients.filters import Operator
from cti.errors import Conflicts, Refused
from cti.features.event_rules import SHOWN_MOST, Planned
from cti.messages.rules import EVENTS, Event, Given, Rule, WorkingHours
from cti.storage import event_rules, mailboxes, properties, segments, templates, users
from cti.storage.templates import Template
from web.auth import person_of
from web.i18n import translate
from web.pages.client_form import zone_name
from web.pages.settings import at, number
from web.render import page
from web.routes import Route
from web.sending_texts import EVENTS as EVENT_NAMES
from web.sending_texts import PURPOSES, RUN_STATES, SKIPPED
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_, told
from web.working_hours import clock_told

HERE = "/settings/rules"
SAID = {
    "added": N_("The rule is made and does nothing yet: look at what it would do, then switch it on."),
    "saved": N_("Saved."),
    "on": N_("The rule works from now on."),
    "off": N_("The rule is stopped; what it had waiting does not leave."),
    "removed": N_("Deleted. What went stays."),
}
UNITS = {"min": 60, "h": 3600, "d": 86400}


async def show(request: web.Request) -> web.Response:
    """All of them."""
    async with services_of(request).db.read() as conn:
        rows = await event_rules.every(conn)
        boxes = {one.id: one.name for one in await mailboxes.every(conn)}
        written = {one.id: one.name for one in await templates.every(conn, retired=True)}
    values: dict[str, Any] = {"rows": rows, "boxes": boxes, "written": written, "said": _said(request)}
    return page(request, "settings/rules.html", title=N_("Rules"), event_names=EVENT_NAMES, **values)


async def show_new(request: web.Request) -> web.Response:
    """The form of a new one, of an event."""
    event = next((one for one in EVENTS if one == request.query.get("event")), EVENTS[0])
    return await _form(request, _blank(event))


async def add(request: web.Request) -> web.StreamResponse:
    """Make one, or show what it would do."""
    rule = await _rule_of(request)
    if (await request.post()).get("act") == "try":
        return await _tried(request, rule)
    try:
        made = await services_of(request).event_rules.save(person_of(request), rule)
    except Refused as error:
        return await _form(request, rule, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{made}?said=added")


async def show_one(request: web.Request) -> web.Response:
    """One."""
    return await _form(request, await _known(request))


async def change(request: web.Request) -> web.StreamResponse:
    """Save it, or show what it would do."""
    before, rule = await _known(request), await _rule_of(request)
    rule = replace(rule, id=before.id, enabled_at=before.enabled_at)
    if (await request.post()).get("act") == "try":
        return await _tried(request, rule)
    try:
        await services_of(request).event_rules.save(person_of(request), rule)
    except Conflicts:
        error = translate(request, "Somebody changed this meanwhile: look at the new state and save again.")
        return await _form(request, await _known(request), status=409, error=error)
    except Refused as error:
        return await _form(request, rule, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{before.id}?said=saved")


async def _tried(request: web.Request, rule: Rule) -> web.Response:
    """The form with what it would do."""
    try:
        planned = await services_of(request).event_rules.dry_run(person_of(request), rule)
    except Refused as error:
        return await _form(request, rule, status=409, error=told(request, error))
    planned = sight_of(request).see(planned)
    showed(request, (one.client_id for one in planned), count=len(planned), thing="rule")
    return await _form(request, rule, planned=planned)


async def _form(
    request: web.Request,
    rule: Rule,
    *,
    status: int = 200,
    error: str = "",
    planned: list[Planned] | None = None,
) -> web.Response:
    if planned is None:
        showed(request)
    services = services_of(request)
    async with services.db.read() as conn:
        known = await properties.every(conn)
        boxes = await mailboxes.every(conn)
        written = await templates.every(conn, retired=True)
        parts = await segments.every(conn)
        queues = sorted({*await users.queue_names(conn), *rule.given.queues} - {""})
    shown_values: dict[str, Any] = {
        "rule": rule,
        "event_name": EVENT_NAMES[rule.event],
        "boxes": boxes,
        "written": [one for one in written if one.retired_at is None or one.id == rule.template_id],
        "parts": parts,
        "queues": queues,
        "dates": [one for one in known if one.kind == "date"],
        "value": msgspec.json.encode(rule.given.value).decode(),
        "planned": planned,
        "planned_most": SHOWN_MOST,
        "skipped": SKIPPED,
        "purposes": PURPOSES,
        "house_zone": zone_name(request, services.zone.key),
        "clock_told": lambda one: clock_told(request, one.clock, one.at),
        "delay": _delay(rule.delay_s),
        "error": error,
        "said": "" if error or planned is not None else _said(request),
    }
    title = N_("Rule") if rule.id else N_("New rule")
    shown = page(request, "settings/rule.html", status=status, title=title, **shown_values)
    return at(request, shown, f"{HERE}/{rule.id}" if rule.id else f"{HERE}/new?event={rule.event}")


async def works(request: web.Request) -> web.StreamResponse:
    """Switch it on, or stop it."""
    on = (await request.post()).get("works") == "1"
    await services_of(request).event_rules.enable(person_of(request), number(request), works=on)
    raise web.HTTPSeeOther(f"{HERE}/{number(request)}?said={'on' if on else 'off'}")


async def remove(request: web.Request) -> web.StreamResponse:
    """Stop and forget it."""
    await services_of(request).event_rules.remove(person_of(request), number(request))
    raise web.HTTPSeeOther(f"{HERE}?said=removed")


async def show_log(request: web.Request) -> web.Response:
    """What it did."""
    rule = await _known(request)
    async with services_of(request).db.read() as conn:
        rows = await event_rules.runs(conn, rule.id)
    showed(request, (one.client_id for one in rows), count=len(rows), thing="rule")
    values: dict[str, Any] = {"skipped": SKIPPED, "run_states": RUN_STATES}
    return page(request, "settings/rule_log.html", title=N_("What the rule did"), rule=rule, rows=rows, **values)


async def _known(request: web.Request) -> Rule:
    async with services_of(request).db.read() as conn:
        found = await event_rules.get(conn, number(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such page.")
    return found


def _blank(event: Event) -> Rule:
    given = Given(days=30 if event == "contract-ends" else 0, hours=24 if event == "task-due" else 0)
    return Rule(
        id=0, name="", event=event, given=given, channel="email", mailbox_id=None, template_id=None, task="",
        delay_s=900 if event == "missed-call" else 0, hours=WorkingHours(), enabled_at=None, version=0, user_id=None,
    )  # fmt: skip


async def _rule_of(request: web.Request) -> Rule:
    """The form's rule, bounded; the feature says what is wrong with it."""
    form = await request.post()

    def text(name: str, most: int) -> str:
        return str(form.get(name, ""))[:most].strip()

    def whole(name: str, most: int) -> int:
        found = text(name, 9)
        return min(int(found), most) if found.isascii() and found.isdigit() else 0

    op = next((one for one in get_args(Operator) if one == text("op", 20)), None)
    given = Given(
        days=whole("days", 365),
        hours=whole("before", 168),
        purpose=next((one for one in PURPOSES if one == text("purpose", 16)), "service"),
        field=text("field", 40),
        op=op,
        value=_value(text("value", 8000)) if op else None,
        property_id=whole("property", 2**31 - 1) or None,
        queues=[str(one)[:80] for one in form.getall("queues", [])][:50],
        segment_id=whole("segment", 2**31 - 1) or None,
    )
    days = [int(str(one)) for one in form.getall("weekdays", []) if str(one) in "0123456" and len(str(one)) == 1]
    hours = WorkingHours(
        begins=_clock(text("begins", 5), "09:00"), ends=_clock(text("ends", 5), "18:00"), weekdays=days
    )
    template = await _template(request, whole("template", 2**31 - 1))
    return Rule(
        id=0,
        name=text("name", 120),
        event=next((one for one in EVENTS if one == text("event", 20)), EVENTS[0]),
        given=given,
        channel="sms" if template and template.channel == "sms" else "email",
        mailbox_id=whole("mailbox", 2**31 - 1) or None,
        template_id=template.id if template else None,
        task=text("task", 400),
        delay_s=min(whole("delay", 10**6) * UNITS.get(text("unit", 3), 60), 30 * 86400),
        hours=hours if form.get("hours") == "yes" and days else None,
        enabled_at=None,
        version=whole("version", 2**31 - 1),
        user_id=None,
    )


async def _template(request: web.Request, template_id: int) -> Template | None:
    """What it sends says by which channel."""
    async with services_of(request).db.read() as conn:
        return await templates.get(conn, template_id) if template_id else None


def _value(given: str) -> Any:
    """As the form's script writes it, JSON; the feature says whether it fits."""
    try:
        return msgspec.json.decode(given)
    except msgspec.DecodeError:
        return None


def _clock(given: str, usual: str) -> str:
    try:
        return msgspec.convert({"begins": given}, WorkingHours).begins
    except msgspec.ValidationError:
        return usual


def _delay(seconds: int) -> tuple[int, str]:
    """As it is typed: the largest unit that leaves nothing over."""
    unit = next(one for one in ("d", "h", "min") if seconds % UNITS[one] == 0 or one == "min") if seconds else "min"
    return seconds // UNITS[unit], unit


def _said(request: web.Request) -> str:
    return translate(request, SAID.get(request.query.get("said", ""), ""))


ROUTES = (
    Route("GET", HERE, show, "rules.write", "nothing"),
    Route("GET", HERE + "/new", show_new, "rules.write", "nothing"),
    Route("POST", HERE, add, "rules.write", "clients"),
    Route("GET", HERE + "/{id}", show_one, "rules.write", "nothing"),
    Route("POST", HERE + "/{id}", change, "rules.write", "clients"),
    Route("POST", HERE + "/{id}/works", works, "rules.write", "nothing"),
    Route("POST", HERE + "/{id}/delete", remove, "rules.write", "nothing"),
    Route("GET", HERE + "/{id}/log", show_log, "rules.write", "clients"),
)
