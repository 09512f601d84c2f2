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
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from cryptography.fernet import Fernet
from sqlalchemy.ext.asyncio import AsyncConnection

from cti import logs
from cti.channels.phone.agi import AgiServer
from cti.desktop import LinkView, Snapshot
from cti.directory import Directory
from cti.dispatch import Reaction
from cti.features.access_journal import AccessJournal
from cti.features.accounts import Accounts
from cti.features.agent_duty import AgentDuty
from cti.features.agent_state import AgentStates
from cti.features.bulk_changes import BulkChanges
from cti.features.call_control import CallControl
from cti.features.call_log import CallLog
from cti.features.client_base import ClientBase
from cti.features.client_catalogue import ClientCatalogue
from cti.features.client_contacts import ClientContacts
from cti.features.client_contracts import ClientContracts
from cti.features.client_duplicates import ClientDuplicates
from cti.features.client_export import Exports
from cti.features.client_files import ClientFiles
from cti.features.client_segments import ClientSegments
from cti.features.directory_admin import DirectoryAdmin
from cti.features.duty_admin import DutyAdmin
from cti.features.import_runs import ImportRuns
from cti.features.live_calls import Dialled, LiveCalls
from cti.features.role_rights import RoleRights
from cti.features.routing import Routing
from cti.features.screen_pop import ScreenPops
from cti.jobs import Jobs
from cti.ldap import ldap_check
from cti.metrics import Metrics
from cti.pbx import Pbxes
from cti.settings import Settings
from cti.storage import calls, clients, dial_requests
from cti.storage.database import Database, open_database
from cti.storage.spool import Spool
from cti.telephony import events as ev
from cti.telephony.numbering import NumberPlan
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
    accounts = Accounts(
        db=db,
        clock=clock,
        key=_key(settings.data),
        idle_s=settings.auth.idle_h * 3600,
        absolute_s=settings.auth.absolute_h * 3600,
        ldap=ldap_check(settings.auth.ldap),
        later=spool.put,
    )
    access_journal = AccessJournal(spool=spool, clock=clock)
    live = Live(accounts=accounts, db=db, spool=spool, metrics=metrics, access_journal=access_journal, clock=clock)
    plan_of, record_of = pbxes.plan_of, pbxes.record_of
    screen_pops = ScreenPops(
        db=db, spool=spool, desktop=live, directory=directory, plan_of=plan_of, record_of=record_of, clock=clock
    )
    live_calls = LiveCalls(desktop=live, directory=directory, plan_of=plan_of, dialled=_clicks(db), record_of=record_of)
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
    call_log = CallLog(
        db=db, spool=spool, directory=directory, plan_of=plan_of, clock=clock, record_of=record_of, pbx_of=pbxes.name_of
    )
    call_control = CallControl(
        db=db,
        line_of=pbxes.line_of,
        dial=settings.dial,
        directory=directory,
        device_status=agent_states.device_status,
        calls_of=lambda user_id: len(live_calls.views_of(user_id)),
        record_of=record_of,
        clock=clock,
    )

    def link_view() -> LinkView:
        return pbxes.view(spool.state)

    async def show_link(_event: object = None, _at: float = 0.0) -> None:
        await live.link(link_view())

    def snapshot(agent_id: int) -> Snapshot:
        return Snapshot(calls=live_calls.views_of(agent_id), agents=agent_states.views(), link=link_view())

    routing = Routing(
        db=db,
        spool=spool,
        asker_of=pbxes.asker,
        free_device=agent_states.free_device,
        default_plan=pbxes.plan,
        zone=ZoneInfo(settings.numbers.time_zone),
        clock=clock,
    )
    accounts.desktop, accounts.changed = live, directory.reload

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
    files = ClientFiles(db=db, folder=settings.data / "files", clock=clock)
    await files.sweep()
    jobs = Jobs(_told_to_jobs(settings, pbxes.plan))
    import_runs = ImportRuns(db=db, jobs=jobs, folder=settings.data / "imports", clock=clock)
    await import_runs.start()
    client_base = ClientBase(db=db, plan=pbxes.plan, clock=clock)
    bulk_changes = BulkChanges(db=db, jobs=jobs, change=client_base.change_many, clock=clock)
    await bulk_changes.start()
    exports = Exports(jobs=jobs, folder=settings.data / "exports")
    await exports.start()
    likely = ClientDuplicates(db=db, plan=pbxes.plan, clock=clock, mark=settings.data / "duplicates.mark")
    await screen_pops.start()
    await _take_over(pbxes, db, spool, clock())
    reactions = _reactions(screen_pops, live_calls, call_log, agent_states, agent_duty, show_link)
    work: dict[str, Coroutine[Any, Any, None]] = {
        "spool": spool.run(),
        "live": live.watch(),
        "imports": import_runs.run(),
        "bulk-changes": bulk_changes.run(),
        "duplicates": likely.watch(),
        "duty": agent_duty.run(),
        "loop-lag": _watch_loop(metrics),
        **pbxes.work(reactions, clock, metrics),
    }
    if settings.pbx and settings.agi.port:
        agi = AgiServer(settings.agi.host, settings.agi.port, routing, allowed=settings.agi.allowed, clock=clock)
        _show_answers(metrics, agi)
        work["agi"] = agi.run()
    services = Services(
        settings=settings,
        db=db,
        spool=spool,
        plan=pbxes.plan,
        metrics=metrics,
        access_journal=access_journal,
        accounts=accounts,
        people=DirectoryAdmin(
            db=db,
            clock=clock,
            passwords=accounts.passwords,
            desktop=live,
            changed=directory.reload,
            pbxes=list(settings.pbx) if len(settings.pbx) > 1 else (),
        ),
        role_rights=RoleRights(db=db, clock=clock, desktop=live),
        client_base=client_base,
        bulk_changes=bulk_changes,
        catalogue=ClientCatalogue(db=db, clock=clock),
        contacts=ClientContacts(db=db, plan=pbxes.plan, clock=clock),
        contracts=ClientContracts(db=db, clock=clock),
        segments=ClientSegments(db=db, zone=ZoneInfo(settings.numbers.time_zone), clock=clock),
        files=files,
        import_runs=import_runs,
        exports=exports,
        duplicates=likely,
        call_control=call_control,
        call_log=call_log,
        agent_states=agent_states,
        agent_duty=agent_duty,
        duty_admin=DutyAdmin(db=db, directory=directory, clock=clock, changed=agent_duty.reload),
        link=link_view,
        clock=clock,
    )
    return Parts(services=services, live=live, spool=spool, work=work)


