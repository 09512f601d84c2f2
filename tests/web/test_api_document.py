"""The OpenAPI document: valid, complete, and true of what the server does."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pydantic import SecretStr
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from cti.access import Person
from cti.reports.quality import Criterion
from cti.settings import PbxSettings
from cti.storage import reviews, score_forms
from cti.storage.recording_tables import recordings
from cti.storage.sms_tables import sms
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, Browser, Panel, panel
from tests.web.test_outbox import bring
from tests.web.test_past import a_look
from web.api.openapi import document, refusals
from web.api.people import OPERATIONS
from web.app import ROUTES

DOCUMENT = document(OPERATIONS)
WHOLE = Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
KNOWN = Registry().with_resource("urn:doc", WHOLE).crawl()
METHODS = {"get", "post", "put", "patch", "delete", "options"}
EACH = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item if method in METHODS]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    away = PbxSettings(port=1, secret=SecretStr("x"), recordings=tmp_path)
    (tmp_path / "c1.wav").write_bytes(b"RIFF")
    async with panel(tmp_path, sections={"pbx": {"c1": away}}) as running:
        yield running


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Of a schema that refers to the document's components."""
    rooted = {"$ref": f"urn:doc{schema['$ref']}"} if "$ref" in schema else _rooted(schema)
    return Draft202012Validator(rooted, registry=KNOWN)


