"""The OpenAPI 3.1 document, out of the same table that makes the routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from web.api.base import Operation

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
REFUSALS = {
    400: "Not understood",
    401: "Sign in first",
    403: "Not allowed",
    404: "No such thing",
    409: "Refused, with the reason",
    412: "Changed meanwhile",
    422: "Not as described",
    429: "Too often",
    503: "The PBX or the database is away",
    504: "The PBX's answer was lost: it may have been done",
}


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    kinds = [kind for one in operations for kind in (one.body, one.gives) if kind is not None]
    unique = list({repr(kind): kind for kind in kinds}.values())
    schemas, components = msgspec.json.schema_components(unique, ref_template="#/components/schemas/{name}")
    by_kind = {repr(kind): schema for kind, schema in zip(unique, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(f"/api/v1{one.path}", {})[one.method.lower()] = _operation(one, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Trubka", "version": version("trubka"), "license": {"name": "GPL-3.0-or-later"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "trubka"},
            },
        },
        "security": [{"token": []}, {"session": []}],
    }


def _operation(one: Operation, by_kind: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": one.text,
        "operationId": f"{one.method.lower()}{re.sub(r'[^a-z]+', '_', one.path)}",
        "parameters": _parameters(one),
        "responses": _responses(one, by_kind),
    }
    if one.body is not None:
        content = {"application/json": {"schema": by_kind[repr(one.body)]}}
        described["requestBody"] = {"required": True, "content": content}
    if one.who == "public":
        described["security"] = []
    return described


def _parameters(one: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", one.path)
    ]
    return found + [{"name": q.name, "in": "query", "description": q.text, "schema": q.schema} for q in one.query]


def _responses(one: Operation, by_kind: dict[str, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": one.text}
    if one.gives is not None:
        good["content"] = {"application/json": {"schema": by_kind[repr(one.gives)]}}
    usual = () if one.who == "public" else (401, 403)
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusals = {str(code): {"description": REFUSALS[code], "content": problem} for code in (*usual, *one.refusals)}
    return {str(one.status): good, **refusals}
