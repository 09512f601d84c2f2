"""Warnings of trouble: rules, where people are reached, and the journal, from which somebody sees to one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from aiohttp import web

from cti.errors import Conflicts, Refused
from cti.messages.alerts import OF_QUEUES, WATCHED, WAYS, YES_OR_NO, AlertRule
from cti.storage import alerts, mailboxes, queue_figures, users
from cti.storage.alerts import Kept
from web import alert_texts
from web.api.base import place
from web.auth import person_of
from web.i18n import translate
from web.pages.settings import at, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/alerts"
NEW = Kept(
    id=0, name="", rule=AlertRule(watched="longest-wait", on=60, off=30), hook_url="", has_secret=False,
    enabled_at=None, version=0,
)  # fmt: skip


async def show(request: web.Request) -> web.Response:
    """All of it."""
    return await _page(request)


async def save(request: web.Request) -> web.StreamResponse:
    """A new rule (id 0), or all that is said of one."""
    form = await request.post()
    kept = None
    try:
        kept = replace(NEW, id=place(request), **_given(form))
        secret = str(form.get("secret", ""))[:200]
        drop = "no_secret" in form
        await services_of(request).alerts.save(person_of(request), kept, "" if drop else secret or None)
    except (msgspec.ValidationError, ValueError, KeyError):
        return await _page(request, status=409, error=translate(request, alert_texts.REFUSALS["alert-values"]))
    except Conflicts:
        error = translate(request, "Somebody changed this meanwhile: look at the new state and save again.")
        return await _page(request, status=409, error=error)
    except Refused as refused:
        return await _page(request, status=409, error=told(request, refused), typed=kept)
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


def _given(form: Any) -> dict[str, Any]:
    """Raises ValueError, ValidationError."""

    def text(name: str, most: int = 20) -> str:
        return str(form.get(name, ""))[:most].strip()

    def number(name: str) -> float:
        return float(text(name).replace(",", ".") or 0)

    steps = {str(key)[5:15]: str(value)[:2] for key, value in form.items() if str(key).startswith("step-")}
    rule = msgspec.convert(
        {
            "watched": text("watched"), "queues": [str(one)[:80] for one in form.getall("queues", [])][:200],
            "on": number("on"), "off": number("off"), "hold_s": int(number("hold_s")),
            "cool_s": int(number("cool_min") * 60), "ahead_min": int(number("ahead_min")),
            "ways": [str(one)[:8] for one in form.getall("ways", [])][:4],
            "steps": {int(key): int(value) for key, value in steps.items() if value},
            "every_min": int(number("every_min")), "repeats": int(number("repeats")),
            "quiet_from": text("quiet_from", 5), "quiet_to": text("quiet_to", 5),
            "mailbox_id": int(text("mailbox_id")) if text("mailbox_id") else None,
        },
        AlertRule,
    )  # fmt: skip
    return {
        "name": text("name", 120), "rule": rule, "hook_url": text("hook_url", 400),
        "version": int(text("version", 9) or 0),
    }  # fmt: skip


async def act(request: web.Request) -> web.StreamResponse:
    """Switch a rule on or off, try it, or remove it."""
    what, rule_id = str((await request.post()).get("what", "")), place(request)
    person, here = person_of(request), services_of(request).alerts
    try:
        if what == "try":
            await here.try_it(person, rule_id)
        elif what == "remove":
            await here.remove(person, rule_id)
        else:
            await here.enable(person, rule_id, works=what == "on")
    except Refused as refused:
        return await _page(request, status=409, error=told(request, refused))
    raise web.HTTPSeeOther(f"{HERE}?said=saved#journal")


async def keep_contact(request: web.Request) -> web.StreamResponse:
    """Where a colleague is reached."""
    form = await request.post()
    email, phone = str(form.get("email", "")), str(form.get("phone", ""))
    try:
        await services_of(request).alerts.keep_contact(person_of(request), place(request), email, phone)
    except Refused as refused:
        return await _page(request, status=409, error=told(request, refused))
    raise web.HTTPSeeOther(f"{HERE}?said=saved#contacts")


async def _page(request: web.Request, *, status: int = 200, error: str = "", typed: Kept | None = None) -> web.Response:
    """typed: a rule that was refused: it stands as it was written."""
    async with services_of(request).db.read() as conn:
        values: dict[str, Any] = {
            "rules": [*await alerts.rules(conn), NEW],
            "journal": await alerts.journal(conn),
            "contacts": await alerts.contacts(conn),
            "people": [one for one in await users.every(conn) if one.blocked_at is None],
            "boxes": await mailboxes.every(conn),
            "queues": await queue_figures.known_queues(conn),
        }
    values["open"] = typed.id if typed else None
    if typed:
        values["rules"] = [
            replace(typed, has_secret=one.has_secret, enabled_at=one.enabled_at) if one.id == typed.id else one
            for one in values["rules"]
        ]
    shown = page(
        request, "settings/alerts.html", status=status, title=N_("Warnings"), error=error, said=said(request),
        watched=WATCHED, ways=WAYS, words=alert_texts, of_queues=OF_QUEUES, yes_or_no=YES_OR_NO, **values,
    )  # fmt: skip
    return at(request, shown, HERE)


ROUTES = (
    Route("GET", HERE, show, "board.read", "staff"),
    Route("POST", HERE + "/{id}", save, "alerts.write", "staff"),
    Route("POST", HERE + "/{id}/act", act, "alerts.write", "staff"),
    Route("POST", HERE + "/contacts/{id}", keep_contact, "alerts.write", "staff"),
)
