"""Rounds of a mailbox: what is new, read, marked, moved or deleted on the mail server shows here, and the other way.

In each turn what was done here is done there first; then the inbox is looked at; once a minute, or when letters left
the inbox, all folders; what is left of the time goes to history, the newest first. New letters of all folders come
before those that are gone are dropped: a letter that was moved lies somewhere at every moment.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog

from cti.channels.folders import Box, Folder, Head, MailboxLink, in_pieces
from cti.storage import mail_folders
from cti.storage.database import Database
from cti.storage.mail_folders import ALL, TRIES, FolderRow
from cti.storage.mailboxes import Mailbox

ROUND_S = 55.0  # all folders
COMPARED_S = 600.0  # where the server counts no changes: all flags and UIDs
RECENT = 1000  # letters whose flags are looked at each time, where it counts none
BATCH = 50
QUOTA_S = 3600.0
WELL_S = 600.0  # how often it is written down that a mailbox is well
MONTH_S = 30.44 * 86400

log = structlog.get_logger()


class Taken(Protocol):
    """What became of a batch."""

    @property
    def known(self) -> Sequence[int]: ...


class Intake(Protocol):
    """Who takes letters in (features/mail_intake.py)."""

    async def take(
        self,
        link: MailboxLink,
        mailbox_id: int,
        folder: FolderRow,
        uids: Sequence[int],
        *,
        history: bool | None,
        progress: Mapping[str, int] | None = None,
    ) -> Taken:
        """A batch of a folder's letters."""
        ...


@dataclass
class _Life:
    """A mailbox while its link is open.

    left: UIDs of history still to be taken in, by folder, the newest last; messages: how many lay in a folder at the
    last look; again: folders whose UIDs changed, where what is found is not all history.
    """

    mailbox: Mailbox
    link: MailboxLink
    left: dict[int, list[int]] = field(default_factory=dict)
    messages: dict[int, int] = field(default_factory=dict)
    compared: dict[int, float] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)
    is_full: bool = False
    all_at: float = float("-inf")
    quota_at: float = float("-inf")
    well_at: float = float("-inf")

    async def uids(self, name: str, low: int, top: int, since: float | None = None) -> list[int]:
        return await self.link.ask(partial(_uids, name, low, top, since))

    async def heads(self, name: str, uids: Sequence[int]) -> list[Head]:
        return await self.link.ask(partial(_heads, name, uids))


def _uids(name: str, low: int, top: int, since: float | None, box: Box) -> list[int]:
    return box.uids(name, low, top, since=since)


def _heads(name: str, uids: Sequence[int], box: Box) -> list[Head]:
    return box.heads(name, uids)


