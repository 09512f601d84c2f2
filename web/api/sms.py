"""/api/v1: SMS: those that came and went, writing one, and what a person decides on."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.features.texting import Text
from cti.messages.sms import TEXT_CHARS, latin
from cti.storage import sms_reading
from cti.storage.sms_reading import TextRow
from web.api import records as r
from web.api.base import Header, Invalid, Operation, body_of, place, query_of, reply
from web.auth import person_of
from web.services import services_of
from web.shown import showed

KEY = "Idempotency-Key"
Said = Annotated[str, Meta(max_length=TEXT_CHARS)]
Number = Annotated[str, Meta(max_length=600, pattern=r"^[^\x00-\x1f\x7f]*$")]
Purpose = Literal["service", "marketing", "survey"]


class SmsQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """view: of those that came: unread, mine (I answer), in (all); of ours: out, decide (did not arrive, not known).

    before: the lowest id of the page before.
    """

    view: Literal["unread", "mine", "in", "out", "decide"] = "in"
    client_id: r.Id | None = None
    before: r.Id | None = None
    limit: r.Limit = 100


class SmsIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """key (or the header Idempotency-Key): made by the sender; repeated, it is the same message. number: as typed, or
    as it was given out. send_at: not before then; null: ten seconds from now, until which it can be taken back.

    call_id: the missed call that it answers. purpose: what consent it needs.
    """

    number: Annotated[str, Meta(min_length=1, max_length=600, pattern=r"^[^\x00-\x1f\x7f]+$")]
    text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS)]
    key: r.RequestId | None = None
    client_id: r.Id | None = None
    contact_id: r.Id | None = None
    template_id: r.Id | None = None
    call_id: Annotated[str, Meta(max_length=80)] = ""
    send_at: r.Moment | None = None
    purpose: Purpose = "service"


class MeasureIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """number: may be empty, or none yet: the price is that to any then."""

    text: Said
    number: Number = ""


class Measured(Struct, kw_only=True):
    """signs: as the alphabet counts them; left: until one part more. part_price: hundredths, null: no gateway.

    latin: the text in Latin letters.
    """

    alphabet: str
    signs: int
    parts: int
    left: int
    part_price: int | None
    currency: str
    latin: str


class FillIn(Struct, forbid_unknown_fields=True, kw_only=True):
    template_id: r.Id
    client_id: r.Id | None = None
    contact_id: r.Id | None = None


class FilledOut(Struct):
    """missing: fields without a value, which stand in the text as they are."""

    text: str
    missing: list[str]


class SmsOut(Struct, kw_only=True):
    """state: queued, sending, accepted, sent, delivered, undeliverable, expired, rejected, unknown, canceled; received.

    price: all of it, hundredths. why: code of why it waits or did not arrive; said: the gateway's words. user: who
    wrote it, or answers it. decide: a person says what becomes of it.
    """

    id: int
    direction: str
    state: str
    number: str
    text: str
    purpose: str
    parts: int
    price: int
    currency: str
    client_id: int | None
    client_name: str
    user: str
    rule_id: int | None
    campaign_id: int | None
    send_at: float | None
    why: str
    said: str
    read_at: float | None
    done_at: float | None
    created_at: float
    decide: bool


_SAME = tuple(name for name in SmsOut.__struct_fields__ if name != "decide")


def sms_out(one: TextRow) -> SmsOut:
    return SmsOut(**{name: getattr(one, name) for name in _SAME}, decide=one.must_be_decided)


async def list_sms(request: web.Request) -> web.Response:
    """A page of one view, the latest first."""
    query = query_of(request, SmsQuery)
    async with services_of(request).db.read() as conn:
        found = await sms_reading.listed(
            conn, query.view, person_of(request).id, client_id=query.client_id, before=query.before or 0,
            limit=query.limit,
        )  # fmt: skip
    showed(request, (one.client_id for one in found), count=len(found), thing="sms")
    return reply([sms_out(one) for one in found])


async def show(request: web.Request) -> web.Response:
    """One message."""
    async with services_of(request).db.read() as conn:
        found = await sms_reading.one(conn, place(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such message.")
    showed(request, [found.client_id], count=1, thing="" if found.client_id else "sms")
    return reply(sms_out(found))


async def send(request: web.Request) -> web.Response:
    """Give a message to the queue."""
    body = await body_of(request, SmsIn)
    key = body.key or request.headers.get(KEY) or secrets.token_hex(16)
    if not re.fullmatch(r"[A-Za-z0-9_-]{8,64}", key):
        raise Invalid(f"header.{KEY}", "Give 8 to 64 letters, digits, _ or -.")
    values = {name: getattr(body, name) for name in SmsIn.__struct_fields__ if name != "key"}
    return reply(r.Made(id=await services_of(request).texting.send(person_of(request), Text(key=key, **values))), 201)


async def undo(request: web.Request) -> web.Response:
    """Take back one's own message that has not left."""
    await services_of(request).texting.undo(person_of(request), place(request))
    return reply(r.Ok())


