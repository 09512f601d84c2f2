"""What `cti check` says of the server's own SIP lines, and the test calls of `cti check --call`."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import urllib.request
from collections.abc import AsyncIterator

from cti.cli.finding import Finding
from cti.errors import CtiError
from cti.features.test_calls import TestCalls
from cti.pbx import number_plan
from cti.settings import RegistrarSettings, Settings
from cti.storage import users
from cti.storage.database import Database
from cti.storage.test_calls import TestCall
from cti.watch import lines_at, test_setups

REGISTER_S = 6.0
METRICS_S = 2.0
SAID = {
    "test-no-card": "the phone was called and no card came: does the server run, is the agent's phone his own?",
    "test-refused": "the PBX did not put the call through",
    "test-not-placed": "the call could not be placed",
    "test-no-agent": "the test agent is nobody in the database, or blocked: see [sip.NAME.test] agent",
}


async def sip_findings(settings: Settings, db: Database, *, call: bool) -> AsyncIterator[Finding]:
    """Each watch line and its people; with `call` a call for each test."""
    for name, registrar in settings.sip.items():
        for line, one in registrar.watch.items():
            yield await _people(f"sip {name} {line}", one.agents, db)
        if registrar.watch:
            served = await asyncio.to_thread(_served, settings, name)
            for finding in served or [one async for one in _registered(name, registrar)]:
                yield finding
    if not call:
        return
    tested = [name for name, registrar in settings.sip.items() if registrar.test]
    if not tested:
        yield Finding(what="test call", ok=False, text="none is set up: see [sip.main.test] in config/cti.example.toml")
    for name in tested:
        yield await _called(name, settings, db)


async def _people(what: str, logins: tuple[str, ...], db: Database) -> Finding:
    async with db.read() as conn:
        missing = [login for login in logins if await users.by_login(conn, login) is None]
    if missing:
        return Finding(what=what, ok=False, text=f"nobody here has the login {', '.join(missing)}")
    if not logins:
        return Finding(what=what, ok=False, warning=True, text="nobody is named for it: no card will come")
    return Finding(what=what, text=f"cards for {', '.join(logins)}")


def _served(settings: Settings, name: str) -> list[Finding]:
    """How the lines stand in the running server, by its figures; [] where none answers."""
    address = f"http://127.0.0.1:{settings.http.port}/metrics"
    try:
        with urllib.request.urlopen(address, timeout=METRICS_S) as answer:
            page = answer.read(4 * 2**20).decode("utf-8", "replace")
    except (OSError, ValueError):
        return []
    found = re.findall(r'^trubka_sip_line_up\{line="([^"]*)",registrar="([^"]*)"\} ([01])', page, re.MULTILINE)
    return [
        Finding(
            what=f"sip {name} {line} registration",
            ok=up == "1",
            text="registered by the running server" if up == "1" else "not registered: see Settings, Health",
        )
        for line, registrar, up in found
        if registrar == name
    ]


async def _registered(name: str, registrar: RegistrarSettings) -> AsyncIterator[Finding]:
    """No server runs: the lines sign in here for a moment. Beside one they would take its registrations away."""
    lines = lines_at(name, registrar, clock=time.time)
    task = asyncio.create_task(lines.run(), name="sip")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REGISTER_S):
                while any(one.state in ("connecting", "down") for one in lines.health().values()):
                    lines.changed.clear()
                    await lines.changed.wait()
        for line, health in lines.health().items():
            up = health.state == "up"
            text = "registered" if up else health.detail or "no answer: check host, port and firewall"
            yield Finding(what=f"sip {name} {line} registration", ok=up, text=text)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _called(name: str, settings: Settings, db: Database) -> Finding:
    lines = lines_at(name, settings.sip[name], clock=time.time, watch=False)
    task = asyncio.create_task(lines.run(), name="sip")
    try:
        setups = test_setups(settings, {name: lines})
        calls = TestCalls(db=db, setups=setups, plan=number_plan(settings.numbers), clock=time.time)
        return _told(f"test call {name}", await calls.place(name))
    except CtiError as error:
        return Finding(what=f"test call {name}", ok=False, text=str(error))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _told(what: str, done: TestCall) -> Finding:
    if not done.ok:
        text = SAID.get(done.said, done.said) + (f" ({done.detail})" if done.detail else "")
        return Finding(what=what, ok=False, text=text)
    painted = "no panel of his was open" if done.shown_ms is None else f"painted after {done.shown_ms:.0f} ms"
    return Finding(what=what, text=f"the card came after {done.card_ms or 0:.0f} ms, {painted}")
