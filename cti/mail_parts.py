"""The mail's part of the composition root: mailboxes, the letters in them, what is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cti.channels.email.compose import typed
from cti.channels.email.pictures import OutsidePictures
from cti.channels.email.probe import Probe
from cti.channels.email.reader import LetterProcess
from cti.channels.email.tokens import OAuthServers, application
from cti.channels.letters import LetterReader, MailTrouble
from cti.channels.reach import Reach
from cti.desktop import AgentDesktop
from cti.directory import Directory
from cti.features import letter_words
from cti.features.access_journal import AccessJournal
from cti.features.client_base import ClientBase
from cti.features.conversations import Conversations
from cti.features.inbox import Inbox
from cti.features.invitations import Invitations
from cti.features.letter_marks import LetterMarks
from cti.features.letter_reading import LetterReading
from cti.features.mail_changes import MailChanges
from cti.features.mail_drafts import MailDrafts
from cti.features.mail_sync import MailSync
from cti.features.mailbox_doors import MailboxDoors
from cti.features.mailbox_removals import MailboxRemovals
from cti.features.mailboxes import Mailboxes
from cti.following_parts import build_following
from cti.messages.doors import Doors
from cti.messages.hours import read as working_hours
from cti.sending_parts import SendingParts, build_sending
from cti.settings import MailSettings, Settings
from cti.storage import erasures
from cti.storage.client_files import FileRow
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony.numbering import NumberPlan
from cti.trust import trust


@dataclass(frozen=True, kw_only=True)
class MailParts:
    """What the panel is given. folder: files of letters by their hash; work: long-lived tasks by name."""

    folder: Path
    reader: LetterReader
    mailboxes: Mailboxes
    mailbox_doors: MailboxDoors
    sending: SendingParts
    inbox: Inbox
    conversations: Conversations
    letters: LetterReading
    invitations: Invitations
    mail_changes: MailChanges
    letter_marks: LetterMarks
    mail_drafts: MailDrafts
    mail_sync: MailSync
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_mail(
    settings: Settings,
    db: Database,
    *,
    spool: Spool,
    directory: Directory,
    desktop: AgentDesktop,
    access_journal: AccessJournal,
    client_base: ClientBase,
    plan: NumberPlan,
    key: bytes,
    people: Callable[[], tuple[int, ...]],
    next_seq: Callable[[int], int],
    client_file: Callable[[FileRow], Path],
    work_changed: Callable[[], None],
    clock: Callable[[], float],
) -> MailParts:
    """All of it. key: of secrets at rest; people: who has a page open; next_seq: of what nobody must miss.

    client_file: where a file of a client lies; work_changed: what is to be done is otherwise now.
    """
    folder = settings.data / "letters"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    reader = LetterProcess(folder)
    reach, tls = Reach(settings.mail.inside, MailTrouble), trust(settings.mail.ca_file)
    doors = MailboxDoors(db=db, key=key, tokens=_tokens(settings.mail, clock), clock=clock)
    removals = MailboxRemovals(db=db)
    zone = ZoneInfo(settings.numbers.time_zone)
    house = working_hours(settings.mail.hours, settings.mail.weekdays, zone)
    mailboxes = Mailboxes(
        db=db,
        probe=Probe(reach.connect, tls),
        seal=doors.seal,
        credentials=doors.credentials,
        providers=doors.providers,
        desktop=desktop,
        next_seq=next_seq,
        house=house,
        clock=clock,
        removed=removals.wake,
    )
    inbox = Inbox(
        db=db,
        desktop=desktop,
        next_seq=next_seq,
        online=people,
        hours=house,
        work_changed=work_changed,
        clock=clock,
    )
    letters = LetterReading(
        db=db, reader=reader, pictures=OutsidePictures(), folder=folder, key=key, clock=clock
    )  # fmt: skip
    following = build_following(
        db,
        mailboxes,
        doors,
        inbox,
        connect=reach.connect,
        tls=tls,
        reader=reader,
        folder=folder,
        marks=erasures.marks_in(settings.data),
        clock=clock,
    )
    conversations = Conversations(db=db, changed=inbox.changed, save=client_base.change, clock=clock)
    sending = build_sending(
        db,
        folder=folder,
        client_file=client_file,
        connect=reach.connect,
        tls=tls,
        credentials=doors.credentials,
        sends=mailboxes.sends,
        server=following.changes,
        taker=inbox,
        desktop=desktop,
        next_seq=next_seq,
        work_changed=work_changed,
        plan=plan,
        doors=Doors(key, settings.http.public_url),
        zone=zone,
        clock=clock,
    )
    inbox.came = sending.outbox.wake

    def changed(mailbox_id: int) -> None:
        following.sync.changed(mailbox_id)
        sending.mended(mailbox_id)

    mailboxes.changed = doors.changed = changed
    store, answer = sending.letter_store, sending.outbox.answer
    invitations = Invitations(db=db, place=store.place, keep=store.keep, send=answer, zone=zone, clock=clock)
    return MailParts(
        folder=folder,
        reader=reader,
        letters=letters,
        invitations=invitations,
        mailboxes=mailboxes,
        mailbox_doors=doors,
        sending=sending,
        inbox=inbox,
        conversations=conversations,
        mail_changes=following.changes,
        letter_marks=LetterMarks(db=db, server=following.changes, changed=inbox.changed),
        mail_drafts=MailDrafts(
            db=db,
            held=following.changes.drafts,
            ask=following.sync.ask,
            reader=reader,
            typed=lambda html: asyncio.to_thread(typed, html),
            folder=folder,
            clock=clock,
        ),
        mail_sync=following.sync,
        work={
            "letter-reader": reader.run(),
            "letter-words": letter_words.run(db),
            "inbox": inbox.run(),
            "mail-sync": following.sync.run(),
            "mailbox-removals": removals.run(),
            **sending.work,
        },
    )


def _tokens(mail: MailSettings, clock: Callable[[], float]) -> OAuthServers:
    known = {
        name: application(
            name,
            client_id=one.client_id,
            secret=one.password(),
            authorize_url=one.authorize_url,
            token_url=one.token_url,
            scopes=one.scopes,
        )
        for name, one in mail.oauth.items()
    }
    return OAuthServers(known, clock)