async def again(request: web.Request) -> web.Response:
    """Send once more what did not arrive, or nobody knows of."""
    await services_of(request).texting.again(person_of(request), place(request))
    return reply(r.Ok())


async def put_aside(request: web.Request) -> web.Response:
    """Neither send it again nor answer it."""
    await services_of(request).texting.put_aside(person_of(request), place(request))
    return reply(r.Ok())


async def read(request: web.Request) -> web.Response:
    """One that came was read."""
    await services_of(request).texting.read(person_of(request), place(request))
    return reply(r.Ok())


async def measure(request: web.Request) -> web.Response:
    """How large a text is, what it costs, and how it reads in Latin letters."""
    body = await body_of(request, MeasureIn)
    cost = services_of(request).texting.cost(body.number, body.text)
    size = cost.size
    return reply(
        Measured(
            alphabet=size.alphabet, signs=size.signs, parts=size.parts, left=size.left, part_price=cost.part_price,
            currency=cost.currency, latin=latin(body.text),
        )
    )  # fmt: skip


async def fill(request: web.Request) -> web.Response:
    """A template's text for a client."""
    body = await body_of(request, FillIn)
    texting = services_of(request).texting
    filled = await texting.filled(person_of(request), body.template_id, body.client_id, body.contact_id)
    showed(request, [body.client_id], count=1)
    return reply(FilledOut(text=filled.text, missing=list(filled.missing)))


def _operation(method: str, path: str, handler: Any, text: str, gives: Any, **more: Any) -> Operation:
    more.setdefault("shows", "nothing")
    more.setdefault("refusals", (404, 409) if "{id}" in path else ())
    return Operation(method=method, path=path, handler=handler, who="sms", text=text, gives=gives, **more)


OPERATIONS = (
    _operation("GET", "/sms", list_sms, "SMS of one view, the latest first", list[SmsOut], shows="clients",
               query=SmsQuery),
    _operation("POST", "/sms", send, "Send an SMS: in ten seconds, or later", r.Made, body=SmsIn, status=201,
               refusals=(409,), headers=(Header(name=KEY, text="In place of key"),)),
    _operation("POST", "/sms/measure", measure, "How large a text is and what it costs", Measured, body=MeasureIn),
    _operation("POST", "/sms/filled", fill, "The text of a template for a client", FilledOut, body=FillIn,
               shows="client", refusals=(409,)),
    _operation("GET", "/sms/{id}", show, "One SMS", SmsOut, shows="client"),
    _operation("POST", "/sms/{id}/undo", undo, "Take back one's own that has not left", r.Ok),
    _operation("POST", "/sms/{id}/again", again, "Send once more what did not arrive", r.Ok),
    _operation("POST", "/sms/{id}/aside", put_aside, "Neither send it again nor answer it", r.Ok),
    _operation("POST", "/sms/{id}/read", read, "One that came was read", r.Ok),
)  # fmt: skip
