"""The composition root: build everything once, run it under one TaskGroup, stop in reverse.

Order of start: database, features, panel, links to the PBXes. The panel serves even when a PBX is away or none is named
at all; only a database that cannot be opened stops the start.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from cryptography.fernet import Fernet
from sqlalchemy.ext.asyncio import AsyncConnection

from cti import logs
from cti.channels.phone.agi import AgiServer
from cti.client_parts import build_clients
from cti.desktop import LinkView, Snapshot
from cti.directory import Directory
from cti.features.access_journal import AccessJournal
from cti.features.accounts import Accounts
from cti.features.agent_duty import AgentDuty
from cti.features.agent_state import AgentStates
from cti.features.browser_legs import BrowserLegs
from cti.features.call_control import CallControl
from cti.features.call_log import CallLog
from cti.features.call_results import CallResults
from cti.features.directory_admin import DirectoryAdmin
from cti.features.duty_admin import DutyAdmin
from cti.features.erasures import Erasures, Surroundings
from cti.features.live_calls import LiveCalls
from cti.features.pbx_offers import PbxOffers
from cti.features.phones import Phones
from cti.features.role_rights import RoleRights
from cti.features.routing import Routing
from cti.features.screen_pop import ScreenPops
from cti.features.test_calls import TestCalls
from cti.ldap import ldap_check
from cti.metrics import Metrics
from cti.pbx import Pbxes
from cti.reactions import clicks, reactions
from cti.settings import Settings
from cti.sights import Sights
from cti.storage import calls
from cti.storage.database import Database, open_database
from cti.storage.spool import Spool
from cti.telephony.events import CallRecord
from cti.telephony.watching import registrar_of
from cti.watch import Watch, show_test_calls, test_setups
from web.app import make_app, serve_app, watch_half_open
from web.live import Live
from web.services import Services

STOP_S = 4.0
LAG_S = 1.0  # how often the event loop's delay is measured

log = structlog.get_logger()


def main(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises CtiError when it cannot start."""
    logs.set_up(settings.log)
    with asyncio.Runner() as runner:
        runner.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Build, run, stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = await open_database(settings.database_url, busy_timeout_ms=settings.storage.busy_timeout_ms)
    try:
        parts = await build(settings, db)
        gc.freeze()  # what was built lives as long as the process: the collector need not walk it again
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work, name=name) for name, work in parts.work.items()]
            app = make_app(parts.services)
            parts.live.attach(app)
            runner = await serve_app(app, settings.http)
            tasks.append(group.create_task(watch_half_open(runner), name="half-open"))
            log.info("serving", address=settings.http.host, port=settings.http.port)
            await _offer_first_admin(parts.services.accounts, settings)
            await stop.wait()
            log.info("stopping")
            await runner.cleanup()
            await parts.spool.flush(STOP_S)
            for task in tasks:
                task.cancel()
    finally:
        await db.close()


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What `serve` runs. work: the long-lived tasks by name."""

    services: Services
    live: Live
    spool: Spool
    work: Mapping[str, Coroutine[Any, Any, None]]


async def build(settings: Settings, db: Database) -> Parts:
    """All the parts, wired once. The order is that of the data: storage, browsers, features, PBX."""
    clock = time.time
    pbxes = Pbxes(settings)
    metrics = Metrics()
    spool = Spool(db, limit=settings.storage.spool, clock=clock)
    directory = Directory(db)
    await directory.reload()
    key = _key(settings.data)
    sights = Sights(key, pbxes.plan.internal)
    accounts = Accounts(
        db=db,
        clock=clock,
        key=key,
        idle_s=settings.auth.idle_h * 3600,
        absolute_s=settings.auth.absolute_h * 3600,
        ldap=ldap_check(settings.auth.ldap),
        later=spool.put,
    )
    access_journal = AccessJournal(spool=spool, clock=clock)
    live = Live(
        accounts=accounts,
        sights=sights,
        db=db,
        spool=spool,
        metrics=metrics,
        access_journal=access_journal,
        clock=clock,
    )
    watch = Watch(settings, db=db, spool=spool, directory=directory, clock=clock)
    plan_of = pbxes.plan_of

    def record_of(call: str) -> CallRecord | None:
        return watch.record_of(call) or pbxes.record_of(call)

    screen_pops = ScreenPops(
        db=db, spool=spool, desktop=live, directory=directory, plan_of=plan_of, record_of=record_of, clock=clock
    )
    live_calls = LiveCalls(desktop=live, directory=directory, plan_of=plan_of, dialled=clicks(db), record_of=record_of)
    agent_states = AgentStates(
        desktop=live, directory=directory, clock=clock, online=live.online, calls_of=live_calls.views_of
    )
    agent_duty = AgentDuty(
        db=db,
        spool=spool,
        directory=directory,
        settings=settings.agents,
        line_of=pbxes.line_of,
        standing=agent_states.standing,
        device_status=agent_states.since,
        record_of=record_of,
        calls_of=lambda user_id: len(live_calls.views_of(user_id)),
        online=live.online,
        clock=clock,
    )
    await agent_duty.start()
    agent_states.duty_of, agent_duty.show = agent_duty.of, agent_states.show
    legs = BrowserLegs(desktop=live, directory=directory, line_of=pbxes.line_of, record_of=record_of, clock=clock)
    phones = Phones(
        db=db,
        directory=directory,
        line_of=pbxes.line_of,
        reload=directory.reload,
        moved=agent_duty.phone_chosen,
        clock=clock,
    )
    call_log = CallLog(
        db=db,
        spool=spool,
        directory=directory,
        plan_of=plan_of,
        clock=clock,
        record_of=record_of,
        pbx_of=lambda call: registrar_of(call) or pbxes.name_of(call),
    )
    offers = PbxOffers(clock=clock)
    call_control = CallControl(
        offers=offers.of,
        db=db,
        line_of=pbxes.line_of,
        dial=settings.dial,
        directory=directory,
        device_status=agent_states.device_status,
        calls_of=lambda user_id: len(live_calls.views_of(user_id)),
        record_of=record_of,
        clock=clock,
        sights=sights,
    )

    def link_view() -> LinkView:
        return pbxes.view(spool.state)

    async def show_link(_event: object = None, _at: float = 0.0) -> None:
        await live.link(link_view())

    def snapshot(agent_id: int) -> Snapshot:
        return Snapshot(
            calls=live_calls.views_of(agent_id),
            agents=agent_states.views(),
            link=link_view(),
            erased=gone.lately(),
            legs=legs.legs_of(agent_id),
        )

    routing = Routing(
        db=db,
        spool=spool,
        asker_of=pbxes.asker,
        free_device=agent_states.free_device,
        default_plan=pbxes.plan,
        zone=ZoneInfo(settings.numbers.time_zone),
        clock=clock,
    )
    accounts.desktop, accounts.changed = live, phones.people_changed

    async def presence(user_id: int) -> None:
        await agent_states.presence_changed(user_id)
        await agent_duty.presence_changed(user_id)

    live.snapshot, live.seq_of, live.presence = snapshot, screen_pops.seq_of, presence
    background: set[asyncio.Task[None]] = set()

    def storage_changed() -> None:
        task = asyncio.get_running_loop().create_task(show_link(), name="storage-state")
        background.add(task)
        task.add_done_callback(background.discard)

    spool.on_change = storage_changed
    _show_figures(metrics, spool)
    base = await build_clients(
        settings, db, plan=pbxes.plan, clock=clock, desktop=live, next_seq=screen_pops.next_seq, sights=sights
    )
    access_journal.exported = base.alarms.hurry
    gone = Erasures(
        db=db,
        jobs=base.jobs,
        plan=pbxes.plan,
        desktop=live,
        around=Surroundings(
            written=spool.flush,
            importing=lambda: base.import_runs.running is not None,
            forget=(base.exports.erased, base.import_runs.erased, screen_pops.erased),
        ),
        zone=ZoneInfo(settings.numbers.time_zone),
        clock=clock,
    )
    await gone.start()
    await screen_pops.start()
    await _take_over(pbxes, db, spool, clock())
    table = reactions(
        screen_pops,
        live_calls,
        call_log,
        agent_states,
        agent_duty,
        legs,
        phones,
        show_link,
        lambda: watch.open_calls,
    )
    work: dict[str, Coroutine[Any, Any, None]] = {
        "spool": spool.run(),
        "live": live.watch(),
        "browser-legs": legs.run(),
        "phones": phones.run(),
        "duty": agent_duty.run(),
        "erasures": gone.watch(),
        "loop-lag": _watch_loop(metrics),
        **base.work,
        **pbxes.work(table, clock, metrics),
    }
    calls_to_test = TestCalls(db=db, setups=test_setups(settings, watch.lines), plan=pbxes.plan, clock=clock)
    await calls_to_test.start()
    work |= watch.work(table, metrics)
    if calls_to_test.registrars:
        show_test_calls(metrics, calls_to_test)
        work["test-calls"] = calls_to_test.run()
    agi = None
    if settings.pbx and settings.agi.port:
        agi = AgiServer(settings.agi.host, settings.agi.port, routing, allowed=settings.agi.allowed, clock=clock)
        _show_answers(metrics, agi)
        work["agi"] = agi.run()
    services = Services(
        settings=settings,
        db=db,
        sights=sights,
        spool=spool,
        plan=pbxes.plan,
        metrics=metrics,
        access_journal=access_journal,
        access_review=base.access_review,
        accounts=accounts,
        people=DirectoryAdmin(
            db=db,
            clock=clock,
            passwords=accounts.passwords,
            desktop=live,
            changed=phones.people_changed,
            pbxes=list(settings.pbx) if len(settings.pbx) > 1 else (),
        ),
        role_rights=RoleRights(db=db, clock=clock, desktop=live),
        client_base=base.client_base,
        bulk_changes=base.bulk_changes,
        catalogue=base.catalogue,
        contacts=base.contacts,
        contracts=base.contracts,
        tasks=base.tasks,
        segments=base.segments,
        files=base.files,
        import_runs=base.import_runs,
        exports=base.exports,
        duplicates=base.duplicates,
        erasures=gone,
        dossiers=base.dossiers,
        call_control=call_control,
        phones=phones,
        offers=offers,
        browser_legs=legs,
        call_log=call_log,
        call_results=CallResults(db=db, clock=clock, released=agent_duty.released, changed=agent_duty.reload),
        agent_states=agent_states,
        agent_duty=agent_duty,
        duty_admin=DutyAdmin(db=db, directory=directory, clock=clock, changed=agent_duty.reload),
        test_calls=calls_to_test,
        link=link_view,
        lines=watch.health,
        agi=agi.health if agi else None,
        clock=clock,
    )
    return Parts(services=services, live=live, spool=spool, work=work)


async def _take_over(pbxes: Pbxes, db: Database, spool: Spool, now: float) -> None:
    """Go on with the calls of the previous run; those of a PBX that is no longer set up end here, unseen."""
    async with db.read() as conn:
        records = await calls.open_records(conn)
    ours = pbxes.adopt([record for record in records if not registrar_of(record.call)])  # what SIP saw is not taken up
    if len(ours) < len(records):

        async def close(conn: AsyncConnection) -> None:
            await calls.close_unfinished(conn, ours, now, "lost")

        spool.put(close)


def _show_figures(metrics: Metrics, spool: Spool) -> None:
    metrics.read("spool_pending", "Writes that wait for the database", lambda: spool.pending)
    metrics.read("spool_refused", "Writes lost because too many waited", lambda: spool.refused)
    metrics.read("spool_parked", "Writes put aside because they could never succeed", lambda: spool.parked)


def _show_answers(metrics: Metrics, agi: AgiServer) -> None:
    metrics.read("agi_asked", "Questions of dialplans", lambda: agi.asked)
    metrics.read("agi_told", "Questions of dialplans that were answered in time", lambda: agi.told)
    metrics.read("agi_late", "Questions of dialplans that went without an answer", lambda: agi.late)
    metrics.read("agi_refused", "Connections to the AGI port that were cut off at once", lambda: agi.refused)


def _key(data: Path) -> bytes:
    """The key of secrets at rest, made once, readable by its owner only, outside the database."""
    file = data / "secrets.key"
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as new:
            new.write(Fernet.generate_key())
    return file.read_bytes()


async def _offer_first_admin(accounts: Accounts, settings: Settings) -> None:
    """With nobody in the base, one code on the console makes the first admin."""
    code = await accounts.first_code()
    if code:
        address = settings.http.public_url or f"http://{settings.http.host}:{settings.http.port}"
        print(f"\n  First admin: open {address}/setup and enter {code} (30 minutes)\n", file=sys.stderr)  # noqa: T201


async def _watch_loop(metrics: Metrics) -> None:
    """How late the event loop is: nothing may hold it for 50 ms."""
    loop = asyncio.get_running_loop()
    while True:
        before = loop.time()
        await asyncio.sleep(LAG_S)
        metrics.lag.observe(max(loop.time() - before - LAG_S, 0.0))
