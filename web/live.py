"""The live wire: Socket.IO over websockets. The server alone decides what a connection hears: its own person's desk.

Rules kept here: a connection is a signed-in person's or it is cut (web/live_door.py); a stored event that a browser
missed comes after `resume`, in order and once; telling never waits: what a browser does not read piles up to a limit
and then the connection is cut (web/live_outbox.py), and it comes back by `resume`; a revoked session, or one whose
rights changed, is cut at once, and found within CHECK_S where nobody told us. `seq` on volatile events is the last
stored event that this very connection was sent: a browser that lost its connection between the two never skips one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiohttp import web

from cti.desktop import (
    AgentView,
    CallView,
    Erased,
    LegView,
    LinkView,
    Notice,
    Reminder,
    ScreenPop,
    Snapshot,
    SpyView,
    WorkView,
)
from cti.errors import StorageError
from cti.features.access_journal import AccessJournal
from cti.features.accounts import Accounts
from cti.metrics import Metrics
from cti.sights import Sights
from cti.storage import role_rights
from cti.storage.database import Database
from cti.storage.spool import Spool
from web import wire
from web.live_board import Boards
from web.live_browser import Browser, Stored
from web.live_cards import Cards
from web.live_door import CONNECT_S, VISIT, Door, Visit, identified
from web.live_outbox import PACKETS, Body, Texts, encoded, socket_io
from web.live_people import People
from web.live_replay import Missed, last_seq_of, missed_events

PATH = "/socket.io/"
PING_S, PONG_S = 20.0, 15.0
CHECK_S = 3.0
MOST_OF_ONE = 30  # connections of one person
GRACE_S = 2.0
REPLAY_S = 10.0  # how long a replay waits for a browser that does not read
RECENT = 20  # pops per agent kept in memory, in case their rows come late
GARBAGE = (ValueError, TypeError, LookupError, RecursionError)  # what bytes that mean nothing raise in the library

log = structlog.get_logger()


class Live:
    """Implements AgentDesktop. The rest is set by `server`."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        sights: Sights,
        db: Database,
        spool: Spool,
        metrics: Metrics,
        access_journal: AccessJournal,
        clock: Callable[[], float],
        ping_s: float = PING_S,
        pong_s: float = PONG_S,
        connect_s: float = CONNECT_S,
    ) -> None:
        self._accounts = accounts
        self._sights = sights
        self._db = db
        self._metrics = metrics
        self._cards = Cards(spool=spool, metrics=metrics, access_journal=access_journal, clock=clock)
        self._clock = clock
        self._door = Door(connect_s=connect_s)
        self._io = socket_io(ping_s, pong_s)
        self._understand = self._io.eio.handlers["message"]
        self._io.eio.on("message", self._heard)
        self._browsers: dict[str, Browser] = {}
        self._agents: dict[int, list[Browser]] = {}
        self._moved: asyncio.Queue[int] = asyncio.Queue()
        self._people = People(self._tell, self.people)
        self._recent: dict[int, deque[ScreenPop]] = defaultdict(lambda: deque(maxlen=RECENT))
        self.snapshot: Callable[[int], Snapshot] = lambda _agent: Snapshot()
        self.seq_of: Callable[[int], int] = lambda _agent: 0
        self.presence: Callable[[int], Awaitable[None]] | None = None
        self.boards: Boards | None = None
        self._io.on("connect", self._connect)
        self._io.on("disconnect", self._disconnect)
        self._io.on("resume", self._resume)
        self._io.on("shown", self._shown)
        self._io.on("board", self._board)

    def attach(self, app: web.Application) -> None:
        """Serve /socket.io of the application."""
        app[LIVE] = self
        app.router.add_get(PATH, self._visit)
        app.on_shutdown.append(self._shut_down)

    def online(self, agent_id: int) -> bool:
        """Whether the agent has a panel open."""
        return agent_id in self._agents

    def people(self) -> tuple[int, ...]:
        """Who has a panel open."""
        return tuple(self._agents)

    async def watch(self) -> None:
        """Cut revoked sessions and changed rights, and tell colleagues who came and went, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._check_sessions(), name="live-sessions")
            group.create_task(self._tell_presence(), name="live-presence")
            group.create_task(self._people.run(), name="live-people")

    # AgentDesktop ----------------------------------------------------------------------------------------------------
    async def pop(self, agent_id: int, pop: ScreenPop) -> None:
        """A card, to all the agent's browsers."""
        self._cards.sent(agent_id, pop, pop.received_at)
        self._recent[agent_id].append(pop)
        self._tell_stored(agent_id, pop, Texts("screen_pop", lambda reader, _seq: wire.screen_pop(pop, reader)))

    async def message(self, agent_id: int, notice: Notice) -> None:
        """A notice, to all of one person's browsers."""
        self._tell_stored(agent_id, notice, Texts("message", lambda reader, _seq: wire.notice(notice, reader)))

    async def call(self, agent_id: int, view: CallView) -> None:
        """The state of a call, to the agent's browsers."""
        self._tell((agent_id,), "call", lambda reader, seq: wire.call(view, reader, seq))

    async def leg(self, agent_id: int, view: LegView) -> None:
        """Which call a conversation of the agent's browser phone is."""
        self._tell((agent_id,), "leg", lambda _language, seq: wire.leg(view, seq))

    async def agent(self, view: AgentView) -> None:
        """A colleague's state, to everybody."""
        self._people.changed(view)

    async def link(self, view: LinkView) -> None:
        """The links to the PBXes, to everybody."""
        self._tell(tuple(self._agents), "link", lambda reader, _seq: wire.link(view, reader))

    async def spying(self, agent_id: int, view: SpyView | None) -> None:
        """Whose talk one hears, to his browsers."""
        self._tell((agent_id,), "spying", lambda _reader, seq: {"seq": seq, "spying": wire.spying(view)})

    async def reminders(self, agent_id: int, due: tuple[Reminder, ...]) -> None:
        """All that one is reminded of now, to his browsers."""
        self._tell((agent_id,), "reminders", lambda reader, seq: {"seq": seq, "due": wire.reminders(due, reader)})

    async def work(self, agent_id: int, view: WorkView) -> None:
        """How much one has to do, to his browsers."""
        self._tell((agent_id,), "work", lambda _reader, seq: {"seq": seq, "count": view.count, "mark": view.mark})

    async def mail(self, agent_id: int, view: WorkView) -> None:
        """How much one has to answer, to his browsers."""
        self._tell((agent_id,), "mail", lambda _reader, seq: {"seq": seq, "count": view.count, "mark": view.mark})

    async def sms(self, agent_id: int, view: WorkView) -> None:
        """How many SMS one has to read, to his browsers."""
        self._tell((agent_id,), "sms", lambda _reader, seq: {"seq": seq, "count": view.count, "mark": view.mark})

    async def erased(self, view: Erased) -> None:
        """Somebody was erased: no page shows him any more, nor does a replay."""
        for agent_id, pops in self._recent.items():
            self._recent[agent_id] = deque(map(view.out_of, pops), maxlen=RECENT)
        self._tell(tuple(self._agents), "erased", lambda _language, seq: wire.erased(view) | {"seq": seq})

    async def sign_out(self, agent_id: int, session_hash: str | None = None) -> None:
        """Cut an agent's browsers, or one session's."""
        for browser in list(self._agents.get(agent_id, ())):
            if session_hash in (None, browser.identity.session):
                await self._io.disconnect(browser.sid)

    # The connection ---------------------------------------------------------------------------------------------------
    async def _visit(self, request: web.Request) -> web.StreamResponse:
        visit = self._door.enter(request)
        try:
            response: web.StreamResponse = await self._io.handle_request(request)
            return response
        except GARBAGE as error:
            log.warning("bytes not understood, cut", error=type(error).__name__)
            await self._drop(request)
            return web.Response(status=400)  # to nobody: the connection is gone
        finally:
            self._door.leave(visit)
            await self._disconnect(visit.sid)  # nothing where the library told us, as it does but for one narrow gap

    async def _drop(self, request: web.Request) -> None:
        """Close what the library leaves open when it cannot decode a packet (engineio 4.15)."""
        for eio_sid, environ in list(self._io.environ.items()):
            if environ.get("aiohttp.request") is request and eio_sid in self._io.eio.sockets:
                socket = self._io.eio.sockets[eio_sid]
                await socket.close(wait=False, abort=True)
                socket.queue.put_nowait(None)  # its writer ends
                self._io.eio.sockets.pop(eio_sid, None)
        request[VISIT].cut()

    async def _heard(self, eio_sid: str, data: str | bytes) -> None:
        """Every message of every connection comes here first: measured, and what is not Socket.IO's ends it."""
        environ = self._io.environ.get(eio_sid)
        if environ is None:
            return
        visit: Visit = environ["aiohttp.request"][VISIT]
        if not visit.meter.takes():
            if visit.meter.flooded:
                log.warning("browser floods us, cut", address=visit.address)
                visit.cut()
            return
        try:
            if not isinstance(data, str) or data[:1] in "56":  # binary events: we have none, and they are kept in parts
                raise ValueError("not an event")
            await self._understand(eio_sid, data)
        except Exception as error:  # a stranger's bytes or a bug of ours: this connection ends, the others go on
            ours = visit.sid in self._browsers or not isinstance(error, GARBAGE)
            log.warning("message not understood, cut", error=type(error).__name__, exc_info=ours)
            visit.cut()

    async def _connect(self, sid: str, environ: object, auth: object = None) -> bool:
        request = environ.get("aiohttp.request") if isinstance(environ, dict) else None
        eio_sid = self._io.manager.eio_sid_from_sid(sid, "/")
        if not isinstance(request, web.Request) or sid in self._browsers or eio_sid is None:
            return False  # a client's event that is named like ours
        visit = request[VISIT]
        try:
            identity, token = await identified(self._accounts, request, auth, visit)
        except StorageError:
            visit.cut()  # not refused: it tries again by itself
            return False
        socket = self._io.eio.sockets.get(eio_sid)
        if identity is None or socket is None or socket.closed:
            return False
        if len(self._agents.get(identity.person.id, ())) >= MOST_OF_ONE:
            return False
        visit.settle()
        visit.sid = sid
        reader = wire.Reader(identity.person.language, self._sights.of(identity.person))
        browser = Browser(sid=sid, identity=identity, token=token, visit=visit, outbox=socket.queue, reader=reader)
        browser.grace = asyncio.get_running_loop().call_later(GRACE_S, self._go_live, browser)
        self._browsers[sid] = browser
        if browser.agent not in self._agents:
            self._moved.put_nowait(browser.agent)
        self._agents.setdefault(browser.agent, []).append(browser)
        self._metrics.browsers.set(len(self._browsers))
        return True

    async def _disconnect(self, sid: str, reason: object = None, *_more: object) -> None:
        browser = self._browsers.pop(sid, None)
        self._metrics.browsers.set(len(self._browsers))
        if browser is None:
            return
        browser.grace.cancel()
        if self.boards is not None:
            self.boards.leave(sid)
        others = self._agents[browser.agent]
        others.remove(browser)
        if not others:
            del self._agents[browser.agent]
            self._moved.put_nowait(browser.agent)
        browser.visit.estrange()
        if reason == self._io.reason.PING_TIMEOUT:  # its kernel still listens: what waits would stay for as long
            self._cut(browser, "does not answer")

    # What browsers say ------------------------------------------------------------------------------------------------
    async def _resume(self, sid: str, body: object = None, *_more: object) -> dict[str, object]:
        """What the browser missed, then the state of all else. last_seq absent: a new page, shown what is open now."""
        browser = self._browsers.get(sid)
        if browser is None:
            return {"ok": False}
        browser.grace.cancel()
        browser.held = browser.held or []
        missed = await self._missed(browser.agent, last_seq_of(body))
        if not await self._replay(browser, missed):
            self._cut(browser, "does not read what it missed")
            return {"ok": False}
        self._go_live(browser)
        return {"ok": missed.complete}

    def _go_live(self, browser: Browser) -> None:
        """What was held back, then the state of all else; from now on everything as it comes."""
        held, browser.held = browser.held or [], None
        for event, text in held:
            self._push_stored(browser, event, text)
        state = browser.allowed(self.snapshot(browser.agent))
        self._push(browser, encoded("snapshot", wire.snapshot(state, browser.reader, browser.seq, self._clock())))

    async def _missed(self, agent_id: int, last_seq: int | None) -> Missed:
        return await missed_events(self._db, agent_id, last_seq, self.seq_of(agent_id), self._recent.get(agent_id, ()))

    async def _replay(self, browser: Browser, missed: Missed) -> bool:
        """False: the browser does not read."""
        self._cards.were_seen(browser.agent, missed.painted)
        for event, over in missed.events:
            if not await browser.outbox.low(REPLAY_S):
                return False
            if isinstance(event, Notice):
                self._push_stored(browser, event, encoded("message", wire.notice(event, browser.reader)))
            elif browser.hears("screen_pop"):
                self._cards.sent(browser.agent, event, 0.0)
                text = encoded("screen_pop", wire.screen_pop(event, browser.reader, missed=over))
                self._push_stored(browser, event, text)
        browser.seq = max(browser.seq, missed.seq)
        return True

    async def _shown(self, sid: str, body: object = None, *_more: object) -> None:
        """The card was painted."""
        browser = self._browsers.get(sid)
        seq = body.get("seq") if isinstance(body, dict) else None
        if browser is None or type(seq) is not int or not 0 < seq <= self.seq_of(browser.agent):
            return
        self._cards.painted(browser.agent, seq)

    async def _board(self, sid: str, body: object = None, *_more: object) -> dict[str, object]:
        """The page begins or ends to look at the live board."""
        browser = self._browsers.get(sid)
        if browser is None or self.boards is None:
            return {"ok": False}
        if isinstance(body, dict) and body.get("on") is True:
            return {"ok": self.boards.watch(browser)}
        self.boards.leave(sid)
        return {"ok": True}

    def _tell(self, agents: Sequence[int], name: str, body: Body) -> None:
        """A volatile event; a browser that is not live yet gets it in the snapshot."""
        texts = Texts(name, body)
        for agent_id in agents:
            for browser in list(self._agents.get(agent_id, ())):
                if browser.held is None and browser.hears(name):
                    self._push(browser, texts(browser.reader, browser.seq))

    def _tell_stored(self, agent_id: int, event: Stored, texts: Texts) -> None:
        """An event that a browser must not miss: held back while what it missed before is on its way."""
        for browser in [one for one in self._agents.get(agent_id, ()) if one.hears(texts.name)]:
            text = texts(browser.reader, 0)
            if browser.held is None:
                self._push_stored(browser, event, text)
            elif len(browser.held) < PACKETS:
                browser.held.append((event, text))
            else:
                self._cut(browser, "does not read what it missed")

    def _push_stored(self, browser: Browser, event: Stored, text: str) -> None:
        if event.seq not in browser.sent:
            browser.sent.append(event.seq)
            browser.seq = max(browser.seq, event.seq)
            if isinstance(event, ScreenPop):
                self._cards.shown_to(browser, event)
            self._push(browser, text)

    def _push(self, browser: Browser, text: str) -> None:
        if not browser.cut and not browser.outbox.offer(text):
            self._cut(browser, "does not read")

    def _cut(self, browser: Browser, why: str) -> None:
        """Drop what waits and the connection with it."""
        browser.cut = True
        browser.outbox.drop()
        browser.visit.cut()
        log.warning("browser cut", agent=browser.agent, why=why)

    async def _check_sessions(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            browsers = list(self._browsers.values())
            with contextlib.suppress(StorageError):
                async with self._db.read() as conn:
                    rights = await role_rights.every(conn)
                doors = await self._accounts.doors()
                for browser in browsers:
                    person, door = browser.person, self._accounts.door(browser.identity, browser.token)
                    if rights[person.role] != person.changed or door not in doors:
                        await self._io.disconnect(browser.sid)

    async def _tell_presence(self) -> None:
        while True:
            agent_id = await self._moved.get()
            if self.presence is not None:
                await self.presence(agent_id)

    async def _shut_down(self, _app: web.Application) -> None:
        for browser in list(self._browsers.values()):
            browser.visit.cut()
        await self._io.shutdown()


LIVE = web.AppKey("live", Live)
