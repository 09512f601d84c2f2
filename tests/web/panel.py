"""The panel on a real port over a real database, and browsers and programs that talk to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
import socketio
from aiohttp import web
from argon2 import PasswordHasher

from cti.desktop import ClientBrief, Match, PopCall, ScreenPop, Why
from cti.features.directory_admin import UserDraft
from cti.server import Parts, build
from cti.settings import HttpSettings, Settings
from cti.storage import calls, desktop_events, users
from cti.storage.database import open_database
from cti.storage.desktop_events import NewEvent
from cti.telephony.events import CallRecord, LegRecord, Outcome, Party
from lab.free_ports import free_port
from tests.made import compiled_once, copied
from web.app import make_app
from web.limits import LIMITS, NUMBERS, Limits
from web.live import Live
from web.services import Services

ANNA, BORIS, CLARA, VERA, PAVEL = 1, 2, 3, 4, 5
PEOPLE = (
    ("anna", "Anna", "agent", "Sales"),
    ("boris", "Boris", "agent", "Sales"),
    ("clara", "Clara", "agent", "Support"),
    ("vera", "Vera", "supervisor", "Sales"),
    ("pavel", "Pavel", "admin", ""),
)
PASSWORD = "correct-horse-battery"
PATIENCE_S = 15.0  # on a busy machine: no promise of anybody's
T = TypeVar("T")


async def until(what: Callable[[], T | None], *, within_s: float = PATIENCE_S, why: str) -> T:
    """What `what` gives as soon as it is true; AssertionError with `why` after the deadline."""
    deadline = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {why}"
        await asyncio.sleep(0.01)
    return found


class Panel:
    """A running panel with the cast in it. Seqs come from `pops`, as the feature's would."""

    def __init__(self, parts: Parts, app: web.Application, url: str) -> None:
        self.parts = parts
        self.app = app
        self.live = parts.live
        self.services: Services = parts.services
        self.url = url
        self.seqs: dict[int, int] = {}
        self.live.seq_of = lambda agent_id: self.seqs.get(agent_id, 0)

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    async def token(self, login: str) -> str:
        user_id = next(place for place, (name, *_) in enumerate(PEOPLE, 1) if name == login)
        return await self.services.people.make_token(None, user_id)

    async def pop(self, agent_id: int, *, call: str = "", number: str = "+79355550101", note: str = "") -> ScreenPop:
        """A card as the feature gives one: a stored row with the next seq, then the wire."""
        pop = await self.store(agent_id, call=call, number=number, note=note)
        await self.live.pop(agent_id, pop)
        return pop

    async def store(self, agent_id: int, *, call: str = "", number: str = "+79355550101", note: str = "") -> ScreenPop:
        pop = self.next_pop(agent_id, call=call, number=number, note=note)
        async with self.services.db.write() as conn:
            await desktop_events.append(conn, [self.row(agent_id, pop)])
        return pop

    def row(self, agent_id: int, pop: ScreenPop) -> NewEvent:
        """A card as it is stored."""
        return NewEvent(
            agent_id=agent_id,
            seq=pop.seq,
            kind="screen_pop",
            call_id=pop.call.id,
            payload=msgspec.json.encode(pop).decode(),
            created_at=pop.received_at,
        )

    def next_pop(self, agent_id: int, *, call: str = "", number: str = "+79355550101", note: str = "") -> ScreenPop:
        seq = self.seqs[agent_id] = self.seqs.get(agent_id, 0) + 1
        brief = ClientBrief(id=7, name="Алхимов", phones=((number, "", "mobile"),), note=note)
        why = Why(code="exact-phone", args={"number": number, "label": "mobile"})
        return ScreenPop(
            seq=seq,
            kind="client",
            call=PopCall(
                id=call or f"call-{agent_id}-{seq}",
                direction="inbound",
                number=number,
                name="",
                device="PJSIP/101",
                queue="sales",
                called="74950000001",
                started=time.time(),
            ),
            matches=(Match(client=brief, why=why),),
            received_at=time.time(),
        )

    async def journal(self, call: str, *, user_id: int = ANNA, over: bool = True, outcome: Outcome = "answered") -> str:
        """A call in the journal that rang at user_id."""
        leg = LegRecord(leg="PJSIP/101-1", leg_id=f"leg-{call}", device="PJSIP/101", rang=100.0, result="talked")
        record = CallRecord(
            call=call,
            direction="inbound",
            caller=Party(number="79355550101", name="Алхимов"),
            called="74950000001",
            queue="sales",
            started=100.0,
            ended=130.0 if over else None,
            outcome=outcome if over else None,
            legs=(leg,),
        )
        async with self.services.db.write() as conn:
            await calls.save(
                conn, record, number="+79355550101", client_id=None, user_id=user_id, legs_users={leg.leg_id: user_id}
            )
        return call


