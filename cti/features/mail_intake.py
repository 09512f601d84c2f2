"""Letters taken in: fetched into files, read apart from the loop, stored a batch in one transaction, then told.

Nothing is stored twice: a letter that moved within its mailbox is known by Message-ID and size, any other by Message-ID
and hash once it is read. A batch and how far it brought its folder are one transaction, so that a kill at any point
loses nothing and doubles nothing. A letter that cannot be read is parked and tried twice more; the others go on.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from cti.channels.folders import Head, MailboxLink
from cti.channels.letters import LetterReader, LetterTaker, Poison
from cti.clients.erased import Marks
from cti.errors import StorageError
from cti.messages.letter import Flags, FolderRole, Letter
from cti.storage import erased_letters, letters, mail_folders, mailboxes
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.mail_folders import FolderRow

BATCH = 25  # letters of one transaction: others wait for it
BATCH_BYTES = 8 << 20  # in files at once; a larger letter comes alone
NEWS_AT_ONCE, HISTORY_AT_ONCE = 4, 2  # batches, of all mailboxes
RECENT_S = 86400.0  # what came earlier and is only told now is history
LEFT_OUT: frozenset[FolderRole] = frozenset(("drafts", "junk", "trash"))  # a letter that is known may lie there

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What became of some UIDs. new: letters nobody had here; known: letters that lie there now too."""

    new: tuple[int, ...] = ()
    known: tuple[int, ...] = ()


