"""The OpenAPI 3.1 document, out of the same table that makes the routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from web.api.base import Operation
from web.auth import COOKIE, SAFE

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "where": {"type": "string"},
    },
}
FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
REFUSALS = {
    400: "Not JSON",
    401: "Sign in first",
    403: "Not allowed",
    404: "No such thing",
    409: "Refused, with the reason",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Not application/json",
    422: "Not as described",
    429: "Too often",
    503: "The PBX or the database is away",
    504: "The PBX's answer was lost: it may have been done",
}


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    kinds = list({repr(kind): kind for one in operations for kind in (one.body, one.query, one.gives) if kind}.values())
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    by_kind = {repr(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    fields = {repr(one): components.pop(one.__name__) for one in {one.query for one in operations} if one}
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        described = _operation(one, by_kind, fields.get(repr(one.query), {}))
        paths.setdefault(f"/api/v1{one.path}", {})[one.method.lower()] = described
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "Trubka",
            "version": version("trubka"),
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "key": {"type": "http", "scheme": "bearer", "description": "A key of a site, for this alone"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
        "security": [{"token": []}, {"session": []}],
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))  # defaults that are tuples are lists there
    return plain


def _operation(one: Operation, by_kind: dict[str, Any], query: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": one.text,
        "operationId": f"{one.method.lower()}{re.sub(r'[^a-z]+', '_', one.path).rstrip('_')}",
        "parameters": [*_parameters(one, query)],
        "responses": _responses(one, by_kind),
    }
    if one.body is not None:
        content = {"application/json": {"schema": by_kind[repr(one.body)]}}
        described["requestBody"] = {"required": True, "content": content}
    if one.takes_file:
        described["requestBody"] = {"required": True, "content": FILE}
    if one.who == "public":
        described["security"] = []
    if one.who == "key":
        described["security"] = [{"key": []}]
    return described


def _parameters(one: Operation, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", one.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for header in one.headers:
        yield {"name": header.name, "in": "header", "description": header.text, "schema": {"type": "string"}}
    for name, schema in query.get("properties", {}).items():
        yield {"name": name, "in": "query", "schema": schema}


def refusals(one: Operation) -> set[int]:
    """Every status an operation may refuse with."""
    found = set(one.refusals) | {429, 503}
    if one.who != "public":
        found.add(401)
    if one.method not in SAFE or one.who not in ("public", "signed-in"):
        found.add(403)
    if one.body is not None:
        found |= {400, 413, 415, 422}
    if one.takes_file:
        found |= {400, 413}
    if one.query is not None:
        found.add(422)
    return found


def _responses(one: Operation, by_kind: dict[str, Any]) -> dict[str, Any]:
    content = FILE if one.gives_file else {"application/json": {"schema": by_kind[repr(one.gives)]}}
    good = {"description": one.text, "content": content}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    bad = {str(code): {"description": REFUSALS[code], "content": problem} for code in sorted(refusals(one))}
    return {str(one.status): good, **bad}
