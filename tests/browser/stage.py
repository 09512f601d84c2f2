"""The panel on a real port over a real database with the sample people and clients, and a real Chromium before it.

The PBX is played: cards and states of calls go out as the features send them, over the real wire.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from sqlalchemy import update

from cti.cli.demo import fill
from cti.desktop import AgentView, CallState, CallView, LinkView, Match, PopCall, PopKind, ScreenPop, Snapshot, Why
from cti.server import Parts, build
from cti.settings import HttpSettings, MailSettings, PbxSettings, Settings, SmsSettings
from cti.storage import calls, desktop_events, lookup
from cti.storage.database import open_database
from cti.storage.desktop_events import NewEvent
from cti.storage.tables import users
from cti.telephony.events import CallRecord, LegRecord, Outcome, Party
from lab.free_ports import free_port
from tests.made import compiled_once, copied, letters_seen_to
from tests.web.panel import quick_hash
from web.app import make_app

ANNA, BORIS, CLARA, VERA, PAVEL = 1, 2, 3, 4, 5
PASSWORD = "correct-horse-battery"
ALHIMOV = "+79355550101"
PATIENCE_S = 45.0  # of all browsers of a run: Playwright keeps one for all
CHROMIUM = shutil.which("chromium")  # None: Playwright's own
SHELL = shutil.which("chromium-headless-shell") or CHROMIUM  # a fifth quicker, and without telephones
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
T = TypeVar("T")
expect.set_options(timeout=PATIENCE_S * 1000)


async def until(what: Callable[[], Coroutine[Any, Any, T]], *, why: str) -> T:
    """What `what` gives as soon as it is true; AssertionError with `why` after the deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := await what()):
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {why}"
        await asyncio.sleep(0.02)
    return found