def _rooted(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {k: f"urn:doc{v}" if k == "$ref" else _rooted(v) for k, v in schema.items()}
    return [_rooted(one) for one in schema] if isinstance(schema, list) else schema


def test_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    validate(DOCUMENT)


def test_every_route_of_the_api_is_in_the_document_and_the_other_way() -> None:
    routed = {(route.path, route.method.lower()) for route in ROUTES if route.path.startswith("/api/")}
    assert routed == set(EACH)


def _taken(one: dict[str, Any]) -> dict[str, Any]:
    """What an operation takes as its body, by media type."""
    content: dict[str, Any] = one.get("requestBody", {}).get("content", {})
    return content


def test_operation_ids_are_unique_and_bounds_are_in_every_text() -> None:
    ids = [DOCUMENT["paths"][path][method]["operationId"] for path, method in EACH]
    assert len(ids) == len(set(ids))
    taken = {
        one["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        for path, method in EACH
        if "application/json" in _taken(one := DOCUMENT["paths"][path][method])
    } | {"PhoneIn"}
    for name in taken:
        for field, schema in DOCUMENT["components"]["schemas"][name]["properties"].items():
            for one in [schema, *schema.get("anyOf", [])]:
                if one.get("type") == "string" and "enum" not in one:
                    assert "maxLength" in one or "{" in one.get("pattern", ""), f"{name}.{field} has no end"
                if one.get("type") == "array":
                    assert "maxItems" in one, f"{name}.{field} has no end"
                if one.get("type") == "integer":
                    assert "maximum" in one, f"{name}.{field} has no end"


VALUES: list[Any] = [
    None, True, 0, -1, 1, 2**31, 2**63, 2**80, 1e308, "", " ", "x", "\x00", "\ud7ff", "'; DROP TABLE users; --",
    "${jndi:ldap://x}", "<img src=x onerror=alert(1)>", "../../etc/passwd", "x" * 30_000, [], [[]], {}, {"a": {}},
    ["x"] * 60, "+79355550101",
]  # fmt: skip


async def a_review(desk: Panel, *, given: bool) -> None:
    """A score of a call by Pavel, with every criterion answered."""
    quality, pavel = desk.services.quality, Person(id=5, login="pavel", name="Pavel", role="admin")
    form = await quality.add_form(pavel, "x", None, [Criterion(id=0, text="x")])
    async with desk.services.db.write() as conn:
        known = await score_forms.get(conn, form)
        version = known.version_id if known else 0
        said = {1: 1}
        await reviews.put(conn, "c1", 0, 5, version_id=version, agent_id=1, answers=said, comments=[], now=1.0)
    if given:
        await quality.give(pavel, "c1")


def bodies(schema: dict[str, Any]) -> list[Any]:
    """The described body with one field after the other made odd, and bodies that are no object."""
    real = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    good: dict[str, Any] = {name: "x" for name in real.get("required", [])}
    odd = [good | {name: value} for name in real["properties"] for value in VALUES]
    return [*odd, *({name: value} for name, value in itertools.product(real["properties"], VALUES[:4])), *VALUES]


@pytest.mark.parametrize(("path", "method"), EACH)
async def test_every_answer_is_a_described_one(desk: Panel, path: str, method: str) -> None:
    """Odd input of all kinds: no answer but those of the document, each in its described form."""
    one = DOCUMENT["paths"][path][method]
    seen: set[str] = set()
    async with Browser(desk, "pavel") as pavel:
        await pavel.ask("POST", "/clients", {"name": "x", "phones": [{"typed": "+79355550101"}]})
        some = {"conditions": [{"field": "name", "op": "filled"}]}
        await pavel.ask("POST", "/segments", {"name": "x", "expression": some})
        await pavel.ask("POST", "/campaigns", {"name": "x", "channel": "sms"})
        await desk.journal("c1", user_id=5)
        if path.startswith("/api/v1/recordings"):
            await a_recording(desk)
        if path.startswith("/api/v1/past"):
            await a_look(desk, 5, "running" if path.endswith("/stop") else "done")
        if path.endswith("/review"):
            await a_review(desk, given=method == "delete")
        if path.endswith("/acknowledge"):
            warns = {"name": "x", "rule": {"watched": "pbx", "off": 0, "steps": {"5": 0}}}
            await pavel.ask("POST", "/alert-rules", warns)
            await pavel.ask("POST", "/alert-rules/1/act", {"act": "try"})
        if path.startswith("/api/v1/sms"):
            await an_sms(desk, "queued" if path.endswith("undo") else "unknown")
        if re.match(r"/api/v1/(outbox|library|event-rules)", path):
            await write(desk, pavel)
        for target in targets(path.removeprefix("/api/v1"), one):
            given = (
                [None]
                if "application/json" not in _taken(one)
                else bodies(one["requestBody"]["content"]["application/json"]["schema"])
            )
            for body in given:
                answer, text = await pavel.request(method.upper(), target, body)
                status = str(answer.status)
                assert status in one["responses"], f"{method} {target} {str(body)[:200]}: {status} {text[:300]}"
                seen.add(status)
                [(kind, content)] = one["responses"][status]["content"].items()
                assert answer.content_type == kind
                if kind != "application/octet-stream":  # a file is described as bytes
                    validator(content["schema"]).validate(await answer.json(content_type=None))
                if path.endswith("/session") and method == "delete":
                    break
            if path.endswith("/session"):
                break
    good = min(one["responses"])
    assert good in seen or "requestBody" in one or path.endswith(("digits", "transfer", "card", "{id}", "{mark}")), (
        f"never {good}: {seen}"
    )


async def a_recording(desk: Panel) -> None:
    """One of the call c1, whose file is there."""
    row = {"id": "c1", "call_id": "c1", "pbx": "c1", "file": "c1.wav", "started_at": 1.0, "state": "there"}
    async with desk.services.db.write() as conn:
        await conn.execute(recordings.insert().values(row))


async def an_sms(desk: Panel, state: str) -> None:
    """An SMS that nobody sends."""
    row = {"direction": "out", "number": "+79355550101", "text": "x", "user_id": 5, "created_at": 1.0, "key": "x"}
    async with desk.services.db.write() as conn:
        await conn.execute(sms.insert().values(row | {"state": state}))


async def write(desk: Panel, pavel: Browser) -> None:
    """A letter with a file, a file of the library, a rule."""
    await pavel.ask("POST", "/outbox", {"key": "a-letter", "mailbox_id": await a_mailbox(desk, 5), "client_id": 1})
    await bring(pavel, "/outbox/1/files", "x.txt", b"x")
    await bring(pavel, "/library", "x.txt", b"x")
    await pavel.ask("POST", "/event-rules", {"name": "x", "event": "new-client", "task": "x"})


def targets(path: str, one: dict[str, Any]) -> list[str]:
    places = ["1", "c1", "0", "999999999999999999999", "%00", "%27", "..%2f", "x" * 300]
    paths = [re.sub(r"{\w+}", place, path) for place in places] if "{" in path else [path]
    queries = [
        f"?{parameter['name']}={value}"
        for parameter in one["parameters"]
        if parameter["in"] == "query"
        for value in ("", "0", "1", "-1", "x", "%00", "%27%20OR%201=1", "9" * 30, "true", "nan", "null", "%ed%a0%80")
    ]
    return [*paths, *(paths[0] + query for query in queries)] if "requestBody" not in one else paths[:3]


async def test_every_refusal_without_a_session_is_401(desk: Panel) -> None:
    import aiohttp

    async with aiohttp.ClientSession() as http:
        for one in OPERATIONS:
            if one.who == "public":
                continue
            url = desk.url + re.sub(r"{\w+}", "1", one.route.path)
            async with http.request(one.method, url, json={}) as answer:
                assert answer.status == 401, url
                assert answer.content_type == "application/problem+json"


async def test_SEC_26_every_unsafe_operation_wants_our_origin_and_the_token(desk: Panel) -> None:
    async with Browser(desk, "pavel") as pavel:
        for one in OPERATIONS:
            if one.method in ("GET", "OPTIONS"):
                assert 403 not in refusals(one) or one.who not in ("public", "signed-in")
                continue
            path = re.sub(r"{\w+}", "1", one.path)
            foreign = [
                {"Origin": "https://evil.example"},
                {"Origin": "null"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"},
            ]
            no_token = [] if one.who in ("public", "key") else [{"X-CSRF-Token": ""}, {"X-CSRF-Token": "x" * 32}]
            for headers in [*foreign, *no_token]:
                status, _ = await pavel.ask(one.method, path, {}, headers)
                assert status == 403, f"{one.method} {path} {headers}"
        status, _ = await pavel.ask("GET", "/session")
        assert status == 200


SQL = ["'", '"', "1;", "%", "_", "\\", "' OR '1'='1", "1) UNION SELECT password_hash FROM users --", "name;--", "NULL"]


@pytest.mark.parametrize("path", ["/clients", "/calls"])
async def test_SEC_27_sql_in_any_parameter_is_only_text(desk: Panel, path: str) -> None:
    names = [p["name"] for p in DOCUMENT["paths"][f"/api/v1{path}"]["get"]["parameters"]]
    async with Browser(desk, "pavel") as pavel:
        await pavel.ask("POST", "/clients", {"name": "100% 'quoted' \\ _"})
        for name, text in itertools.product(names, SQL):
            async with pavel.http.get(f"{desk.url}/api/v1{path}", params={name: text}) as answer:
                body = await answer.text()
                assert answer.status in (200, 422), f"{name}={text}: {answer.status}"
                assert "argon2" not in body
        for q in ("'quoted'", "100%"):
            async with pavel.http.get(f"{desk.url}/api/v1/clients", params={"q": q}) as answer:
                assert (await answer.json())["total"] == 1, q
        async with pavel.http.get(f"{desk.url}/api/v1/clients", params={"q": "%%%"}) as answer:
            assert (await answer.json())["total"] == 0


def test_problem_is_described_as_rfc_9457_has_it() -> None:
    schema = DOCUMENT["components"]["schemas"]["Problem"]
    body = {"type": "/problems/x", "title": "x", "status": 409, "detail": "x", "where": "body.name"}
    jsonschema.validate(body, schema)
    assert ANNA
