"""Rounds of a mailbox: what is new, read, marked, moved or deleted on the mail server shows here, and the other way.

In each turn what was done here is done there first; then the inbox is looked at; once a minute, or when letters left
the inbox, all folders; what is left of the time goes to history, the newest first. New letters of all folders come
before those that are gone are dropped: a letter that was moved lies somewhere at every moment.

History is looked for from the newest letters down, a span of UIDs in a turn: the first letters of a large mailbox are
there at once, its server is never asked of all at a time, and how many there are is known after some turns.
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
FIRST = {"inbox": 0, "sent": 1}  # whose history is taken in before that of other folders
SPAN, SPAN_MOST = 200, 10_000  # UIDs that are looked through for history in one turn, the first and the largest
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
class _Past:
    """History of a folder. left: UIDs still to be taken in, rising; below: those from here on were looked through.

    there: UIDs that need not be taken in.
    """

    there: set[int]
    below: int
    span: int
    left: list[int] = field(default_factory=list)


@dataclass
class _Life:
    """A mailbox while its link is open.

    past: of folders whose history is not taken in yet; messages: how many lay in a folder at the last look; again:
    folders whose UIDs changed, where what is found is not all history.
    """

    mailbox: Mailbox
    link: MailboxLink
    past: dict[int, _Past] = field(default_factory=dict)
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
        span: int = SPAN,
    ) -> None:
        self._db = db
        self._intake = intake
        self._apply = apply
        self._stands = stands
        self._found = found
        self._clock = clock
        self._round_s = round_s
        self._span = span

    def begin(self, mailbox: Mailbox, link: MailboxLink) -> _Life:
        """What is known of a mailbox while its link is open."""
        return _Life(mailbox=mailbox, link=link)

    async def turn(self, life: _Life) -> float:
        """Once; in how many seconds at the latest it is to be done again."""
        done = await self._apply(life.mailbox.id, life.link)
        if life.all_at < 0:
            await self._newest(life)
        now = time.monotonic()
        if not done or now - life.all_at >= self._round_s or await self._inbox(life):
            await self._everywhere(life)
            life.all_at = now
        more = await self._history(life) or not done
        await self._well(life, is_quiet=not more)
        return 0.0 if more else max(life.all_at + self._round_s - time.monotonic(), 0.0)

    async def _well(self, life: _Life, *, is_quiet: bool) -> None:
        now = time.monotonic()
        if is_quiet and now - life.quota_at >= QUOTA_S:  # some servers count all letters for it
            life.quota_at = now
            is_full = await life.link.ask(lambda box: box.full())
            if is_full != life.is_full:
                life.is_full, life.well_at = is_full, float("-inf")
        if now - life.well_at >= WELL_S:
            life.well_at = now
            await self._found(life.mailbox.id, "quota" if life.is_full else "")

    # Looking -------------------------------------------------------------------------------------------------------
    async def _newest(self, life: _Life) -> None:
        """The newest letters of a mailbox that is new here: they are there before its folders are looked at."""
        async with self._db.read() as conn:
            if await mail_folders.of_mailbox(conn, life.mailbox.id):
                return
        folder = await life.link.ask(lambda box: box.entered("INBOX", "inbox"))
        async with self._db.write() as conn:
            rows = await mail_folders.listed(conn, life.mailbox.id, {folder.name: folder.role}, self._clock())
        await self._first(life, folder, rows[folder.name])
        await self._begin_history(life)
        await self._history(life)

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
                await self._first(life, folder, row)
            await self._parked(life, row)
        for folder, row in pairs:
            if folder.uidvalidity == row.uidvalidity:
                await self._changes(life, folder, row)
            life.messages[row.id] = folder.messages
        await self._begin_history(life)

    async def _first(self, life: _Life, folder: Folder, row: FolderRow) -> None:
        """A folder that was never looked into: what lies in it is history, what comes now is new."""
        values = {"uidvalidity": folder.uidvalidity, "last_uid": folder.uidnext - 1, "modseq": folder.modseq}
        async with self._db.write() as conn:
            await mail_folders.change(conn, row.id, **values, history_uid=0, total=0, taken=0)
        life.compared[row.id] = time.monotonic()

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
        life.past.pop(row.id, None)
        life.again.add(row.id)

    async def _parked(self, life: _Life, row: FolderRow) -> None:
        """Letters that could not be read, once more."""
        async with self._db.read() as conn:
            parked = await mail_folders.parked(conn, row.id)
        again = [uid for uid, tries in sorted(parked.items()) if tries < TRIES]
        if again:
            await self._intake.take(life.link, life.mailbox.id, row, again[:BATCH], history=None)

    # History ---------------------------------------------------------------------------------------------------------
    async def _begin_history(self, life: _Life) -> None:
        """Of folders whose history is not taken in; of all, when more months are wanted than were."""
        async with self._db.read() as conn:
            rows = await mail_folders.of_mailbox(conn, life.mailbox.id)
        months = life.mailbox.history_months
        for row in rows.values():
            from_top = not row.history_uid or row.history_months < months
            if row.id in life.past or not row.uidvalidity or (row.history_uid == ALL and not from_top):
                continue
            async with self._db.read() as conn:
                there = await mail_folders.uids(conn, row.id) | set(await mail_folders.parked(conn, row.id))
            if from_top:
                async with self._db.write() as conn:
                    await mail_folders.change(conn, row.id, history_uid=0, history_months=months, total=0, taken=0)
            below = row.last_uid + 1 if from_top else row.history_uid
            life.past[row.id] = _Past(there=there, below=below, span=self._span)

    async def _history(self, life: _Life) -> bool:
        """A batch of history; whether there may be more of it."""
        if not life.past:
            return False
        async with self._db.read() as conn:
            rows = await mail_folders.of_mailbox(conn, life.mailbox.id)
        folders = sorted((one for one in rows.values() if one.id in life.past), key=lambda one: FIRST.get(one.role, 2))
        if not folders:
            life.past.clear()
            return False
        row = folders[0]
        past = life.past[row.id]
        await self._look_down(life, row, past)
        piece, rest = past.left[-BATCH:], past.left[:-BATCH]
        is_all = not rest and past.below <= 1
        progress = {
            "history_uid": ALL if is_all else piece[0] if piece else past.below,
            "taken": row.taken + len(piece),
            "total": row.taken + len(past.left) if past.below <= 1 else max(row.total, row.taken + len(past.left)),
        }
        history = None if row.id in life.again else True
        await self._intake.take(life.link, life.mailbox.id, row, piece, history=history, progress=progress)
        past.left = rest
        if is_all:
            del life.past[row.id]
        return True

    async def _look_down(self, life: _Life, row: FolderRow, past: _Past) -> None:
        """Look through the next span of UIDs, a larger one each time."""
        if past.below <= 1:
            return
        since = self._clock() - life.mailbox.history_months * MONTH_S
        low = max(past.below - past.span, 1)
        found = await life.uids(row.name, low, past.below, since)
        past.left[:0] = [uid for uid in found if uid not in past.there]
        past.below, past.span = low, min(past.span * 4, SPAN_MOST)

    def _say(self, life: _Life, what: Sequence[object]) -> None:
        if what:
            self._stands(life.mailbox.id)
