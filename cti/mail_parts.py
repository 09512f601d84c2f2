"""The mail's part of the composition root: mailboxes, the letters in them, what is sent."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cti.channels.email.reader import LetterProcess
from cti.channels.letters import LetterReader
from cti.desktop import AgentDesktop
from cti.directory import Directory
from cti.features.access_journal import AccessJournal
from cti.settings import Settings
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True)
class MailParts:
    """What the panel is given. folder: files of letters by their hash; work: long-lived tasks by name."""

    folder: Path
    reader: LetterReader
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_mail(
    settings: Settings,
    db: Database,
    *,
    spool: Spool,
    directory: Directory,
    desktop: AgentDesktop,
    access_journal: AccessJournal,
    plan: NumberPlan,
    key: bytes,
    clock: Callable[[], float],
) -> MailParts:
    """All of it. key: of secrets at rest."""
    folder = settings.data / "letters"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    reader = LetterProcess(folder)
    return MailParts(folder=folder, reader=reader, work={"letter-reader": reader.run()})
