"""Settings and the profile, in a browser without scripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest

from cti.desktop import LinkView, PbxView
from cti.storage import sessions, users
from tests.web.panel import ANNA, BORIS, PASSWORD, PAVEL, Browser, Panel, panel, until
from tests.web.visitor import Visitor
from web.services import Services

PAGES = (
    "/settings/people",
    "/settings/people/new",
    f"/settings/people/{ANNA}",
    "/settings/teams",
    "/settings/sessions",
    "/settings/journal",
    "/settings/health",
    "/profile",
)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        yield made


@pytest.fixture
async def admin(running: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(running, "pavel") as visitor:
        yield visitor


async def actions(running: Panel) -> list[str]:
    async with running.services.db.read() as conn:
        return [f"{row.login} {row.action} {row.object}" for row in await sessions.notes(conn)]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_every_page_has_one_h1_and_labelled_fields(admin: Visitor, path: str, language: str) -> None:
    await admin.post("/profile/look", language=language, theme="dark")
    page = (await admin.get(path)).text
    assert f'lang="{language}"' in page
    assert page.count("<h1>") == 1
    assert "style=" not in page
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
        if 'type="hidden"' in tag or 'type="radio"' in tag:
            continue
        found = re.search(r'\sid="([^"]+)"', tag)
        assert "aria-label" in tag or (found and f'for="{found[1]}"' in page), tag


async def test_an_admin_adds_a_person_who_signs_in(running: Panel, admin: Visitor) -> None:
    fields = {"login": "Denis", "name": "Denis", "role": "agent", "team": "Night", "language": "en"}
    made = await admin.post("/settings/people", **fields, password=PASSWORD)
    assert made.status == 303
    assert (await admin.get(made.place)).says("The person is added")
    async with Visitor(running, "denis") as denis:
        assert (await denis.get("/settings/people")).status == 403
    assert "pavel user-add user:6" in await actions(running)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"login": "anna"}, "This name is taken."),
        ({"login": "a b"}, "A login has letters"),
        ({"name": " "}, "A name is needed"),
        ({"role": "god"}, "There is no such role."),
        ({"password": "short"}, "at least 10 characters"),
    ],
)
async def test_a_bad_person_comes_back_with_the_reason(admin: Visitor, change: dict[str, str], told: str) -> None:
    fields = {"login": "denis", "name": "Denis <b>", "role": "agent", "team": "", "password": PASSWORD} | change
    answer = await admin.post("/settings/people", **fields)
    assert answer.status == 409
    assert answer.says(told)
    assert "<b>" not in answer.text


async def test_a_block_cuts_sessions_and_sockets_at_once(running: Panel, admin: Visitor) -> None:
    async with Browser(running, "anna") as anna:
        wire = await anna.connect()
        assert (await admin.post(f"/settings/people/{ANNA}/block")).status == 303
        await until(lambda: wire.closed.is_set(), within_s=5, why="the socket is cut")
        assert (await anna.ask("GET", "/session"))[0] == 401
        assert (await anna.ask("POST", "/session", {"login": "anna", "password": PASSWORD}))[0] == 401
    assert (await admin.post(f"/settings/people/{ANNA}/unblock")).status == 303
    async with Visitor(running, "anna") as anna_again:
        assert (await anna_again.get("/")).status == 200


async def test_a_change_of_role_signs_out_and_counts(running: Panel, admin: Visitor) -> None:
    async with Visitor(running, "anna") as anna:
        fields = {"login": "anna", "name": "Anna", "team": "Sales", "language": "en"}
        assert (await admin.post(f"/settings/people/{ANNA}", **fields, role="admin")).status == 303
        assert (await anna.get("/settings/people")).status == 303  # to the door
        await anna.sign_in("anna")
        assert (await anna.get("/settings/people")).status == 200


async def test_the_last_admin_stays(admin: Visitor) -> None:
    assert (await admin.post(f"/settings/people/{PAVEL}/block")).says("This is the last admin")
    fields = {"login": "pavel", "name": "Pavel", "role": "agent", "team": "", "language": "en"}
    assert (await admin.post(f"/settings/people/{PAVEL}", **fields)).says("This is the last admin")


async def test_devices_and_queues_are_kept_and_reach_the_directory(running: Panel, admin: Visitor) -> None:
    form = [("csrf", admin.csrf), ("device", "PJSIP/101"), ("extension", "101"), ("kind", "desk"), ("use", "spare")]
    form += [("device", "PJSIP/101-web"), ("extension", "101"), ("kind", "browser"), ("use", "rung")]
    form += [("device", ""), ("extension", ""), ("kind", "desk"), ("use", "spare")]
    origin = {"Origin": running.url}
    answer = await admin.ask("POST", f"/settings/people/{ANNA}/devices", data=form, headers=origin)
    assert answer.status == 303
    form = [("csrf", admin.csrf), ("queue", "sales"), ("penalty", "5"), ("queue", ""), ("penalty", "")]
    await admin.ask("POST", f"/settings/people/{ANNA}/queues", data=form, headers=origin)
    async with running.services.db.read() as conn:
        devices, queues = await users.devices_of(conn, ANNA), await users.queues_of(conn, ANNA)
    assert [(d.name, d.chosen) for d in devices] == [("PJSIP/101", False), ("PJSIP/101-web", True)]
    assert [(q.name, q.penalty) for q in queues] == [("sales", 5)]
    assert [view.name for view in running.services.agent_states.views()] == ["Anna"]
    taken = {"device": "PJSIP/101", "extension": "101", "kind": "desk", "use": "rung"}
    assert (await admin.post(f"/settings/people/{BORIS}/devices", **taken)).says("belongs to somebody else")
    bad = {"device": "PJSIP/1\r\nAction: x", "extension": "1", "kind": "desk", "use": "rung"}
    assert (await admin.post(f"/settings/people/{BORIS}/devices", **bad)).status == 409


async def test_a_password_set_by_an_admin_ends_the_old_one(running: Panel, admin: Visitor) -> None:
    async with Visitor(running, "anna") as anna:
        await admin.post(f"/settings/people/{ANNA}/password", password="quite-another-one")
        assert (await anna.get("/")).status == 303
        assert (await anna.sign_in("anna")).status == 401
        assert (await anna.sign_in("anna", "quite-another-one")).status == 303


async def test_teams_are_made_renamed_and_deleted(running: Panel, admin: Visitor) -> None:
    await admin.post("/settings/teams", name="Night")
    async with running.services.db.read() as conn:
        made = next(id_ for id_, name in (await users.team_names(conn)).items() if name == "Night")
    assert (await admin.post(f"/settings/teams/{made}", name="Sales")).says("This name is taken.")
    assert (await admin.post(f"/settings/teams/{made}", name="Late")).status == 303
    assert (await admin.post(f"/settings/teams/{made}/delete")).status == 303
    assert (await admin.post("/settings/teams/1/delete")).says("Somebody is in this team")
    assert not (await admin.get("/settings/teams")).says("Late")


async def test_sessions_are_listed_and_ended(running: Panel, admin: Visitor) -> None:
    async with Visitor(running, "anna") as anna, Visitor(running, "anna") as other:
        page = await admin.get("/settings/sessions")
        assert page.text.count("Firefox 130, Linux") == 3
        row = (await running.services.accounts.sessions_of(ANNA))[0]
        await admin.post("/settings/sessions/end", user=str(ANNA), session=row.token_hash)
        assert sorted([(await anna.get("/")).status, (await other.get("/")).status]) == [200, 303]
        alive = anna if (await anna.get("/")).status == 200 else other
        await alive.post(
            "/profile/sessions/end", session=(await running.services.accounts.sessions_of(5))[0].token_hash
        )
        assert (await admin.get("/")).status == 200  # another's session is not his to end


async def test_sign_out_everywhere_else_leaves_this_browser(running: Panel) -> None:
    async with Visitor(running, "anna") as anna, Visitor(running, "anna") as other:
        assert (await anna.post("/profile/sessions/end-others")).status == 303
        assert (await anna.get("/")).status == 200
        assert (await other.get("/")).status == 303


async def test_a_token_is_shown_once_works_and_is_revoked(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        made = await anna.post("/profile/tokens", note="crm")
        found = re.search(r'id="f-token"[^>]* value="([^"]+)"', made.text)
        assert found
        page = await anna.get("/profile")
        assert found[1] not in page.text
        async with Visitor(running) as program:
            bearer = {"Authorization": f"Bearer {found[1]}"}
            assert (await program.ask("GET", "/api/v1/session", headers=bearer)).status == 200
            place = re.search(r"/profile/tokens/\d+/revoke", page.text)
            assert place
            assert (await anna.post(place[0])).status == 303
            assert (await program.ask("GET", "/api/v1/session", headers=bearer)).status == 401


async def test_the_second_factor_is_set_up_used_once_and_switched_off(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        page = await anna.post("/profile/totp/new")
        assert 'src="data:image/svg+xml' in page.text
        found = re.search(r'name="secret" value="([A-Z2-7]{32})"', page.text)
        assert found
        assert (await anna.post("/profile/totp", secret=found[1], code="000000")).status == 409
        totp = pyotp.TOTP(found[1])
        code = totp.at(running.services.clock())
        assert (await anna.post("/profile/totp", secret=found[1], code=code)).status == 303
        async with Visitor(running) as next_time:
            asked = await next_time.sign_in("anna")
            assert asked.status == 401
            assert 'name="code"' in asked.text
            assert (await next_time.sign_in("anna", code=code)).status == 401  # confirmed with it: used
            later = totp.at(running.services.clock() + 30)
            assert (await next_time.sign_in("anna", code=later)).status == 303
            async with Visitor(running) as thief:
                assert (await thief.sign_in("anna", code=later)).status == 401
        assert (await anna.post("/profile/totp/off", present="not-the-password")).status == 409
        assert (await anna.post("/profile/totp/off", present=PASSWORD)).status == 303
        async with Visitor(running) as plain:
            assert (await plain.sign_in("anna")).status == 303
    async with running.services.db.read() as conn:
        rows = [row.detail + row.object for row in await sessions.notes(conn)]
    assert all(found[1] not in row for row in rows)


async def test_one_changes_ones_own_password_against_the_old_one(running: Panel) -> None:
    async with Visitor(running, "anna") as anna, Visitor(running, "anna") as other:
        assert (await anna.post("/profile/password", old="wrong", new="quite-another-one")).status == 409
        assert (await anna.post("/profile/password", old=PASSWORD, new="short")).status == 409
        assert (await anna.post("/profile/password", old=PASSWORD, new="quite-another-one")).status == 303
        assert (await anna.get("/")).status == 200
        assert (await other.get("/")).status == 303


async def test_the_server_page_tells_each_pbx_and_how_far_its_clock_is_off(tmp_path: Path) -> None:
    up = PbxView(name="msk", state="up", since=1.0, ahead_s=0.4)
    off = PbxView(name="spb", state="down", since=2.0, detail="nobody listens", ahead_s=-41.6)

    def with_two(services: Services) -> Services:
        return replace(services, link=lambda: LinkView(state="down", pbxes=(up, off)))

    async with panel(tmp_path, change=with_two) as made, Visitor(made, "pavel") as admin:
        await admin.post("/profile/look", language="ru", theme="dark")
        page = (await admin.get("/settings/health")).text
        rows = re.findall(r"<dt>АТС (\w+)</dt><dd>(.*?)</dd>", page, re.DOTALL)
        assert [name for name, _ in rows] == ["msk", "spb"]
        assert "соединена" in rows[0][1] or "talk" in rows[0][1]
        assert "часы" not in rows[0][1]
        assert "nobody listens" in rows[1][1]
        assert "-42 с" in rows[1][1]
        ready = (await admin.get("/readyz")).text
    assert '"spb": {"state": "down", "since": 2.0, "clock_ahead_s": -41.6}' in ready
