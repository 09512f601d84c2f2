"""The PBXes of one server: each with its own link, tracker, number plan and switch, and one way to find them by id.

Rule kept: with one PBX ids are the PBX's own; with several each id of a device or call begins with `NAME:`. Trackers
put the prefix on, `Pbxes.line_of` takes it off; nobody else knows of it. One PBX that is away leaves the others alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from cti.board import PbxNow
from cti.channels.phone.ami import AmiLink
from cti.desktop import LinkView, PbxView
from cti.dispatch import Dispatch, Reaction
from cti.features.routing import Asker
from cti.lines import Line
from cti.metrics import Metrics
from cti.settings import NumbersSettings, PbxNumbersSettings, PbxSettings, Settings
from cti.switch import Switch
from cti.telephony.commands import Ping
from cti.telephony.events import CallRecord, TelephonyEvent
from cti.telephony.model import DevicePlan
from cti.telephony.numbering import NumberPlan
from cti.telephony.tracker import Tracker

QUIET_S, PROVE_S = 1.5, 2.0  # a board that is looked at knows within so long whether a PBX is there
WORST_FIRST = ("refused", "down", "connecting", "off", "up")

Reactions = Mapping[type[TelephonyEvent], Sequence[Reaction]]
Work = Coroutine[Any, Any, None]


@dataclass(frozen=True, kw_only=True)
class Pbx:
    """One PBX. prefix: with what its ids begin, "" where it is the only one."""

    name: str
    prefix: str
    settings: PbxSettings
    plan: NumberPlan
    link: AmiLink
    tracker: Tracker

    def view(self) -> PbxView:
        """Its link as the panel shows it."""
        health = self.link.health()
        ahead_s = self.link.far.ahead_s or 0.0
        return PbxView(name=self.name, state=health.state, since=health.since, detail=health.detail, ahead_s=ahead_s)


class Pbxes:
    """All of them, in the order of the settings."""

    def __init__(self, settings: Settings) -> None:
        self.plan = number_plan(settings.numbers)
        several = len(settings.pbx) > 1
        self._all = tuple(
            Pbx(
                name=name,
                prefix=f"{name}:" if several else "",
                settings=pbx,
                plan=number_plan(settings.numbers, pbx.numbers),
                link=link_to(pbx),
                tracker=Tracker(
                    DevicePlan(devices=frozenset(pbx.devices), trunks=frozenset(pbx.trunks)),
                    prefix=f"{name}:" if several else "",
                ),
            )
            for name, pbx in settings.pbx.items()
        )

    def __iter__(self) -> Iterator[Pbx]:
        return iter(self._all)

    def of(self, id_: str) -> Pbx | None:
        """The PBX of a device or call."""
        return next((pbx for pbx in self._all if id_.startswith(pbx.prefix)), None)

    def line_of(self, device: str) -> Line | None:
        """Where a device is reached, by its name there: the only place that takes a prefix off."""
        pbx = self.of(device)
        if pbx is None:
            return None
        return Line(pbx=pbx.link, settings=pbx.settings, plan=pbx.plan, device=device.removeprefix(pbx.prefix))

    def link_named(self, name: str) -> AmiLink | None:
        """The link to a PBX by its name in the settings; "" is the only one there is."""
        return next((pbx.link for pbx in self._all if pbx.name == name or (not name and not pbx.prefix)), None)

    def asker(self, name: str) -> Asker | None:
        """A PBX by the name its dialplan gives; "" is the only one there is."""
        one = next((pbx for pbx in self._all if pbx.name == name or (not name and not pbx.prefix)), None)
        return Asker(prefix=one.prefix, plan=one.plan) if one else None

    def prefix_of(self, name: str) -> str | None:
        """With what ids of a PBX begin, by the name its dialplan gives; None for a stranger."""
        asker = self.asker(name)
        return asker.prefix if asker else None

    def plan_of(self, id_: str) -> NumberPlan:
        """How numbers are written at the PBX of a device or call."""
        pbx = self.of(id_)
        return pbx.plan if pbx else self.plan

    def name_of(self, id_: str) -> str:
        """The PBX's name in the settings."""
        pbx = self.of(id_)
        return pbx.name if pbx else ""

    def record_of(self, call: str) -> CallRecord | None:
        """The tracker's account of an open call."""
        pbx = self.of(call)
        return pbx.tracker.record(call) if pbx else None

    def pick(self, call: str, on: bool) -> None:
        """One of us takes a waiting caller out of his queue, or it came to nothing."""
        pbx = self.of(call)
        if pbx is not None:
            pbx.tracker.pick(call, on)

    def calls_at(self, devices: Collection[str]) -> list[CallRecord]:
        """The trackers' accounts of open calls in which one of these devices has a leg, oldest first for each PBX."""
        return [record for pbx in self._all for record in pbx.tracker.calls_at(devices)]

    def calls(self) -> list[CallRecord]:
        """The trackers' accounts of all open calls."""
        return [record for pbx in self._all for record in pbx.tracker.calls()]

    def adopt(self, records: Sequence[CallRecord]) -> list[str]:
        """Go on with the calls that were open when the server stopped; returns their ids, without strangers'."""
        for pbx in self._all:
            pbx.tracker.adopt([record for record in records if self.of(record.call) is pbx])
        return [record.call for record in records if self.of(record.call)]

    def now(self, now: float) -> tuple[PbxNow, ...]:
        """How each stands and when it was last heard. now: UNIX seconds."""
        return tuple(
            PbxNow(
                name=pbx.name,
                prefix=pbx.prefix,
                state=health.state,
                since=health.since,
                heard_at=round(now - min(pbx.link.heard_s, now), 1),
            )
            for pbx in self._all
            for health in [pbx.link.health()]
        )

    async def prove(self) -> None:
        """Ask those that have been quiet whether they are there; who does not answer stays unheard."""
        quiet = [pbx.link for pbx in self._all if pbx.link.health().state == "up" and pbx.link.heard_s > QUIET_S]
        await asyncio.gather(*(link.ask(Ping(), timeout_s=PROVE_S) for link in quiet), return_exceptions=True)

    def view(self, storage: str) -> LinkView:
        """All links: the worst state leads, each is told. storage: ok or late."""
        views = tuple(pbx.view() for pbx in self._all)
        worst = min(views, key=lambda view: WORST_FIRST.index(view.state), default=None)
        if worst is None:
            return LinkView(state="off", storage=storage)
        return LinkView(state=worst.state, since=worst.since, detail=worst.detail, storage=storage, pbxes=views)

    def work(self, reactions: Reactions, clock: Callable[[], float], metrics: Metrics) -> dict[str, Work]:
        """The long-lived tasks by name: a link and a switch for each."""
        work: dict[str, Work] = {}
        for pbx in self._all:
            dispatch = Dispatch(reactions)
            switch = Switch(link=pbx.link, tracker=pbx.tracker, dispatch=dispatch, prefix=pbx.prefix, clock=clock)
            _show_figures(metrics, pbx, dispatch, switch)
            work[f"ami {pbx.name}"] = _named(pbx.name, pbx.link.run())
            work[f"switch {pbx.name}"] = _named(pbx.name, switch.run())
        return work