async def _take_over(pbxes: Pbxes, db: Database, spool: Spool, now: float) -> None:
    """Go on with the calls of the previous run; those of a PBX that is no longer set up end here, unseen."""
    async with db.read() as conn:
        records = await calls.open_records(conn)
    ours = pbxes.adopt(records)
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


def _reactions(
    pops: ScreenPops,
    views: LiveCalls,
    journal: CallLog,
    states: AgentStates,
    duty: AgentDuty,
    show_link: Reaction,
) -> Mapping[type[ev.TelephonyEvent], Sequence[Reaction]]:
    """Who hears of what, in order: the card first, then the desks, then the journal."""
    return {
        ev.Originated: (views.originated, journal.changed),
        ev.CallChanged: (journal.changed,),
        ev.Queued: (journal.changed,),
        ev.Delivered: (pops.delivered, views.delivered, journal.changed, states.call_moved),
        ev.Established: (pops.established, views.established, journal.changed, duty.established, states.call_moved),
        ev.Held: (views.held,),
        ev.Retrieved: (views.retrieved,),
        ev.Transferred: (journal.changed,),
        ev.ConnectionCleared: (
            views.connection_cleared,
            journal.changed,
            duty.connection_cleared,
            states.call_moved,
        ),
        ev.CallCleared: (pops.call_cleared, views.call_cleared, journal.call_cleared, duty.call_cleared),
        ev.CallMerged: (pops.call_merged, views.call_merged, journal.call_merged),
        ev.DialFailed: (views.dial_failed,),
        ev.SnapshotTaken: (pops.snapshot_taken, views.snapshot_taken, journal.snapshot_taken, duty.snapshot_taken),
        ev.PbxRestarted: (duty.pbx_restarted,),
        ev.DeviceChanged: (states.device_changed,),
        ev.MemberChanged: (states.member_changed, duty.member_changed),
        ev.LinkChanged: (states.link_changed, show_link),
    }


def _clicks(db: Database) -> Callable[[str], Awaitable[Dialled | None]]:
    """What a click knew of the call it makes, by its request id."""

    async def dialled(request_id: str) -> Dialled | None:
        async with db.read() as conn:
            request = await dial_requests.get(conn, request_id)
            if request is None:
                return None
            card = await clients.get(conn, request.client_id) if request.client_id else None
        return Dialled(
            user_id=request.user_id,
            number=request.number,
            extension=request.extension,
            client_id=request.client_id,
            client_name=card.name if card else "",
        )

    return dialled


def _told_to_jobs(settings: Settings, plan: NumberPlan) -> Mapping[str, Any]:
    """What a process of `cti/jobs.py` needs to know of this installation."""
    return {
        "url": settings.database_url,
        "busy_timeout_ms": settings.storage.busy_timeout_ms,
        "plan": asdict(plan),
        "zone": settings.numbers.time_zone,
    }


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
