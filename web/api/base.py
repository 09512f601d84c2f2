"""One operation of the API: its route, what it takes and gives, and its entry in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from web.routes import Route, Who
from web.security import answer

T = TypeVar("T")
LARGEST_BODY = 256 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A query parameter. schema: JSON Schema of it."""

    name: str
    text: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string", "maxLength": 200})


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A route of the API with what it takes (body), gives (gives: a Struct or None) and how it ends (status)."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    who: Who
    text: str
    body: type | None = None
    gives: Any = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    query: tuple[Query, ...] = ()

    @property
    def route(self) -> Route:
        """The route, its errors in the API's form."""
        return Route(self.method, f"/api/v1{self.path}", _told(self.handler), self.who)


class Invalid(Exception):
    """The body or a parameter is not as described: what, and where."""


def _told(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    async def wrapped(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Invalid as error:
            return answer(request, 422, "invalid", str(error))

    return wrapped


async def body_of(request: web.Request, kind: type[T]) -> T:
    """The JSON body as a Struct. Raises Invalid with the field's place."""
    if request.content_type != "application/json":
        raise Invalid("Send the body as application/json.")
    data = await request.read()
    if len(data) > LARGEST_BODY:
        raise web.HTTPRequestEntityTooLarge(max_size=LARGEST_BODY, actual_size=len(data))
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(str(error)) from None


def reply(value: Any, status: int = 200, **headers: str) -> web.Response:
    """A value as JSON."""
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", headers=headers or None
    )


def number(request: web.Request, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number of the query, in its bounds. Raises Invalid."""
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
        raise Invalid(f"{name}: give a whole number from {least} to {most}.")
    return int(text)


def place(request: web.Request, name: str = "id") -> int:
    """A numeric id of the path; 404 for anything else."""
    text = request.match_info[name]
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise web.HTTPNotFound(text="There is no such thing here.")
    return int(text)