def link_to(pbx: PbxSettings) -> AmiLink:
    """A link with the settings' account."""
    return AmiLink(pbx.host, pbx.port, pbx.username, pbx.password(), tls=pbx.tls, tls_ca_file=pbx.tls_ca_file)


def number_plan(numbers: NumbersSettings, own: PbxNumbersSettings | None = None) -> NumberPlan:
    """The installation's plan, or what one PBX makes of it."""
    differs = own.model_dump(exclude_none=True) if own else {}
    common = {"region": numbers.region, "area_code": numbers.area_code, "internal": numbers.internal}
    return NumberPlan(**(common | differs))


async def _named(name: str, work: Work) -> None:
    """Run with the PBX's name in each line that is logged on the way."""
    structlog.contextvars.bind_contextvars(pbx=name)
    await work


def _show_figures(metrics: Metrics, pbx: Pbx, dispatch: Dispatch, switch: Switch) -> None:
    link, tracker, of = pbx.link, pbx.tracker, {"pbx": pbx.name}
    metrics.read("pbx_up", "1 while the link to the PBX is up", lambda: link.health().state == "up", **of)
    metrics.read(
        "pbx_clock_ahead_seconds", "How far the PBX's clock is ahead of ours", lambda: pbx.view().ahead_s, **of
    )
    metrics.read("ami_frames", "Manager events read since start", lambda: link.frames, **of)
    metrics.read("ami_bytes", "Bytes of manager events since start", lambda: link.bytes, **of)
    metrics.read("ami_reconnects", "How often the link was made again", lambda: link.reconnects, **of)
    metrics.read("ami_dropped", "Manager events lost because the server was too slow", lambda: link.dropped, **of)
    metrics.read("reaction_failures", "Reactions that raised or took too long", lambda: dispatch.failures, **of)
    text = "Legs and devices in which tracker and PBX differed when last compared"
    metrics.read("tracker_differences", text, lambda: switch.differences, **of)
    metrics.oddities[pbx.name] = lambda: tracker.counters
