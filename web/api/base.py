"""One operation of the API: its route, what it takes and gives, and so its entry in the OpenAPI document.

What comes in is read by msgspec into the Struct that the document shows: the bounds in the document are the bounds
that hold. A fault says what is wrong and where (`body.phones[0].typed`, `query.limit`), as RFC 9457 problem+json.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from web.routes import Route, Shows, Who

T = TypeVar("T")
LARGEST_BODY = 256 * 1024
LONGEST_ID = 80  # of a call
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """A request header that an operation reads."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A route of the API. body, query: Structs it takes; gives: what a good answer holds; refusals: its own ones.

    takes_file: the body is the file itself; gives_file: the answer is one.
    """

    method: str
    path: str
    handler: Handler
    who: Who
    shows: Shows
    text: str
    gives: Any
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    headers: tuple[Header, ...] = ()
    status: int = 200
    refusals: tuple[int, ...] = ()
    takes_file: bool = False
    gives_file: bool = False

    @property
    def route(self) -> Route:
        """The route, its errors in the API's form."""
        return Route(self.method, f"/api/v1{self.path}", _told(self.handler), self.who, self.shows)


class Invalid(Exception):
    """Something is not as described: where (`body.name`), and what about it. status: 400 for what is no JSON."""

    def __init__(self, where: str, what: str, status: int = 422) -> None:
        super().__init__(f"{where}: {what}")
        self.where, self.what, self.status = where, what, status


def _told(handler: Handler) -> Handler:
    async def wrapped(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Invalid as error:
            return _problem(error)

    return wrapped


def _problem(error: Invalid) -> web.Response:
    body = {
        "type": "/problems/invalid",
        "title": "Not as described",
        "status": error.status,
        "detail": str(error),
        "where": error.where,
    }
    return web.Response(
        body=msgspec.json.encode(body), status=error.status, headers={"Content-Type": "application/problem+json"}
    )


async def body_of(request: web.Request, kind: type[T], *, most: int = LARGEST_BODY) -> T:
    """The JSON body as a Struct, of `most` bytes. Raises Invalid with the field's place."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send the body as application/json.")
    if (request.content_length or 0) > most:
        raise _too_large(most, request.content_length or 0)
    data = await request.clone(client_max_size=most).read()
    if len(data) > most:
        raise _too_large(most, len(data))
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid("body", error) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid("body", f"This is not JSON: {error}", status=400) from None


def _too_large(most: int, size: int) -> web.HTTPRequestEntityTooLarge:
    return web.HTTPRequestEntityTooLarge(max_size=most, actual_size=size, text="This is too large.")


def query_of(request: web.Request, kind: type[T]) -> T:
    """The query's parameters as a Struct. Raises Invalid; also for an unknown or repeated one."""
    given = dict(request.query)
    if len(given) != len(request.query):
        raise Invalid("query", "Give each parameter once.")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid("query", error) from None


def _invalid(part: str, error: msgspec.ValidationError) -> Invalid:
    what, _, place_of = str(error).partition(" - at `$")
    return Invalid(part + place_of.removesuffix("`"), what)


def reply(value: Any, status: int = 200, **headers: str) -> web.Response:
    """A value as JSON."""
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", headers=headers or None
    )


def place(request: web.Request, name: str = "id") -> int:
    """A numeric id of the path; 404 for anything else."""
    text = request.match_info[name]
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise web.HTTPNotFound(text="There is no such thing here.")
    return int(text)


def call_of(request: web.Request) -> str:
    """The id of a call, or of another thing that has no number, in the path: no longer than any is, and storable."""
    return request.match_info["id"][:LONGEST_ID].replace("\x00", "")
