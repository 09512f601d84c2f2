"""The desks' part of the composition root: what hears the PBX and serves the agents, built and wired once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from cti.channels.phone.agi import AgiServer
from cti.desktop import AgentDesktop, Erased, LinkView, Snapshot, WorkView
from cti.directory import Directory
from cti.features.access_journal import AccessJournal
from cti.features.agent_duty import AgentDuty
from cti.features.agent_state import AgentStates
from cti.features.browser_legs import BrowserLegs
from cti.features.call_control import CallControl
from cti.features.call_log import CallLog
from cti.features.call_results import CallResults
from cti.features.call_variables import DialplanVariables
from cti.features.call_ways import CallWays
from cti.features.desk_settings import DeskSettings
from cti.features.duty_admin import DutyAdmin
from cti.features.duty_codes import DutyCodes
from cti.features.hand_over import HandOvers
from cti.features.hot_desks import DeskWays, HotDesks
from cti.features.kept_places import KeptPlaces
from cti.features.live_calls import LiveCalls
from cti.features.low_marks import LowMarks
from cti.features.pbx_offers import PbxOffers
from cti.features.phone_watch import PhoneWatch
from cti.features.phones import Phones
from cti.features.routing import Routing
from cti.features.screen_pop import ScreenPops
from cti.features.spying import Spying
from cti.features.test_calls import TestCalls
from cti.metrics import Metrics
from cti.passwords import Passwords
from cti.pbx import Pbxes
from cti.queue_places import QueuePlaces
from cti.reactions import clicks, reactions
from cti.recording_parts import RecordingParts, build_recordings
from cti.settings import Settings
from cti.sights import Sights
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony.events import CallRecord
from cti.telephony.watching import registrar_of
from cti.watch import Watch, show_test_calls, test_setups
from cti.work_parts import WorkParts, build_work


@dataclass(frozen=True, kw_only=True)
class DeskParts:
    """What the panel is given. agi: None where no dialplan may ask; work: long-lived tasks by name."""

    watch: Watch
    screen_pops: ScreenPops
    live_calls: LiveCalls
    agent_states: AgentStates
    agent_duty: AgentDuty
    legs: BrowserLegs
    phones: Phones
    phone_watch: PhoneWatch
    hot_desks: HotDesks
    call_log: CallLog
    call_control: CallControl
    call_results: CallResults
    offers: PbxOffers
    desk_settings: DeskSettings
    duty_admin: DutyAdmin
    test_calls: TestCalls
    agi: AgiServer | None
    kept_places: KeptPlaces
    ways: CallWays
    spying: Spying
    recording: RecordingParts
    work_lists: WorkParts
    link: Callable[[], LinkView]
    work: Mapping[str, Coroutine[Any, Any, None]]

    def snapshot(self, agent_id: int, erased: Erased, mail: WorkView, sms: WorkView) -> Snapshot:
        """What a page of the agent needs to begin with."""
        return Snapshot(
            calls=self.live_calls.views_of(agent_id),
            agents=self.agent_states.views(),
            link=self.link(),
            erased=erased,
            legs=self.legs.legs_of(agent_id),
            reminders=self.work_lists.reminders.of(agent_id),
            work=self.work_lists.work_list.of(agent_id),
            mail=mail,
            sms=sms,
            spying=self.spying.of(agent_id),
        )

    async def presence(self, user_id: int) -> None:
        """A person's first page came or his last one went."""
        await self.agent_states.presence_changed(user_id)
        await self.agent_duty.presence_changed(user_id)


