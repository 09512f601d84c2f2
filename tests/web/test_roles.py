"""An admin changes what a role may do: for sessions and sockets that are open, and recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from cti.access import DEFAULTS, FIXED, ROLES, SCOPES, Person, may
from cti.errors import NotAllowed, Refused
from cti.features.directory_admin import DeviceDraft
from cti.storage import role_rights, sessions
from cti.storage.tables import role_rights as rights_table
from tests.web.panel import ANNA, Browser, Panel, panel, until
from tests.web.visitor import Visitor
from web.pages.settings_roles import RIGHTS, SCOPE_NAMES


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        yield made


@pytest.fixture
async def admin(running: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(running, "pavel") as visitor:
        yield visitor


async def details(running: Panel) -> list[str]:
    async with running.services.db.read() as conn:
        return [
            f"{row.login} {row.object} {row.detail}" for row in await sessions.notes(conn) if row.action == "rights"
        ]


def test_every_right_stands_on_the_page_with_scopes_that_its_default_is_one_of() -> None:
    assert list(RIGHTS) == list(DEFAULTS)
    assert set(SCOPES) == set(DEFAULTS)
    for right, by_role in DEFAULTS.items():
        assert set(by_role.values()) <= set(SCOPES[right]) <= set(SCOPE_NAMES)


async def test_SEC_23_a_change_counts_in_open_sessions_and_cuts_open_sockets(running: Panel, admin: Visitor) -> None:
    phone = DeviceDraft(name="PJSIP/101", extension="101")
    await running.services.people.set_devices(None, ANNA, [phone])
    async with Browser(running, "anna") as anna, Browser(running, "vera") as vera:
        wire, other = await anna.connect(), await vera.connect()
        assert wire.all("snapshot")[-1]["agents"]
        assert (await anna.ask("GET", "/clients"))[0] == 200
        changes = {"agent:clients.read": "none", "agent:agents.read": "none", "agent:desk": "none"}
        assert (await admin.post("/settings/roles", **changes)).place == "/settings/roles?said=saved"
        assert (await anna.ask("GET", "/clients"))[0] == 403
        await until(lambda: wire.closed.is_set(), within_s=5, why="the socket of the role is cut")
        assert not other.closed.is_set()
        again = await anna.connect()
        assert again.all("snapshot")[-1]["agents"] == []
        await running.pop(ANNA)
        await running.live.agent(running.services.agent_states.views()[0])
        await running.live.link(running.services.link())
        await until(lambda: again.all("link"), why="what comes after the card arrives")
        assert again.pops() == []
        assert again.all("agent") == []


async def test_a_change_that_another_process_made_is_found(running: Panel) -> None:
    async with Browser(running, "anna") as anna:
        wire = await anna.connect()
        async with running.services.db.write() as conn:
            await role_rights.keep(conn, "agent", {"dial": "none"})
        await until(lambda: wire.closed.is_set(), within_s=5, why="the socket is cut")


async def test_a_role_gets_more_and_goes_back_to_the_default(running: Panel, admin: Visitor) -> None:
    async with Visitor(running, "anna") as anna:
        assert (await anna.get("/reports/clients")).status == 403
        assert "/reports" not in (await anna.get("/")).text
        await admin.post("/settings/roles", **{"agent:reports.read": "all", "agent:calls.read": "team"})
        assert (await anna.get("/reports/clients")).status == 200
        assert "/reports" in (await anna.get("/")).text
        page = await admin.get("/settings/roles")
        assert page.text.count('class="changed"') == 2
        assert page.says("default: one's own")
        await admin.post("/settings/roles", back="agent:reports.read")
        assert (await anna.get("/reports/clients")).status == 403
        await admin.post("/settings/roles", back="all")
        assert 'class="changed"' not in (await admin.get("/settings/roles")).text
    assert await details(running) == [
        "pavel role:agent calls.read: team -> own",
        "pavel role:agent reports.read: all -> none",
        "pavel role:agent reports.read: none -> all",
        "pavel role:agent calls.read: own -> team",
    ]


async def test_an_admin_cannot_lock_himself_out(running: Panel, admin: Visitor) -> None:
    await admin.post("/settings/roles", **{"admin:users.manage": "none", "admin:settings.manage": "none"})
    assert (await admin.get("/settings/people")).status == 200
    rights, pavel = running.services.role_rights, Person(id=5, login="pavel", name="Pavel", role="admin")
    for right in FIXED["admin"]:
        with pytest.raises(Refused, match="An admin keeps"):
            await rights.change(pavel, {("admin", right): "none"})
    with pytest.raises(Refused, match="does not know"):
        await rights.change(pavel, {("agent", "dial"): "all"})
    with pytest.raises(NotAllowed):
        await rights.change(Person(id=ANNA, login="anna", name="Anna", role="agent"), {("agent", "dial"): "none"})
    assert await details(running) == []


async def test_who_manages_settings_alone_is_led_there(running: Panel, admin: Visitor) -> None:
    await admin.post("/settings/roles", **{"supervisor:settings.manage": "all"})
    async with Visitor(running, "vera") as vera:
        assert (await vera.get("/settings")).place == "/settings/catalogue"
        assert 'href="/settings"' in (await vera.get("/")).text
        assert (await vera.get("/settings/roles")).status == 403


async def test_what_another_version_stored_is_left_alone(running: Panel) -> None:
    strange = '{"clients.fly":"all","dial":"all","users.manage":"none","clients.read":"none"}'
    async with running.services.db.write() as conn:
        await conn.execute(insert(rights_table).values(role="admin", changed=strange))
    async with running.services.db.read() as conn:
        found = await role_rights.every(conn)
    assert found["admin"] == {"clients.read": "none"}
    assert set(found) == set(ROLES)
    assert not may(Person(id=1, login="p", name="P", role="admin", changed=found["admin"]), "clients.read")
