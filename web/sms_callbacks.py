"""SMS gateways call here: receipts, and messages to us. The token in the address is the door, a signature the second.

A call is read only so far as it may be long. What comes of it is told in a status alone: 403 to a stranger, whatever
was wrong; 200 with the word that the service waits for when it is stored.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from aiohttp import web

from cti.errors import ChannelError, StorageError
from cti.messages.http_callbacks import Call
from web.routes import Route
from web.services import services_of

HERE = "/sms/callback/{id}/{token}"
BODY_MOST = 256 * 1024
FIELDS_MOST = 2000
LATER = {"Retry-After": "30"}
STATUS = {"forged": 403, "old": 403, "broken": 400}


async def take(request: web.Request) -> web.Response:
    """A gateway tells something."""
    gateway, token = request.match_info["id"], request.match_info["token"]
    if not (gateway.isascii() and gateway.isdigit() and len(gateway) < 10):
        raise web.HTTPForbidden()
    body = await _body(request)
    try:
        outcome, reply = await services_of(request).gateway_calls.take(int(gateway), token[:200], _call(request, body))
    except (ChannelError, StorageError):  # it is not thanked, and tells again
        raise web.HTTPServiceUnavailable(headers=LATER) from None
    if outcome in STATUS:
        return web.Response(status=STATUS[outcome])
    return web.Response(text=reply)


async def _body(request: web.Request) -> bytes:
    """What was sent; 413 before more of it is read than a call may be long."""
    if (request.content_length or 0) > BODY_MOST:
        raise web.HTTPRequestEntityTooLarge(max_size=BODY_MOST, actual_size=request.content_length or 0)
    body = bytearray()
    async for piece in request.content.iter_chunked(1 << 14):
        body += piece
        if len(body) > BODY_MOST:
            raise web.HTTPRequestEntityTooLarge(max_size=BODY_MOST, actual_size=len(body))
    return bytes(body)


def _call(request: web.Request, body: bytes) -> Call:
    fields = list(request.query.items())
    if request.content_type == "application/x-www-form-urlencoded":
        try:
            text = body.decode()
            fields += parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MOST)
        except ValueError:
            raise web.HTTPBadRequest() from None
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(body=body, fields=tuple(fields), headers=headers)


ROUTES = (
    Route("POST", HERE, take, "key", "nothing"),
    Route("GET", HERE, take, "key", "nothing"),
)
