"""What reads the past of a PBX, made of its settings."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from cti.features.absences import Absences
from cti.features.past import Past
from cti.jobs import Jobs
from cti.pbx import Pbxes, number_plan
from cti.settings import PastSettings, PbxSettings, Settings
from cti.storage import erasures
from cti.storage.database import Database
from cti.storage.past_source import Source
from cti.telephony.devices import DevicePlan
from cti.telephony.past_logs import CDR, QUEUE_LOG, Cdrs, Log, QueueLogs

ASKED = {"devices", "trunks", "numbers", "past"}  # of a PBX, for reading its logs


def build_absences(settings: Settings, db: Database, pbxes: Pbxes, jobs: Jobs, clock: Callable[[], float]) -> Absences:
    """What notices times that nobody watched."""
    return Absences(
        db=db, up=lambda: [one.name for one in pbxes.now(clock()) if one.state == "up"],
        fill=filler(settings, jobs), clock=clock,
    )  # fmt: skip


def filler(settings: Settings, jobs: Jobs) -> Callable[[str, float, float], Awaitable[int | None]]:
    """What reads the logs of a time that nobody watched, in a process of its own."""
    told = settings.model_dump(mode="json", include={"numbers": True, "data": True, "pbx": {"__all__": ASKED}})
    for name, one in settings.pbx.items():
        told["pbx"][name]["past"]["database"] = one.past.address()
        told["pbx"][name]["past"]["database_file"] = None

    async def fill(pbx: str, since: float, until: float) -> int | None:
        own = settings.pbx[pbx].past if pbx in settings.pbx else PastSettings()
        if not (own.queue_log or own.cdr or own.address()):
            return None
        found: int | None = await jobs.done("past-gap", settings=told, pbx=pbx, since=since, until=until)
        return found

    return fill


def prefix_of(settings: Settings, pbx: str) -> str:
    """What ids of this PBX begin with."""
    return f"{pbx}:" if len(settings.pbx) > 1 else ""


def past_of(db: Database, settings: Settings, pbx: str) -> Past:
    """What takes its logs in."""
    own = settings.pbx[pbx].numbers if pbx else None
    return Past(
        db=db, plan=number_plan(settings.numbers, own), now=time.time, pbx=pbx, prefix=prefix_of(settings, pbx),
        marks=erasures.marks_in(settings.data),
    )  # fmt: skip


def log_of(settings: Settings, pbx: str, kind: str) -> Log:
    """A reader of its logs of this kind."""
    prefix, zone = prefix_of(settings, pbx), zone_of(settings, pbx)
    if kind == QUEUE_LOG:
        return QueueLogs(prefix, zone=zone, pbx=pbx)
    one = settings.pbx[pbx] if pbx else PbxSettings()
    return Cdrs(
        prefix, zone=zone, pbx=pbx, plan=DevicePlan(devices=frozenset(one.devices), trunks=frozenset(one.trunks))
    )


def sources(settings: Settings, pbx: str) -> list[Source]:
    """Its tables, the queue log first: it knows more of calls that waited."""
    own = _own(settings, pbx)
    url, zone = own.address(), zone_of(settings, pbx)
    named = ((QUEUE_LOG, own.queue_log_table), (CDR, own.cdr_table)) if url else ()
    return [Source(url=url, table=table, kind=kind, zone=zone) for kind, table in named if table]


def zone_of(settings: Settings, pbx: str) -> ZoneInfo:
    """Of the PBX's clock."""
    return ZoneInfo(_own(settings, pbx).time_zone or settings.numbers.time_zone)


def _own(settings: Settings, pbx: str) -> PastSettings:
    return settings.pbx[pbx].past if pbx else PastSettings()
