"""Letters in the panel: lists, one conversation, what people do with it, and who may see what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.clients.card import ClientDraft, Phone
from cti.storage import clients, lookup
from tests.storage.letters import ANNAS, SALES, Post, add_mailbox
from tests.web.panel import ANNA, BORIS, Browser, Panel, panel, until


class Mail:
    """A panel with sales@ of Anna and Boris and Anna's own mailbox."""

    def __init__(self, desk: Panel, sales: Post, annas: Post, client: int) -> None:
        self.desk, self.sales, self.annas, self.client = desk, sales, annas, client

    async def comes(self, post: Post, message_id: str, **how: object) -> int:
        made = await post.bring(message_id, **how)  # type: ignore[arg-type]
        await self.desk.services.inbox.arrived([made], history=False)
        return made


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[Mail]:
    async with panel(tmp_path) as desk:
        db = desk.services.database
        box, folders = await add_mailbox(db, SALES, name="Sales", people=(ANNA, BORIS), target_s=3600)
        sales = Post(db=db, mailbox_id=box, folders=folders)
        box, folders = await add_mailbox(db, ANNAS, owner_id=ANNA)
        annas = Post(db=db, mailbox_id=box, folders=folders)
        async with db.write() as conn:
            phone = Phone(typed="+79355550101", e164="+79355550101")
            draft = ClientDraft(name="Romashka", emails=("hello@romashka.example",), phones=(phone,))
            client = await clients.insert(conn, draft, 0.0)
        yield Mail(desk, sales, annas, client)


async def text_of(browser: Browser, path: str) -> tuple[int, str]:
    async with browser.http.get(f"{browser.panel.url}{path}") as answer:
        return answer.status, await answer.text()


async def test_a_letter_comes_live_and_is_read_answered_and_done(mail: Mail) -> None:
    async with Browser(mail.desk, "anna") as anna:
        wire = await anna.connect()
        letter = await mail.comes(mail.sales, "a@x", sender="hello@romashka.example", files=["Акт.pdf"])
        came = "New letter from Hello: Счёт"
        await until(lambda: came in [one["text"] for one in wire.all("message")], why="she is told of it")
        await until(lambda: wire.all("mail") and wire.all("mail")[-1]["count"] == 1, why="it is counted")
        status, listed = await anna.ask("GET", "/conversations?whose=mine")
        assert status == 200
        row = listed["rows"][0]
        assert (row["client"], row["state"], row["owner"], row["unread"], row["files"]) == (
            "Romashka",
            "new",
            "Anna",
            1,
            1,
        )
        _, whole = await anna.ask("GET", f"/conversations/{row['id']}")
        assert whole["letters"][0]["client_why"] == "The address hello@romashka.example stands on the client's card."
        assert (await anna.ask("GET", f"/messages/{letter}"))[1]["subject"] == "Счёт"
        status, text = await text_of(anna, f"/mail?c={row['id']}")
        assert status == 200
        for said in ("Romashka", "Счёт", "Hello", f"/mail/letters/{letter}/sheet"):
            assert said in text
        assert (await anna.ask("PUT", f"/conversations/{row['id']}/answering", {"writes": True}))[0] == 200
        async with Browser(mail.desk, "boris") as boris:
            status, refusal = await boris.ask("PUT", f"/conversations/{row['id']}/answering", {"writes": True})
            assert (status, refusal["detail"]) == (409, "A colleague is writing an answer.")
            assert "Anna is answering" in (await text_of(boris, "/mail"))[1]
        status, before = await anna.ask("POST", "/conversations/state", {"ids": [row["id"]], "state": "done"})
        assert before == {"before": {str(row["id"]): "new"}}
        assert (await anna.ask("GET", "/conversations?state=open"))[1]["rows"] == []
        await until(lambda: wire.all("mail")[-1]["count"] == 0, why="nothing waits any more")