@asynccontextmanager
async def panel(
    folder: Path,
    *,
    change: Callable[[Services], Services] = lambda services: services,
    live: dict[str, float] | None = None,
    sections: Mapping[str, Any] | None = None,
    filled: bool = False,
    numbers: Limits | None = None,
    without: tuple[str, ...] = (),
    **http: Any,
) -> AsyncIterator[Panel]:
    """A panel with no PBX. change: swaps a feature; live: limits of the wire; http: settings of the web server.

    sections: other sections of the settings. filled: the cast is in the folder's database already. numbers: of guesses.
    without: work of the background that the test does itself, by a clock of its own.
    """
    settings = Settings(data=folder, http=HttpSettings(**http), **(sections or {}))
    if not filled:
        copied(cast, folder)
    db = await open_database(settings.database_url)
    parts = await build(settings, db)
    parts = replace(parts, services=change(parts.services))
    if live is not None:
        parts = _with_limits(parts, live)
    for name in without:
        parts.work.pop(name).close()
    app = compiled_once(make_app(parts.services))
    app[LIMITS] = Limits(per_s=10_000, burst=100_000)  # tests ask faster than people; the limits have their own tests
    app[NUMBERS] = numbers or Limits(per_s=10_000, burst=100_000)
    parts.live.attach(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    running = [asyncio.create_task(work, name=name) for name, work in parts.work.items()]
    try:
        await runner.setup()
        port = await _listen(runner)
        yield Panel(parts, app, f"http://127.0.0.1:{port}")
    finally:
        await runner.cleanup()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await db.close()


def _with_limits(parts: Parts, limits: dict[str, float]) -> Parts:
    services = parts.services
    wire = Live(
        accounts=services.accounts,
        sights=services.sights,
        db=services.database,
        spool=services.spool,
        metrics=services.metrics,
        access_journal=services.access_journal,
        clock=services.clock,
        **limits,  # type: ignore[arg-type]
    )
    services.accounts.desktop = wire
    parts.work["live"].close()
    return replace(parts, live=wire, work={**parts.work, "live": wire.watch()})


async def _listen(runner: web.AppRunner) -> int:
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return port


def quick_hash() -> str:
    """A hash of the password of all people in tests that is checked at once: tests sign in all the time."""
    return PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)


async def cast(folder: Path) -> None:
    """A base with the people of all tests, who have one password."""
    settings = Settings(data=folder)
    db = await open_database(settings.database_url)
    parts = await build(settings, db)
    hashed = quick_hash()
    for login, name, role, team in PEOPLE:
        draft = UserDraft(login=login, name=name, role=role, team=team, language="en")
        await parts.services.people.add(None, draft, password="")
    async with db.write() as conn:
        for user_id in range(1, len(PEOPLE) + 1):
            await users.change(conn, user_id, password_hash=hashed)
    for work in parts.work.values():
        work.close()
    await db.close()


class Browser:
    """Somebody signed in: requests with cookie and CSRF token, and a live wire that remembers what it was told."""

    def __init__(self, panel: Panel, login: str) -> None:
        self.panel, self.login = panel, login
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.csrf = ""
        self.wire = Wire(panel.url)

    async def __aenter__(self) -> Self:
        status, me = await self.ask("POST", "/session", {"login": self.login, "password": PASSWORD})
        assert status == 201, me
        self.csrf = me["csrf"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        await self.wire.close()
        await self.http.close()

    @property
    def cookie(self) -> str:
        return "; ".join(f"{morsel.key}={morsel.value}" for morsel in self.http.cookie_jar)

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """A request of the API: status and JSON."""
        answer, text = await self.request(method, path, body, headers)
        return answer.status, msgspec.json.decode(text) if text else None

    async def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[aiohttp.ClientResponse, str]:
        sent = {"X-CSRF-Token": self.csrf, "Origin": self.panel.url} | (headers or {})
        async with self.http.request(method, f"{self.panel.url}/api/v1{path}", json=body, headers=sent) as answer:
            return answer, await answer.text()

    async def connect(self, last_seq: int | None = None) -> Wire:
        """Open the live wire and say where it stands."""
        await self.wire.open(headers={"Cookie": self.cookie, "Origin": self.panel.url})
        assert await self.wire.resume(last_seq)
        return self.wire


EVENTS = (
    "screen_pop", "call", "agent", "link", "snapshot", "message", "queue", "erased", "reminders", "work", "mail", "sms",
    "spying",
)  # fmt: skip


class Wire:
    """A Socket.IO connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.closed = asyncio.Event()
        self.io = self._client()

    def _client(self) -> socketio.AsyncClient:
        made = socketio.AsyncClient(reconnection=False)
        made.on("disconnect", self._gone)
        for name in EVENTS:
            made.on(name, self._remember(name))
        made.on("agents", self._several)
        return made

    async def _several(self, body: dict[str, Any]) -> None:
        self.told += [("agent", one) for one in body["agents"]]

    def _remember(self, name: str) -> Callable[[dict[str, Any]], Coroutine[Any, Any, None]]:
        async def handler(body: dict[str, Any]) -> None:
            self.told.append((name, body))

        return handler

    async def _gone(self, *_reason: object) -> None:
        self.closed.set()

    async def open(self, *, headers: dict[str, str] | None = None, token: str = "") -> Self:
        if self.closed.is_set():  # a connection that was cut is told of before its client has done with it
            self.io = self._client()
        self.closed.clear()
        auth = {"token": token} if token else None
        await self.io.connect(self.url, headers=headers or {}, auth=auth, transports=["websocket"], wait_timeout=15)
        return self

    async def resume(self, last_seq: int | None = None) -> bool:
        answer = await self.io.call("resume", {} if last_seq is None else {"last_seq": last_seq}, timeout=10)
        return bool(answer["ok"])

    async def close(self) -> None:
        await self.io.disconnect()

    def pops(self) -> list[int]:
        return [body["seq"] for name, body in self.told if name == "screen_pop"]

    def all(self, name: str) -> list[dict[str, Any]]:
        return [body for kind, body in self.told if kind == name]

    async def hears(self, seq: int) -> None:
        await until(lambda: seq in self.pops(), why=f"pop {seq} arrives, had {self.pops()}")


async def opened(panel: Panel, login: str) -> Wire:
    """A program's wire by token, resumed as a new page."""
    wire = await Wire(panel.url).open(token=await panel.token(login))
    assert await wire.resume()
    return wire
