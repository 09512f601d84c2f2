"""DP-11: a hidden number is not read out digit by digit, by searching, filtering, sorting, importing or guessing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.web.canaries import CODE, LAST, Ids, e164, fill, hide, spelled
from tests.web.panel import Browser, Panel, panel
from tests.web.test_masking import send_file
from tests.web.visitor import Visitor
from web.limits import Limits


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


@pytest.fixture
async def ids(desk: Panel) -> Ids:
    made = await fill(desk)
    await hide(desk)
    return made


async def test_DP_11_digits_cannot_be_read_out_by_searching(desk: Panel, ids: Ids) -> None:
    last = LAST["phone"]
    parts = [
        last,
        last[:3],
        last[-4:],
        f"{CODE}{last[:4]}",
        f"7{CODE}{last[:6]}",
        f"алхимов {last[:2]}",
        LAST["e-mail"] + "@",
    ]
    filters = [
        *({"field": "phones", "op": "contains", "value": part} for part in parts[:4]),
        {"field": "emails", "op": "contains", "value": LAST["e-mail"][:4]},
    ]
    refused = [
        {"field": field, "op": op, "value": value}
        for field, op, value in (
            ("note", "contains", "звонить 8"), ("name", "contains", LAST["name"]), ("name", "begins", "Алхимов 8"),
            (f"property:{ids.prop}", "contains", "8"),
        )
    ]  # fmt: skip
    async with Browser(desk, "anna") as anna, Visitor(desk, "anna") as visitor:

        async def total(path: str) -> int:
            status, told = await anna.ask("GET", path)
            assert status == 200, told
            return len(told["rows"])

        for part in parts:
            assert await total(f"/clients?q={quote(part)}") == 0, part
            assert await total(f"/clients/grid?q={quote(part)}") == 0, part
            page = await visitor.get(f"/clients/{ids.twin}/contacts/new?q={quote(part)}")
            assert "Рябова" not in page.text
        for one in filters:
            assert await total(f"/clients/grid?filters={quote(json.dumps([one]))}") == 0, one
        for one in refused:
            status, told = await anna.ask("GET", f"/clients/grid?filters={quote(json.dumps([one]))}")
            assert (status, told["type"]) == (409, "/problems/whole-number"), one
            counted = {"expression": {"match": "all", "conditions": [one]}}
            assert (await anna.ask("POST", "/segments/count", counted))[0] == 409
        for sort in ("note", f"-property:{ids.prop}"):
            assert (await anna.ask("GET", f"/clients/grid?sort={sort}"))[0] == 422
        for whole in (e164("phone"), spelled("phone"), f"{CODE}{last}", f"Алхимов {spelled('contact')}"):
            assert await total(f"/clients/grid?q={quote(whole)}") >= 1, whole
        assert await total(f"/clients/grid?q={quote('алхим')}") == 2
        whole_filter = json.dumps([{"field": "phones", "op": "contains", "value": spelled("phone")}])
        assert await total(f"/clients/grid?filters={quote(whole_filter)}") == 2
    async with Browser(desk, "vera") as vera:
        status, told = await vera.ask(
            "POST", "/segments", {"name": "По номеру", "expression": {"conditions": [refused[0]]}}
        )
        assert (status, told["type"]) == (409, "/problems/whole-number")
        upload = await send_file(vera, "Название;Телефон\nКто-то;89355550000\n")
        asked = {"file": upload["id"], "fields": upload["fields"], "keys": ["phone"]}
        status, told = await vera.ask("POST", "/imports/previews", asked)
        assert (status, told["type"]) == (409, "/problems/hidden-key")
        assert "phone" not in upload["keys"]


async def test_DP_11_hidden_digits_cannot_be_guessed_one_after_the_other(tmp_path: Path) -> None:
    paths = ("/clients/by-number/8935555{:04}", "/clients/grid?q=8935555{:04}", "/clients?q=8935555{:04}")
    async with panel(tmp_path, numbers=Limits(per_s=0.001, burst=5)) as desk:
        await hide(desk)
        for login, path in zip(("anna", "boris", "clara"), paths, strict=True):
            async with Browser(desk, login) as person:
                statuses = [(await person.ask("GET", path.format(guess)))[0] for guess in range(10)]
                assert statuses == [200] * 5 + [429] * 5
                assert (await person.ask("GET", "/clients/grid?q=abc"))[0] == 200
