"""The sending's part of the composition root: the outbox, templates, the library, the folder of letters' files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cti.channels.email.smtp import SmtpSender
from cti.channels.letters import Credentials, LetterTaker, MailServer
from cti.channels.reach import Connect
from cti.desktop import AgentDesktop
from cti.features.event_rules import EventRules
from cti.features.letter_store import LetterStore
from cti.features.outbox import Outbox
from cti.features.outbox_files import OutboxFiles, media_type_of
from cti.features.post import Post
from cti.features.post_after import PostAfter
from cti.features.report_letters import ReportLetters
from cti.features.templates import Templates
from cti.messages.doors import Doors
from cti.storage.client_files import FileRow
from cti.storage.database import Database
from cti.storage.preparing import House
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True)
class SendingParts:
    """What the panel is given. wake: the outbox has something to send; work: long-lived tasks by name."""

    letter_store: LetterStore
    outbox: Outbox
    outbox_files: OutboxFiles
    templates: Templates
    event_rules: EventRules
    report_letters: ReportLetters
    mended: Callable[[int], None]
    wake: Callable[[], None]
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_sending(
    db: Database,
    *,
    folder: Path,
    client_file: Callable[[FileRow], Path],
    connect: Connect,
    tls: Any,
    credentials: Callable[[int], Awaitable[Credentials]],
    sends: Callable[[int, str], Awaitable[None]],
    server: MailServer | None,
    taker: LetterTaker | None,
    desktop: AgentDesktop,
    next_seq: Callable[[int], int],
    work_changed: Callable[[], None],
    plan: NumberPlan,
    doors: Doors,
    zone: ZoneInfo,
    clock: Callable[[], float],
) -> SendingParts:
    """All of it. folder: of letters' files; client_file: where a client's file lies; connect: to a mail server.

    credentials: of a mailbox; sends: told how its server was found; server: mailboxes on their servers, None: nothing
    is filed there; taker: is told of letters sent; work_changed: a missed call was closed;
    doors: addresses in what is sent.
    """
    store = LetterStore(db=db, folder=folder)
    sender = SmtpSender(connect=connect, path_of=lambda file: store.path(file.sha256), tls=tls)
    after = PostAfter(db=db, sender=sender, server=server, desktop=desktop, next_seq=next_seq, clock=clock)
    post = Post(
        db=db,
        sender=sender,
        credentials=credentials,
        sends=sends,
        taker=taker,
        followed=after.wake,
        work_changed=work_changed,
        plan=plan,
        doors=doors,
        clock=clock,
    )
    outbox = Outbox(db=db, plan=plan, zone=zone, wake=post.wake, clock=clock)
    house = House(plan=plan, zone=zone, doors=doors, price=lambda _number, _purpose: None)
    rules = EventRules(db=db, house=house, wake=post.wake, work_changed=work_changed, clock=clock)
    letters = ReportLetters(db=db, zone=zone, place=store.place, keep=store.keep, wake=post.wake, clock=clock)
    return SendingParts(
        letter_store=store,
        outbox=outbox,
        outbox_files=OutboxFiles(db=db, draft=outbox.draft, keep=store.keep, copy=store.copy, path_of=client_file),
        templates=Templates(db=db, keep=store.keep, media_type_of=media_type_of, zone=zone, clock=clock),
        event_rules=rules,
        report_letters=letters,
        mended=post.mended,
        wake=post.wake,
        work={
            "letter-files": store.run(),
            "post": post.run(),
            "post-after": after.run(),
            "event-rules": rules.run(),
            "report-letters": letters.run(),
        },
    )
