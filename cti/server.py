"""The composition root: build everything once, run it under one TaskGroup, stop in reverse.

Order of start: database, features, panel, links to the PBXes. The panel serves even when a PBX is away or none is named
at all; only a database that cannot be opened stops the start.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from cti import logs
from cti.alert_parts import build_alerts
from cti.board_parts import build_board
from cti.campaign_parts import build_campaigns
from cti.client_parts import build_clients
from cti.desk_parts import build_desk
from cti.dialplan_parts import build_dialplans
from cti.directory import Directory
from cti.features.access_journal import AccessJournal
from cti.features.accounts import Accounts
from cti.features.call_ways import StepTitles
from cti.features.directory_admin import DirectoryAdmin
from cti.features.erasures import Erasures, Surroundings
from cti.features.figure_targets import FigureTargets
from cti.features.number_lists import NumberLists
from cti.features.own_keys import OwnKeys
from cti.features.quality import Quality
from cti.features.quality_work import QualityWork
from cti.features.role_rights import RoleRights
from cti.features.rollups import Rollups
from cti.features.scripts import Scripts
from cti.ldap import ldap_check
from cti.lookups import Loop
from cti.mail_parts import build_mail
from cti.memory import Memory, used
from cti.metrics import Metrics
from cti.newcomer_parts import build_newcomers
from cti.passwords import installation_key
from cti.past_parts import build_past
from cti.pbx import Pbxes
from cti.service_manager import ServiceManager
from cti.settings import Settings, service_manager
from cti.sights import Sights
from cti.sms_parts import build_sms
from cti.storage import calls
from cti.storage.database import Database, open_database
from cti.storage.spool import Spool
from cti.telephony.watching import registrar_of
from web.app import make_app, serve_app, watch_half_open
from web.compiling import compile_ahead
from web.live import Live
from web.live_board import Boards
from web.report_letters import maker
from web.services import Services

STOP_S = 4.0
LAG_S = 1.0  # how often the event loop's delay is measured

log = structlog.get_logger()


def main(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises CtiError when it cannot start."""
    logs.set_up(settings.log)
    faulthandler.enable()  # the watchdog's SIGABRT leaves in the journal where the server hung
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Build, run, stop."""
    stop, manager = asyncio.Event(), ServiceManager(service_manager())
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
            runner = await serve_app(app, settings.http, mailboxes=parts.mailboxes)
            tasks.append(group.create_task(watch_half_open(runner), name="half-open"))
            tasks.append(group.create_task(compile_ahead(app), name="templates"))
            log.info("serving", address=settings.http.host, port=settings.http.port)
            manager.tell("READY=1")
            tasks.append(group.create_task(manager.keep_told(lambda: _state(parts.services)), name="watchdog"))
            await _offer_first_admin(parts.services.accounts, settings)
            await stop.wait()
            log.info("stopping")
            manager.tell("STOPPING=1")
            await runner.cleanup()
            await parts.rest(STOP_S)
            parts.steps()
            await parts.spool.flush(STOP_S)
            for task in tasks:
                task.cancel()
    finally:
        await db.close()


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What `serve` runs. work: tasks by name; mailboxes: how many are followed; rest: SMS settle; steps: are kept."""

    services: Services
    live: Live
    spool: Spool
    mailboxes: Callable[[], int]
    steps: Callable[[], None]
    rest: Callable[[float], Coroutine[Any, Any, None]]
    work: Mapping[str, Coroutine[Any, Any, None]]


