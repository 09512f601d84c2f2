"""People who come and go, in the composition root: their telephones, their first way in, sounds of plans."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from cti.access import Person
from cti.desktop import AgentDesktop
from cti.dialplan_parts import SOUNDS
from cti.directory import Directory
from cti.errors import StorageError
from cti.features.dialplan_drafts import Drafts
from cti.features.first_sign_in import FirstSignIn
from cti.features.newcomers import Newcomers
from cti.features.phone_settings import PhoneSettings
from cti.features.plan_sounds import Place, PlanSounds
from cti.lines import Line
from cti.passwords import Passwords
from cti.pbx import Pbxes
from cti.settings import Settings
from cti.storage import dialplans
from cti.storage.database import Database

SWEEP_S = 86_400.0
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class NewcomerParts:
    """What the panel is given. work: long-lived tasks by name."""

    plan_sounds: PlanSounds
    newcomers: Newcomers
    phone_settings: PhoneSettings
    first_sign_in: FirstSignIn
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_newcomers(
    settings: Settings,
    db: Database,
    *,
    drafts: Drafts,
    pbxes: Pbxes,
    directory: Directory,
    desktop: AgentDesktop,
    passwords: Passwords,
    changed: Callable[[], Awaitable[None]],
    clock: Callable[[], float],
) -> NewcomerParts:
    """All of it. changed: told when people or their phones are others."""

    def line_at(pbx: str, person: Person) -> Line | None:
        own = [row.name for row in directory.devices_of(person.id) if pbxes.name_of(row.name) == pbx]
        return pbxes.line_of(own[0]) if own else None

    def place_of(pbx: str) -> Place:
        known = settings.pbx.get(pbx)
        return Place(folder=known.owner.sounds if known else None, line=lambda person: line_at(pbx, person))

    plan_sounds = PlanSounds(
        folder=settings.data / SOUNDS,
        change=drafts.change,
        place_of=place_of,
        mode_of=drafts.mode,
        is_open=lambda pbx, call: pbxes.record_of(f"{pbxes.prefix_of(pbx) or ''}{call}") is not None,
        clock=clock,
    )
    return NewcomerParts(
        plan_sounds=plan_sounds,
        newcomers=Newcomers(
            db=db, drafts=drafts, prefix_of=pbxes.prefix_of, changed=changed, cut=desktop.sign_out, clock=clock
        ),
        phone_settings=PhoneSettings(
            db=db,
            drafts=drafts,
            settings_of=lambda pbx: settings.pbx[pbx].phones if pbx in settings.pbx else None,
            clock=clock,
        ),
        first_sign_in=FirstSignIn(db=db, passwords=passwords, signed_out=desktop.sign_out, clock=clock),
        work={"sounds": _sweep(plan_sounds, db)} if settings.pbx else {},
    )


async def _sweep(sounds: PlanSounds, db: Database) -> None:
    """Once a day, until cancelled."""

    async def bodies() -> list[str]:
        async with db.read() as conn:
            return await dialplans.bodies(conn)

    while True:
        try:
            swept = await sounds.sweep(bodies)
            if swept:
                log.info("sounds swept that no plan has", count=swept)
        except (OSError, StorageError) as error:
            log.warning("sounds are not swept now", reason=str(error))
        await asyncio.sleep(SWEEP_S)
