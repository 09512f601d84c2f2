"""The doors over HTTP: who is let in where, with what cookie, and what a stranger gets."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import delete
from yarl import URL

from cti.access import DEFAULTS, ROLES
from cti.storage import tables
from tests.web.panel import ANNA, BORIS, PASSWORD, Panel, panel
from tests.web.visitor import Answer, Visitor
from web.app import ROUTES, make_app
from web.auth import SAFE
from web.limits import LIMITS, Limits
from web.routes import Route

OF_ROLE = {"agent": "anna", "supervisor": "vera", "admin": "pavel"}
LAST = ("/sign-out", "/api/v1/session", "/profile/sessions/end-others")


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        yield made


def address(route: Route) -> str:
    """The route's path with ids that belong to nobody."""
    return re.sub(r"\{[^}]+\}", "999999", route.path)


async def ask(visitor: Visitor, route: Route) -> Answer:
    """The route as our own page or script asks it."""
    headers = {"Origin": visitor.panel.url, "X-CSRF-Token": visitor.csrf}
    body: Any = None
    if route.method not in SAFE and route.is_api:
        headers["Content-Type"], body = "application/json", b"{}"
    return await visitor.ask(route.method, address(route), data=body, headers=headers)


async def test_SEC_21_every_route_of_the_application_is_in_the_table(running: Panel) -> None:
    app = make_app(running.services)
    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and not route.resource.canonical.startswith("/static")
    }
    assert served == {(route.method, route.path) for route in ROUTES}
    assert len(served) == len(ROUTES)


async def test_SEC_21_a_stranger_passes_no_door(running: Panel) -> None:
    async with Visitor(running) as stranger:
        for route in ROUTES:
            if route.who in ("public", "local"):
                continue
            answer = await ask(stranger, route)
            if route.path.startswith("/sms/callback/"):
                assert answer.status == 403, route
            elif route.method in SAFE and not route.is_api:
                assert (answer.status, answer.place) == (303, "/sign-in"), route
            else:
                assert answer.status == 401, route


@pytest.mark.parametrize("role", ROLES)
async def test_SEC_21_each_role_passes_its_own_doors_only(running: Panel, role: str) -> None:
    async with Visitor(running, OF_ROLE[role]) as person:
        for route in sorted(ROUTES, key=lambda one: one.path in LAST):
            if route.who in ("public", "local", "key") or route.path in LAST:
                continue
            answer = await ask(person, route)
            closed = route.right is not None and DEFAULTS[route.right][role] == "none"  # type: ignore[index]
            if closed:
                assert answer.status == 403, route
            else:
                assert answer.status not in (401, 403, 405, 500), (route, answer.status, answer.text[:300])


async def test_SEC_21_a_call_of_another_person_is_nobodys_business(running: Panel) -> None:
    call = await running.journal("call-of-boris", user_id=BORIS)
    paths = [
        route.path.replace("{id}", call).replace("{call}", call)
        for route in ROUTES
        if route.method == "GET" and re.search(r"(calls|trace)/\{", route.path) and "voicemail" not in route.path
    ]
    assert len(paths) >= 3
    async with Visitor(running, "anna") as anna, Visitor(running, "boris") as boris, Visitor(running, "vera") as vera:
        for path in paths:
            assert (await anna.get(path)).status in (403, 404), path
            assert (await boris.get(path)).status == 200, path
            assert (await vera.get(path)).status == 200, path


async def test_operators_pages_are_for_this_machine_only(running: Panel) -> None:
    async with Visitor(running) as here:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await here.get(path)).status == 200
            for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Proto", "X-Forwarded-Host"):
                assert (await here.get(path, **{name: "127.0.0.1"})).status == 403, (path, name)
        metrics = await here.get("/metrics")
        for name in (
            "pop_latency_seconds_bucket",
            "spool_pending 0.0",
            "browsers 0.0",
            "loop_lag_seconds",
        ):
            assert f"trubka_{name}" in metrics.text, name
        assert '"database": "ok"' in (await here.get("/readyz")).text