async def build(settings: Settings, db: Database) -> Parts:
    """All the parts, wired once. The order is that of the data: storage, browsers, features, PBX."""
    clock, zone = time.time, ZoneInfo(settings.numbers.time_zone)
    pbxes = Pbxes(settings)
    metrics = Metrics()
    spool = Spool(db, limit=settings.storage.spool, clock=clock)
    directory = Directory(db)
    await directory.reload()
    key = installation_key(settings.data)
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
        accounts=accounts, sights=sights, db=db, spool=spool, metrics=metrics, access_journal=access_journal,
        clock=clock,
    )  # fmt: skip
    desk = await build_desk(
        settings,
        db,
        spool=spool,
        directory=directory,
        pbxes=pbxes,
        desktop=live,
        online=live.online,
        people=live.people,
        access_journal=access_journal,
        metrics=metrics,
        sights=sights,
        passwords=accounts.passwords,
        clock=clock,
    )
    accounts.desktop, accounts.changed = live, desk.phones.people_changed
    memory = Memory()
    _show_figures(metrics, spool, memory)
    base = await build_clients(
        settings, db, plan=pbxes.plan, clock=clock, desktop=live, next_seq=desk.screen_pops.next_seq, sights=sights
    )
    access_journal.exported = base.alarms.hurry
    mail = build_mail(
        settings, db, spool=spool, directory=directory, desktop=live, access_journal=access_journal, plan=pbxes.plan,
        key=key, clock=clock, client_base=base.client_base, people=live.people, next_seq=desk.screen_pops.next_seq,
        work_changed=desk.work_lists.work_list.changed, client_file=base.files.path_of,
    )  # fmt: skip
    texting = build_sms(
        settings, db, key=key, desktop=live, people=live.people, next_seq=desk.screen_pops.next_seq,
        work_changed=desk.work_lists.work_list.changed, plan=pbxes.plan, rules=mail.sending.event_rules, sights=sights,
        pbx=pbxes.link_named, clock=clock,
    )  # fmt: skip
    mailing = build_campaigns(
        db, zone=zone, plan=pbxes.plan, desktop=live,
        next_seq=desk.screen_pops.next_seq, lines=texting.gateways,
        doors=texting.consents.doors, wake_sms=texting.sms_out.wake,
        wake_post=mail.sending.wake, work_changed=desk.work_lists.work_list.changed, clock=clock,
    )  # fmt: skip
    dialplans = build_dialplans(settings, db, boards={one.name: one.link for one in pbxes}, key=key, clock=clock)
    desk.ways.title_of = StepTitles(running=dialplans.publisher.running, pbx_of=pbxes.name_of, clock=clock).of
    coming = build_newcomers(
        settings, db, drafts=dialplans.drafts, pbxes=pbxes, directory=directory, desktop=live,
        passwords=accounts.passwords, changed=desk.phones.people_changed, clock=clock,
    )  # fmt: skip
    texting.gateway_calls.counted = lambda outcome: metrics.sms_calls.labels(outcome).inc()
    past = await build_past(settings, db, pbxes=pbxes, jobs=base.jobs, key=key, clock=clock)
    forget = (
        base.exports.erased, base.import_runs.erased, past.runs.erased, desk.screen_pops.erased,
        mail.sending.letter_store.erased,
    )  # fmt: skip
    around = Surroundings(
        written=spool.flush, importing=lambda: base.import_runs.running is not None or past.runs.running, forget=forget
    )  # fmt: skip
    gone = Erasures(db=db, jobs=base.jobs, plan=pbxes.plan, desktop=live, around=around, zone=zone, clock=clock)
    await gone.start()
    await desk.screen_pops.start()
    await _take_over(pbxes, db, spool, clock())
    live.snapshot = lambda agent_id: desk.snapshot(
        agent_id, gone.lately(), mail.inbox.of(agent_id), texting.counts.of(agent_id)
    )
    boards = build_board(db, directory=directory, pbxes=pbxes, desk=desk, desktop=live, zone=zone, clock=clock)
    warned = build_alerts(
        settings, db, key=key, board=boards.board.look, desktop=live, plan=pbxes.plan,
        next_seq=desk.screen_pops.next_seq, wake_post=mail.sending.wake, wake_sms=texting.sms_out.wake, clock=clock,
    )  # fmt: skip
    live.boards = Boards(look=boards.board.look, access_journal=access_journal)
    live.seq_of, live.presence = desk.screen_pops.seq_of, desk.presence
    rollups = Rollups(db=db, clock=clock)
    work: dict[str, Coroutine[Any, Any, None]] = {
        "spool": spool.run(),
        "live": live.watch(),
        "board": boards.board.run(),
        "boards": live.boards.run(),
        "erasures": gone.watch(),
        "figures": rollups.run(),
        "alerts": warned.watch.run(),
        **past.work,
        "loop-lag": _watch_loop(metrics),
        "memory": memory.watch(),
        **base.work,
        **desk.work,
        **mail.work,
        **texting.work,
        **mailing.work,
        **coming.work,
        **{name: run() for name, run in dialplans.work.items()},
    }
    people = DirectoryAdmin(
        db=db, clock=clock, passwords=accounts.passwords, desktop=live, changed=desk.phones.people_changed,
        pbxes=list(settings.pbx) if len(settings.pbx) > 1 else (),
    )  # fmt: skip
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
        people=people,
        role_rights=RoleRights(db=db, clock=clock, desktop=live),
        rollups=rollups,
        report_letters=mail.sending.report_letters,
        figure_targets=FigureTargets(db=db, clock=clock),
        alerts=warned.alerts,
        client_base=base.client_base,
        bulk_changes=base.bulk_changes,
        catalogue=base.catalogue,
        contacts=base.contacts,
        contracts=base.contracts,
        tasks=base.tasks,
        reminders=desk.work_lists.reminders,
        work_list=desk.work_lists.work_list,
        inbox=mail.inbox,
        texting=texting.texting,
        conversations=mail.conversations,
        callbacks=desk.work_lists.callbacks,
        voicemails=desk.work_lists.voicemails,
        mailboxes=mail.mailboxes,
        mailbox_doors=mail.mailbox_doors,
        mail_changes=mail.mail_changes,
        letter_marks=mail.letter_marks,
        mail_drafts=mail.mail_drafts,
        letter_store=mail.sending.letter_store,
        outbox=mail.sending.outbox,
        outbox_files=mail.sending.outbox_files,
        gateways=texting.gateways,
        gateway_settings=texting.gateway_settings,
        gateway_calls=texting.gateway_calls,
        templates=mail.sending.templates,
        letters=mail.letters,
        event_rules=mail.sending.event_rules,
        consents=texting.consents,
        sending_limits=texting.limits,
        campaigns=mailing.campaigns,
        campaign_numbers=mailing.numbers,
        call_lists=mailing.call_lists,
        invitations=mail.invitations,
        segments=base.segments,
        files=base.files,
        import_runs=base.import_runs,
        past_runs=past.runs,
        past_databases=past.databases,
        past_names=past.names,
        exports=base.exports,
        duplicates=base.duplicates,
        restrictions=base.restrictions,
        erasures=gone,
        dossiers=base.dossiers,
        kept_places=desk.kept_places,
        recordings=desk.recording.recordings,
        recording_pauses=desk.recording.pauses,
        recording_keeping=desk.recording.keeping,
        recording_moves=desk.recording.moves,
        number_lists=NumberLists(db=db, plan=pbxes.plan, opened=sights.opened, zone=zone, clock=clock),
        call_control=desk.call_control,
        phones=desk.phones,
        phone_watch=desk.phone_watch,
        hot_desks=desk.hot_desks,
        own_keys=OwnKeys(db=db),
        offers=desk.offers,
        browser_legs=desk.legs,
        call_log=desk.call_log,
        screen_pops=desk.screen_pops,
        desk_settings=desk.desk_settings,
        scripts=Scripts(db=db, clock=clock, current=desk.call_log.current, change=base.client_base.change_many),
        quality=Quality(db=db, clock=clock),
        quality_work=QualityWork(db=db, zone=zone, clock=clock),
        call_results=desk.call_results,
        agent_states=desk.agent_states,
        agent_duty=desk.agent_duty,
        duty_admin=desk.duty_admin,
        board_actions=boards.actions,
        board_links=boards.links,
        spying=desk.spying,
        test_calls=desk.test_calls,
        link=desk.link,
        lines=desk.watch.health,
        agi=desk.agi.health if desk.agi else None,
        dialplan_drafts=dialplans.drafts,
        plan_sounds=coming.plan_sounds,
        newcomers=coming.newcomers,
        phone_settings=coming.phone_settings,
        first_sign_in=coming.first_sign_in,
        dialplan_traces=dialplans.traces,
        dialplan_publish=dialplans.publisher,
        doctor=dialplans.doctor,
        dialplan_reviews=dialplans.reviews,
        clock=clock,
    )
    mail.sending.report_letters.make = maker(services)
    return Parts(
        services=services,
        live=live,
        spool=spool,
        mailboxes=mail.mail_sync.followed,
        steps=desk.ways.stop,
        rest=texting.sms_out.rest,
        work=work,
    )


