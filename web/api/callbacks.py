"""/api/v1/callbacks: a call-back is ordered on the company's site, by the site's own key.

The key opens this door alone. Orders come from the site's server; straight from its pages only where the key names
them (CORS), for then everybody can read the key: the limits by the minute and the number are what guards it.
"""

from __future__ import annotations

import re
import secrets
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from cti.clients.callbacks import COMMENT_CHARS, NAME_CHARS, PAGE_CHARS, Key, Order
from cti.errors import Refused
from web.api import records as r
from web.api.base import Header, Invalid, Operation, body_of, reply
from web.auth import OTHER_SITE, check_origin, own_origin
from web.services import services_of
from web.texts import told

KEY = "Idempotency-Key"
MARK = r"^[!-~]{0,64}$"
WAIT_S = {"too-often": "60", "number-too-often": "3600"}


class OrderIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """request_id (or the header Idempotency-Key): made by the sender; repeated, it is the same order.

    when: the wished time; none for as soon as possible. page: where it was ordered.
    """

    phone: Annotated[str, Meta(min_length=3, max_length=80)]
    request_id: Annotated[str, Meta(pattern=MARK)] = ""
    name: Annotated[str, Meta(max_length=NAME_CHARS)] = ""
    comment: Annotated[str, Meta(max_length=COMMENT_CHARS)] = ""
    when: r.Moment | None = None
    page: Annotated[str, Meta(max_length=PAGE_CHARS)] = ""


async def order(request: web.Request) -> web.Response:
    """A call-back is ordered."""
    key, body = await _key_of(request), await _body_of(request)
    mark = body.request_id or request.headers.get(KEY) or secrets.token_hex(16)
    if not re.fullmatch(MARK, mark):
        raise Invalid(f"header.{KEY}", "Give up to 64 Latin letters, digits and signs.", 400)
    wanted = Order(
        client_key=mark,
        number=body.phone,
        name=body.name,
        comment=body.comment,
        page=body.page,
        wished_at=body.when,
    )
    try:
        made, new = await services_of(request).callbacks.order(key, wanted)
    except Refused as error:
        if error.code not in WAIT_S:
            raise
        raise web.HTTPTooManyRequests(text=told(request, error), headers={"Retry-After": WAIT_S[error.code]}) from None
    return reply(r.Made(id=made), 201 if new else 200)


async def preflight(request: web.Request) -> web.Response:
    """A browser asks whether a page of another site may send an order."""
    origin = request.headers.get("Origin", "")
    if await services_of(request).callbacks.allows(origin):
        request[OTHER_SITE] = origin
    allowed = {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": f"Authorization, Content-Type, {KEY}",
        "Access-Control-Max-Age": "600",
    }
    response = reply(r.Ok())
    if OTHER_SITE in request:
        response.headers.update(allowed)
    return response


async def _key_of(request: web.Request) -> Key:
    """The site's key. Its pages may send orders where the key names them."""
    callbacks, origin = services_of(request).callbacks, request.headers.get("Origin")
    if origin is not None and origin != own_origin(request) and await callbacks.allows(origin):
        request[OTHER_SITE] = origin
    else:
        check_origin(request)
    header = request.headers.get("Authorization", "")
    key = await callbacks.key(header.removeprefix("Bearer ").strip()[:200]) if header.startswith("Bearer ") else None
    if key is None:
        raise web.HTTPUnauthorized(text="Send the site's key: Authorization: Bearer KEY.")
    if OTHER_SITE in request and origin not in key.origins:
        del request[OTHER_SITE]
        raise web.HTTPForbidden(text="This key is not for this site.")
    return key


async def _body_of(request: web.Request) -> OrderIn:
    try:
        return await body_of(request, OrderIn)
    except Invalid as error:
        raise Invalid(error.where, error.what, 400) from None


OPERATIONS = (
    Operation(
        method="POST",
        path="/callbacks",
        handler=order,
        who="key",
        shows="nothing",
        text="Order a call-back, by a site's key",
        body=OrderIn,
        headers=(Header(name=KEY, text="As request_id"),),
        gives=r.Made,
        status=201,
    ),
    Operation(
        method="OPTIONS",
        path="/callbacks",
        handler=preflight,
        who="public",
        shows="nothing",
        text="A browser asks whether a page may order one",
        gives=r.Ok,
    ),
)