class Stage:
    """The running panel. Seqs come from `pop`, as the feature's would."""

    def __init__(self, parts: Parts, url: str, context: BrowserContext) -> None:
        self.parts, self.url, self.context = parts, url, context
        self.live = parts.live
        self.db = parts.services.db
        self.seqs: dict[int, int] = {}
        self.views: dict[str, CallView] = {}
        self.agents: tuple[AgentView, ...] = ()
        self.link = LinkView(state="up")
        self.live.seq_of = lambda agent_id: self.seqs.get(agent_id, 0)
        whole = self.live.snapshot
        self.live.snapshot = lambda agent: Snapshot(
            calls=tuple(self.views.values()), agents=self.agents or parts.services.agent_states.views(), link=self.link,
            reminders=parts.services.reminders.of(agent), sms=whole(agent).sms,
        )  # fmt: skip

    async def desk(self, login: str = "anna", path: str = "/") -> Page:
        """A page of somebody signed in, its wire open."""
        page = await self.context.new_page()
        page.faults = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.faults.append(str(error)))  # type: ignore[attr-defined]
        page.on("console", lambda said: said.type == "error" and page.faults.append(said.text))  # type: ignore[attr-defined]
        await page.goto(self.url + "/sign-in")
        if await page.locator("[name=login]").count():
            await page.fill("[name=login]", login)
            await page.fill("[name=password]", PASSWORD)
            await page.keyboard.press("Enter")
            await page.wait_for_selector("body.shell")
        if path != "/":
            await page.goto(self.url + path)
        await page.wait_for_selector("html[data-live=yes]")
        return page

    async def client(self, number: str = ALHIMOV) -> list[Match]:
        """The matches of a number in the base."""
        async with self.db.read() as conn:
            found = await lookup.by_number(conn, number, now=0.0)
        return [
            Match(client=m.client, why=Why(code="exact-phone", args={"number": number, "label": m.label}))
            for m in found
        ]

    async def ring(
        self,
        call: str = "call-1",
        *,
        number: str | None = ALHIMOV,
        kind: PopKind | None = None,
        matches: list[Match] | None = None,
        agent: int = ANNA,
        name: str = "",
        **more: Any,
    ) -> ScreenPop:
        """A call rings at the agent: the stored card, the wire, the state."""
        found = await self.client(number or "") if matches is None else matches
        seq = self.seqs[agent] = self.seqs.get(agent, 0) + 1
        started = time.time()
        told = PopCall(
            id=call, direction="inbound", number=number, name=name, device="PJSIP/101",
            queue=more.pop("queue", "sales"), called="74950000001", started=started,
        )  # fmt: skip
        kind = kind or (
            "hidden" if number is None else ("unknown", "client")[len(found)] if len(found) < 2 else "several"
        )
        more.setdefault("ringing", ("Анна Белова", "Борис Ким"))
        pop = ScreenPop(seq=seq, kind=kind, call=told, matches=tuple(found), received_at=started, **more)
        payload = msgspec.json.encode(pop).decode()
        row = NewEvent(agent_id=agent, seq=seq, kind="screen_pop", call_id=call, payload=payload, created_at=started)
        async with self.db.write() as conn:
            await desktop_events.append(conn, [row])
        await self.live.pop(agent, pop)
        view = CallView(
            id=call, state="ringing", direction="inbound", number=number, name=name, queue=told.queue, since=started,
            ringing=pop.ringing,
        )  # fmt: skip
        await self.tell(view, agent)
        return pop

    async def becomes(self, call: str, state: CallState, agent: int = ANNA, **more: Any) -> None:
        """The call's next state."""
        more.setdefault("since", time.time())
        await self.tell(replace(self.views[call], state=state, **more), agent)

    async def tell(self, view: CallView, agent: int = ANNA) -> None:
        """A state of a call, kept for the snapshot while it is open."""
        self.views[view.id] = view
        await self.live.call(agent, view)
        if view.state in ("ended", "missed", "taken"):
            del self.views[view.id]

    async def journal(
        self, call: str, *, number: str = ALHIMOV, outcome: Outcome = "answered", ago_s: float = 600, user: int = ANNA
    ) -> None:
        """A call that is over, in the journal."""
        began = time.time() - ago_s
        talked = outcome == "answered"
        leg = LegRecord(
            leg="PJSIP/101-1", leg_id=f"leg-{call}", device="PJSIP/101", rang=began + 1, ended=began + 90,
            answered=began + 12 if talked else None, result="talked" if talked else "no-answer",
        )  # fmt: skip
        record = CallRecord(
            call=call, direction="inbound", caller=Party(number=number), called="74950000001", queue="sales",
            started=began, answered=leg.answered, ended=began + 90, outcome=outcome, legs=(leg,),
        )  # fmt: skip
        async with self.db.write() as conn:
            found = await lookup.by_number(conn, number, now=0.0)
            client = found[0].client.id if len(found) == 1 else None
            await calls.save(
                conn, record, number=number, client_id=client, user_id=user if talked else None,
                legs_users={leg.leg_id: user},
            )  # fmt: skip


async def sample(folder: Path) -> None:
    """The sample base."""
    settings = Settings(data=folder)
    await fill(settings, PASSWORD)
    db = await open_database(settings.database_url)
    async with db.write() as conn:
        await conn.execute(update(users).values(password_hash=quick_hash()))
    await db.close()
    await letters_seen_to(folder)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser for stages."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=SHELL, args=list(FLAGS))
        yield browser
        await browser.close()


@asynccontextmanager
async def stage(
    folder: Path,
    browser: Browser,
    *,
    width: int = 1366,
    height: int = 768,
    mail: MailSettings | None = None,
    sms: SmsSettings | None = None,
    pbx: Mapping[str, PbxSettings] | None = None,
    **look: Any,
) -> AsyncIterator[Stage]:
    """A stage with the sample base. look: of the browser's window (color_scheme, reduced_motion, locale...)."""
    settings = Settings(
        data=folder, http=HttpSettings(), mail=mail or MailSettings(), sms=sms or SmsSettings(), pbx=dict(pbx or {})
    )
    copied(sample, folder)
    db = await open_database(settings.database_url)
    parts = await build(settings, db)
    app = compiled_once(make_app(parts.services))
    parts.live.attach(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    running = [asyncio.create_task(work, name=name) for name, work in parts.work.items()]
    try:
        await runner.setup()
        port = await _listen(runner)
        context = await browser.new_context(viewport={"width": width, "height": height}, **look)
        context.set_default_timeout(PATIENCE_S * 1000)
        yield Stage(parts, f"http://127.0.0.1:{port}", context)
        await context.close()
    finally:
        await runner.cleanup()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await db.close()


async def _listen(runner: web.AppRunner) -> int:
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return port
