"""SMS gateways: which there are and how they stand, one of them, a trial; which numbers each serves."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from cti.clients.contracts import show_amount
from cti.errors import Refused
from cti.features.gateway_settings import CURRENCIES, GatewayDraft
from cti.messages.consent import PURPOSES
from cti.messages.gateways_ready import GENERIC, READY
from cti.messages.routes import Route as SmsRoute
from cti.storage import gateways
from cti.storage.gateways import Gateway
from web import gateway_texts
from web.auth import own_origin, person_of
from web.i18n import language_of, say, translate
from web.pages.settings import at, number
from web.render import page
from web.routes import Route
from web.sending_texts import PURPOSES as PURPOSE_NAMES
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/sms"
SAID = {
    "added": N_("The gateway is added: SMS go by it now. Send a test message."),
    "saved": N_("Saved."),
    "paused": N_("Paused: nothing is sent by it until you resume it."),
    "resumed": N_("It sends again."),
    "removed": N_("Removed."),
    "back": N_("It is there again."),
    "routes": N_("Saved: SMS go so from now on."),
}
TRIAL = N_("Test message of the call centre. You need not answer it.")
PRICE_DIGITS = 9


async def show(request: web.Request) -> web.Response:
    """All gateways, and which numbers each serves."""
    return await _list(request)


async def _list(
    request: web.Request, *, status: int = 200, error: str = "", typed: list[dict[str, str]] | None = None
) -> web.Response:
    services = services_of(request)
    now = datetime.fromtimestamp(services.clock(), ZoneInfo(services.settings.numbers.time_zone))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    async with services.db.read() as conn:
        every = await gateways.every(conn, removed=True)
        routes = await gateways.routes(conn)
        today = await gateways.sent_since(conn, midnight)
    known = {one.id for one in every if one.removed_at is None}
    point = "." if language_of(request) == "en" else ","
    values: dict[str, Any] = {
        "rows": [one for one in every if one.removed_at is None],
        "gone": [one for one in every if one.removed_at is not None],
        "typed": typed or [_typed(one, point) for one in routes if one.gateway_id in known],
        "today": today,
        "state": lambda row: _state(request, row),
        "trouble": lambda row: gateway_texts.trouble(language_of(request), row.trouble),
        "kinds": gateway_texts.KINDS,
        "ready_name": _ready_name,
        "services": READY,
        "error": error,
        "said": "" if error else _said(request),
        "home": HERE,
    }
    return at(request, page(request, "settings/sms.html", status=status, title=N_("SMS gateways"), **values), HERE)


async def set_routes(request: web.Request) -> web.StreamResponse:
    """Which numbers each serves, all at once."""
    form = await request.post()
    names = ("prefix", "gateway", "position", "share", "price")
    columns = [[str(one)[:16].strip() for one in form.getall(name, [])][:200] for name in names]
    typed = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=False)]
    try:
        routes = [_route(one) for one in typed if one["gateway"]]
        await services_of(request).gateway_settings.set_routes(person_of(request), routes)
    except Refused as error:
        return await _list(request, status=409, error=told(request, error), typed=typed)
    raise web.HTTPSeeOther(f"{HERE}?said=routes")


async def show_new(request: web.Request) -> web.Response:
    """The form of a new one; its kind in the address: smpp, modem, http, or a ready service."""
    kind, ready = _kind(request.query.get("kind", "")[:20])
    given: dict[str, Any] = {"ready": ready} if ready else {}
    if kind == "http" and not ready:
        given = {"description": msgspec.to_builtins(GENERIC)}
    name = READY[ready].name if ready else ""
    return await _form(request, GatewayDraft(kind=kind, name=name, given=given))


async def add(request: web.Request) -> web.StreamResponse:
    """Add one and go to its page."""
    draft = await _draft(request)
    try:
        made = await services_of(request).gateway_settings.add(person_of(request), draft)
    except Refused as error:
        return await _form(request, draft, status=409, error=_told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{made}?said=added")


async def show_one(request: web.Request) -> web.Response:
    """One, as it is set."""
    row = await _known(request)
    return await _form(request, await _as_draft(request, row), row=row)


async def change(request: web.Request) -> web.StreamResponse:
    """Set it anew."""
    row = await _known(request)
    draft = await _draft(request)
    given = str((await request.post()).get("version", ""))
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    try:
        await services_of(request).gateway_settings.change(person_of(request), row.id, draft, version)
    except Refused as error:
        return await _form(request, draft, row=row, status=409, error=_told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{row.id}?said=saved")


async def _form(
    request: web.Request,
    draft: GatewayDraft,
    *,
    row: Gateway | None = None,
    status: int = 200,
    error: str = "",
    tried: str = "",
    well: bool = False,
) -> web.Response:
    ready, services = str(draft.given.get("ready", "")), services_of(request)
    address = ""
    if row is not None and row.kind == "http":
        async with services.db.read() as conn:
            secrets = services.gateways.opened(await gateways.secret_of(conn, row.id))
        calls = ready not in READY or READY[ready].description.callback is not None
        if calls and secrets.callback_token:
            address = f"{own_origin(request)}/sms/callback/{row.id}/{secrets.callback_token}"
    values: dict[str, Any] = {
        "draft": draft,
        "row": row,
        "ready": READY.get(ready),
        "ready_code": ready,
        "needs": READY[ready].needs if ready in READY else ("login", "password"),
        "login_label": gateway_texts.LOGINS.get(ready, gateway_texts.LOGINS[""]),
        "password_label": gateway_texts.PASSWORDS.get(ready, gateway_texts.PASSWORDS[""]),
        "description": _as_text(draft.given.get("description")),
        "purposes": [(one, PURPOSE_NAMES[one]) for one in PURPOSES],
        "currencies": [(one, one) for one in CURRENCIES],
        "pbxes": list(services.settings.pbx),
        "pbxes_named": [(one, one) for one in services.settings.pbx],
        "address": address,
        "insecure": address.startswith("http://"),
        "state": _state(request, row) if row else None,
        "trouble": gateway_texts.trouble(language_of(request), row.trouble) if row else "",
        "kinds": gateway_texts.KINDS,
        "error": error,
        "tried": tried,
        "well": well,
        "said": "" if error or tried else _said(request),
        "home": HERE,
    }
    title = N_("SMS gateway") if row else N_("New SMS gateway")
    shown = page(request, "settings/sms_gateway.html", status=status, title=title, **values)
    return at(request, shown, f"{HERE}/{row.id}" if row else f"{HERE}/new?kind={ready or draft.kind}")


async def try_out(request: web.Request) -> web.StreamResponse:
    """Send one SMS by it, and say what the gateway answered."""
    row = await _known(request)
    to, draft = str((await request.post()).get("number", ""))[:40], await _as_draft(request, row)
    words = translate(request, TRIAL)
    try:
        tried = await services_of(request).gateway_settings.try_out(person_of(request), row.id, to, words)
    except Refused as error:
        return await _form(request, draft, row=row, status=409, error=told(request, error))
    row = await _known(request)
    if tried.trouble:
        bad = gateway_texts.trouble(language_of(request), tried.trouble)
        return await _form(request, draft, row=row, tried=bad)
    sentence = N_("The gateway did not answer: it is not known whether the message went.")
    if not tried.unknown:
        sentence = N_("The gateway has taken the message. Look at the phone.")
    return await _form(request, draft, row=row, tried=translate(request, sentence), well=not tried.unknown)


async def pause(request: web.Request) -> web.StreamResponse:
    """Send nothing by it."""
    await services_of(request).gateway_settings.pause(person_of(request), number(request), paused=True)
    raise web.HTTPSeeOther(f"{HERE}?said=paused")


async def resume(request: web.Request) -> web.StreamResponse:
    """Go on."""
    await services_of(request).gateway_settings.pause(person_of(request), number(request), paused=False)
    raise web.HTTPSeeOther(f"{HERE}?said=resumed")


async def remove(request: web.Request) -> web.StreamResponse:
    """Forget it; for a day it can be taken back."""
    await services_of(request).gateway_settings.remove(person_of(request), number(request))
    raise web.HTTPSeeOther(f"{HERE}?said=removed")


async def take_back(request: web.Request) -> web.StreamResponse:
    """A removed one is there again."""
    await services_of(request).gateway_settings.take_back(person_of(request), number(request))
    raise web.HTTPSeeOther(f"{HERE}?said=back")


# Reading and writing --------------------------------------------------------------------------------------------------
def cents(typed: str) -> int:
    """A typed price; -1 for none that can be read."""
    try:
        found = Decimal(typed.replace(",", ".").replace("\u00a0", "").replace(" ", "")[:PRICE_DIGITS] or "0") * 100
        return int(found.to_integral_value())
    except (InvalidOperation, ValueError, OverflowError):
        return -1


def _whole(typed: str, usual: int = -1) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 8 else usual


def _route(typed: dict[str, str]) -> SmsRoute:
    return SmsRoute(
        prefix=typed["prefix"].replace(" ", ""),
        gateway_id=_whole(typed["gateway"], 0),
        position=_whole(typed["position"]),
        share=_whole(typed["share"]),
        price=cents(typed["price"]) if typed["price"] else None,
    )


def _typed(one: SmsRoute, point: str) -> dict[str, str]:
    return {
        "prefix": one.prefix,
        "gateway": str(one.gateway_id),
        "position": str(one.position),
        "share": str(one.share),
        "price": show_amount(one.price, point),
    }


def _kind(asked: str) -> tuple[str, str]:
    if asked in READY:
        return "http", asked
    return (asked, "") if asked in gateway_texts.KINDS else ("http", "")


def _ready_name(row: Gateway) -> str:
    ready = msgspec.json.decode(row.given).get("ready", "") if row.kind == "http" else ""
    return READY[ready].name if ready in READY else ""


def _state(request: web.Request, row: Gateway) -> tuple[str, str]:
    line = services_of(request).gateways.line(row.id)
    code = "paused" if row.paused_at is not None else line.health if line is not None else "down"
    return gateway_texts.STATES[code]


async def _known(request: web.Request) -> Gateway:
    async with services_of(request).db.read() as conn:
        row = await gateways.get(conn, number(request)) if number(request) < 2**31 else None
    if row is None or row.removed_at is not None:
        raise web.HTTPNotFound(text="There is no such page.")
    return row


async def _as_draft(request: web.Request, row: Gateway) -> GatewayDraft:
    async with services_of(request).db.read() as conn:
        senders = await gateways.senders(conn)
    return GatewayDraft(
        kind=row.kind,
        name=row.name,
        given=msgspec.json.decode(row.given),
        sender=row.sender,
        senders={purpose: name for (gateway, purpose), name in senders.items() if gateway == row.id},
        rate=row.rate,
        price=row.price,
        currency=row.currency,
    )


async def _draft(request: web.Request) -> GatewayDraft:
    """The form's fields, bounded; the feature says what is wrong with them."""
    form = await request.post()

    def text(name: str, most: int = 253) -> str:
        return str(form.get(name, ""))[:most].strip()

    kind, ready = _kind(text("kind", 20))
    given: dict[str, Any] = {}
    if ready:
        given = {"ready": ready}
    elif kind == "http":
        given = {"description": text("description", 40_000)}
    elif kind == "smpp":
        given = {name: text(name) for name in ("host", "system_id", "system_type", "bind", "long")}
        given |= {name: _whole(text(name)) for name in ("port", "binds", "window", "enquire_s")}
        given["tls"] = text("tls") == "yes"
    else:
        given = {name: text(name, 40) for name in ("pbx", "driver", "device")}
    return GatewayDraft(
        kind=kind,
        name=text("name", 80),
        given=given,
        sender=text("sender", 20),
        senders={one: text(f"sender-{one}", 20) for one in PURPOSES},
        rate=_whole(text("rate")),
        price=cents(text("price")),
        currency=text("currency", 3) or "RUB",
        login=str(form.get("login", ""))[:1025].strip(),
        password=str(form.get("password", ""))[:1025],
        callback_secret=str(form.get("callback_secret", ""))[:1025],
    )


