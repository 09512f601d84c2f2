"""The part of the composition root for dialplans: drafts, saved calls, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cti.channels.base import Switchboard
from cti.channels.phone.visit import knock, visiting
from cti.features.dialplan_drafts import Drafts
from cti.features.dialplan_publish import Home, Publisher
from cti.features.dialplan_review import Reviews
from cti.features.dialplan_traces import Saved, Traces
from cti.features.doctor import Doctor
from cti.owned_files import NotPlaced, OwnedFiles
from cti.owned_pbx import Has, OwnedPbx
from cti.pbx import link_to
from cti.settings import Settings
from cti.storage import dialplans
from cti.storage.database import Database
from dialplan import including
from dialplan.plan import Plan
from dialplan.recipes.responsible import waited
from dialplan.site import NEWEST, OLDEST, Site
from dialplan.sounds import placed
from dialplan.theirs import Theirs

SOUNDS = "sounds"  # folder of the store of sounds, in the data folder
ANY_HOST = ("0.0.0.0", "::", "")  # noqa: S104  # where the server listens everywhere, its own dialplans ask here


@dataclass(frozen=True, kw_only=True)
class DialplanParts:
    """What the panel and the command line are given. work: long-lived tasks by name."""

    drafts: Drafts
    traces: Traces
    publisher: Publisher
    doctor: Doctor
    reviews: Reviews[Saved]
    work: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]


def build_dialplans(
    settings: Settings,
    db: Database,
    *,
    boards: Mapping[str, Switchboard],
    key: bytes,
    clock: Callable[[], float],
) -> DialplanParts:
    """All of it. boards: the links to the PBXes by name; key: of secrets at rest."""
    drafts = Drafts(
        db=db,
        pbxes=list(settings.pbx),
        owned=[name for name, pbx in settings.pbx.items() if pbx.owner.folder is not None],
        zone=settings.numbers.time_zone,
        key=key,
        clock=clock,
    )
    homes = {name: _home(settings, name, boards[name]) for name, pbx in settings.pbx.items() if pbx.owner.folder}

    def theirs(pbx: str) -> Theirs:
        try:
            return including.theirs(homes[pbx].files.text) if pbx in homes else {}
        except NotPlaced:  # a file of his that we may not read: what is in it nobody here knows
            return {}

    traces = Traces(db=db, zone=ZoneInfo(settings.numbers.time_zone), clock=clock, theirs=theirs)

    async def changed(pbx: str, plan: Plan) -> list[str]:
        return [one.title for one in await traces.look(pbx, plan) if one.changed]

    publisher = Publisher(db=db, plans=drafts, homes=homes, changed=changed, clock=clock)
    reviews = Reviews(
        drafted=drafts.drafted,
        running=publisher.running,
        look=traces.look,
        site=publisher.site,
        folders={name: home.files for name, home in homes.items()},
    )
    return DialplanParts(
        drafts=drafts,
        traces=traces,
        publisher=publisher,
        reviews=reviews,
        doctor=doctor_of(settings, db, clock=clock),
        work={"dialplans": publisher.run},
    )


def doctor_of(settings: Settings, db: Database, *, clock: Callable[[], float]) -> Doctor:
    """Who examines PBXes, as the server and the command line have him."""

    async def is_owner(pbx: str) -> bool:
        async with db.read() as conn:
            chosen = await dialplans.mode(conn, pbx)
        return chosen == "owner" and settings.pbx[pbx].owner.folder is not None

    return Doctor(
        db=db,
        pbxes=settings.pbx,
        asked_at=asked_at(settings),
        ask_s=waited(settings.agi.budget_ms),
        visit=lambda pbx: visiting(link_to(pbx)),
        knock=knock,
        clock=clock,
        is_owner=is_owner,
    )


def asked_at(settings: Settings) -> str:
    """Where dialplans ask, as they write it."""
    agi = settings.agi
    return f"{'127.0.0.1' if agi.host in ANY_HOST else agi.host}:{agi.port}"


def _home(settings: Settings, name: str, board: Switchboard) -> Home:
    owner = settings.pbx[name].owner
    assert owner.folder is not None
    kept = settings.data / "dialplans" / name
    return Home(
        name=name,
        files=OwnedFiles(folder=owner.folder, sounds=owner.sounds, kept=kept),
        pbx=OwnedPbx(owner.command, board, lambda: visiting(link_to(settings.pbx[name])), settings.pbx[name].username),
        site=partial(site_of, settings, name),
        sounds=partial(_sounds, settings.data / SOUNDS),
    )


def _sounds(store: Path, plan: Plan) -> Mapping[str, Path]:
    """Where each sound of a plan is to be, and the file that it is."""
    return {place: store / file for place, file in placed(plan).items()}


def site_of(settings: Settings, name: str, plan: Plan, secrets: Mapping[str, str], has: Has | None = None) -> Site:
    """What the settings and the PBX say."""
    pbx, has = settings.pbx[name], has or Has()
    at = has.sees_us_at or "127.0.0.1"
    shown = pbx.caller_id or settings.dial.caller_id or (plan.numbers[0].digits if plan.numbers else "anonymous")
    return Site(
        agi=asked_at(settings),
        ask_s=waited(settings.agi.budget_ms),
        caller_id=shown.removeprefix("+"),
        secrets=secrets,
        ami_user=pbx.username,
        ami_secret=pbx.password(),
        ami_from=f"{at}/{128 if ':' in at else '255.255.255.255'}",
        opus=has.opus,
        voicemail=has.voicemail,
        pbx=name if len(settings.pbx) > 1 else "",
        version=min(max(has.version or NEWEST, OLDEST), NEWEST),
    )