async def _take_over(pbxes: Pbxes, db: Database, spool: Spool, now: float) -> None:
    """Go on with the calls of the previous run; those of a PBX that is no longer set up end here, unseen."""
    async with db.read() as conn:
        records = await calls.open_records(conn)
    ours = pbxes.adopt([record for record in records if not registrar_of(record.call)])  # what SIP saw is not taken up
    if len(ours) < len(records):

        async def close(conn: AsyncConnection) -> None:
            await calls.close_unfinished(conn, ours, now, "lost")

        spool.put(close)


def _state(services: Services) -> str:
    """One line for `systemctl status`."""
    links = ", ".join(f"{one.name} {one.state}" for one in services.link().pbxes) or services.link().state
    return f"PBX: {links}; storage: {services.spool.state}, {services.spool.pending} waiting"


def _show_figures(metrics: Metrics, spool: Spool, memory: Memory) -> None:
    metrics.read("memory_bytes", "Memory in use", used)
    metrics.read("memory_shed", "How often caches were emptied because memory was tight", lambda: memory.shed_count)
    metrics.read("tasks", "Tasks of the event loop", lambda: len(asyncio.all_tasks()))
    metrics.read("spool_pending", "Writes that wait for the database", lambda: spool.pending)
    metrics.read("spool_refused", "Writes lost because too many waited", lambda: spool.refused)
    metrics.read("spool_parked", "Writes put aside because they could never succeed", lambda: spool.parked)


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
