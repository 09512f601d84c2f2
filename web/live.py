"""The live wire: Socket.IO over websockets, one room per agent, made by the server alone.

Rules kept here: a connection is a signed-in person's or it is none; a stored event that a browser missed comes after
`resume`, in order and once; one lock per agent keeps replay and news apart; nothing waits for a slow browser: a
socket that lets more than QUEUE_LIMIT packets pile up is cut and comes back by `resume`; a revoked session is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import msgspec
import socketio
import structlog
from aiohttp import web

from cti.desktop import AgentView, CallView, LinkView, ScreenPop, Snapshot
from cti.errors import StorageError
from cti.features.accounts import Accounts, Identity
from cti.metrics import Metrics
from cti.storage import calls, desktop_events, traces
from cti.storage.database import Database
from cti.storage.desktop_events import Connection, StoredEvent
from cti.storage.spool import Spool
from cti.storage.traces import Step
from web import wire
from web.auth import COOKIE

MAX_BUFFER = 64 * 1024
QUEUE_LIMIT = 500
PING_S, PONG_S = 20, 15
EVENTS_PER_S = 20
CHECK_S = 4.0
ANONYMOUS_S = 10.0

log = structlog.get_logger()


@dataclass(kw_only=True, slots=True)
class _Browser:
    identity: Identity
    language: str
    second: int = 0
    events: int = 0


class Live:
    """Implements AgentDesktop. snapshot and seq_of: an agent's state and last seq; origins: who may connect."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        db: Database,
        spool: Spool,
        metrics: Metrics,
        clock: Callable[[], float],
        origins: list[str] | None = None,
    ) -> None:
        self._accounts = accounts
        self._db = db
        self._spool = spool
        self._metrics = metrics
        self._clock = clock
        self._io = socketio.AsyncServer(
            async_mode="aiohttp",
            transports=["websocket"],
            cors_allowed_origins=origins,
            max_http_buffer_size=MAX_BUFFER,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            logger=False,
            engineio_logger=False,
        )
        self._browsers: dict[str, _Browser] = {}
        self._agents: dict[int, set[str]] = defaultdict(set)
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._received: dict[tuple[int, int], tuple[float, str]] = {}
        self.snapshot: Callable[[int], Snapshot] = lambda _agent: Snapshot()
        self.seq_of: Callable[[int], int] = lambda _agent: 0
        self.presence: Callable[[int], Any] | None = None
        self._io.on("connect", self._connect)
        self._io.on("disconnect", self._disconnect)
        self._io.on("resume", self._resume)
        self._io.on("shown", self._shown)

    def attach(self, app: web.Application) -> None:
        """Serve /socket.io of the application."""
        self._io.attach(app)

    def online(self, agent_id: int) -> bool:
        """Whether the agent has a panel open."""
        return bool(self._agents.get(agent_id))

    async def watch(self) -> None:
        """Cut revoked sessions, strangers that never said who they are, and browsers that do not read."""
        strangers: Counter[str] = Counter()
        while True:
            await asyncio.sleep(CHECK_S)
            for sid, browser in list(self._browsers.items()):
                session = browser.identity.session
                with contextlib.suppress(StorageError):
                    if session is not None and not await self._accounts.alive(session):
                        await self._io.disconnect(sid)
            self._cut_slow()
            strangers = await self._cut_strangers(strangers)

    # AgentDesktop ----------------------------------------------------------------------------------------------------
    async def pop(self, agent_id: int, pop: ScreenPop) -> None:
        """A card, to all the agent's browsers."""
        self._received[agent_id, pop.seq] = (pop.received_at, pop.call.id)
        if len(self._received) > 10_000:
            self._received.pop(next(iter(self._received)))
        async with self._locks[agent_id]:
            await self._tell(agent_id, "screen_pop", lambda language: wire.screen_pop(pop, language))

    async def call(self, agent_id: int, view: CallView) -> None:
        """The state of a call, to the agent's browsers."""
        seq = self.seq_of(agent_id)
        async with self._locks[agent_id]:
            await self._tell(agent_id, "call", lambda language: wire.call(view, language, seq))

    async def agent(self, view: AgentView) -> None:
        """A colleague's state, to everybody."""
        for agent_id in list(self._agents):
            seq = self.seq_of(agent_id)
            await self._tell(agent_id, "agent", lambda language, seq=seq: wire.agent(view, language, seq))

    async def link(self, view: LinkView) -> None:
        """The PBX link's state, to everybody."""
        for agent_id in list(self._agents):
            await self._tell(agent_id, "link", lambda language: wire.link(view, language))

    async def sign_out(self, agent_id: int, session_hash: str | None = None) -> None:
        """Cut an agent's browsers, or one session's."""
        for sid in list(self._agents.get(agent_id, ())):
            browser = self._browsers.get(sid)
            if browser and session_hash in (None, browser.identity.session):
                await self._io.disconnect(sid)

    # Browsers ---------------------------------------------------------------------------------------------------------
    async def _connect(self, sid: str, environ: dict[str, Any], auth: dict[str, Any] | None = None) -> bool:
        identity = await self._identify(environ, auth)
        if identity is None:
            return False
        agent_id = identity.person.id
        self._browsers[sid] = _Browser(identity=identity, language=identity.person.language)
        first = not self._agents[agent_id]
        self._agents[agent_id].add(sid)
        self._metrics.browsers.set(len(self._browsers))
        if first and self.presence:
            await self.presence(agent_id)
        return True

    async def _disconnect(self, sid: str, *_reason: object) -> None:
        browser = self._browsers.pop(sid, None)
        self._metrics.browsers.set(len(self._browsers))
        if browser is None:
            return
        agent_id = browser.identity.person.id
        self._agents[agent_id].discard(sid)
        if not self._agents[agent_id]:
            del self._agents[agent_id]
            if self.presence:
                await self.presence(agent_id)

    async def _identify(self, environ: dict[str, Any], auth: object) -> Identity | None:
        token = auth.get("token") if isinstance(auth, dict) else None
        if isinstance(token, str) and token:
            return await self._accounts.identify(None, token[:200])
        cookies: SimpleCookie = SimpleCookie()
        with contextlib.suppress(Exception):
            cookies.load(environ.get("HTTP_COOKIE", ""))
        morsel = cookies.get(COOKIE)
        return await self._accounts.identify(morsel.value[:200], None) if morsel else None

    async def _resume(self, sid: str, body: object = None) -> dict[str, object]:
        browser = self._allowed(sid)
        if browser is None:
            return {"ok": False}
        last = body.get("last_seq") if isinstance(body, dict) else 0
        last_seq = last if isinstance(last, int) and 0 <= last < 2**53 else 0
        agent_id = browser.identity.person.id
        async with self._locks[agent_id]:
            for event, missed in await self._missed(agent_id, last_seq):
                pop = msgspec.json.decode(event.payload, type=ScreenPop)
                self._received.setdefault((agent_id, pop.seq), (0.0, pop.call.id))
                await self._io.emit("screen_pop", wire.screen_pop(pop, browser.language, missed=missed), to=sid)
            seq = self.seq_of(agent_id)
            state = wire.snapshot(self.snapshot(agent_id), browser.language, seq, self._clock())
            await self._io.emit("snapshot", state, to=sid)
        return {"ok": True}

    async def _missed(self, agent_id: int, last_seq: int) -> list[tuple[StoredEvent, bool]]:
        """Stored events after last_seq; True: the call is over, so it is an entry and not a window."""
        try:
            async with self._db.read() as conn:
                found = []
                for event in await desktop_events.since(conn, agent_id, last_seq):
                    row = await calls.get(conn, event.call_id) if event.call_id else None
                    found.append((event, row is not None and not row.open))
                return found
        except StorageError:
            log.warning("missed events cannot be read now", agent=agent_id)
            return []

    async def _shown(self, sid: str, body: object = None) -> None:
        browser = self._allowed(sid)
        seq = body.get("seq") if isinstance(body, dict) else None
        if browser is None or not isinstance(seq, int):
            return
        agent_id, now = browser.identity.person.id, self._clock()
        received, call_id = self._received.pop((agent_id, seq), (0.0, ""))
        latency = now - received if received else None
        if latency is not None and 0 <= latency < 60:
            self._metrics.pop_latency.observe(latency)
        ms = round(latency * 1000, 1) if latency is not None else None

        async def write(conn: Connection) -> None:
            if await desktop_events.shown(conn, agent_id, seq, now, ms) and call_id:
                step = Step(call_id=call_id, at=now, step="pop-shown", user_id=agent_id, args={"ms": str(ms or "?")})
                await traces.add(conn, [step])

        self._spool.put(write)

    def _allowed(self, sid: str) -> _Browser | None:
        """The browser, unless it floods us: then it is dropped for the rest of the second, and cut when it goes on."""
        browser = self._browsers.get(sid)
        if browser is None:
            return None
        second = int(self._clock())
        if second != browser.second:
            browser.second, browser.events = second, 0
        browser.events += 1
        if browser.events > EVENTS_PER_S * 5:
            self._abort(sid)
        return browser if browser.events <= EVENTS_PER_S else None

    async def _tell(self, agent_id: int, name: str, body: Callable[[str], wire.Json]) -> None:
        for sid in list(self._agents.get(agent_id, ())):
            browser = self._browsers.get(sid)
            if browser is None:
                continue
            try:
                await self._io.emit(name, body(browser.language), to=sid)
            except Exception as error:  # noqa: BLE001 - one browser's trouble is not the others'
                log.warning("browser cannot be told", agent=agent_id, error=type(error).__name__)

    def _cut_slow(self) -> None:
        for sid in list(self._browsers):
            socket = self._socket(sid)
            if socket is not None and socket.queue.qsize() > QUEUE_LIMIT:
                log.warning("browser does not read, cut", agent=self._browsers[sid].identity.person.id)
                self._abort(sid)

    def _socket(self, sid: str) -> Any:
        eio_sid = self._io.manager.eio_sid_from_sid(sid, "/")
        return self._io.eio.sockets.get(eio_sid)

    def _abort(self, sid: str) -> None:
        """Drop what waits and the connection with it: the polite close would wait behind the queue."""
        socket = self._socket(sid)
        if socket is None:
            return
        while not socket.queue.empty():
            socket.queue.get_nowait()
        transport = getattr(getattr(socket, "ws", None), "_req", None)
        if transport is not None and transport.transport is not None:
            transport.transport.abort()

    async def _cut_strangers(self, seen: Counter[str]) -> Counter[str]:
        """Sockets that opened and never said who they are, at the third look."""
        known = {self._io.manager.eio_sid_from_sid(sid, "/") for sid in self._browsers}
        strangers = Counter({eio: seen[eio] + 1 for eio in list(self._io.eio.sockets) if eio not in known})
        for eio, looks in strangers.items():
            if looks * CHECK_S >= ANONYMOUS_S:
                with contextlib.suppress(KeyError):
                    await self._io.eio.disconnect(eio)
        return strangers