async def test_SEC_25_the_cookie_changes_at_sign_in_and_is_dead_after_sign_out(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        first = anna.cookie
        await anna.sign_in("anna")
        second = anna.cookie
        assert first != second
        await anna.post("/sign-out")
        for old in (first, second):
            assert (await anna.get("/", Cookie=f"trubka={old}")).place == "/sign-in"


async def test_SEC_25_a_planted_cookie_is_not_taken_over(running: Panel) -> None:
    async with Visitor(running) as anna:
        planted = "A" * 43
        anna.http.cookie_jar.update_cookies({"trubka": planted}, URL(running.url))
        await anna.sign_in("anna")
        assert anna.cookie != planted
        async with Visitor(running) as planter:
            assert (await planter.get("/", Cookie=f"trubka={planted}")).place == "/sign-in"


async def test_T_S13_the_cookie_is_closed_to_scripts_other_sites_and_plain_lines(tmp_path: Path) -> None:
    async with panel(tmp_path, public_url="https://cti.example.org") as running, Visitor(running) as anna:
        fields = {"login": "anna", "password": PASSWORD}
        own = {"Origin": "https://cti.example.org"}
        answer = await anna.ask("POST", "/sign-in", data=fields, headers=own)
        cookie = answer.headers["Set-Cookie"]
        assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Domain" not in cookie
        assert "max-age" in answer.headers["Strict-Transport-Security"]


async def test_a_trusted_proxy_tells_the_scheme_and_others_do_not(tmp_path: Path) -> None:
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cti.example.org", "Origin": "https://cti.example.org"}
    fields = {"login": "anna", "password": PASSWORD}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with panel(tmp_path / "a", trusted_proxies=("127.0.0.1",)) as running, Visitor(running) as anna:
        answer = await anna.ask("POST", "/sign-in", data=fields, headers=told)
        assert "Secure" in answer.headers["Set-Cookie"]
        await anna.ask("POST", "/sign-in", data=fields, headers=told | {"X-Forwarded-For": "6.6.6.6, 10.9.8.7"})
        assert {row.ip for row in await running.services.accounts.sessions_of(ANNA)} == {"127.0.0.1", "10.9.8.7"}
    async with panel(tmp_path / "b") as running, Visitor(running) as anna:
        assert (await anna.ask("POST", "/sign-in", data=fields, headers=told)).status == 403
        await anna.ask("POST", "/sign-in", data=fields, headers={"X-Forwarded-For": "10.9.8.7"})
        assert {row.ip for row in await running.services.accounts.sessions_of(ANNA)} == {"127.0.0.1"}


FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


@pytest.mark.parametrize("headers", FOREIGN)
async def test_SEC_26_no_unsafe_route_takes_a_request_of_another_site(running: Panel, headers: dict[str, str]) -> None:
    async with Visitor(running, "pavel") as pavel:
        token = {"X-CSRF-Token": pavel.csrf}
        for route in ROUTES:
            if route.method not in SAFE:
                for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
                    sent = headers | token | {"Content-Type": kind}
                    answer = await pavel.ask(route.method, address(route), data=b"{}", headers=sent)
                    assert answer.status == 403, route


@pytest.mark.parametrize("given", ["", "wrong", "x" * 5000, "ы"])
async def test_SEC_26_no_unsafe_route_works_without_the_sessions_token(running: Panel, given: str) -> None:
    async with Visitor(running, "pavel") as pavel:
        for route in ROUTES:
            if route.method in SAFE or route.who in ("public", "key"):
                continue
            headers = {"Origin": running.url}
            if given.isascii() and len(given) < 100:
                headers["X-CSRF-Token"] = given
            answer = await pavel.ask(route.method, address(route), data={"csrf": given}, headers=headers)
            assert answer.status == 403, route


async def test_SEC_26_a_method_is_not_overridden(running: Panel) -> None:
    async with Visitor(running, "pavel") as pavel:
        for name in ("X-HTTP-Method-Override", "X-Method-Override"):
            await pavel.get("/settings/people/1?_method=POST", **{name: "DELETE"})
        assert (await pavel.get("/sign-out", **{"X-HTTP-Method-Override": "POST"})).status == 405
        assert (await pavel.get("/")).status == 200


async def test_SEC_26_a_token_is_of_one_session(running: Panel) -> None:
    async with Visitor(running, "pavel") as pavel, Visitor(running, "anna") as anna:
        pavel.csrf = anna.csrf
        assert (await pavel.post("/settings/teams", name="Night")).status == 403


async def test_SEC_28_an_empty_house_shows_the_set_up_once(tmp_path: Path) -> None:
    async with panel(tmp_path) as running, Visitor(running) as first, Visitor(running) as second:
        async with running.services.db.write() as conn:
            await conn.execute(delete(tables.users))
        assert (await first.get("/")).place == "/sign-in"
        assert (await first.get("/sign-in")).place == "/setup"
        code = await running.services.accounts.first_code()
        fields = {"login": "pavel", "name": "Pavel", "password": PASSWORD}
        assert (await second.post("/setup", code="0000-0000-0000-0000", **fields)).status == 401
        assert (await first.post("/setup", code=code or "", **fields)).place == "/"
        assert (await first.get("/settings/people")).status == 200
        assert (await second.get("/setup")).status == 404
        assert (await second.post("/setup", code=code or "", **fields)).status == 404
        assert (await second.get("/sign-in")).status == 200


async def test_SEC_24_too_many_attempts_are_told_to_wait(running: Panel) -> None:
    async with Visitor(running) as thief:
        statuses = [(await thief.sign_in("anna", "wrong-password")).status for _ in range(10)]
        assert statuses[:5] == [401] * 5
        assert 429 in statuses
        while statuses[-1] != 429:  # a slow machine spends the first short waits on hashing
            statuses.append((await thief.sign_in("anna", "wrong-password")).status)
        async with thief.http.post(
            f"{running.url}/api/v1/session", json={"login": "anna", "password": "x" * 12}
        ) as answer:
            assert answer.status == 429
            assert answer.content_type == "application/problem+json"


async def test_a_flood_of_requests_is_told_to_slow_down_and_others_are_not(running: Panel) -> None:
    app = make_app(running.services)
    app[LIMITS] = Limits(per_s=0.01, burst=20)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    site = web.SockSite(runner, listening)
    await site.start()
    anna, boris = [{"Authorization": f"Bearer {await running.token(login)}"} for login in ("anna", "boris")]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{listening.getsockname()[1]}") as http:

        async def status(headers: dict[str, str]) -> int:
            async with http.get("/api/v1/session", headers=headers) as answer:
                assert answer.status != 429 or answer.headers["Retry-After"]
                return answer.status

        assert [await status(anna) for _ in range(30)] == [200] * 20 + [429] * 10
        assert await status(boris) == 200
        assert [await status({}) for _ in range(30)] == [401] * 20 + [429] * 10
    await runner.cleanup()


async def test_a_blocked_persons_open_page_goes_to_the_door(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        await running.services.people.block(None, ANNA, blocked=True)
        assert (await anna.get("/clients")).place == "/sign-in"
        answer = await anna.get("/clients", **{"HX-Request": "true"})
        assert answer.status == 401
        assert answer.headers["HX-Redirect"] == "/sign-in"
        assert (await anna.get("/api/v1/clients")).status == 401


async def test_odd_cookies_and_tokens_are_strangers(running: Panel) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for value in ("", "x" * 8000, "'; DROP TABLE users;--", "\t", "%00"):
            for headers in ({"Cookie": f"trubka={value}"}, {"Authorization": f"Bearer {value}"}):
                async with http.get(f"{running.url}/api/v1/session", headers=headers) as answer:
                    assert answer.status in (400, 401), value


async def test_SEC_32_no_secret_is_logged(
    running: Panel, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secrets = [PASSWORD, "wrong-canary-password", "canary-token"]
    async with Visitor(running, "anna") as anna:
        secrets += [anna.cookie, anna.csrf]
        await anna.sign_in("anna", "wrong-canary-password")
        await anna.get("/api/v1/session", Authorization="Bearer canary-token")
        await anna.post("/profile/password", old="wrong-canary-password", new=PASSWORD)
        await anna.get("/sign-in?password=wrong-canary-password")
    told = "".join(capfd.readouterr()) + caplog.text
    assert [secret for secret in secrets if secret in told] == []
