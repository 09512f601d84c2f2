"""Letters leave: claimed one by one, handed over, and what became of each is written down at once.

Rules kept here: a letter is claimed in the base before a byte of it leaves, so a kill at any point sends nothing twice;
what was on its way then is `unknown`, and a person alone sends it again. A refusal for now is tried again after 1, 5,
15, 60 minutes, for two days; one for good is told at once. In a conversation no letter overtakes another. One mailbox
in trouble does not hold up the others. Whom nothing may be sent to any more is asked again here, at the last moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

import structlog
from msgspec import structs

from cti.channels.letters import Credentials, Delivery, Endpoint, LetterSender, LetterTaker, MailTrouble, Security
from cti.errors import ChannelError, StorageError
from cti.messages.doors import Doors
from cti.messages.letter import SNIPPET_CHARS, Letter, Party
from cti.messages.outgoing import Outgoing, next_try
from cti.messages.plain_part import plain_part
from cti.messages.templates import LATER
from cti.storage import (
    answering,
    bounces,
    consents,
    letters,
    mailboxes,
    missed,
    outbox,
    purposes,
    restrictions,
    users,
    work,
)
from cti.storage.answering import Whole
from cti.storage.consents import Wish
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.mailboxes import Mailbox
from cti.storage.outbox import OutLetter
from cti.telephony.numbering import NumberPlan

KNOWN_S = 1.0
LOOKED_S = 10.0  # after so long it is asked anew whether a letter may leave
QUIET_S = 30.0  # so often the queue is looked at where nothing was heard of it
DAY_S, HOUR_S = 86400.0, 3600.0
TO_ONE_A_DAY, SAME_TEXT_AN_HOUR = 3, 300  # automatic letters; the next one is held for a person
CLOSED = {"ru": "отвечено письмом", "en": "answered by a letter"}

log = structlog.get_logger()


class Post:
    """Sends. credentials: of a mailbox, raises ChannelError; sends: told how a mailbox's server was found.

    taker: is told of letters sent; followed: of what is to be done for them yet; work_changed: a missed call was
    closed.
    """

    def __init__(
        self,
        *,
        db: Database,
        sender: LetterSender,
        credentials: Callable[[int], Awaitable[Credentials]],
        sends: Callable[[int, str], Awaitable[None]],
        taker: LetterTaker | None,
        followed: Callable[[], None],
        work_changed: Callable[[], None],
        plan: NumberPlan,
        doors: Doors,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._sender = sender
        self._credentials = credentials
        self._sends = sends
        self._taker = taker
        self._followed = followed
        self._work_changed = work_changed
        self._plan = plan
        self._doors = doors
        self._clock = clock
        self._news = asyncio.Event()
        self._busy: set[int | None] = set()
        self._known: dict[int, tuple[float, Mailbox | None]] = {}
        self._mended: set[int] = set()
        self._going: set[int] = set()  # rows that this process has claimed

    def wake(self) -> None:
        """There is something to send, or to follow what was sent."""
        self._news.set()
        self._followed()

    def mended(self, mailbox_id: int) -> None:
        """Something was done about a mailbox: letters that waited for that are tried now."""
        self._mended.add(mailbox_id)
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled. What a process before had on its way is nobody's knowledge any more."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._news.clear()
                    wait_s = await self._turn(group)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(wait_s):
                            await self._news.wait()
        finally:
            await self._sender.close()

    async def _turn(self, group: asyncio.TaskGroup) -> float:
        """Begin what is due; in how many seconds to look again."""
        now = self._clock()
        try:
            await self._lost(now)
            while self._mended:
                await self._hurry(next(iter(self._mended)), now)
            async with self._db.read() as conn:
                boxes, later = await outbox.due(conn, now)
        except StorageError as error:
            log.warning("the outbox cannot be read now", reason=str(error))
            return 1.0
        for box in boxes:
            if box not in self._busy:
                self._busy.add(box)
                group.create_task(self._drain(box), name=f"post-{box}")
        await self._sender.let_go()
        return min(QUIET_S, max((later or now + QUIET_S) - now, 0.05))

    async def _hurry(self, mailbox_id: int, now: float) -> None:
        self._known.pop(mailbox_id, None)
        async with self._db.write() as conn:
            await outbox.hurry(conn, mailbox_id, now)
            await mailboxes.sends_well(conn, mailbox_id)
        self._mended.discard(mailbox_id)

    async def _lost(self, now: float) -> None:
        """Letters of a run before, or lost sight of: whether they went is not known."""
        async with self._db.read() as conn:
            if not await outbox.is_going(conn, self._going):
                return
        async with self._db.write() as conn:
            found = await outbox.interrupted(conn, self._going)
        if found:
            log.warning("letters of which it is not known whether they went", count=len(found))
            self._followed()

    async def _drain(self, box: int | None) -> None:
        """Send what a mailbox has to send now."""
        try:
            while (letter := await self._claim(box)) is not None:
                try:
                    await self._send(letter)
                finally:
                    self._going.discard(letter.id)
        except StorageError as error:
            log.warning("letters cannot be sent now", reason=str(error))
        except Exception:
            log.exception("sending failed", mailbox=box)
        finally:
            self._busy.discard(box)
            self._news.set()

    async def _claim(self, box: int | None) -> OutLetter | None:
        async with self._db.write() as conn:
            letter = await outbox.claim(conn, box, self._clock())
            if letter is not None:
                self._going.add(letter.id)
        return letter

    async def _send(self, letter: OutLetter) -> None:
        async with self._db.read() as conn:
            mailbox = await self._mailbox(conn, letter.mailbox_id or 0)
            why = "no-mailbox" if mailbox is None else await self._stopped(conn, letter)
            outgoing = await answering.outgoing(conn, letter, mailbox, self._clock()) if mailbox and not why else None
            outgoing = await self._with_door(conn, letter, outgoing) if outgoing else None
        if outgoing is None or mailbox is None:
            await self._end(letter, state=_state_for(why), why=why)
            return
        look = _Look(lambda: self._why(letter), self._clock)
        try:
            raw = await self._sender.compose(outgoing)
        except ChannelError:
            await self._end(letter, state="failed", why="unmakeable")
            return
        to = list(letter.left or dict.fromkeys(one.address for one in outgoing.people))
        try:
            delivery = await self._sender.send(
                mailbox.id,
                _endpoint(mailbox),
                await self._credentials(mailbox.id),
                raw,
                sender=mailbox.address,
                to=to,
                may=look.may,
            )
        except ChannelError as error:
            said = error.said if isinstance(error, MailTrouble) else ""
            await self._later(letter, said or str(error), to, why="mailbox-trouble" if error.permanent else "")
            if error.permanent and isinstance(error, MailTrouble):
                await self._sends(mailbox.id, error.stored)
            return
        if mailbox.trouble.startswith(mailboxes.SENDING):
            await self._sends(mailbox.id, "")
        if delivery.stopped:
            await self._end(letter, state=_state_for(look.why), why=look.why)
            return
        await self._settle(letter, mailbox, outgoing, raw, delivery)

    async def _with_door(self, conn: Connection, letter: OutLetter, made: Outgoing) -> Outgoing:
        """A letter that one may be rid of tells how: in its headers, and where its text has a place for it."""
        if letter.campaign_id is None and letter.rule_id is None:
            return made
        if letter.campaign_id is None and await purposes.of_letter(conn, letter.rule_id, None) == "service":
            return made
        door = self._doors.address("u", str(letter.id), self._clock())
        html = made.html.replace(LATER, escape(door)) if door else made.html
        return structs.replace(made, unsubscribe=door, html=html)

    async def _mailbox(self, conn: Connection, mailbox_id: int) -> Mailbox | None:
        """The mailbox as it was a second ago at most: a hundred letters need not ask a hundred times."""
        now, (read_at, known) = self._clock(), self._known.get(mailbox_id, (0.0, None))
        if known is None or now - read_at > KNOWN_S:
            known = await mailboxes.get(conn, mailbox_id)
            self._known[mailbox_id] = (now, known)
        return known

    async def _why(self, letter: OutLetter) -> str:
        """The same, asked anew."""
        async with self._db.read() as conn:
            return await self._stopped(conn, letter)

    async def _stopped(self, conn: Connection, letter: OutLetter) -> str:
        """Why it may not leave any more; "": it may."""
        for one in letter.parties:
            if await restrictions.restriction(conn, one.address, self._plan, client_id=letter.client_id):
                return "restricted"
        refused = await self._refused(conn, letter)
        if refused or letter.rule_id is None or letter.why == "released":
            return refused
        now, to = self._clock(), next((one.folded for one in letter.parties if one.role == "to"), "")
        answered = await answering.by_id(conn, letter.answers_id) if letter.answers_id else None
        if answered is not None and await self._of_machine(conn, answered):
            return "answers-machine"
        if await outbox.automatic_before(conn, letter.id, now - DAY_S, folded=to) >= TO_ONE_A_DAY:
            return "too-often"
        if not letter.digest:
            return ""
        same = await outbox.automatic_before(conn, letter.id, now - HOUR_S, digest=letter.digest)
        return "same-again" if same >= SAME_TEXT_AN_HOUR else ""

    async def _refused(self, conn: Connection, letter: OutLetter) -> str:
        """What no person wrote goes to nobody who has not consented to it, or has withdrawn that."""
        if letter.rule_id is None and letter.campaign_id is None:
            return ""
        purpose = await purposes.of_letter(conn, letter.rule_id, letter.campaign_id)
        wishes = [Wish("email", one.folded, purpose, letter.client_id) for one in letter.parties if one.role != "from"]
        return next((why for why in await consents.refusals(conn, wishes) if why), "")

    async def _of_machine(self, conn: Connection, answered: Whole) -> bool:
        """Whether no program may answer a letter: one wrote it, it says so, or it is ours."""
        ours = await mailboxes.addresses(conn)
        return (
            bool(answered.automatic)
            or answered.quiet
            or any(one.role in ("from", "reply-to") and one.folded in ours for one in answered.people)
        )

    async def _settle(
        self, letter: OutLetter, mailbox: Mailbox, outgoing: Outgoing, raw: bytes, delivery: Delivery
    ) -> None:
        """Write down what became of it, in one transaction with the letter itself."""
        now, kept, closed = self._clock(), letter.letter_id, False
        said = delivery.refused[0].said if delivery.refused else delivery.said
        values = self._values(letter, delivery, now) | {"said": said[:400], "claimed_at": None}
        async with self._db.write() as conn:
            for one in delivery.refused:
                if one.lasting and not one.whole:
                    await bounces.mark(conn, one.address.casefold(), lasting=True, why=one.said, at=now)
            if delivery.accepted:
                ours = frozenset((outgoing.sender.folded,))
                copy = _letter(outgoing, raw, now)
                kept, _ = await letters.keep(conn, copy, received_at=now, ours=ours, user_id=letter.user_id)
                values |= {"letter_id": kept, "sent_at": letter.sent_at or now}
                closed = await self._close_call(conn, letter, now)
            await outbox.move(conn, letter.id, ("sending",), **values)
        if delivery.accepted and kept and self._taker is not None:
            await self._taker.arrived([kept], history=False)
        if closed:
            self._work_changed()
        self._followed()

    async def _close_call(self, conn: Connection, letter: OutLetter, now: float) -> bool:
        """A letter to a client who called in vain closes his call; one that no person wrote is no answer to him."""
        author = await users.by_id(conn, letter.user_id) if letter.user_id and letter.rule_id is None else None
        if author is None:
            return False
        call = await answering.missed_call(conn, letter, now - work.MISSED_S)
        if call is None:
            return False
        why = CLOSED.get(author.language, CLOSED["en"])
        await missed.mark(conn, call, now, closed_at=now, closed_by=author.id, why=why)
        return True

    def _values(self, letter: OutLetter, delivery: Delivery, now: float) -> dict[str, Any]:
        """The state of a letter after a delivery."""
        done: dict[str, Any] = {"next_at": None, "told_at": None, "tries": letter.tries + 1}
        if delivery.unknown:
            return done | {"state": "unknown", "why": "no-answer", "left": json.dumps(delivery.unknown)}
        for_now = [one.address for one in delivery.refused if not one.lasting]
        went = bool(delivery.accepted) or letter.letter_id is not None
        if for_now:
            again = next_try(letter.tries + 1, letter.send_at or now, now)
            if again is not None:
                return done | {"state": "waiting", "why": "", "next_at": again, "left": json.dumps(for_now)}
            return done | {"state": "failed", "why": "gave-up", "left": json.dumps(for_now)}
        if delivery.refused:
            left = json.dumps([one.address for one in delivery.refused])
            return done | {"state": "sent" if went else "failed", "why": "partly" if went else "refused", "left": left}
        return done | {"state": "sent", "why": "", "left": ""}

    async def _later(self, letter: OutLetter, said: str, to: list[str], *, why: str) -> None:
        """It certainly did not leave: try again, or give up."""
        now = self._clock()
        again = next_try(letter.tries + 1, letter.send_at or now, now)
        values: dict[str, Any] = {"state": "waiting", "next_at": again, "left": json.dumps(to), "why": why}
        if again is None:
            values |= {"state": "failed", "why": "mailbox-shut" if why else "gave-up", "told_at": None}
        async with self._db.write() as conn:
            values |= {"said": said[:400], "tries": letter.tries + 1, "claimed_at": None}
            await outbox.move(conn, letter.id, ("sending",), **values)
        self._followed()

    async def _end(self, letter: OutLetter, *, state: str, why: str) -> None:
        told_at = self._clock() if why in REFUSED else None
        values = {"state": state, "why": why, "next_at": None, "told_at": told_at, "claimed_at": None}
        async with self._db.write() as conn:
            await outbox.move(conn, letter.id, ("sending",), **values)
        self._followed()


class _Look:
    """The last look at a letter before it leaves. asked: says what stops it, "" for nothing; why: what it said."""

    def __init__(self, asked: Callable[[], Awaitable[str]], clock: Callable[[], float]) -> None:
        self._asked, self._clock = asked, clock
        self._at = clock()
        self.why = ""

    async def may(self) -> bool:
        """Whether it may leave."""
        if self._clock() - self._at > LOOKED_S:
            self.why = await self._asked()
        return not self.why


def _state_for(why: str) -> str:
    return "held" if why in HELD else "canceled" if why in REFUSED else "failed"


REFUSED = ("withdrawn", "no-consent")  # the register tells; nobody has to be told
HELD = ("answers-machine", "too-often", "same-again")


def _endpoint(mailbox: Mailbox) -> Endpoint:
    security: Security = mailbox.smtp_security  # type: ignore[assignment]
    return Endpoint(host=mailbox.smtp_host, port=mailbox.smtp_port, security=security)


def _letter(made: Outgoing, raw: bytes, now: float) -> Letter:
    """The letter as every letter is kept. It is known by its Message-ID when it is found in Sent."""
    text = plain_part(made.html + made.quoted)
    people: tuple[Party, ...] = (made.sender, *made.people)
    return Letter(
        message_id=made.message_id,
        sha256=hashlib.sha256(raw).hexdigest(),
        subject=made.subject,
        people=people,
        sent_at=now,
        size=len(raw),
        text=text,
        html=made.html + made.quoted,
        snippet=" ".join(plain_part(made.html).split())[:SNIPPET_CHARS],
        in_reply_to=made.in_reply_to,
        references=made.references,
        automatic="reply" if made.automatic else "",
        files=made.files,
    )