class MailIntake:
    """All of it. folder: of letters' files; marks: by which letters of erased people are known and left out.

    Who is told of letters (`taker`) sees at the next start to those he was not told of.
    """

    def __init__(
        self,
        *,
        db: Database,
        reader: LetterReader,
        taker: LetterTaker,
        folder: Path,
        marks: Marks,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._marks = marks
        self._reader = reader
        self._taker = taker
        self._coming = folder / "coming"
        self._clock = clock
        self._keeping = asyncio.Lock()  # one letter in two mailboxes must not be kept twice at once
        self._news, self._older = asyncio.Semaphore(NEWS_AT_ONCE), asyncio.Semaphore(HISTORY_AT_ONCE)

    async def take(
        self,
        link: MailboxLink,
        mailbox_id: int,
        folder: FolderRow,
        uids: Sequence[int],
        *,
        history: bool | None,
        progress: Mapping[str, int] | None = None,
    ) -> Batch:
        """Take in a batch of a folder's letters. history: whether it is; None: by their age.

        progress: of the folder's row, kept with the letters.
        """
        heads = await link.ask(lambda box: box.heads(folder.name, uids))
        heads = [head for head in heads if not head.gone]
        async with self._db.read() as conn:
            left_out = folder.role in LEFT_OUT
            within = None if left_out else mailbox_id  # what is not read is looked for among all that were
            erased = await self._erased(conn, [(head.message_id, head.size) for head in heads])
            heads = [head for head in heads if (head.message_id, head.size) not in erased]
            known = await mail_folders.known(conn, within, ((one.message_id, one.size) for one in heads))
        wanted = [head for head in heads if (head.message_id, head.size) not in known and not left_out]
        pieces = _by_size(wanted)
        new: list[int] = []
        for piece in pieces[:-1]:  # large ones: the folder is not further until all of the batch are kept
            new += (await self._fetched(link, mailbox_id, folder, piece, [], history=history)).new
        lying = [(head, known[head.message_id, head.size]) for head in heads if (head.message_id, head.size) in known]
        last = pieces[-1] if pieces else []
        done = await self._fetched(link, mailbox_id, folder, last, lying, history=history, progress=progress)
        return Batch(new=(*new, *done.new), known=done.known)

    async def _fetched(
        self,
        link: MailboxLink,
        mailbox_id: int,
        folder: FolderRow,
        heads: Sequence[Head],
        lying: Sequence[tuple[Head, int]],
        *,
        history: bool | None,
        progress: Mapping[str, int] | None = None,
    ) -> Batch:
        await asyncio.to_thread(self._coming.mkdir, parents=True, exist_ok=True, mode=0o700)
        files = {head.uid: (head.size, self._coming / secrets.token_hex(16)) for head in heads}
        async with self._older if history else self._news:
            try:
                saved = set(await link.ask(lambda box: box.save(folder.name, files))) if files else set()
                there = [head for head in heads if head.uid in saved]
                read = await asyncio.gather(*(self._read(files[head.uid][1]) for head in there))
            finally:
                await asyncio.to_thread(_remove, [path for _, path in files.values()])
            outcome = list(zip(there, read, strict=True))
            new, known = await self._kept(mailbox_id, folder, outcome, lying, progress or {})
        await self._tell(new, history=history)
        return Batch(new=tuple(one for one, _ in new), known=known)

    async def _read(self, path: Path) -> Letter | str:
        """A letter, or the code of why it is none."""
        try:
            return await self._reader.read(path)
        except Poison as poison:
            return str(poison)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours; its words may be the letter's
            log.error("reading a letter failed", error=type(error).__name__)
            return "failed"

    async def _kept(
        self,
        mailbox_id: int,
        folder: FolderRow,
        outcome: Sequence[tuple[Head, Letter | str]],
        lying: Sequence[tuple[Head, int]],
        progress: Mapping[str, int],
    ) -> tuple[list[tuple[int, float]], tuple[int, ...]]:
        new: dict[int, float] = {}
        rows = [(head.uid, letter_id, head.flags) for head, letter_id in lying]
        async with self._keeping, self._db.write() as conn:
            ours = await mailboxes.addresses(conn)
            read = [letter for _, letter in outcome if isinstance(letter, Letter)]
            erased = await self._erased(conn, [(one.message_id, one.sha256) for one in read])
            for head, letter in outcome:
                if isinstance(letter, Letter) and (letter.message_id, letter.sha256) in erased:
                    await mail_folders.read_at_last(conn, folder.id, [head.uid])
                    continue
                if isinstance(letter, str):
                    now = self._clock()
                    await mail_folders.park(conn, mailbox_id, folder.id, head.uid, why=letter, size=head.size, now=now)
                    log.warning("a letter cannot be read", mailbox=mailbox_id, code=letter, size=head.size)
                    continue
                letter_id, is_new = await letters.keep(conn, letter, received_at=head.received_at, ours=ours)
                rows.append((head.uid, letter_id, head.flags))
                if is_new:
                    new[letter_id] = head.received_at
            await self._lie(conn, mailbox_id, folder, rows, progress)
        return list(new.items()), tuple(one for _, one, _ in rows if one not in new)

    async def _erased(self, conn: Connection, some: Sequence[tuple[str, str | int]]) -> set[tuple[str, str | int]]:
        """Of letters, by Message-ID and size or hash, those of people who were erased."""
        told = {one: erased_letters.signs(self._marks, *one) for one in some if one[0]}
        known = await erased_letters.among(conn, (mark for marks in told.values() for mark in marks))
        return {one for one, marks in told.items() if not known.isdisjoint(marks)}

    async def _lie(
        self,
        conn: Connection,
        mailbox_id: int,
        folder: FolderRow,
        rows: Sequence[tuple[int, int, Flags]],
        progress: Mapping[str, int],
    ) -> None:
        await mail_folders.lie(conn, mailbox_id, folder.id, rows)
        await mail_folders.read_at_last(conn, folder.id, [uid for uid, _, _ in rows])
        if progress:
            await mail_folders.change(conn, folder.id, **progress)

    async def _tell(self, letters: Sequence[tuple[int, float]], *, history: bool | None) -> None:
        """Letters with when they came."""
        recent = self._clock() - RECENT_S
        for old in (True, False):
            chosen = [one for one, at in letters if old == (at < recent if history is None else history)]
            if chosen:
                await self._tell_of(chosen, history=old)

    async def _tell_of(self, letter_ids: Sequence[int], *, history: bool) -> None:
        try:
            await self._taker.arrived(letter_ids, history=history)
        except StorageError as error:  # they are told at the next start
            log.warning("letters are not seen to yet", count=len(letter_ids), error=str(error))
        except Exception:
            log.exception("seeing to letters failed", count=len(letter_ids))


def _by_size(heads: Sequence[Head]) -> list[list[Head]]:
    """In pieces that fit into memory and onto the disk together."""
    pieces: list[list[Head]] = []
    left = 0
    for head in heads:
        if not pieces or head.size > left:
            pieces.append([])
            left = BATCH_BYTES
        pieces[-1].append(head)
        left -= head.size
    return pieces


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
