"""Mailboxes in trouble: links that break or go silent, UIDs that change, passwords, quotas, letters nobody can read."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from imapclient.exceptions import IMAPClientError

from cti.channels.email.imap_wire import READ_S
from cti.channels.email.link import ImapLink
from cti.channels.email.reader import LetterProcess
from cti.channels.folders import Box
from cti.channels.letters import Credentials, Endpoint, MailTrouble, Poison
from cti.features.mail_sync import POLL_S
from cti.messages.letter import Flags, Letter
from lab.dovecot import Dovecot
from tests.channels.links import SOAK
from tests.channels.mail_peers import ANNA, PASSWORD, SALES, letter, outlook, post_office
from tests.channels.mail_peers import office as office
from tests.e2e.proxy import Proxy
from tests.features.mailroom import HERE, Mailroom, mailroom

FEW = 9  # UIDs: history is taken in by many spans
ONE, TWO = "<one@alkhimov.example>", "<two@alkhimov.example>"


@pytest.fixture
async def room(office: Dovecot, tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with mailroom(office, tmp_path, span=FEW) as made:
        yield made


async def came(room: Mailroom, message_id: str, within_s: float = 20.0) -> float:
    async def here() -> bool:
        return message_id in await room.ids()

    return await room.until(here, within_s)


async def told(room: Mailroom, box: int, code: str) -> None:
    async def so() -> bool:
        return any(one == box and said.partition("|")[0] == code for one, said in room.found)

    await room.until(so)


def test_F_37_a_silent_server_is_noticed_within_a_minute() -> None:
    assert POLL_S + READ_S < 60


async def test_F_37_a_link_that_drops_or_goes_silent_loses_no_letter(office: Dovecot, room: Mailroom) -> None:
    room.read_s, room.sync._poll_s = 0.5, 0.5
    async with Proxy(office.imap) as wire:
        box = await room.add(ANNA, port=wire.port, security="none")
        await room.followed(box)
        await wire.drop()
        office.deliver(letter(message_id=ONE), ANNA)
        await came(room, ONE)
        wire.silent = True
        office.deliver(letter(message_id=TWO), ANNA)

        async def noticed() -> bool:
            return room.sync.health()[box].state == "down"

        await room.until(noticed)
        wire.silent = False
        await came(room, TWO)
    assert await room.doubles() == []


async def test_F_38_changed_uids_bring_no_doubles_and_lose_nothing(office: Dovecot, room: Mailroom) -> None:
    count = 1000 if SOAK else 150
    office.fill(ANNA, [letter(message_id=f"<{one}@alkhimov.example>") for one in range(count)])
    box = await room.add(ANNA)
    await room.followed(box)
    before = await room.shows(box)
    with outlook(office, ANNA) as she:
        she.flag("INBOX", "<7@alkhimov.example>", "\\Flagged")
    office.stop()
    office.forget_uids(ANNA)
    office.start()
    office.deliver(letter(message_id=ONE), ANNA)
    await came(room, ONE)

    async def same() -> bool:
        now = (await room.shows(box))["INBOX"]
        return len(now) == len(before["INBOX"]) + 1 and now["<7@alkhimov.example>"] == {"\\Flagged"}

    await room.until(same)
    await room.followed(box)
    assert await room.doubles() == []
    assert await room.letters() == count + 2
    assert len(room.desk.history) == count + 1


async def test_a_changed_password_is_told_and_not_hammered(office: Dovecot, room: Mailroom) -> None:
    boxes = {ANNA: await room.add(ANNA), SALES: await room.add(SALES)}
    for one in boxes.values():
        await room.followed(one)
    office.add(ANNA, "another")
    office.stop()
    office.start()
    await told(room, boxes[ANNA], "password")
    office.deliver(letter(message_id=ONE), SALES, ANNA)
    await came(room, ONE)
    assert room.sync.health()[boxes[ANNA]].state == "refused"
    assert office.log().count("auth failed") == 1
    room.passwords[boxes[ANNA]] = "another"
    room.sync.changed(boxes[ANNA])

    async def both() -> bool:
        return all([ONE in (await room.shows(one)).get("INBOX", {}) for one in boxes.values()])

    await room.until(both)


async def test_a_full_mailbox_is_told(office: Dovecot, room: Mailroom) -> None:
    office.add(SALES, PASSWORD, quota_mib=1)
    office.deliver(letter(text="x\n" * 341_000), SALES)
    box = await room.add(SALES)
    await told(room, box, "quota")


class Fussy(LetterProcess):
    """A reader that breaks at some letters."""

    async def read(self, raw: Path) -> Letter:
        if b"poison" in await asyncio.to_thread(raw.read_bytes):
            raise Poison("time")
        return await super().read(raw)


async def test_a_letter_nobody_can_read_is_parked_and_the_next_one_comes(office: Dovecot, tmp_path: Path) -> None:
    async with mailroom(office, tmp_path, reader=Fussy(tmp_path / "letters")) as room:
        box = await room.add(ANNA)
        await room.followed(box)
        room.rounds._round_s = 0.1
        office.deliver(letter(text="poison"), ANNA)
        office.deliver(letter(message_id=ONE), ANNA)
        assert await came(room, ONE) < 5

        async def parked() -> bool:
            return await room.parked() == [(3, "time")]

        await room.until(parked)
        office.deliver(letter(message_id=TWO), ANNA)
        await came(room, TWO)
        assert await room.parked() == [(3, "time")]


async def test_what_was_done_in_an_outage_is_done_there_afterwards(office: Dovecot, tmp_path: Path) -> None:
    for one in (ONE, TWO):
        office.deliver(letter(message_id=one), ANNA)
    async with mailroom(office, tmp_path) as room:
        box = await room.add(ANNA)
        await room.followed(box)
        office.stop()
        ids = await room.ids()
        await room.changes.flag(ids[ONE], Flags(flagged=True), mailbox_id=box)
        await room.changes.move(ids[ONE], "archive", mailbox_id=box)
        await room.changes.flag(ids[TWO], Flags(seen=True), mailbox_id=box)
        await room.changes.move(ids[TWO], "trash", mailbox_id=box)
        await room.changes.move(ids[TWO], "inbox", mailbox_id=box)
    office.start()
    async with mailroom(office, tmp_path) as room:
        await room.until(room.has_told_all)
        with outlook(office, ANNA) as she:
            assert she.shows("Archive") == {ONE: {"\\Flagged"}}
            assert she.shows("INBOX") == {TWO: {"\\Seen"}}


KILLED = """
import asyncio, sys
from pathlib import Path
from lab.dovecot import Dovecot
from tests.features.mailroom import mailroom
folder, data, ports = Path(sys.argv[1]), Path(sys.argv[2]), [int(one) for one in sys.argv[3:]]
office = Dovecot(folder=folder, certificate=folder / "cert.pem", imaps=ports[0], imap=ports[1], lmtp=ports[2])
async def main():
    async with mailroom(office, data, span=9):
        print("runs", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


async def test_F_39_a_kill_between_fetch_and_store_doubles_and_loses_nothing(office: Dovecot, tmp_path: Path) -> None:
    chance = random.Random(39)
    count = 600 if SOAK else 120
    async with mailroom(office, tmp_path, span=FEW) as room:
        box = await room.add(ANNA, paused_at=time.time())
    office.fill(ANNA, [letter(message_id=f"<{one}@alkhimov.example>") for one in range(count)])
    async with mailroom(office, tmp_path, span=FEW) as room:
        await room.resume(box)
        await room.until(lambda: _some(room))
    for turn in range(50 if SOAK else 3):
        command = [sys.executable, "-c", KILLED, str(office.folder), str(tmp_path)]
        ports = [str(one) for one in (office.imaps, office.imap, office.lmtp)]
        running = await asyncio.create_subprocess_exec(*command, *ports, stdout=asyncio.subprocess.PIPE)
        assert running.stdout
        assert await running.stdout.readline()
        office.deliver(letter(message_id=f"<new{turn}@alkhimov.example>"), ANNA)
        await asyncio.sleep(chance.random() * 0.6)
        running.kill()
        await running.communicate()
    async with mailroom(office, tmp_path, span=FEW) as room:
        await room.followed(box)
        await came(room, f"<new{turn}@alkhimov.example>")
        assert await room.doubles() == []
        assert await room.letters() == count + 2 + turn
        with outlook(office, ANNA) as she:
            assert await room.shows(box) == {"INBOX": she.shows("INBOX")}


async def _some(room: Mailroom) -> bool:
    return await room.letters() > 0


async def trouble(
    office: Dovecot, login: str = ANNA, secret: str = PASSWORD, *, oauth2: bool = False, **where: object
) -> str:
    """Why a mailbox cannot be opened."""

    async def here(_host: str, port: int) -> socket.socket:
        return await HERE.connect("127.0.0.1", port)

    tls = where.pop("tls", None) or ssl.create_default_context(cafile=str(office.certificate))
    endpoint = Endpoint(**({"host": "127.0.0.1", "port": office.imaps} | where))  # type: ignore[arg-type]
    link = ImapLink("trial", connect=here, tls=tls)  # type: ignore[arg-type]
    try:
        await link.open(endpoint, Credentials(login=login, secret=secret, oauth2=oauth2))
        await link.ask(lambda box: box.folders())
    except MailTrouble as error:
        return error.code
    finally:
        await link.close()
    return ""


async def test_why_a_mailbox_cannot_be_opened_is_told(office: Dovecot) -> None:
    assert await trouble(office) == ""
    assert await trouble(office, port=office.imap, security="starttls") == ""
    assert await trouble(office, secret="wrong") == "password"
    assert await trouble(office, tls=ssl.create_default_context()) == "certificate"
    assert await trouble(office, host="mail.romashka.example") == "certificate"
    assert await trouble(office, port=office.imap) == "no-tls"
    assert await trouble(office, port=office.lmtp, security="none") == "not-mail"
    assert await trouble(office, port=1) == "closed"


async def test_a_provider_lets_in_by_a_token() -> None:
    """Dovecot asks the provider whether a token is good (RFC 7662)."""

    async def introspect(request: web.Request) -> web.Response:
        good = (await request.post())["token"] == "a-good-token"
        return web.json_response({"active": good, **({"username": ANNA} if good else {})})

    provider = web.Application()
    provider.router.add_post("/", introspect)
    async with TestServer(provider) as server:
        with post_office(ANNA, introspection=str(server.make_url("/"))) as office:
            assert await trouble(office, secret="a-good-token", oauth2=True) == ""
            assert await trouble(office, secret="an-old-token", oauth2=True) == "oauth2"


HARM = [
    "x\r\nA1 DELETE INBOX\r\n", 'x"\r\nA1 DELETE Sent\r\n', "x\nA1 LOGOUT", "x\0y", "Привет\r\nA1 DELETE INBOX",
    'x" "y', "x\\", "{5}\r\nhello", "x)", "x) OR ALL (", "\r\n", 'a"b\\c', "%", "*",
]  # fmt: skip


class Refused(Exception):
    """The server does not take a folder's name."""


def made(box: Box, name: str) -> None:
    try:
        box.create(f"x{name}")
    except IMAPClientError as error:
        raise Refused from error


async def test_SEC_16_no_word_becomes_a_command(office: Dovecot) -> None:
    office.deliver(letter(message_id=ONE), ANNA)
    for word in HARM[:5]:
        assert await trouble(office, login=word) == "password"
        assert await trouble(office, secret=word) == "password"
    tls = ssl.create_default_context(cafile=str(office.certificate))
    link = ImapLink("harm", connect=HERE.connect, tls=tls)
    await link.open(Endpoint(host="127.0.0.1", port=office.imaps), Credentials(login=ANNA, secret=PASSWORD))
    try:
        for word in HARM:
            assert await link.ask(lambda box, word=word: box.find("INBOX", word)) == []  # type: ignore[misc]
            with contextlib.suppress(Refused):  # some are no names of folders
                await link.ask(lambda box, word=word: made(box, word))  # type: ignore[misc]
    finally:
        await link.close()
    with outlook(office, ANNA) as she:
        assert set(she.shows("INBOX")) == {ONE}
        assert {"Sent", "Drafts", "Trash", "Junk", "Archive"} <= set(she.folders())
