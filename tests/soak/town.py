"""A call centre around one server: its PBX, post office, SMSC and name server, each by a wire that can be faulty; a
client who calls all the time, writes letters and SMS; an agent who notes something on each call.

What was truly done is kept, to be compared with what the server knows in the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import socketio.exceptions

from lab import mail as office
from lab.errors import LabError
from lab.pbx import Pbx
from lab.phones import Phone
from lab.settings import LabSettings, load
from lab.smsc import PASSWORD as SMS_PASSWORD
from lab.smsc import SENDER, Smsc, smsc
from tests.e2e.conftest import Street
from tests.e2e.proxy import Proxy
from tests.e2e.server import Desk, Server, until
from tests.installation.names import NameServer
from tests.soak.wires import ManagerWire

CLARA, DESK = "74950000002", "103"
HOUSE = "pbx.house.test"
PATIENCE_S = 180.0  # a soak goes on while the machine does other things
MOST_FILES = 200  # descriptors that the server may have
LETTER_EVERY, SMS_EVERY = 5, 4  # calls
LOST = (OSError, TimeoutError, AssertionError, aiohttp.ClientError, socketio.exceptions.SocketIOError, LabError)


@dataclass(kw_only=True)
class Made:
    """One call of the client's. began, ended: monotonic seconds; clear: no fault was there all the while."""

    number: str
    began: float
    ended: float = 0.0
    answered: bool = False
    clear: bool = False


