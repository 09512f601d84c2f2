"""A campaign as it is written, in steps: whom it reaches, what it says, when and how fast. Each keeps the draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web
from msgspec.structs import replace
from multidict import MultiMapping

from cti.errors import Conflicts, Refused
from cti.messages.campaigns import (
    CHANNELS,
    LABEL_CHARS,
    LINK_CHARS,
    MOST_RATE,
    OUTCOMES,
    CallList,
    Campaign,
    Given,
    after,
)
from cti.messages.consent import PURPOSES
from cti.messages.rules import WorkingHours
from cti.storage import mailboxes, scripts, segments, templates, users
from web.auth import person_of
from web.campaign_texts import CHANNELS as CHANNEL_NAMES
from web.campaign_texts import PURPOSES as PURPOSE_NAMES
from web.i18n import translate
from web.pages.campaigns import HERE, known
from web.pages.client_form import zone_name
from web.pages.settings import at
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

STEPS = (N_("Whom"), N_("What"), N_("When"))
Form = MultiMapping[Any]


async def show_new(request: web.Request) -> web.Response:
    """The first step of a new one."""
    return await _form(request, _blank(), 1)


async def add(request: web.Request) -> web.StreamResponse:
    """Keep it as a draft and go on."""
    one = _first(_blank(), await request.post())
    try:
        made = await services_of(request).campaigns.save(person_of(request), one)
    except Refused as error:
        return await _form(request, one, 1, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{made}/edit?step=2")


async def show(request: web.Request) -> web.Response:
    """A step of one that has not begun; one that has shows how it goes."""
    one = await known(request)
    if after(one.state, "change") is None:
        raise web.HTTPSeeOther(f"{HERE}/{one.id}")
    return await _form(request, one, _step(request))


async def change(request: web.Request) -> web.StreamResponse:
    """Keep a step and go on."""
    before, form, step = await known(request), await request.post(), _step(request)
    zone = services_of(request).zone
    one = (_first, _second, lambda b, f: _third(b, f, zone))[step - 1](before, form)
    one = replace(one, version=_whole(form, "version", 2**31 - 1))
    try:
        await services_of(request).campaigns.save(person_of(request), one)
    except Conflicts:
        error = translate(request, "Somebody changed this meanwhile: look at the new state and save again.")
        return await _form(request, await known(request), step, status=409, error=error)
    except Refused as error:
        return await _form(request, one, step, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{before.id}" + (f"/edit?step={step + 1}" if step < len(STEPS) else ""))


async def _form(request: web.Request, one: Campaign, step: int, *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    async with services.db.read() as conn:
        lists = {
            "parts": await segments.every(conn),
            "boxes": await mailboxes.every(conn),
            "written": await templates.every(conn),
            "questions": await scripts.every(conn),
            "teams": (await users.team_names(conn)).items(),
            "staff": [user for user in await users.every(conn) if user.blocked_at is None],
        }
    values: dict[str, Any] = {
        "one": one,
        "step": step,
        "steps": STEPS,
        "channels": CHANNEL_NAMES,
        "purposes": PURPOSE_NAMES,
        "house_zone": zone_name(request, services.zone.key),
        "most_rate": MOST_RATE,
        "label_chars": LABEL_CHARS,
        "error": error,
        **lists,
    }
    title = N_("Campaign") if one.id else N_("New campaign")
    shown = page(request, "campaign_form.html", status=status, title=title, **values)
    return at(request, shown, f"{HERE}/{one.id}/edit?step={step}" if one.id else f"{HERE}/new")


def _blank() -> Campaign:
    return Campaign(
        id=0, name="", channel="sms", purpose="marketing", state="draft", segment_id=None, given=Given(), version=0
    )  # fmt: skip


def _first(one: Campaign, form: Form) -> Campaign:
    """Whom: name, channel, purpose, segment."""
    channel = next((known for known in CHANNELS if known == form.get("channel")), one.channel)
    purpose = next((known for known in PURPOSES if known == form.get("purpose")), one.purpose)
    return replace(
        one,
        name=str(form.get("name", ""))[:120].strip(),
        channel=channel,
        purpose="calls" if channel == "calls" else "marketing" if purpose == "calls" else purpose,
        segment_id=_id(form, "segment"),
        given=replace(one.given, frozen=form.get("frozen") != "no"),
    )


def _second(one: Campaign, form: Form) -> Campaign:
    """What: templates and mailbox, or how a call list is worked through."""
    if one.channel == "calls":
        return replace(one, given=replace(one.given, calls=_calls(one.given.calls, form)))
    given = replace(
        one.given,
        template_id=_id(form, "template"),
        other_id=_id(form, "other"),
        share=min(_whole(form, "share", 100), 100) if _id(form, "other") else 0,
        sms_id=_id(form, "sms"),
        mailbox_id=_id(form, "mailbox"),
        link=str(form.get("link", "")).strip()[:LINK_CHARS],
    )
    return replace(one, given=given)


def _calls(before: CallList, form: Form) -> CallList:
    redial = {one: max(_whole(form, f"redial-{one}", 10_080), 1) for one in OUTCOMES}
    return replace(
        before,
        label=" ".join(str(form.get("label", "")).split())[:LABEL_CHARS],
        attempts=min(max(_whole(form, "attempts", 10), 1), 10),
        redial=redial,
        script_id=_id(form, "script"),
        teams=_ids(form, "teams", 100),
        people=_ids(form, "people", 500),
        hold_min=min(max(_whole(form, "hold", 240), 1), 240),
    )


def _third(one: Campaign, form: Form, zone: Any) -> Campaign:
    """When: schedule, rate, hours, what counts as called back."""
    days = sorted({int(str(day)) for day in form.getall("weekdays", []) if str(day) in tuple("0123456")})
    clock = {name: str(form.get(name, "")) for name in ("begins", "ends")}
    hours = WorkingHours(**clock, weekdays=days) if days and all(map(_is_clock, clock.values())) else WorkingHours()
    given = replace(
        one.given,
        rate=min(max(_whole(form, "rate", MOST_RATE), 1), MOST_RATE),
        hours=hours if form.get("hours") == "yes" else None,
        back_days=_whole(form, "back_days", 90),
    )
    return replace(one, given=given, begins_at=_moment(str(form.get("begins_at", "")), zone))


def _moment(text: str, zone: Any) -> float | None:
    try:
        return datetime.fromisoformat(text[:16]).replace(tzinfo=zone).timestamp() if text else None
    except ValueError:
        return None


def _is_clock(text: str) -> bool:
    try:
        return len(text) == 5 and datetime.strptime(text, "%H:%M").strftime("%H:%M") == text  # noqa: DTZ007
    except ValueError:
        return False


def _whole(form: Form, name: str, most: int) -> int:
    found = str(form.get(name, ""))[:10].strip()
    return min(int(found), most) if found.isascii() and found.isdigit() else 0


def _id(form: Form, name: str) -> int | None:
    return _whole(form, name, 2**31 - 1) or None


def _ids(form: Form, name: str, most: int) -> list[int]:
    found = [str(one) for one in form.getall(name, [])][:most]
    return [int(one) for one in found if one.isascii() and one.isdigit() and 0 < len(one) < 10 and int(one)]


def _step(request: web.Request) -> int:
    step = request.query.get("step", "1")
    return int(step) if step in ("1", "2", "3") else 1


ROUTES = (
    Route("GET", HERE + "/new", show_new, "campaigns.write", "nothing"),
    Route("POST", HERE, add, "campaigns.write", "nothing"),
    Route("GET", HERE + "/{id}/edit", show, "campaigns.write", "nothing"),
    Route("POST", HERE + "/{id}/edit", change, "campaigns.write", "nothing"),
)
