"""The part of the composition root that follows mailboxes: links, what goes round them, what is done there."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from cti.channels.email.channel import MailboxChannel
from cti.channels.email.link import ImapLink
from cti.channels.folders import MailboxLink
from cti.channels.letters import Endpoint, LetterReader
from cti.channels.reach import Connect
from cti.clients.erased import Marks
from cti.features.inbox import Inbox
from cti.features.mail_changes import MailChanges
from cti.features.mail_intake import MailIntake
from cti.features.mail_rounds import MailRounds
from cti.features.mail_sync import MailSync
from cti.features.mailbox_doors import MailboxDoors
from cti.features.mailboxes import Mailboxes
from cti.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class FollowingParts:
    """changes: a MailServer for whoever does something with letters."""

    sync: MailSync
    changes: MailChanges


def build_following(
    db: Database,
    mailboxes: Mailboxes,
    doors: MailboxDoors,
    inbox: Inbox,
    *,
    connect: Connect,
    tls: ssl.SSLContext,
    reader: LetterReader,
    folder: Path,
    marks: Marks,
    clock: Callable[[], float],
) -> FollowingParts:
    """All of it. connect: makes a socket to a host that may be reached; folder: of letters' files.

    marks: by which letters of the erased are known.
    """

    def channel(mailbox_id: int, at: Endpoint, follow: Callable[[MailboxLink], Awaitable[None]]) -> MailboxChannel:
        return MailboxChannel(
            mailbox_id,
            at,
            link=lambda name: ImapLink(name, connect=connect, tls=tls),
            credentials=doors.credentials,
            follow=follow,
            found=mailboxes.found,
        )

    changes = MailChanges(db=db, folder=folder, clock=clock)
    rounds = MailRounds(
        db=db,
        intake=MailIntake(db=db, reader=reader, taker=inbox, folder=folder, marks=marks, clock=clock),
        apply=changes.apply,
        stands=lambda mailbox_id: inbox.changed([mailbox_id]),
        found=mailboxes.found,
        clock=clock,
    )
    sync = MailSync(db=db, rounds=rounds, channel=channel)
    changes.ask, changes.wake = sync.ask, sync.wake
    return FollowingParts(sync=sync, changes=changes)