@dataclass(kw_only=True)
class Truth:
    """What was truly done. notes: those that the server acknowledged, by call; letters: subjects; sms: texts."""

    calls: list[Made] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    letters: list[str] = field(default_factory=list)
    sms: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Town:
    """Made by `town`. clara: the agent, who comes by the door; faulty: a fault is there, or what came of it."""

    server: Server
    pbx: Pbx
    street: Street
    smsc: Smsc
    lab: LabSettings
    names: NameServer
    ami: ManagerWire
    imap: Proxy
    smpp: Proxy
    door: Proxy
    clara: Desk
    phone: Phone
    chance: random.Random
    faulty: bool = True
    over: bool = False
    troubled_at: float = field(default_factory=time.monotonic)
    truth: Truth = field(default_factory=Truth)

    # The load ------------------------------------------------------------------------------------------------------
    async def life(self) -> None:
        """Calls, one after another; letters and SMS between them; until it is over."""
        number = 0
        while not self.over:
            number += 1
            await self._call(f"7935{number:07d}")
            if number % LETTER_EVERY == 0:
                await self._letter(f"Письмо {number}")
            if number % SMS_EVERY == 0:
                await self._sms(f"SMS {number}")

    async def _call(self, number: str) -> None:
        known = len(self.clara.all("screen_pop"))
        made = Made(number=f"+{number}", began=time.monotonic())
        self.truth.calls.append(made)
        begun_clear = not self.faulty
        try:
            client = await self.street.call(CLARA, caller=number)
        except LabError:  # no PBX now
            self.truth.calls.remove(made)
            await asyncio.sleep(0.5)
            return
        await asyncio.sleep(self.chance.uniform(0.4, 2.5))
        with contextlib.suppress(*LOST):
            await self._note(known, made)
        before = client.answered
        with contextlib.suppress(LabError):
            await self.street.do(client.hang_up)
        made.ended, made.answered = time.monotonic(), client.answered
        await self.street.do(client.__exit__, None, None, None)
        crossed = made.answered != before  # the pick-up met the hang-up on its way: either side may have it either way
        made.clear = begun_clear and not crossed and not self.faulty and self.troubled_at < made.began

    async def _note(self, known: int, made: Made) -> None:
        pop = next((one for one in self.clara.all("screen_pop")[known:] if one["call"]["number"] == made.number), None)
        if pop is None:
            return
        call, text = pop["call"]["id"], f"заметка {made.number}"
        async with asyncio.timeout(3):
            await self.clara.api("PUT", f"/calls/{call}/note", {"text": text}, status=200)
        self.truth.notes[call] = text

    async def _letter(self, subject: str) -> None:
        with contextlib.suppress(LabError):
            write = lambda: office.write(  # noqa: E731
                self.lab, sender="client@elsewhere.example", name="", subject=subject, text="…", file=None
            )
            await self.street.do(write)
            self.truth.letters.append(subject)

    async def _sms(self, text: str) -> None:
        with contextlib.suppress(LabError):  # no link to us now: the SMSC keeps it not
            await self.street.do(lambda: self.smsc.tell(sms={"from": "79355550101", "to": SENDER, "text": text}))
            self.truth.sms.append(text)

    # What it is like now -------------------------------------------------------------------------------------------
    async def well(self) -> bool:
        """The server serves, its link to the PBX is up, nothing waits for the database."""
        try:
            async with self.clara.http.get(
                f"{self.server.url}/readyz", timeout=aiohttp.ClientTimeout(total=2)
            ) as answer:
                told = await answer.json()
        except LOST:
            return False
        return (answer.status, told["pbx"], told["storage"], told["waiting"]) == (200, "up", "ok", 0)

    async def back(self, within_s: float = PATIENCE_S) -> None:
        """Until the server and the agent's desk are well again."""
        await until(self.well, within_s=within_s, why="the server is well again")
        await until(self._desk_back, within_s=within_s, why="the desk is back")

    async def _desk_back(self) -> bool:
        if self.clara.wire.connected:
            return True
        with contextlib.suppress(*LOST):
            await self.clara.connect(last_seq=max((one["seq"] for one in self.clara.all("screen_pop")), default=0))
        return False

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What its database says."""
        conn = sqlite3.connect(f"file:{self.server.data}/trubka.db?mode=ro", uri=True, timeout=10)
        try:
            return conn.execute(statement, values).fetchall()
        finally:
            conn.close()


@contextlib.asynccontextmanager
async def town(data: Path, pbx: Pbx, chance: random.Random) -> AsyncIterator[Town]:
    """All of it, running. data: the server's folder; beside it is what the others need."""
    async with contextlib.AsyncExitStack() as stack:
        folder = data.parent
        lab = replace(load(), data=folder, ports=pbx.ports)
        lab.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(office._folder(lab))  # letters of one that was broken off
        stack.callback(shutil.rmtree, office._folder(lab))
        post = stack.enter_context(office.post(lab))
        far = stack.enter_context(smsc(folder / "sms.jsonl"))
        names = await stack.enter_async_context(NameServer())
        names.known[HOUSE] = "127.0.0.1"
        ami = await stack.enter_async_context(ManagerWire(pbx.ports.ami, chance))
        imap, smpp = [await stack.enter_async_context(Proxy(port)) for port in (post.imap, far.port)]
        server = Server(data, _settings(pbx, ami.port), most_files=MOST_FILES)
        server.log, server.patience_s = folder / "server.log", PATIENCE_S
        mail = ("--mail", str(imap.port), str(post.smtp), "--mail-password", office.PASSWORD)
        await asyncio.to_thread(server.prepare, *mail, "--sms", str(smpp.port), "--sms-password", SMS_PASSWORD)
        server.within = names.within(folder)
        stack.push_async_callback(asyncio.to_thread, server.kill)
        await asyncio.to_thread(server.start)
        door = await stack.enter_async_context(Proxy(server.port))
        street = Street(pbx, stack)
        phone = await street.phone(DESK, ring_ms=150)
        by_door: Any = SimpleNamespace(url=f"http://127.0.0.1:{door.port}")
        clara = await stack.enter_async_context(Desk(by_door, "clara"))
        yield Town(
            server=server, pbx=pbx, street=street, smsc=far, lab=lab, names=names, ami=ami, imap=imap, smpp=smpp,
            door=door, clara=clara, phone=phone, chance=chance,
        )  # fmt: skip


def _settings(pbx: Pbx, ami: int) -> dict[str, str]:
    inside = '["127.0.0.0/8"]'
    more = {"CTI_PBX__MAIN__HOST": HOUSE, "CTI_PBX__MAIN__PORT": str(ami), "CTI_AGENTS__WRAP_UP_S": "0"}
    return pbx.settings() | more | {"CTI_MAIL__INSIDE": inside, "CTI_SMS__INSIDE": inside}
