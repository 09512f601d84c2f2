"""The recordings' part of the composition root: found, heard, paused, kept so long, grown old."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from cti.channels.phone import recorded
from cti.channels.phone.archive import archive_of
from cti.directory import Directory
from cti.features.recording_keeping import RecordingKeeping
from cti.features.recording_moves import Plan, RecordingMoves
from cti.features.recording_pauses import RecordingPauses
from cti.features.recordings import Recordings
from cti.pbx import Pbxes
from cti.settings import Settings
from cti.sound.squeeze import squeeze
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony.events import CallRecord


@dataclass(frozen=True, kw_only=True)
class RecordingParts:
    """What the panel is given. work: long-lived tasks by name."""

    recordings: Recordings
    pauses: RecordingPauses
    keeping: RecordingKeeping
    moves: RecordingMoves
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_recordings(
    settings: Settings,
    db: Database,
    *,
    spool: Spool,
    directory: Directory,
    pbxes: Pbxes,
    record_of: Callable[[str], CallRecord | None],
    clock: Callable[[], float],
) -> RecordingParts:
    """All of it."""
    zone, folders = ZoneInfo(settings.numbers.time_zone), settings.recording_folders
    archive, grown = archive_of(settings.recording_archive), settings.recordings
    recordings = Recordings(
        db=db, spool=spool, folders=folders, files=recorded, pbx_of=pbxes.name_of, zone=zone, clock=clock,
        archive=archive,
    )  # fmt: skip
    pauses = RecordingPauses(
        db=db, spool=spool, directory=directory, line_of=pbxes.line_of, record_of=record_of, clock=clock
    )
    keeping = RecordingKeeping(db=db, gone=recordings.remove_now, clock=clock)
    moves = RecordingMoves(
        db=db,
        folders=folders,
        files=recorded,
        archive=archive,
        squeeze=squeeze,
        plan=Plan(to=grown.convert, convert_days=grown.convert_after_days, move_days=grown.move_after_days),
        zone=zone,
        clock=clock,
    )
    return RecordingParts(
        recordings=recordings,
        pauses=pauses,
        keeping=keeping,
        moves=moves,
        work={
            "recordings": recordings.run(),
            "recording-pauses": pauses.run(),
            "recording-keeping": keeping.run(),
            "recording-moves": moves.run(),
        },
    )
