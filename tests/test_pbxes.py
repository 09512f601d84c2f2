"""Several PBXes in one server: equal ids never meet, each has its plan, order and pace; one alone needs no name."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from cti.channels.base import Health
from cti.dispatch import Reaction
from cti.metrics import Metrics
from cti.pbx import Pbxes, Reactions
from cti.settings import PbxNumbersSettings, PbxSettings, Settings
from cti.telephony import events as ev
from cti.telephony.commands import MakeCall
from cti.telephony.numbering import read
from tests.bench.stream import call
from tests.channels.fake_ami import Action, FakeAmi, event, listing, said
from tests.channels.links import until

Told = list[tuple[ev.TelephonyEvent, float]]


def settings_for(**pbxes: FakeAmi) -> Settings:
    numbers = {"msk": PbxNumbersSettings(), "spb": PbxNumbersSettings(area_code="812", internal="[0-9]{3}")}
    return Settings(
        pbx={
            name: PbxSettings(
                host="127.0.0.1", port=pbx.port, secret=pbx.secret, numbers=numbers.get(name, PbxNumbersSettings())
            )
            for name, pbx in pbxes.items()
        }
    )


def every_event(reaction: Reaction) -> Reactions:
    kinds = [kind for kind in vars(ev).values() if isinstance(kind, type) and issubclass(kind, ev.TelephonyEvent)]
    return {kind: (reaction,) for kind in kinds}


@asynccontextmanager
async def running(pbxes: Pbxes, reaction: Reaction, clock: Callable[[], float] = time.time) -> AsyncIterator[Metrics]:
    """All links and switches at work, up and in agreement with their PBXes."""
    metrics = Metrics()
    snapshots: set[str] = set()

    async def noted(event: ev.TelephonyEvent, at: float) -> None:
        if isinstance(event, ev.SnapshotTaken):
            snapshots.add(event.prefix)
        await reaction(event, at)

    tasks = [
        asyncio.create_task(work, name=name) for name, work in pbxes.work(every_event(noted), clock, metrics).items()
    ]
    try:
        await until(lambda: snapshots == {pbx.prefix for pbx in pbxes})
        yield metrics
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended


@pytest.fixture
async def two() -> AsyncIterator[tuple[FakeAmi, FakeAmi]]:
    async with FakeAmi() as one, FakeAmi() as other:
        yield one, other


def prefix_of(event: ev.TelephonyEvent) -> str:
    name = getattr(event, "call", None) or getattr(event, "device", None) or getattr(event, "prefix", "")
    return str(name).partition(":")[0]


def without(value: Any, prefix: str) -> Any:
    """The event with the prefix off wherever an id stands, times aside."""
    if isinstance(value, msgspec.Struct):
        names = [name for name in value.__struct_fields__ if name not in ("at", "prefix")]
        return type(value).__name__, {name: without(getattr(value, name), prefix) for name in names}
    if isinstance(value, str):
        return value.removeprefix(prefix)
    if isinstance(value, float):
        return "a time"
    if isinstance(value, (tuple, list, frozenset)):
        return [without(one, prefix) for one in value]
    return value


async def test_equal_uniqueids_on_two_pbxes_never_meet(two: tuple[FakeAmi, FakeAmi]) -> None:
    msk, spb = two
    pbxes, told = Pbxes(settings_for(msk=msk, spb=spb)), []  # type: tuple[Pbxes, Told]

    async def note(event: ev.TelephonyEvent, at: float) -> None:
        told.append((event, at))

    frames, _rings = call(7, caller="79355550101")
    async with running(pbxes, note):
        told.clear()
        for frame in frames:  # the same call, to the byte, at both, one event here and one there
            msk.send(frame)
            spb.send(frame)
        await until(lambda: sum(isinstance(event, ev.CallCleared) for event, _ in told) == 2)
    by_pbx = {name: [e for e, _ in told if prefix_of(e) == name] for name in ("msk", "spb")}
    assert len(by_pbx["msk"]) + len(by_pbx["spb"]) == len(told)
    here, there = ([without(e, f"{name}:") for e in by_pbx[name]] for name in ("msk", "spb"))
    assert here == there, "each saw what it would have seen alone"
    assert len(here) > 5
    rings = [event for event, _ in told if isinstance(event, ev.Delivered)]
    assert {(ring.call, ring.device) for ring in rings} == {
        (f"{name}:1763890000.14", f"{name}:PJSIP/101") for name in ("msk", "spb")
    }
    assert all(pbx.tracker.size == 0 for pbx in pbxes)


async def test_a_slow_reaction_at_one_pbx_keeps_nobody_at_the_other_waiting(two: tuple[FakeAmi, FakeAmi]) -> None:
    msk, spb = two
    gate, told = asyncio.Event(), []  # type: tuple[asyncio.Event, list[str]]

    async def slow_at_msk(event: ev.TelephonyEvent, _at: float) -> None:
        if prefix_of(event) == "msk" and isinstance(event, ev.CallEvent):
            await gate.wait()
        told.append(f"{prefix_of(event)} {type(event).__name__}")

    frames, _rings = call(7)
    pbxes = Pbxes(settings_for(msk=msk, spb=spb))
    async with running(pbxes, slow_at_msk):
        told.clear()
        msk.send(b"".join(frames))
        spb.send(b"".join(frames))
        await until(lambda: "spb CallCleared" in told)
        assert not [line for line in told if line.startswith("msk") and "Device" not in line]
        gate.set()
        await until(lambda: "msk CallCleared" in told)
    order = {name: [line.split()[1] for line in told if line.startswith(name)] for name in ("msk", "spb")}
    assert order["msk"] == order["spb"], "late, and in order"


async def test_one_pbx_that_goes_leaves_the_others_calls_alone(two: tuple[FakeAmi, FakeAmi]) -> None:
    msk, spb = two
    told: list[ev.TelephonyEvent] = []

    async def note(event: ev.TelephonyEvent, _at: float) -> None:
        told.append(event)

    frames, rings = call(7)
    pbxes = Pbxes(settings_for(msk=msk, spb=spb))
    async with running(pbxes, note) as metrics:
        for frame in frames[: rings + 8]:
            msk.send(frame)
            spb.send(frame)
        await until(lambda: sum(isinstance(event, ev.Established) for event in told) == 2)
        told.clear()
        await spb.stop()
        await until(lambda: any(isinstance(event, ev.LinkChanged) for event in told))
        down = next(event for event in told if isinstance(event, ev.LinkChanged))
        assert (down.state, down.prefix) == ("down", "spb:")
        view = pbxes.view("ok")
        assert {one.name: one.state == "up" for one in view.pbxes} == {"msk": True, "spb": False}
        assert view.state != "up"
        page = metrics.page().decode()
        assert 'trubka_pbx_up{pbx="msk"} 1.0' in page
        assert 'trubka_pbx_up{pbx="spb"} 0.0' in page
        assert 'trubka_pbx_clock_ahead_seconds{pbx="msk"}' in page
        await spb.start()  # and it knows of no call
        await until(lambda: [e for e in told if isinstance(e, ev.SnapshotTaken) and e.prefix == "spb:"])
        over = [event.call for event in told if isinstance(event, ev.CallCleared)]
        assert over == ["spb:1763890000.14"]
        assert pbxes.record_of("msk:1763890000.14") is not None
        assert pbxes.record_of("spb:1763890000.14") is None


async def test_commands_leave_without_the_prefix_and_to_the_devices_own_pbx(two: tuple[FakeAmi, FakeAmi]) -> None:
    msk, spb = two
    pbxes = Pbxes(settings_for(msk=msk, spb=spb))
    async with running(pbxes, _ignore):
        line = pbxes.line_of("spb:PJSIP/101")
        assert line is not None
        await line.pbx.ask(MakeCall(device=line.device, number="102", context="from-internal", request_id="click-1"))
        assert [action["Channel"] for action in spb.told("Originate")] == ["PJSIP/101"]
        assert not msk.told("Originate")
    assert pbxes.line_of("PJSIP/101") is None
    assert pbxes.line_of("kzn:PJSIP/101") is None
    assert pbxes.line_of("") is None


async def _ignore(_event: ev.TelephonyEvent, _at: float) -> None:
    pass


async def test_with_one_pbx_there_is_no_prefix() -> None:
    async with FakeAmi() as only:
        pbxes, told = Pbxes(settings_for(spb=only)), []  # type: tuple[Pbxes, list[ev.Delivered]]

        async def note(event: ev.TelephonyEvent, _at: float) -> None:
            if isinstance(event, ev.Delivered):
                told.append(event)

        frames, _rings = call(7)
        async with running(pbxes, note):
            only.send(b"".join(frames))
            await until(lambda: told)
        assert (told[0].call, told[0].device) == ("1763890000.14", "PJSIP/101")
        line = pbxes.line_of("PJSIP/101")
        assert line is not None
        assert line.device == "PJSIP/101"


def test_each_pbx_reads_numbers_by_its_own_plan() -> None:
    pbxes = Pbxes(
        Settings(
            pbx={
                "msk": PbxSettings(secret="x"),
                "spb": PbxSettings(secret="x", numbers=PbxNumbersSettings(area_code="812", internal="[0-9]{3}")),
            }
        )
    )
    local = "2345678"
    assert read(local, pbxes.plan_of("msk:1.1")).e164 == "+74952345678"
    assert read(local, pbxes.plan_of("spb:PJSIP/101")).e164 == "+78122345678"
    assert read("2020", pbxes.plan_of("msk:1.1")).kind == "internal"
    assert read("2020", pbxes.plan_of("spb:1.1")).kind != "internal"
    assert pbxes.plan_of("kzn:1.1") == pbxes.plan


async def test_F_17_times_of_each_pbx_are_by_our_clock(two: tuple[FakeAmi, FakeAmi]) -> None:
    msk, spb = two
    ahead = {"msk": 0.0, "spb": 90.0}

    def pong(name: str) -> Callable[[Action], bytes]:
        return lambda action: said(action, Ping="Pong", Timestamp=f"{time.time() + ahead[name]:.6f}")

    msk.answers["Ping"], spb.answers["Ping"] = pong("msk"), pong("spb")
    told: dict[str, list[float]] = {"msk": [], "spb": []}

    async def note(event: ev.TelephonyEvent, _at: float) -> None:
        if isinstance(event, ev.CallEvent) and event.at is not None:
            told[prefix_of(event)].append(event.at)

    pbxes = Pbxes(settings_for(msk=msk, spb=spb))
    frames, _rings = call(7)
    async with running(pbxes, note) as metrics:
        now = time.time()
        for name, pbx in (("msk", msk), ("spb", spb)):
            stamp = f"\r\nTimestamp: {now + ahead[name]:.6f}\r\n\r\n".encode()
            pbx.send(b"".join(re.sub(rb"\r\n\r\n$", stamp, frame) for frame in frames))
        await until(lambda: told["msk"] and len(told["msk"]) == len(told["spb"]))
        shown = re.search(r'trubka_pbx_clock_ahead_seconds\{pbx="spb"\} (\S+)', metrics.page().decode())
        assert shown
        assert float(shown[1]) == pytest.approx(90, abs=0.5)
    for times in told.values():
        assert times == pytest.approx([now] * len(times), abs=0.6)


async def test_F_03_a_pbx_that_started_anew_has_none_of_its_old_calls(two: tuple[FakeAmi, FakeAmi]) -> None:
    msk, spb = two
    began = {"time": "10:00:00"}
    spb.answers["CoreStatus"] = lambda action: said(
        action, CoreStartupDate="2026-11-23", CoreStartupTime=began["time"], CoreCurrentCalls="0"
    )
    frames, rings = call(7)
    told: list[ev.TelephonyEvent] = []

    async def note(event: ev.TelephonyEvent, _at: float) -> None:
        told.append(event)

    async with running(Pbxes(settings_for(msk=msk, spb=spb)), note):
        spb.send(b"".join(frames[: rings + 8]))
        await until(lambda: any(isinstance(event, ev.Established) for event in told))
        began["time"] = "10:05:00"
        spb.cut()
        await until(lambda: any(isinstance(event, ev.CallCleared) for event in told))
    over = next(event for event in told if isinstance(event, ev.CallCleared))
    assert (over.record.outcome, over.record.reason) == ("unfinished", "pbx-restart")


async def test_F_01_after_a_broken_link_every_device_and_member_is_told_anew(two: tuple[FakeAmi, FakeAmi]) -> None:
    msk, spb = two
    device = event("DeviceStateChange", Device="PJSIP/101", State="NOT_INUSE")
    member = event("QueueMember", Queue="sales", Name="PJSIP/101", Location="PJSIP/101", Paused="0", InCall="0")
    for pbx in two:
        pbx.answers["DeviceStateList"] = lambda action: listing(action, "DeviceStateListComplete", device)
        pbx.answers["QueueStatus"] = lambda action: listing(action, "QueueStatusComplete", member)
    told: list[ev.TelephonyEvent] = []

    async def note(event: ev.TelephonyEvent, _at: float) -> None:
        told.append(event)

    def news() -> set[str]:
        return {f"{type(e).__name__} {e.device}" for e in told if isinstance(e, (ev.DeviceChanged, ev.MemberChanged))}

    async with running(Pbxes(settings_for(msk=msk, spb=spb)), note):
        assert len(news()) == 4
        told.clear()
        spb.cut()
        await until(lambda: any(isinstance(event, ev.SnapshotTaken) for event in told))
        assert news() == {"DeviceChanged spb:PJSIP/101", "MemberChanged spb:PJSIP/101"}


def test_the_worst_link_leads() -> None:
    pbxes = Pbxes(Settings(pbx={name: PbxSettings(secret="x") for name in ("a", "b")}))
    assert pbxes.view("late").storage == "late"
    assert pbxes.view("ok").state == "connecting"
    assert Pbxes(Settings()).view("ok").state == "off"
    assert isinstance(next(iter(pbxes)).link.health(), Health)
