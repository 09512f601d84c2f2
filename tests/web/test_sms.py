"""Pages and API of SMS: the box to answer, the list, what a person decides; the browser counts as the server does."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cti.channels.texts import InText
from cti.messages.sms import measure
from cti.storage import restrictions
from cti.storage.sms_tables import sms, sms_gateways
from tests.web.canaries import hide
from tests.web.panel import ANNA, Browser, Panel, panel, until

JS = Path(__file__).parents[2] / "web" / "static" / "js" / "measure.js"
NUMBER = "+79355550777"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


async def a_client(who: Browser) -> int:
    status, made = await who.ask("POST", "/clients", {"name": "Пётр", "phones": [{"typed": NUMBER}]})
    assert status == 201
    return int(made["id"])


async def page(who: Browser, path: str) -> str:
    async with who.http.get(f"{who.panel.url}{path}") as answer:
        assert answer.status == 200
        return await answer.text()


async def put(desk: Panel, **values: Any) -> int:
    row = {
        "key": f"k{random.random()}", "direction": "out", "state": "delivered", "number": NUMBER, "text": "Текст",
        "created_at": desk.services.clock(), "user_id": ANNA,
    }  # fmt: skip
    async with desk.services.db.write() as conn:
        return int((await conn.execute(sms.insert().values(row | values).returning(sms.c.id))).scalar_one())


def test_the_browser_measures_a_text_as_the_server_does() -> None:
    chance = random.Random(7)
    signs = ["a", "Z", "€", "[", "^", "\n", "ё", "Ж", "😀", "é", "`", "\f", " "]
    texts = [""] + [
        "".join(chance.choices(signs[: chance.randrange(1, len(signs) + 1)], k=chance.randrange(0, 400)))
        for _ in range(200)
    ]
    code = (
        f"import {{ measure }} from {json.dumps(JS.as_uri())};"
        "const texts = JSON.parse(await new Response(process.stdin).text());"
        "console.log(JSON.stringify(texts.map(measure)));"
    )
    code = code.replace("await new Response(process.stdin).text()", "(await import('node:fs')).readFileSync(0, 'utf8')")
    given = json.dumps(texts)
    done = subprocess.run(
        ["node", "--input-type=module", "-e", code], input=given, capture_output=True, text=True, timeout=60, check=True
    )
    for text, there in zip(texts, json.loads(done.stdout), strict=True):
        here = measure(text)
        assert there == {"alphabet": here.alphabet, "signs": here.signs, "parts": here.parts, "left": here.left}, text


async def test_an_sms_is_sent_once_by_its_key_and_stands_on_the_card(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        client = await a_client(anna)
        body = {"key": "double-click-1", "number": NUMBER, "text": "Ваш заказ готов", "client_id": client}
        first, again = await anna.ask("POST", "/sms", body), await anna.ask("POST", "/sms", body)
        assert (first[0], first[1]) == (201, again[1])
        status, one = await anna.ask("GET", f"/sms/{first[1]['id']}")
        assert (status, one["state"], one["parts"], one["user"]) == (200, "queued", 1, "Anna")
        card = await page(anna, f"/clients/{client}?tab=history")
        assert "Ваш заказ готов" in card
        assert f'data-answer="{client}"' in card
        assert (await anna.ask("POST", f"/sms/{one['id']}/undo"))[0] == 200
        assert (await anna.ask("GET", f"/sms/{one['id']}"))[1]["state"] == "canceled"
        history = (await anna.ask("GET", f"/clients/{client}/history?kind=sms"))[1]
        assert [row["sms"]["text"] for row in history["rows"]] == ["Ваш заказ готов"]


async def test_an_sms_for_later_says_when_it_goes(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        client = await a_client(anna)
        body = {"key": "for-tomorrow-1", "number": NUMBER, "text": "Ждём вас", "client_id": client}
        at = datetime.now(desk.services.zone) + timedelta(days=1)
        status, _made = await anna.ask("POST", "/sms", body | {"send_at": at.timestamp()})
        assert status == 201
        card = await page(anna, f"/clients/{client}?tab=history")
        assert "data-later" in card
        assert f"{at:%d.%m.%Y %H:%M}" in card


async def test_a_template_is_filled_in_and_says_what_it_lacks(desk: Panel) -> None:
    async with Browser(desk, "pavel") as pavel:
        client = await a_client(pavel)
        body = "{{client.name}}, договор {{contract.number}}"
        template = {"name": "Договор", "channel": "sms", "language": "ru", "body": body}
        status, made = await pavel.ask("POST", "/templates", template)
        assert status == 201, made
        assert "Договор" in await page(pavel, f"/clients/{client}/answer")
        asked = {"template_id": made["id"], "client_id": client}
        status, said = await pavel.ask("POST", "/sms/filled", asked)
        assert (status, said["missing"]) == (200, ["contract.number"])
        assert said["text"].startswith("Пётр, договор")
        status, refused = await pavel.ask("POST", "/sms", {"number": NUMBER, "text": said["text"], "client_id": client})
        assert (status, refused["type"]) == (409, "/problems/empty-fields")


async def test_what_did_not_arrive_is_listed_and_goes_again_by_a_person(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        client = await a_client(anna)
        lost = await put(desk, state="unknown", why="cut-off", text="Потерянное", client_id=client)
        aside = await put(desk, state="undeliverable", text="Недоставленное", client_id=client)
        await put(desk, text="Дошедшее", client_id=client)
        shown = await page(anna, "/sms?view=decide")
        assert "Потерянное" in shown
        assert "Недоставленное" in shown
        assert "Дошедшее" not in shown
        assert (await anna.ask("POST", f"/sms/{lost}/again"))[0] == 200
        assert (await anna.ask("POST", f"/sms/{aside}/aside"))[0] == 200
        assert (await anna.ask("POST", f"/sms/{aside}/again"))[0] == 409
        assert (await anna.ask("GET", "/sms?view=decide"))[1] == []


async def test_what_comes_is_counted_until_it_is_read_and_pops(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        client = await a_client(anna)
        wire = await anna.connect()
        async with desk.services.db.write() as conn:
            await conn.execute(sms_gateways.insert().values(name="x", kind="http", paused_at=1.0, created_at=1.0))
        text = InText(number=NUMBER, sender="1234", text="Перезвоните", at=desk.services.clock())
        await desk.services.gateways.taker.came(1, [text])
        told = await until(lambda: next((one for one in wire.all("message")), None), why="told of the SMS")
        assert (told["code"], told["href"]) == ("sms-in", f"/clients/{client}?tab=history#answer-box")
        await until(lambda: [one for one in wire.all("sms") if one["count"] == 1], why="counted")
        [one] = (await anna.ask("GET", "/sms?view=unread"))[1]
        await anna.ask("POST", f"/sms/{one['id']}/read")
        await until(lambda: wire.all("sms")[-1]["count"] == 0, why="read")
        assert "Перезвоните" in (await page(anna, "/sms"))


async def test_DP_06_the_box_of_a_restricted_client_says_so(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        client = await a_client(anna)
        async with desk.services.db.write() as conn:
            await restrictions.put(conn, client, "спор", now=1.0, user_id=ANNA)
        assert "data-answer" not in (await page(anna, f"/clients/{client}/answer"))
        body = {"number": NUMBER, "text": "Всё же", "client_id": client}
        assert (await anna.ask("POST", "/sms", body))[0] == 409


async def test_DP_11_who_sees_no_numbers_writes_to_them_all_the_same(desk: Panel) -> None:
    async with Browser(desk, "pavel") as pavel, Browser(desk, "anna") as anna:
        client = await a_client(pavel)
        await hide(desk)
        box = await page(anna, f"/clients/{client}/answer")
        assert "0777" not in box
        sealed = re.search(r'<option value="([^"]+)"', box)
        assert sealed is not None
        body = {"number": unescape(sealed[1]), "text": "Добрый день", "client_id": client}
        status, made = await anna.ask("POST", "/sms", body)
        assert status == 201
        async with desk.services.db.read() as conn:
            kept = (await conn.execute(select(sms.c.number).where(sms.c.id == made["id"]))).scalar_one()
        assert kept == NUMBER
        assert NUMBER not in str((await anna.ask("GET", f"/sms/{made['id']}"))[1])
