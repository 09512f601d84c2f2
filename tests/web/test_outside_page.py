"""Another system's page: set by an admin, told to the journal, filled in for the card, without numbers for some."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.access import Person
from tests.web.panel import Browser, Panel, panel
from tests.web.visitor import Visitor

TEMPLATE = "https://crm.example/?p={phone}&id={client_id}&n={name}&a={agent}"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        yield made


async def test_it_is_set_and_filled_in_and_hides_numbers_from_who_may_not_see_them(running: Panel) -> None:
    async with Visitor(running, "pavel") as pavel, Visitor(running, "anna") as anna, Browser(running, "pavel") as admin:
        _, client = await admin.ask("POST", "/clients", {"name": "Ромашка & Ко", "phones": []})
        asked = f"/desk/outside/{client['id']}?call_id=c1&phone=%2B79355550101&queue=sales"
        assert (await anna.get(asked)).text == '{"url":"","opens":""}'
        assert (await anna.post("/settings/queues/outside", template=TEMPLATE, opens="auto")).status == 403
        plain = await pavel.post("/settings/queues/outside", template="http://crm.example/?", opens="auto")
        assert plain.status == 409
        assert (await pavel.post("/settings/queues/outside", template=TEMPLATE, opens="auto")).status == 303
        assert "crm.example" in (await pavel.get("/settings/journal")).text
        assert 'data-outside="auto"' in (await anna.get("/")).text
        filled = (await anna.get(asked)).text
        assert f"p=%2B79355550101&id={client['id']}&n=%D0%A0%D0%BE" in filled
        assert "%20%26%20" in filled
        assert "a=anna" in filled
        unknown = (await anna.get("/desk/outside?phone=%2B79355550199&name=x&client_id=7")).text
        assert "p=%2B79355550199&id=&n=&a=anna" in unknown
        admin_person = Person(id=5, login="pavel", name="Pavel", role="admin")
        await running.services.role_rights.change(admin_person, {("agent", "clients.numbers"): "none"})
    async with Visitor(running, "pavel") as pavel, Visitor(running, "anna") as anna:
        filled = (await anna.get(asked)).text
        assert "?p=&id=" in filled
        assert "5550101" not in filled
        await pavel.post("/settings/queues/outside", template="", opens="button")
        assert (await anna.get(asked)).text == '{"url":"","opens":""}'