def _as_text(description: Any) -> str:
    """As it is typed and read."""
    return (
        description if isinstance(description, str) else msgspec.json.format(msgspec.json.encode(description)).decode()
    )


def _told(request: web.Request, error: Refused) -> str:
    if error.code == "bad-given":
        return say(language_of(request), gateway_texts.BAD_GIVEN, what=str(error))
    return told(request, error)


def _said(request: web.Request) -> str:
    return translate(request, SAID.get(request.query.get("said", ""), ""))


ROUTES = (
    Route("GET", HERE, show, "settings.manage", "nothing"),
    Route("POST", HERE, add, "settings.manage", "nothing"),
    Route("POST", HERE + "/routes", set_routes, "settings.manage", "nothing"),
    Route("GET", HERE + "/new", show_new, "settings.manage", "nothing"),
    Route("GET", HERE + "/{id}", show_one, "settings.manage", "nothing"),
    Route("POST", HERE + "/{id}", change, "settings.manage", "nothing"),
    Route("POST", HERE + "/{id}/try", try_out, "settings.manage", "nothing"),
    Route("POST", HERE + "/{id}/pause", pause, "settings.manage", "nothing"),
    Route("POST", HERE + "/{id}/resume", resume, "settings.manage", "nothing"),
    Route("POST", HERE + "/{id}/remove", remove, "settings.manage", "nothing"),
    Route("POST", HERE + "/{id}/back", take_back, "settings.manage", "nothing"),
)
