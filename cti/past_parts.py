"""What reads the past of a PBX, made of its settings."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

from cti.features.past import Past
from cti.pbx import number_plan
from cti.settings import PastSettings, PbxSettings, Settings
from cti.storage import erasures
from cti.storage.database import Database
from cti.storage.past_source import Source
from cti.telephony.devices import DevicePlan
from cti.telephony.past_logs import CDR, QUEUE_LOG, Cdrs, Log, QueueLogs


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