async def test_a_personal_mailbox_is_its_owners_alone(mail: Mail) -> None:
    await mail.comes(mail.annas, "a@x", sender="who@mail.example", subject="Личное")
    async with Browser(mail.desk, "anna") as anna:
        conversation = (await anna.ask("GET", "/conversations"))[1]["rows"][0]["id"]
        folder = mail.annas.folders["inbox"]
        assert len((await anna.ask("GET", f"/conversations?folder={folder}"))[1]["rows"]) == 1
    async with Browser(mail.desk, "vera") as vera:
        assert (await vera.ask("GET", "/conversations"))[1]["rows"] == []
        assert (await vera.ask("GET", "/conversations?q=Личное"))[1]["rows"] == []
        assert (await vera.ask("GET", f"/conversations/{conversation}"))[0] == 404
        assert (await vera.ask("GET", f"/conversations?folder={folder}"))[0] == 404
        assert "Личное" not in (await text_of(vera, f"/mail?c={conversation}"))[1]
        for method, path, body in (
            ("PUT", f"/conversations/{conversation}/answering", {"writes": True}),
            ("POST", "/conversations/state", {"ids": [conversation], "state": "done"}),
            ("POST", "/conversations/owner", {"ids": [conversation], "user_id": None}),
            ("POST", f"/conversations/{conversation}/merge", {"conversations": [conversation]}),
            ("PUT", f"/conversations/{conversation}/client", {"client_id": mail.client}),
        ):
            assert (await vera.ask(method, path, body))[0] == 404, path


async def test_an_unknown_sender_becomes_a_client_or_is_added_to_one(mail: Mail) -> None:
    await mail.comes(mail.sales, "a@x", sender="new@else.example")
    await mail.comes(mail.sales, "b@x", sender="other@elsewhere.example", subject="Прайс")
    async with Browser(mail.desk, "anna") as anna:
        second, first = [row["id"] for row in (await anna.ask("GET", "/conversations"))[1]["rows"]]
        assert "Nobody has the address new@else.example." in (await text_of(anna, f"/mail/conversations/{first}"))[1]
        body = {"client_id": mail.client, "address": "new@else.example"}
        assert (await anna.ask("PUT", f"/conversations/{first}/client", body))[0] == 200
        assert "new@else.example" in (await anna.ask("GET", f"/clients/{mail.client}"))[1]["emails"]
        status, made = await anna.ask(
            "PUT", f"/conversations/{second}/client", {"name": "Other", "address": "other@elsewhere.example"}
        )
        assert status == 200
        assert (await anna.ask("GET", f"/conversations/{second}"))[1]["conversation"]["client_id"] == made["id"]


async def test_words_find_letters_in_the_page_and_an_empty_list_explains_itself(mail: Mail) -> None:
    async with Browser(mail.desk, "boris") as boris:
        assert "New letters appear by themselves" in (await text_of(boris, "/mail"))[1]
    await mail.comes(mail.sales, "a@x", sender="hello@romashka.example", subject="Прайс-листы", text="цены на окна")
    async with Browser(mail.desk, "boris") as boris:
        assert "Прайс-листы" in (await text_of(boris, "/mail?q=цена"))[1]
        assert "Nothing found" in (await text_of(boris, "/mail?q=рекламация"))[1]
        assert (await text_of(boris, "/mail?view=strange&box=x&c=99999999999&cursor=zz"))[0] == 200
    async with Browser(mail.desk, "clara") as clara:
        assert "No mailbox yet" in (await text_of(clara, "/mail"))[1]


async def test_letters_stand_in_the_clients_history_and_on_the_list_of_work(mail: Mail) -> None:
    async with Browser(mail.desk, "anna") as anna:
        await anna.connect()
        await mail.comes(mail.sales, "a@x", sender="hello@romashka.example", subject="Рекламация")
        await mail.comes(mail.sales, "b@x", sender="hello@romashka.example", subject="Черновик", role="drafts")
        await mail.comes(mail.annas, "c@x", sender="hello@romashka.example", subject="Личное")
        rows = (await anna.ask("GET", f"/clients/{mail.client}/history?kind=letter"))[1]["rows"]
        assert [row["letter"]["subject"] for row in rows] == ["Личное", "Рекламация"]
        status, text = await text_of(anna, f"/clients/{mail.client}?tab=history&kind=letter")
        assert (status, "Рекламация" in text, "Черновик" in text) == (200, True, False)
        assert "1 letter waits for our answer" in text
        async with mail.desk.services.database.read() as conn:
            brief = await lookup.brief_of(conn, mail.client, now=0.0)
        assert brief is not None
        assert brief.letters == 1
        work = (await anna.ask("GET", "/work"))[1]
        assert [(one["kind"], one["note"], one["client_name"]) for one in work] == [
            ("letter", "Рекламация", "Romashka"),
            ("letter", "Личное", "Romashka"),
        ]
        assert f"/mail?view=mine&amp;c={work[0]['id']}" in (await text_of(anna, "/work"))[1]
    async with Browser(mail.desk, "vera") as vera:
        rows = (await vera.ask("GET", f"/clients/{mail.client}/history"))[1]["rows"]
        assert [row["letter"]["subject"] for row in rows if row["letter"]] == ["Рекламация"]
        assert (await vera.ask("GET", "/work?whose=all"))[1] == []