class MailRounds:
    """All mailboxes' rounds. apply: does there what was done here, and says whether that was all.

    stands: told of a mailbox whose letters changed; found: how a mailbox was found, "" for well.
    """

    def __init__(
        self,
        *,
        db: Database,
        intake: Intake,
        apply: Callable[[int, MailboxLink], Awaitable[bool]],
        stands: Callable[[int], None],
        found: Callable[[int, str], Awaitable[None]],
        clock: Callable[[], float],
        round_s: float = ROUND_S,
    ) -> None:
        self._db = db
        self._intake = intake
        self._apply = apply
        self._stands = stands
        self._found = found
        self._clock = clock
        self._round_s = round_s

    def begin(self, mailbox: Mailbox, link: MailboxLink) -> _Life:
        """What is known of a mailbox while its link is open."""
        return _Life(mailbox=mailbox, link=link)

    async def turn(self, life: _Life) -> float:
        """Once; in how many seconds at the latest it is to be done again."""
        done = await self._apply(life.mailbox.id, life.link)
        now = time.monotonic()
        if not done or now - life.all_at >= self._round_s or await self._inbox(life):
            await self._everywhere(life)
            life.all_at = now
        await self._well(life)
        more = await self._history(life) or not done
        return 0.0 if more else max(life.all_at + self._round_s - time.monotonic(), 0.0)

    async def _well(self, life: _Life) -> None:
        now = time.monotonic()
        if now - life.quota_at >= QUOTA_S:
            life.quota_at = now
            is_full = await life.link.ask(lambda box: box.full())
            if is_full != life.is_full:
                life.is_full, life.well_at = is_full, float("-inf")
        if now - life.well_at >= WELL_S:
            life.well_at = now
            await self._found(life.mailbox.id, "quota" if life.is_full else "")

    # Looking -------------------------------------------------------------------------------------------------------
    async def _inbox(self, life: _Life) -> bool:
        """The inbox alone; whether all folders are to be looked at: letters were moved from here or to here."""
        async with self._db.read() as conn:
            rows = await mail_folders.of_mailbox(conn, life.mailbox.id)
        row = next((one for one in rows.values() if one.role == "inbox"), None)
        if row is None:
            return True
        folder = await life.link.ask(lambda box: box.folder(row.name, row.role))
        if folder.uidvalidity != row.uidvalidity:
            return True
        if await self._arrivals(life, folder, row):
            return True
        came = max(folder.uidnext - 1 - row.last_uid, 0)
        if folder.messages < life.messages.get(row.id, 0) + came:
            return True
        await self._changes(life, folder, row)
        return False

    async def _everywhere(self, life: _Life) -> None:
        folders = await life.link.ask(lambda box: box.folders())
        roles = {one.name: one.role for one in folders}
        async with self._db.read() as conn:
            rows = await mail_folders.of_mailbox(conn, life.mailbox.id)
        if roles != {row.name: row.role for row in rows.values()}:
            async with self._db.write() as conn:
                rows = await mail_folders.listed(conn, life.mailbox.id, roles, self._clock())
        pairs = [(one, rows[one.name]) for one in folders if one.name in rows]
        for folder, row in pairs:
            if folder.uidvalidity == row.uidvalidity:
                await self._arrivals(life, folder, row)
            elif row.uidvalidity:
                await self._rematch(life, folder, row)
            else:
                await self._first(folder, row)
            await self._parked(life, row)
        for folder, row in pairs:
            if folder.uidvalidity == row.uidvalidity:
                await self._changes(life, folder, row)
            life.messages[row.id] = folder.messages
        await self._begin_history(life, folders)

    async def _first(self, folder: Folder, row: FolderRow) -> None:
        """A folder that was never looked into: what lies in it is history, what comes now is new."""
        values = {"uidvalidity": folder.uidvalidity, "last_uid": folder.uidnext - 1, "modseq": folder.modseq}
        async with self._db.write() as conn:
            await mail_folders.change(conn, row.id, **values, history_uid=0, total=0, taken=0)

    async def _arrivals(self, life: _Life, folder: Folder, row: FolderRow) -> bool:
        """What is new in a folder; whether letters are among it that lie elsewhere, too."""
        top, moved = folder.uidnext - 1, False
        if top <= row.last_uid:
            return False
        pieces = in_pieces(await life.uids(row.name, row.last_uid + 1, folder.uidnext), BATCH)
        for place, piece in enumerate(pieces or [[]]):
            progress = {"last_uid": top if place >= len(pieces) - 1 else piece[-1]}
            done = await self._intake.take(life.link, life.mailbox.id, row, piece, history=False, progress=progress)
            self._say(life, done.known)
            moved |= bool(done.known)
        return moved

    async def _changes(self, life: _Life, folder: Folder, row: FolderRow) -> None:
        """Marks, and what is gone."""
        now = time.monotonic()
        counted = bool(folder.modseq and row.modseq)
        if counted and folder.modseq == row.modseq and row.id in life.compared:
            return
        due = now - life.compared.get(row.id, float("-inf")) >= COMPARED_S
        since, low = (row.modseq, 1) if counted else (0, 1 if due else folder.uidnext - RECENT)
        changes = await life.link.ask(lambda box: box.changes(row.name, since, low))
        vanished = changes.gone or frozenset()
        if changes.gone is None and (counted or due or folder.messages != life.messages.get(row.id)):
            there = set(await life.uids(row.name, 1, folder.uidnext))
            async with self._db.read() as conn:
                vanished = frozenset(await mail_folders.uids(conn, row.id) - there)
        async with self._db.write() as conn:
            moved, seen = await mail_folders.stand(conn, life.mailbox.id, row.id, changes.flags)
            moved += await mail_folders.gone(conn, row.id, vanished)
            if folder.modseq != row.modseq:
                await mail_folders.change(conn, row.id, modseq=folder.modseq)
        life.messages[row.id] = folder.messages
        if due or counted:
            life.compared[row.id] = now
        self._say(life, moved)
        back = [uid for uid in changes.flags if counted and uid not in seen and uid <= row.last_uid]
        if back and row.history_uid == ALL:
            await self._restored(life, row, back)

    async def _restored(self, life: _Life, row: FolderRow, uids: Sequence[int]) -> None:
        """Letters that were marked to be deleted and are no more; others are older than what was taken in."""
        heads = await life.heads(row.name, uids)
        told = {one.uid: (one.message_id, one.size) for one in heads if not one.gone}
        async with self._db.write() as conn:
            known = await mail_folders.known(conn, None, told.values())
            rows = [(one.uid, known[told[one.uid]], one.flags) for one in heads if told.get(one.uid) in known]
            await mail_folders.lie(conn, life.mailbox.id, row.id, rows)
        self._say(life, rows)

    async def _rematch(self, life: _Life, folder: Folder, row: FolderRow) -> None:
        """The server counts its letters anew: ours are found by their heads, the rest is looked at like history."""
        log.info("a folder's UIDs changed", mailbox=life.mailbox.id, folder=row.id)
        heads: list[Head] = []
        for piece in in_pieces(await life.uids(row.name, 1, folder.uidnext), 500):
            heads += await life.heads(row.name, piece)
        values = {"uidvalidity": folder.uidvalidity, "last_uid": folder.uidnext - 1, "modseq": folder.modseq}
        async with self._db.write() as conn:
            told = [(one.uid, one.message_id, one.size, one.flags) for one in heads if not one.gone]
            await mail_folders.rematch(conn, life.mailbox.id, row.id, told)
            await mail_folders.change(conn, row.id, **values, history_uid=0, total=0, taken=0)
        life.left.pop(row.id, None)
        life.again.add(row.id)

    async def _parked(self, life: _Life, row: FolderRow) -> None:
        """Letters that could not be read, once more."""
        async with self._db.read() as conn:
            parked = await mail_folders.parked(conn, row.id)
        again = [uid for uid, tries in sorted(parked.items()) if tries < TRIES]
        if again:
            await self._intake.take(life.link, life.mailbox.id, row, again[:BATCH], history=None)

    # History ---------------------------------------------------------------------------------------------------------
    async def _begin_history(self, life: _Life, folders: Sequence[Folder]) -> None:
        """What of the last months is still to be taken in, of folders where it is not known yet."""
        async with self._db.read() as conn:
            rows = await mail_folders.of_mailbox(conn, life.mailbox.id)
        since = self._clock() - life.mailbox.history_months * MONTH_S
        for row in [rows[one.name] for one in folders if one.name in rows]:
            if row.history_uid == ALL or row.id in life.left:
                continue
            uids = await life.uids(row.name, 1, row.history_uid or row.last_uid + 1, since)
            async with self._db.read() as conn:
                there = await mail_folders.uids(conn, row.id) | set(await mail_folders.parked(conn, row.id))
            life.left[row.id] = [uid for uid in uids if uid not in there]
            async with self._db.write() as conn:
                await mail_folders.change(conn, row.id, total=row.taken + len(life.left[row.id]))

    async def _history(self, life: _Life) -> bool:
        """A batch of history; whether there may be more of it."""
        if not life.left:
            return False
        async with self._db.read() as conn:
            rows = await mail_folders.of_mailbox(conn, life.mailbox.id)
        row = next((one for one in rows.values() if one.id in life.left), None)
        if row is None:
            life.left.clear()
            return False
        left = life.left[row.id]
        piece = left[-BATCH:]
        progress = {"history_uid": piece[0] if len(piece) < len(left) else ALL, "taken": row.taken + len(piece)}
        history = None if row.id in life.again else True
        await self._intake.take(life.link, life.mailbox.id, row, piece, history=history, progress=progress)
        del left[-BATCH:]
        if not left:
            del life.left[row.id]
        return True

    def _say(self, life: _Life, what: Sequence[object]) -> None:
        if what:
            self._stands(life.mailbox.id)
