"""Letters as people write them in the panel: drafts, files, templates, sending and taking back."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cti.access import Person
from cti.storage import bounces, outbox
from tests.web.canaries import hide
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, BORIS, Browser, Panel, panel

VERA = Person(id=4, login="vera", name="Vera", role="supervisor")
PRICES = b"%PDF-1.7 prices"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


async def bring(who: Browser, path: str, name: str, data: bytes) -> int:
    headers = {"X-CSRF-Token": who.csrf, "Origin": who.panel.url, "X-File-Name": name}
    async with who.http.post(f"{who.panel.url}/api/v1{path}", data=data, headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        return int((await answer.json())["id"])


async def begun(who: Browser, box: int, key: str = "letter-one", **more: Any) -> dict[str, Any]:
    """A new letter, as it is read after it was begun."""
    status, made = await who.ask("POST", "/outbox", {"key": key, "mailbox_id": box, **more})
    assert status == 201, made
    return dict((await who.ask("GET", f"/outbox/{made['id']}"))[1])


async def alkhimov(who: Browser, **more: Any) -> int:
    body = {"name": "Алхимов", "emails": ["pyotr@alkhimov.example"], **more}
    return int((await who.ask("POST", "/clients", body))[1]["id"])


async def save(who: Browser, letter: dict[str, Any], **changed: Any) -> tuple[int, Any]:
    same = {name: letter[name] for name in ("mailbox_id", "people", "subject", "html", "client_id", "version")}
    return await who.ask("PUT", f"/outbox/{letter['id']}", same | changed)


async def test_a_letter_from_the_card_is_addressed_saved_as_typed_sent_and_taken_back(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna, Browser(desk, "boris") as boris:
        new = {"key": "letter-none"}
        assert (await anna.ask("POST", "/outbox", new))[1]["type"].endswith("no-mailbox-yet")
        await a_mailbox(desk, ANNA, address="paused@romashka.example", paused_at=1.0)
        status, paused = await anna.ask("POST", "/outbox", new)
        assert (status, paused["detail"]) == (
            409,
            "All your mailboxes are paused: resume one in its settings, then answer.",
        )
        box = await a_mailbox(desk, ANNA, BORIS, signature="<p>Анна</p>")
        letter = await begun(anna, box, client_id=await alkhimov(anna))
        assert [one["address"] for one in letter["people"]] == ["pyotr@alkhimov.example"]
        assert letter["html"] == "<p><br></p><p>Анна</p>"
        again = await begun(anna, box)
        assert again["id"] == letter["id"], "the same key is the same letter"
        status, saved = await save(anna, letter, subject="Прайс", html="<p>Добрый день</p>")
        assert (status, saved) == (200, {"version": 2})
        status, _ = await save(anna, letter, subject="Из другого окна")
        assert status == 409, "another window saved it meanwhile"
        assert (await boris.ask("GET", f"/outbox/{letter['id']}"))[0] == 404, "a colleague's draft is his own"
        assert (await boris.ask("POST", f"/outbox/{letter['id']}/send", {"version": 2}))[0] == 403
        sent = [await anna.ask("POST", f"/outbox/{letter['id']}/send", {"version": 2}) for _ in range(2)]
        assert [one[0] for one in sent] == [200, 200]
        assert sent[0] == sent[1], "sent twice is sent once"
        assert 9 < sent[0][1]["at"] - desk.services.clock() <= 10, "ten seconds to think again"
        assert (await anna.ask("GET", "/outbox?state=waiting"))[1][0]["subject"] == "Прайс"
        assert (await anna.ask("POST", f"/outbox/{letter['id']}/undo"))[1] == {"version": 3}
        assert (await anna.ask("DELETE", f"/outbox/{letter['id']}"))[0] == 200
        assert (await anna.ask("GET", "/outbox"))[1] == []


async def test_what_may_not_leave_is_refused_in_words(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna, Browser(desk, "vera") as vera:
        box, client = await a_mailbox(desk, ANNA), await alkhimov(anna)
        letter = await begun(anna, box, client_id=client)

        async def refused(**changed: Any) -> str:
            current = (await anna.ask("GET", f"/outbox/{letter['id']}"))[1]
            _, saved = await save(anna, current, **changed)
            status, said = await anna.ask("POST", f"/outbox/{letter['id']}/send", saved)
            assert status == 409, said
            return str(said["type"]).rpartition("/")[2]

        bad = [{"role": "to", "name": "", "address": "pyotr@alkhimov.example\r\nBcc: evil@x.example"}]
        assert await refused(people=[]) == "no-addressee"
        assert await refused(people=bad) == "bad-address"
        assert await refused(people=letter["people"], subject="", html="") == "empty-letter"
        assert await refused(subject="Договор {{contract.number}}") == "empty-fields"
        assert (await vera.ask("POST", f"/clients/{client}/restrict", {"why": "по просьбе"}))[0] == 200
        assert await refused(subject="Прайс", client_id=None) == "restricted-mail", "DP-06: by the address alone too"
        async with desk.services.db.write() as conn:
            await bounces.mark(conn, "pyotr@alkhimov.example", lasting=True, why="550 no such user", at=1.0)
        told = (await anna.ask("GET", f"/outbox/{letter['id']}"))[1]["warnings"]
        assert [(one["address"], one["lasting"]) for one in told] == [("pyotr@alkhimov.example", True)]
        async with anna.http.get(f"{desk.url}/clients/{client}") as answer:
            assert "Letters to pyotr@alkhimov.example come back: 550 no such user" in await answer.text()
        form = {"csrf": anna.csrf}
        headers = {"Origin": desk.url}
        async with anna.http.post(f"{desk.url}/clients/{client}/addresses-good", data=form, headers=headers) as answer:
            assert "come back" not in await answer.text()


async def test_files_come_from_the_machine_the_client_and_the_library(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna, Browser(desk, "vera") as vera:
        box, client = await a_mailbox(desk, ANNA), await alkhimov(anna)
        prices = await bring(vera, "/library?title=Прайс", "Прайс.pdf", PRICES)
        letter = await begun(anna, box, client_id=client)
        at = f"/outbox/{letter['id']}"
        await bring(anna, f"{at}/files", "Смета.xlsx", b"PK")
        picture = await bring(anna, f"{at}/files?inline=1", "логотип.png", b"PNG")
        headers = {"X-CSRF-Token": anna.csrf, "Origin": desk.url, "X-File-Name": "x.txt"}
        async with anna.http.post(f"{desk.url}/clients/{client}/files", data=b"x", headers=headers) as answer:
            own = (await answer.json())["id"]
        for body in ({"source": "client", "file_id": own}, {"source": "library", "file_id": prices}):
            assert (await anna.ask("POST", f"{at}/attach", body))[0] == 201
        assert (await anna.ask("POST", f"{at}/attach", {"source": "client", "file_id": 987}))[0] == 404
        files = (await anna.ask("GET", at))[1]["files"]
        assert [one["name"] for one in files] == ["Смета.xlsx", "логотип.png", "x.txt", "Прайс.pdf"]
        answer, _ = await anna.request("GET", f"/outbox/files/{picture}")
        assert answer.headers["Content-Disposition"].startswith("inline")
        kept = desk.services.letter_store.path(hashlib.sha256(PRICES).hexdigest())
        assert kept.read_bytes() == PRICES
        assert (await anna.ask("DELETE", f"{at}/files/{files[0]['id']}"))[0] == 200
        assert len((await anna.ask("GET", at))[1]["files"]) == 3


async def test_a_template_is_filled_with_the_client_and_tells_what_is_missing(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna, Browser(desk, "vera") as vera:
        box, client = await a_mailbox(desk, ANNA), await alkhimov(anna, responsible_id=ANNA, name="Алхимов <и сын>")
        prices = await bring(vera, "/library", "Прайс.pdf", PRICES)
        body = {
            "name": "Прайс",
            "subject": "Прайс для {{client.name}}",
            "body": "<p>{{client.name}}, ваш менеджер {{manager.name}}, договор {{contract.number}}</p>",
            "files": [prices],
        }
        assert (await anna.ask("POST", "/templates", body))[0] == 403
        assert (await vera.ask("POST", "/templates", body | {"body": "{{7*7}}"}))[1]["type"].endswith("no-field")
        _, made = await vera.ask("POST", "/templates", body)
        assert (await vera.ask("POST", "/templates", body))[1]["type"].endswith("template-name-taken")
        seen = {"client_id": client, "subject": body["subject"], "body": body["body"]}
        _, shown = await anna.ask("POST", "/templates/preview", seen)
        assert shown["missing"] == ["contract.number"]
        letter = await begun(anna, box, client_id=client)
        _, used = await anna.ask(
            "POST", f"/outbox/{letter['id']}/template", {"template_id": made["id"], "version": letter["version"]}
        )
        assert used == {"missing": ["contract.number"]}
        filled = (await anna.ask("GET", f"/outbox/{letter['id']}"))[1]
        assert filled["subject"] == "Прайс для Алхимов <и сын>"
        assert "Алхимов &lt;и сын&gt;, ваш менеджер Anna, договор {{contract.number}}" in filled["html"]
        assert ([one["name"] for one in filled["files"]], filled["missing"]) == (["Прайс.pdf"], ["contract.number"])


async def test_what_waits_for_a_person_is_listed_with_what_he_may_do(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna, Browser(desk, "boris") as boris:
        box = await a_mailbox(desk, ANNA, BORIS)
        letter = await begun(anna, box, client_id=await alkhimov(anna))
        async with desk.services.database.write() as conn:
            await outbox.move(conn, letter["id"], ("draft",), state="unknown", why="no-answer", subject="Прайс")
        async with boris.http.get(f"{desk.url}/mail/outbox") as answer:
            text = await answer.text()
        assert "Прайс" in text
        assert "Whether the letter went is not known" in text
        sent = {"csrf": boris.csrf, "act": "aside"}
        headers = {"Origin": desk.url}
        async with boris.http.post(f"{desk.url}/mail/outbox/{letter['id']}", data=sent, headers=headers) as answer:
            assert "Everything has gone" in await answer.text()
        async with boris.http.post(f"{desk.url}/mail/outbox/{letter['id']}", data=sent, headers=headers) as answer:
            assert answer.status in (200, 409)


async def test_files_that_no_row_knows_are_swept(desk: Panel) -> None:
    async with Browser(desk, "vera") as vera:
        await bring(vera, "/library", "Прайс.pdf", PRICES)
        store = desk.services.letter_store
        lost = await store.place()
        lost.write_bytes(b"lost")
        digest = hashlib.sha256(b"lost").hexdigest()
        await store.keep(lost, digest)
        assert await store.sweep() == 0, "somebody may be bringing it just now"
        assert await store.sweep(young_s=-1.0) == 1
        assert store.path(hashlib.sha256(PRICES).hexdigest()).is_file()
        async with desk.services.db.read() as conn:
            assert await outbox.stored(conn) == set()


async def test_DP_11_whoever_does_not_see_numbers_writes_to_an_address_that_holds_one(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna, Browser(desk, "pavel") as pavel:
        box, number = await a_mailbox(desk, ANNA), "79355550101@mail.example"
        client = await alkhimov(pavel, emails=["pyotr@alkhimov.example", number])
        await hide(desk)
        letter = await begun(anna, box, client_id=client)
        found = (await anna.ask("GET", "/addressees?q=Алхимов"))[1]
        masked = next(one["address"] for one in found if "mail.example" in one["address"])
        assert "9355550101" not in masked
        status, _ = await save(anna, letter, people=[{"role": "to", "name": "", "address": masked}])
        assert status == 200
        async with desk.services.database.read() as conn:
            kept = await outbox.get(conn, letter["id"])
        assert kept is not None
        assert kept.people == (("to", "", number),)
        assert "9355550101" not in str(await anna.ask("GET", f"/outbox/{letter['id']}"))