async def build_desk(
    settings: Settings,
    db: Database,
    *,
    spool: Spool,
    directory: Directory,
    pbxes: Pbxes,
    desktop: AgentDesktop,
    online: Callable[[int], bool],
    people: Callable[[], tuple[int, ...]],
    access_journal: AccessJournal,
    metrics: Metrics,
    sights: Sights,
    passwords: Passwords,
    clock: Callable[[], float],
) -> DeskParts:
    """All of it. online: whether a person's panel is open; people: whose are."""
    watch = Watch(settings, db=db, spool=spool, directory=directory, clock=clock)
    plan_of = pbxes.plan_of

    def record_of(call: str) -> CallRecord | None:
        return watch.record_of(call) or pbxes.record_of(call)

    handed = HandOvers(db=db, directory=directory, record_of=record_of, calls_at=pbxes.calls_at, plan_of=plan_of)
    desk_settings = DeskSettings(db=db, clock=clock)
    await desk_settings.start()
    variables = DialplanVariables(db=db, spool=spool)
    await variables.start()
    screen_pops = ScreenPops(
        db=db,
        spool=spool,
        desktop=desktop,
        directory=directory,
        plan_of=plan_of,
        record_of=record_of,
        clock=clock,
        handed=handed.of,
        rule=desk_settings.rule,
    )
    live_calls = LiveCalls(
        desktop=desktop,
        directory=directory,
        plan_of=plan_of,
        dialled=clicks(db),
        record_of=record_of,
        handed=handed.of,
        taker=handed.taker,
        dropped=handed.dropped,
        asking=handed.asking,
        variables=variables.of,
        kept_back=screen_pops.kept_back,
    )
    variables.told = live_calls.told_of
    handed.told = live_calls.handed_over
    agent_states = AgentStates(
        desktop=desktop, directory=directory, clock=clock, online=online, calls_of=live_calls.views_of
    )
    agent_duty = AgentDuty(
        db=db,
        spool=spool,
        directory=directory,
        settings=settings.agents,
        places=QueuePlaces(
            db=db, directory=directory, line_of=pbxes.line_of, standing=agent_states.standing, clock=clock
        ),
        device_status=agent_states.since,
        record_of=record_of,
        calls_of=lambda user_id: len(live_calls.views_of(user_id)),
        online=online,
        clock=clock,
    )
    await agent_duty.start()
    agent_states.duty_of, agent_duty.show = agent_duty.of, agent_states.show
    legs = BrowserLegs(desktop=desktop, directory=directory, line_of=pbxes.line_of, record_of=record_of, clock=clock)
    phones = Phones(
        db=db,
        directory=directory,
        line_of=pbxes.line_of,
        reload=directory.reload,
        moved=agent_duty.phone_chosen,
        clock=clock,
    )
    free_at = settings.agents.desks_free_at
    hot_desks = HotDesks(
        db=db,
        directory=directory,
        desktop=desktop,
        passwords=passwords,
        ways=DeskWays(
            line_of=pbxes.line_of,
            status_of=agent_states.device_status,
            standing=agent_states.standing,
            prefix_of=pbxes.prefix_of,
            follow=phones.follow,
            seated=agent_duty.seated,
            online=online,
            next_seq=screen_pops.next_seq,
        ),
        free_at=time.fromisoformat(free_at) if free_at else None,
        zone=ZoneInfo(settings.numbers.time_zone),
        clock=clock,
        pbxes=list(settings.pbx) if len(settings.pbx) > 1 else [],
    )
    call_log = CallLog(
        db=db,
        spool=spool,
        directory=directory,
        plan_of=plan_of,
        clock=clock,
        record_of=record_of,
        pbx_of=lambda call: registrar_of(call) or pbxes.name_of(call),
        noted=handed.noted,
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

    work_lists = build_work(
        db,
        spool=spool,
        desktop=desktop,
        access_journal=access_journal,
        busy=lambda user_id: bool(live_calls.views_of(user_id)) or agent_duty.of(user_id).state == "after-call",
        people=people,
        plan=pbxes.plan,
        plan_of=plan_of,
        voicemail=settings.voicemail_folders,
        zone=ZoneInfo(settings.numbers.time_zone),
        clock=clock,
    )

    def link_view() -> LinkView:
        return pbxes.view(spool.state)

    async def show_link(_event: object = None, _at: float = 0.0) -> None:
        await desktop.link(link_view())

    routing = Routing(
        db=db,
        spool=spool,
        asker_of=pbxes.asker,
        free_device=agent_states.free_device,
        default_plan=pbxes.plan,
        zone=ZoneInfo(settings.numbers.time_zone),
        clock=clock,
    )
    ways, low = CallWays(spool=spool), settings.quality
    ways.unhappy = LowMarks(spool=spool, login=low.low_mark_login, most=low.low_mark, clock=clock).scored
    kept = KeptPlaces(
        db=db,
        spool=spool,
        line_of=pbxes.line_of,
        prefix_of=lambda call: pbx.prefix if (pbx := pbxes.of(call)) else "",
        calls=pbxes.calls,
        free=agent_states.free_in,
        plan_of=plan_of,
        dial=settings.dial,
        zone=ZoneInfo(settings.numbers.time_zone),
        changed=work_lists.work_list.changed,
        clock=clock,
    )
    spying = Spying(
        db=db,
        directory=directory,
        desktop=desktop,
        line_of=pbxes.line_of,
        status_of=agent_states.device_status,
        calls_at=pbxes.calls_at,
        keep=access_journal.keep,
        next_seq=screen_pops.next_seq,
        tells=settings.agents.spied_are_told,
        clock=clock,
    )
    recording = build_recordings(
        settings, db, spool=spool, directory=directory, pbxes=pbxes, record_of=record_of, clock=clock
    )
    background: set[asyncio.Task[None]] = set()

    def storage_changed() -> None:
        task = asyncio.get_running_loop().create_task(show_link(), name="storage-state")
        background.add(task)
        task.add_done_callback(background.discard)

    spool.on_change = storage_changed
    table = reactions(
        handed,
        variables,
        ways,
        kept,
        screen_pops,
        live_calls,
        call_log,
        agent_states,
        agent_duty,
        legs,
        phones,
        recording.recordings,
        work_lists.moved,
        show_link,
        spying,
        lambda: watch.open_calls,
    )
    work: dict[str, Coroutine[Any, Any, None]] = {
        "browser-legs": legs.run(),
        "phones": phones.run(),
        "desks": hot_desks.run(),
        "kept-places": kept.run(),
        "duty": agent_duty.run(),
        **recording.work,
        **work_lists.work,
        **pbxes.work(table, clock, metrics),
        **watch.work(table, metrics),
    }
    test_calls = TestCalls(db=db, setups=test_setups(settings, watch.lines), plan=pbxes.plan, clock=clock)
    await test_calls.start()
    if test_calls.registrars:
        show_test_calls(metrics, test_calls)
        work["test-calls"] = test_calls.run()
    agi = None
    if settings.pbx and settings.agi.port:
        agi = AgiServer(
            settings.agi.host,
            settings.agi.port,
            routing,
            allowed=settings.agi.allowed,
            budget_s=settings.agi.budget_ms / 1000,
            desks=hot_desks,
            duties=DutyCodes(db=db, directory=directory, prefix_of=pbxes.prefix_of, choose=agent_duty.choose),
            clock=clock,
        )
        _show_answers(metrics, agi)
        work["agi"] = agi.run()
    return DeskParts(
        watch=watch,
        screen_pops=screen_pops,
        live_calls=live_calls,
        agent_states=agent_states,
        agent_duty=agent_duty,
        legs=legs,
        phones=phones,
        hot_desks=hot_desks,
        phone_watch=PhoneWatch(directory=directory, line_of=pbxes.line_of, status_of=agent_states.since, clock=clock),
        call_log=call_log,
        call_control=call_control,
        call_results=CallResults(db=db, clock=clock, released=agent_duty.released, changed=agent_duty.reload),
        offers=offers,
        desk_settings=desk_settings,
        duty_admin=DutyAdmin(
            db=db,
            directory=directory,
            zone=ZoneInfo(settings.numbers.time_zone),
            clock=clock,
            changed=agent_duty.reload,
        ),
        test_calls=test_calls,
        agi=agi,
        kept_places=kept,
        ways=ways,
        spying=spying,
        recording=recording,
        work_lists=work_lists,
        link=link_view,
        work=work,
    )


def _show_answers(metrics: Metrics, agi: AgiServer) -> None:
    metrics.read("agi_asked", "Questions of dialplans", lambda: agi.asked)
    metrics.read("agi_told", "Questions of dialplans that were answered in time", lambda: agi.told)
    metrics.read("agi_late", "Questions of dialplans that went without an answer", lambda: agi.late)
    metrics.read("agi_refused", "Connections to the AGI port that were cut off at once", lambda: agi.refused)
