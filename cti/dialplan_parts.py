"""The part of the composition root for dialplans: drafts, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from cti.features.dialplan_drafts import Drafts
from cti.settings import Settings
from cti.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class DialplanParts:
    """What the panel is given. work: long-lived tasks by name."""

    drafts: Drafts
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_dialplans(settings: Settings, db: Database, *, key: bytes, clock: Callable[[], float]) -> DialplanParts:
    """All of it. key: of secrets at rest."""
    return DialplanParts(drafts=drafts_of(settings, db, key=key, clock=clock), work={})


def drafts_of(settings: Settings, db: Database, *, key: bytes, clock: Callable[[], float]) -> Drafts:
    """The drafts, as the server and the command line have them."""
    return Drafts(
        db=db,
        pbxes=list(settings.pbx),
        owned=[name for name, pbx in settings.pbx.items() if pbx.owner.folder is not None],
        zone=settings.numbers.time_zone,
        key=key,
        clock=clock,
    )
