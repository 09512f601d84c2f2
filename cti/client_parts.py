"""The client base's part of the composition root: its features, built and started once."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from cti.channels.phone.voicemail import removals
from cti.desktop import AgentDesktop
from cti.features.access_review import AccessReview
from cti.features.bulk_changes import BulkChanges
from cti.features.client_base import ClientBase
from cti.features.client_catalogue import ClientCatalogue
from cti.features.client_contacts import ClientContacts
from cti.features.client_contracts import ClientContracts
from cti.features.client_dossier import Dossiers
from cti.features.client_duplicates import ClientDuplicates
from cti.features.client_erasure import Eraser
from cti.features.client_export import Exports
from cti.features.client_files import ClientFiles
from cti.features.client_restrictions import ClientRestrictions
from cti.features.client_segments import ClientSegments
from cti.features.client_tasks import ClientTasks
from cti.features.export_alarms import ExportAlarms
from cti.features.import_runs import ImportRuns
from cti.jobs import Jobs
from cti.settings import Settings
from cti.sights import Sights
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class ClientParts:
    """What the panel is given. work: long-lived tasks by name."""

    jobs: Jobs
    client_base: ClientBase
    catalogue: ClientCatalogue
    contacts: ClientContacts
    contracts: ClientContracts
    tasks: ClientTasks
    segments: ClientSegments
    files: ClientFiles
    import_runs: ImportRuns
    bulk_changes: BulkChanges
    exports: Exports
    duplicates: ClientDuplicates
    restrictions: ClientRestrictions
    dossiers: Dossiers
    alarms: ExportAlarms
    access_review: AccessReview
    work: Mapping[str, Coroutine[Any, Any, None]]


async def build_clients(
    settings: Settings,
    db: Database,
    *,
    plan: NumberPlan,
    clock: Callable[[], float],
    desktop: AgentDesktop,
    next_seq: Callable[[int], int],
    sights: Sights,
) -> ClientParts:
    """All of it. next_seq: of what an admin is told and must not miss."""
    zone, most = ZoneInfo(settings.numbers.time_zone), settings.privacy.export_cards
    jobs = Jobs(_told_to_jobs(settings, plan))
    client_base = ClientBase(db=db, plan=plan, clock=clock, sights=sights)
    files = ClientFiles(db=db, folder=settings.data / "files", clock=clock)
    import_runs = ImportRuns(db=db, jobs=jobs, folder=settings.data / "imports", clock=clock)
    bulk_changes = BulkChanges(db=db, jobs=jobs, change=client_base.change_many, clock=clock)
    exports = Exports(db=db, jobs=jobs, folder=settings.data / "exports", zone=zone, clock=clock, most=most)
    mark = settings.data / "duplicates.mark"
    duplicates = ClientDuplicates(db=db, plan=plan, clock=clock, sights=sights, mark=mark)
    alarms = ExportAlarms(db=db, desktop=desktop, next_seq=next_seq, zone=zone, most=most)
    await _erase_again(settings, db, plan)
    await files.sweep()
    for one in (import_runs, bulk_changes, exports):
        await one.start()
    return ClientParts(
        jobs=jobs,
        client_base=client_base,
        catalogue=ClientCatalogue(db=db, clock=clock),
        contacts=ClientContacts(db=db, plan=plan, clock=clock, sights=sights),
        contracts=ClientContracts(db=db, clock=clock, sights=sights),
        tasks=ClientTasks(db=db, clock=clock),
        segments=ClientSegments(db=db, zone=zone, clock=clock),
        files=files,
        import_runs=import_runs,
        bulk_changes=bulk_changes,
        exports=exports,
        duplicates=duplicates,
        restrictions=ClientRestrictions(db=db, clock=clock),
        dossiers=Dossiers(jobs=jobs, folder=settings.data / "exports"),
        alarms=alarms,
        access_review=AccessReview(jobs=jobs, zone=zone, clock=clock),
        work={
            "imports": import_runs.run(),
            "bulk-changes": bulk_changes.run(),
            "duplicates": duplicates.watch(),
            "export-alarms": alarms.watch(),
        },
    )


def _told_to_jobs(settings: Settings, plan: NumberPlan) -> Mapping[str, Any]:
    """What a process of `cti/jobs.py` needs to know of this installation."""
    return {
        "url": settings.database_url,
        "busy_timeout_ms": settings.storage.busy_timeout_ms,
        "plan": asdict(plan),
        "zone": settings.numbers.time_zone,
        "data": str(settings.data),
        "voicemail": {name: str(folder) for name, folder in settings.voicemail_folders.items()},
        "recordings": {name: str(folder) for name, folder in settings.recording_folders.items()},
        "archive": settings.recording_archive,
    }


async def _erase_again(settings: Settings, db: Database, plan: NumberPlan) -> None:
    """An older base was put back, or a crash cut an erasure off: nobody is served before the list is done."""
    voicemail = removals(settings.voicemail_folders)
    eraser = Eraser(
        db=db, url=settings.database_url, plan=plan, data=settings.data, clock=time.time, voicemail=voicemail
    )
    acts = await eraser.repeat()
    if acts:
        log.warning("erased again what had come back", people=len(acts))
