"""The sending's part of the composition root: the outbox, templates, the library, the folder of letters' files."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cti.features.letter_store import LetterStore
from cti.features.outbox import Outbox
from cti.features.outbox_files import OutboxFiles, media_type_of
from cti.features.templates import Templates
from cti.storage.client_files import FileRow
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True)
class SendingParts:
    """What the panel is given. work: long-lived tasks by name."""

    letter_store: LetterStore
    outbox: Outbox
    outbox_files: OutboxFiles
    templates: Templates
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_sending(
    db: Database,
    *,
    folder: Path,
    client_file: Callable[[FileRow], Path],
    plan: NumberPlan,
    zone: ZoneInfo,
    clock: Callable[[], float],
) -> SendingParts:
    """All of it. folder: of letters' files; client_file: where a client's file lies."""
    store = LetterStore(db=db, folder=folder)
    outbox = Outbox(db=db, plan=plan, zone=zone, wake=lambda: None, clock=clock)
    return SendingParts(
        letter_store=store,
        outbox=outbox,
        outbox_files=OutboxFiles(db=db, draft=outbox.draft, keep=store.keep, copy=store.copy, path_of=client_file),
        templates=Templates(db=db, keep=store.keep, media_type_of=media_type_of, zone=zone, clock=clock),
        work={"letter-files": store.run()},
    )
