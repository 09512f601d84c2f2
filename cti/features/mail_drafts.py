"""Drafts as another mail program left them: what Outlook changed, began or threw away shows here.

They are looked at when somebody opens his drafts or one of them. The mailbox is the truth: a draft that was changed
there is as it is there; one that was thrown away there is thrown away. But what was typed here and not filed yet is
never lost: where both were changed, both are kept and that is said. Many programs save a draft under a new Message-ID
each time: it is known by its subject and people where the old one is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import html as entities
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from cti.access import Person, scope
from cti.channels.folders import Box, Head
from cti.channels.letters import LetterReader, Poison
from cti.errors import ChannelError, StorageError
from cti.messages.letter import Letter, Party
from cti.storage import drafts, mail_folders, mailboxes, outbox
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.drafts import Known
from cti.storage.mailboxes import Mailbox

MOST, MOST_BYTES = 200, 25 << 20  # the latest drafts of a mailbox, and of each
REST_S = 15.0  # a list that is looked at again and again asks the mail server so seldom
WITHIN_S = 5.0  # so long whoever opens his drafts waits for a mail server
HTML_CHARS = 200_000

log = structlog.get_logger()


class MailDrafts:
    """Looks at Drafts. held: while a mailbox's drafts are filed; ask: of an open mailbox; typed: HTML as it is edited.

    folder: of letters' files.
    """

    def __init__(
        self,
        *,
        db: Database,
        held: Callable[[int], asyncio.Lock],
        ask: Callable[[int, Callable[[Box], Any]], Awaitable[Any]],
        reader: LetterReader,
        typed: Callable[[str], Awaitable[str]],
        folder: Path,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._held = held
        self._ask = ask
        self._reader = reader
        self._typed = typed
        self._coming = folder / "coming"
        self._clock = clock
        self._looked_at: dict[int, float] = {}  # by mailbox, for lists

    async def of_person(self, person: Person) -> None:
        """Look into his mailboxes; what cannot be looked into now is as it was."""
        now = self._clock()
        async with self._db.read() as conn:
            his = await mailboxes.of_person(conn, person.id)
        due = [one for one in his if one.paused_at is None and now - self._looked_at.get(one.id, 0.0) > REST_S]
        self._looked_at |= dict.fromkeys((one.id for one in due), now)
        await asyncio.gather(*(self.look(one) for one in due))

    async def opened(self, person: Person, letter_id: int) -> None:
        """Somebody opens a draft: it is as its mailbox has it, and his where nobody here had begun it."""
        async with self._db.read() as conn:
            his = await mailboxes.of_person(conn, person.id, every_shared=scope(person, "mail") == "all")
            letter = await outbox.get(conn, letter_id)
        if letter is None or letter.state != "draft":
            return
        box = next((one for one in his if one.id == letter.mailbox_id and one.paused_at is None), None)
        if box is not None and letter.user_id in (None, person.id) and letter.draft_version:
            await self.look(box)
        if letter.user_id is None:
            async with self._db.write() as conn:
                await drafts.claim(conn, letter_id, person.id, [one.id for one in his])

    async def look(self, mailbox: Mailbox) -> None:
        """Look into one mailbox."""
        try:
            async with asyncio.timeout(WITHIN_S):
                async with self._held(mailbox.id):
                    await self._look(mailbox)
        except (TimeoutError, ChannelError):
            log.info("drafts cannot be looked at now", mailbox=mailbox.id)
        except StorageError as error:
            log.warning("drafts cannot be kept now", reason=str(error))

    async def _look(self, mailbox: Mailbox) -> None:
        async with self._db.read() as conn:
            rows = await mail_folders.of_mailbox(conn, mailbox.id)
            known = await drafts.of_mailbox(conn, mailbox.id)
        name = next((row.name for row in rows.values() if row.role == "drafts"), None)
        if name is None:
            return
        validity, uids, heads = await self._ask(mailbox.id, partial(_lying, name))
        places = {f"{validity}:{uid}" for uid in uids}
        noted = {one.filed for one in known}
        fresh = [one for one in heads if f"{validity}:{one.uid}" not in noted and one.size <= MOST_BYTES]
        ids = {one.message_id for one in heads}
        left = [
            one
            for one in known
            if one.state == "draft"
            and one.filed.startswith(f"{validity}:")
            and one.filed not in places
            and one.message_id not in ids
        ]
        for head, letter in await self._read(mailbox.id, name, fresh):
            await self._take(mailbox, f"{validity}:{head.uid}", letter, known, left, places)
        async with self._db.write() as conn:
            for one in left:  # thrown away there, and nothing was typed here since
                if one.version == one.filed_version:
                    gone = {"state": "canceled", "draft_version": 0, "draft_place": "", "changed_at": self._clock()}
                    await drafts.change(conn, one.id, one.version, gone)

    async def _read(self, mailbox_id: int, name: str, heads: Sequence[Head]) -> list[tuple[Head, Letter]]:
        if not heads:
            return []
        await asyncio.to_thread(self._coming.mkdir, parents=True, exist_ok=True, mode=0o700)
        files = {head.uid: (head.size, self._coming / secrets.token_hex(16)) for head in heads}
        found: list[tuple[Head, Letter]] = []
        try:
            saved = set(await self._ask(mailbox_id, lambda box: box.save(name, files)))
            for head in heads:
                if head.uid in saved:
                    with contextlib.suppress(Poison):  # what cannot be read stays where it is
                        found.append((head, await self._reader.read(files[head.uid][1])))
        finally:
            await asyncio.to_thread(_remove, [path for _, path in files.values()])
        return found

    async def _take(
        self,
        mailbox: Mailbox,
        place: str,
        there: Letter,
        known: Sequence[Known],
        left: list[Known],
        places: Collection[str],
    ) -> None:
        """What a draft is that is not known yet: ours, ours changed there, or a new one. places: all that lie there."""
        html = await self._typed(there.html) or _words(there.text)
        async with self._db.write() as conn:
            ours = next((one for one in known if one.message_id == there.message_id), None)
            if ours is None and await drafts.is_ours(conn, there.message_id):
                return  # of another mailbox
            if ours is None:
                ours = await self._alike(conn, there, left)
            if ours is None:
                await self._begin(conn, mailbox, place, there, html)
                return
            if ours.state != "draft":  # it is going, or to be taken away
                return
            now = await outbox.get(conn, ours.id)
            if now is None or now.version != ours.version:
                return  # it is being typed: the next time
            if ours in left:
                left.remove(ours)
            moved = not ours.filed.startswith(f"{place.partition(':')[0]}:") and now.version != now.draft_version
            if moved or drafts.is_same(now, there):
                named = {} if _is_nameless(there) else {"message_id": there.message_id}
                await drafts.change(conn, ours.id, ours.version, {"draft_place": place, **named})
            elif now.version == now.draft_version and ours.filed not in places:
                await self._changed(conn, ours, place, there, html)
            else:
                apart = {"message_id": outbox.new_message_id(mailbox.address), "draft_version": 0}
                await drafts.change(conn, ours.id, ours.version, apart)
                await self._begin(conn, mailbox, place, there, html, user_id=now.user_id, why="two-drafts")

    async def _alike(self, conn: Connection, there: Letter, left: Sequence[Known]) -> Known | None:
        for one in left:
            row = await outbox.get(conn, one.id)
            if row is not None and drafts.is_alike(row, there):
                return one
        return None

    async def _changed(self, conn: Connection, ours: Known, place: str, there: Letter, html: str) -> None:
        """It is now as it is there; a window that has it open is told when it saves."""
        html = await drafts.take_files(conn, ours.id, there, html)
        values = self._said(place, there, html) | {"quoted": ""}
        if _is_nameless(there):
            del values["message_id"]
        if await outbox.save(conn, ours.id, values, _people(there), version=ours.version, now=self._clock()):
            await drafts.change(conn, ours.id, ours.version + 1, {"draft_version": ours.version + 1})

    async def _begin(
        self,
        conn: Connection,
        mailbox: Mailbox,
        place: str,
        there: Letter,
        html: str,
        *,
        user_id: int | None = None,
        why: str = "",
    ) -> None:
        values = self._said(place, there, html) | await drafts.answered(conn, mailbox.id, there.in_reply_to)
        values |= {
            "key": f"draft-{mailbox.id}-{place.replace(':', '-')}",
            "mailbox_id": mailbox.id,
            "state": "draft",
            "user_id": user_id or (mailbox.owner_id if mailbox.kind == "personal" else None),
            "draft_version": 1,
            "why": why,
        }
        if _is_nameless(there):
            values["message_id"] = outbox.new_message_id(mailbox.address)
        made = await outbox.add(conn, values, _people(there), self._clock())
        if made is not None:
            await drafts.change(conn, made, 1, {"html": await drafts.take_files(conn, made, there, html)})

    def _said(self, place: str, there: Letter, html: str) -> dict[str, Any]:
        return {
            "message_id": there.message_id,
            "subject": there.subject,
            "html": html[:HTML_CHARS],
            "draft_place": place,
        }


def _is_nameless(there: Letter) -> bool:
    """Whether its Message-ID was made up for it here: some programs give a letter one only when they send it."""
    return there.message_id == f"{there.sha256}@letter.invalid"


def _people(there: Letter) -> list[Party]:
    return [one for one in there.people if one.role in ("to", "cc", "bcc")][:100]


def _words(text: str) -> str:
    """Words as paragraphs."""
    return "".join(f"<p>{entities.escape(line) or '<br>'}</p>" for line in text.split("\n"))


def _lying(name: str, box: Box) -> tuple[int, set[int], list[Head]]:
    """UIDVALIDITY, all UIDs that lie there, and the heads of the latest."""
    folder = box.folder(name, "drafts")
    uids = box.uids(name, 1, folder.uidnext)
    heads = box.heads(name, uids[-MOST:]) if uids else []
    lying = [one for one in heads if not one.gone]
    return folder.uidvalidity, {*uids[:-MOST], *(one.uid for one in lying)}, lying


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
