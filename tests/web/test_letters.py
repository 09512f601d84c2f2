"""Letters as they are read: who may, under which policy, and what their frame can ask for."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import delete, select, update

from cti.channels.email.compose import compose
from cti.channels.email.pictures import OutsidePictures
from cti.channels.email.reader import LetterProcess
from cti.features.letter_reading import LetterReading
from cti.messages.letter import Attachment
from cti.messages.outgoing import Outgoing, party
from cti.storage import role_rights
from cti.storage.mail_tables import letter_places, letters
from cti.storage.sending_tables import outbox, outbox_files
from tests.channels.email.post import HEAD, parts
from tests.channels.email.post import letter as read_letter
from tests.messages.test_invitations import OUTLOOK
from tests.web.mailbag import put
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, Panel, panel
from tests.web.visitor import Visitor
from web.app import make_app
from web.limits import LIMITS, Limits
from web.services import Services

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'"
HTML = (
    "<p>Номер +7 935 <b>555-01</b>-01</p><img src='cid:Logo@x'><img src='http://127.0.0.1:{port}/a.png?x=1&amp;y=2'>"
    f"<img src='data:image/png;base64,{base64.b64encode(PNG + b'own').decode()}'>"
    "<a href='https://alkhimov.example/?a=1&amp;b=2'>site</a><a href='tel:+79355550101'>call</a>"
)


@pytest.fixture
async def outside() -> AsyncIterator[tuple[int, list[str]]]:
    """A server of pictures, and what it was asked for."""
    asked: list[str] = []

    async def give(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        if request.path == "/moved.png":
            raise web.HTTPFound("http://127.0.0.1:1/inside.png")
        body = b"<svg xmlns='http://www.w3.org/2000/svg'/>" if request.path == "/svg.png" else PNG
        return web.Response(body=body, content_type="image/png")

    app = web.Application()
    app.router.add_get("/{name}", give)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1], asked
    await runner.cleanup()


@pytest.fixture
async def running(tmp_path: Path, outside: tuple[int, list[str]]) -> AsyncIterator[Panel]:
    reader = LetterProcess(tmp_path / "letters")
    pictures = OutsidePictures(allowed=("127.0.0.0/8",), ports=frozenset((outside[0],)))

    def reading(services: Services) -> Services:
        letters = LetterReading(
            db=services.database, reader=reader, pictures=pictures, folder=tmp_path / "letters", key=b"k",
            clock=services.clock,
        )  # fmt: skip
        return replace(services, letters=letters)

    async with panel(tmp_path, change=reading) as made:
        yield made
    await reader.close()


def letter(port: int) -> bytes:
    return parts(
        f"Content-Type: text/html; charset=utf-8\n\n{HTML.format(port=port)}",
        b"Content-Type: text/x\nContent-ID: <logo@x>\n\n" + PNG,
        b"Content-Type: text/plain; name=a.txt; charset=cp1251\n\n" + "прайс".encode("cp1251"),
        "Content-Type: image/png; name=a.TXT\n\n<html><script>1</script>",
        kind="related",
        head=HEAD.replace("Subject: s", "Subject: price"),
    )


def one_of(frame: str, what: str) -> str:
    """An address that the frame asks for."""
    return unescape(re.findall(rf'="(/mail/frames/[^"]+/{what}[^"]*)"', frame)[0])


async def raw(visitor: Visitor, path: str) -> tuple[int, str, bytes]:
    async with visitor.http.get(visitor.panel.url + path) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.read()


async def test_SEC_14_the_frame_has_a_policy_of_its_own_and_asks_nobody(
    running: Panel, outside: tuple[int, list[str]]
) -> None:
    port, asked = outside
    one = await put(running, await a_mailbox(running, kind="personal", owner_id=ANNA), letter(port))
    async with Visitor(running, "anna") as anna:
        page = await anna.get(f"/mail/letters/{one}")
        assert f'src="/mail/letters/{one}/body"' in page.text
        assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
        frame = await anna.get(f"/mail/letters/{one}/body")
    assert frame.headers["Content-Security-Policy"] == POLICY
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Pictures from outside are not shown" in frame.text
    assert f"127.0.0.1:{port}" not in frame.text
    assert asked == []
    async with Visitor(running) as nobody:  # as the frame asks: without a cookie
        shown = await nobody.get(one_of(frame.text, "body"))
        assert shown.headers["Content-Security-Policy"] == POLICY
        assert await raw(nobody, one_of(shown.text, "inline")) == (200, "image/png", PNG)
        own = unescape(re.findall(r'src="([^"]+/inline[^"]+data\.invalid)"', shown.text)[0])
        assert await raw(nobody, own) == (200, "image/png", PNG + b"own"), "a picture that stood in the HTML"
        there = one_of(shown.text, "picture")
        assert await raw(nobody, there) == (200, "image/png", PNG)
        assert asked == ["/a.png?x=1&y=2"]
        for other in ("svg.png", "moved.png", "other.png"):  # not of this letter
            elsewhere = f"{there.partition('?')[0]}?url=http://127.0.0.1:{port}/{other}"
            assert (await nobody.get(elsewhere)).status == 404
        assert len(asked) == 1


async def test_a_link_says_where_it_leads_and_a_ticket_lasts_as_long_as_the_session(
    running: Panel, outside: tuple[int, list[str]]
) -> None:
    one = await put(running, await a_mailbox(running, kind="personal", owner_id=ANNA), letter(outside[0]))
    async with Visitor(running, "anna") as anna, Visitor(running) as nobody:
        frame = await anna.get(f"/mail/letters/{one}/body")
        assert 'title="https://alkhimov.example/?a=1&amp;b=2"' in frame.text
        link = one_of(frame.text, "link")
        leads = await nobody.get(link)
        opens = '<a href="https://alkhimov.example/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">'
        assert opens in leads.text
        assert leads.headers["Content-Security-Policy"] == POLICY.replace(
            "sandbox;", "sandbox allow-popups allow-popups-to-escape-sandbox;"
        )
        base = link.partition("/link")[0]
        assert (await nobody.get(f"{base}/link?to=javascript:alert(1)")).status == 404
        letter_to = await nobody.get(f"{base}/link?to=mailto:sales%2540alkhimov.example%3Fsubject=x")
        assert 'href="/?write=sales%40alkhimov.example"' in letter_to.text
        for wrong in (base[:-3], base + "A", "/mail/frames/x", base.replace("/frames/", "/frames/A")):
            assert (await nobody.get(f"{wrong}/body")).status == 404
        assert (await nobody.get(f"{base}/body")).status == 200
        await anna.post("/sign-out")
        gone = await nobody.get(f"{base}/body")
        assert (gone.status, gone.headers["Content-Security-Policy"]) == (404, POLICY)


async def test_SEC_13_files_are_saved_and_only_harmless_ones_are_looked_at(
    running: Panel, outside: tuple[int, list[str]]
) -> None:
    one = await put(running, await a_mailbox(running, kind="personal", owner_id=ANNA), letter(outside[0]))
    async with Visitor(running, "anna") as anna:
        page = await anna.get(f"/mail/letters/{one}/sheet")
        text, markup = re.findall(rf"(/mail/letters/{one}/files/\d+)\" download", page.text)
        assert await raw(anna, f"{text}/view") == (200, "text/plain; charset=utf-8", "прайс".encode())
        for path in (text, markup):
            async with anna.http.get(running.url + path) as answer:
                assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''a.")
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert (await anna.get(f"{markup}/view")).status == 404
        status, kind, body = await raw(anna, f"/mail/letters/{one}/files.zip")
        assert (status, kind) == (200, "application/zip")
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert archive.namelist() == ["a.txt", "a (2).TXT"]
        assert (await anna.get(f"/mail/letters/{one}/files/999")).status == 404
        assert f"/mail/letters/{one}/letter.eml" in page.text
        away = await anna.get(f"/mail/letters/{one}/letter.eml")  # nothing listens where its mailbox lies
        assert (away.status, away.says("mail server does not answer now")) == (503, True)
        async with running.services.db.write() as conn:
            await conn.execute(delete(letter_places))
            await conn.execute(update(letters).values(user_id=ANNA))  # hers still: she wrote it
        gone = await anna.get(f"/mail/letters/{one}/letter.eml")
        assert (gone.status, gone.says("lies on no mail server any more")) == (404, True)


async def test_letters_of_others_are_not_there(running: Panel, outside: tuple[int, list[str]]) -> None:
    one = await put(running, await a_mailbox(running, kind="personal", owner_id=ANNA), letter(outside[0]))
    async with Visitor(running, "pavel") as pavel:
        for path in ("", "/sheet", "/body", "/letter.eml", "/files.zip", "/files/1", "/files/1/view"):
            assert (await pavel.get(f"/mail/letters/{one}{path}")).status == 404
            assert (await pavel.get(f"/mail/letters/999{path}")).status == 404
        assert (await pavel.get("/mail/letters/x")).status == 404


async def test_numbers_are_hidden_in_a_letter_however_it_writes_them(
    running: Panel, outside: tuple[int, list[str]]
) -> None:
    box = await a_mailbox(running, kind="personal", owner_id=ANNA)
    rich = await put(running, box, letter(outside[0]))
    plain = await put(running, box, HEAD + "\nЗвоните 8 (935) 555-01-01, договор 17 от 10.09.2026")
    async with running.services.db.write() as conn:
        await role_rights.keep(conn, "agent", {"clients.numbers": "none"})
    async with Visitor(running, "anna") as anna:
        frame = (await anna.get(f"/mail/letters/{rich}/body")).text
        assert "555-01" not in frame
        assert "79355550101" not in frame
        assert "Номер +7 935 <b>•••-••</b>-01" in frame
        words = (await anna.get(f"/mail/letters/{plain}/body")).text
        assert "555-01" not in words
        assert "letter.eml" not in (await anna.get(f"/mail/letters/{rich}/sheet")).text
        assert (await anna.get(f"/mail/letters/{rich}/letter.eml")).says("whole numbers in it")
        assert "17 от 10.09.2026" in words


async def test_an_invitation_is_answered_by_a_letter_that_any_calendar_takes(running: Panel) -> None:
    box = await a_mailbox(running, ANNA)
    asked = parts(f"Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n{OUTLOOK}", head=HEAD)
    one = await put(running, box, asked)
    async with Visitor(running, "anna") as anna, Visitor(running, "clara") as clara:
        sheet = await anna.get(f"/mail/letters/{one}/sheet")
        assert sheet.says("Договор, цены")
        assert sheet.says("14.09.2026 09:00 – 10:30, it repeats · Переговорная 2")
        answered = await anna.post(f"/mail/letters/{one}/invitation", how="accepted")
        assert answered.says("Answered: accepted")
        assert (await anna.post(f"/mail/letters/{one}/invitation", how="accepted")).status == 200  # twice is once
        assert (await anna.post(f"/mail/letters/{one}/invitation", how="maybe")).status == 400
        assert (await clara.post(f"/mail/letters/{one}/invitation", how="declined")).status == 404
    async with running.services.db.read() as conn:
        letters = (await conn.execute(select(outbox))).all()
        file = (await conn.execute(select(outbox_files))).one()
    assert [(row.state, row.subject, row.answers_id) for row in letters] == [("waiting", "Accepted: s", one)]
    assert '"sales@alkhimov.example"' in letters[0].people
    kept = running.services.letter_store.path(file.sha256)
    made = Outgoing(
        message_id="1@house.example", sender=party("from", "sales@romashka.example"), subject="x", html="<p>x</p>",
        at=0.0, people=(party("to", "sales@alkhimov.example"),),
        files=(Attachment(name=file.name, media_type=file.media_type, size=file.size, sha256=file.sha256),),
    )  # fmt: skip
    sent = read_letter(compose(made, lambda _file: kept))
    assert "METHOD:REPLY" in sent.calendar
    assert "PARTSTAT=ACCEPTED" in sent.calendar
    assert sent.files == ()


async def test_the_pictures_of_a_letter_are_counted_for_who_opened_it(
    running: Panel, outside: tuple[int, list[str]]
) -> None:
    """Not for everybody behind the same address."""
    one = await put(running, await a_mailbox(running, kind="personal", owner_id=ANNA), letter(outside[0]))
    async with Visitor(running, "anna") as anna:
        frame = (await anna.get(f"/mail/letters/{one}/body")).text
    app = make_app(running.services)
    app[LIMITS] = Limits(per_s=0.01, burst=3)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as http:
        asked = [one_of(frame, "inline")] * 4 + ["/sign-in"]
        assert [(await http.get(path)).status for path in asked] == [200, 200, 200, 429, 200]
    await runner.cleanup()
