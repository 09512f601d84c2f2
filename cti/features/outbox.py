"""Letters as people write them: drafts kept as typed, sent with ten seconds to think again, or later.

Rules kept here: a draft is its author's; from a mailbox write those who read it. What is asked for twice by one key is
one letter. A letter to somebody with whose data nothing may be done is refused, and one whose template has fields
without a value. Nothing is sent by a save: `send` alone gives a letter to the queue (cti/features/post.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cti.access import Person, may, scope
from cti.clients.masking import is_masked, restored
from cti.errors import Conflicts, NotAllowed, Refused
from cti.messages import quoting
from cti.messages.letter import SUBJECT_CHARS, Attachment, Party
from cti.messages.outgoing import ADDRESS, UNDO_S, Kind, State, answer_people, answer_subject, party
from cti.messages.templates import fields_of, fill
from cti.storage import answering, bounces, drafts, fillings, mailboxes, merges, missed, outbox, restrictions, templates
from cti.storage.answering import Whole
from cti.storage.bounces import Bounced
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.fillings import About
from cti.storage.mailboxes import Mailbox
from cti.storage.outbox import OutLetter
from cti.telephony.numbering import NumberPlan

HTML_CHARS, QUOTED_CHARS, PEOPLE_MOST = 200_000, 500_000, 100
MOST_BYTES = 25 << 20  # of all files of a letter: what most mail servers take
LATEST_S = 366 * 86400.0
AGAIN: tuple[State, ...] = ("failed", "unknown", "held", "canceled")


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that is begun. key: the client's own, for asking twice. mailbox_id: None: of the answered letter.

    answers_id: the letter it answers or passes on. call_id: of the missed call that it closes when it is sent.
    """

    key: str
    mailbox_id: int | None = None
    kind: Kind = "new"
    answers_id: int | None = None
    client_id: int | None = None
    contact_id: int | None = None
    call_id: str = ""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed. people: role, name, address. client_id: whose letter it is, as the writer sees it."""

    mailbox_id: int
    people: tuple[tuple[str, str, str], ...]
    subject: str
    html: str
    client_id: int | None = None
    contact_id: int | None = None


class Outbox:
    """All that a person does with letters he writes. wake: the queue has something to do."""

    def __init__(
        self,
        *,
        db: Database,
        plan: NumberPlan,
        zone: ZoneInfo,
        wake: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._plan = plan
        self._zone = zone
        self.wake = wake
        self._clock = clock

    async def write(self, person: Person, writing: Writing) -> int:
        """Begin a letter; its id. An answer has its people, subject and quotation; a letter to a client his address."""
        async with self._db.write() as conn:
            before = await outbox.by_key(conn, writing.key)
            if before is not None:
                return _own(person, before).id
            mailbox = await self._mailbox(conn, person, writing.mailbox_id or await _lies_in(conn, person, writing))
            if writing.call_id and await missed.concerns(conn, writing.call_id, None, hold=False) is None:
                raise Refused("no-call", "There is no such call.")
            values, people, files = await self._begun(conn, person, writing, mailbox)
            values |= {
                "key": writing.key,
                "mailbox_id": mailbox.id,
                "state": "draft",
                "kind": writing.kind,
                "call_id": writing.call_id,
                "user_id": person.id,
                "message_id": outbox.new_message_id(mailbox.address),
                "html": f"<p><br></p>{mailbox.signature}" if mailbox.signature else "",
            }
            made = await outbox.add(conn, values, people, self._clock())
            for one in files if made else ():
                await outbox.add_file(conn, made or 0, one)
        return made or await self.write(person, writing)

    async def _begun(
        self, conn: Connection, person: Person, writing: Writing, mailbox: Mailbox
    ) -> tuple[dict[str, Any], list[Party], list[Attachment]]:
        """What a new letter has before anybody typed: columns, people, files."""
        client_id = await merges.kept_id(conn, writing.client_id) if writing.client_id else None
        values: dict[str, Any] = {"client_id": client_id, "contact_id": writing.contact_id}
        if writing.answers_id is None:
            return values, await self._to_client(conn, client_id, writing.contact_id), []
        his = await _boxes(conn, person)
        answered = await answering.whole(conn, writing.answers_id, [one.id for one in his], person.id)
        if answered is None:
            raise Refused("no-letter", "There is no such letter any more.")
        ours = await mailboxes.addresses(conn)
        passes_on = writing.kind == "forward"
        people = [] if passes_on else answer_people(writing.kind, answered.people, ours)
        values["answers_id"] = answered.id
        values["subject"] = answer_subject(answered.subject, writing.kind)
        values["quoted"] = self._quoted(person, answered, passes_on)
        if not passes_on:
            values["conversation_id"] = answered.conversation_id
            values["client_id"] = client_id or answered.client_id
            values["contact_id"] = writing.contact_id or answered.contact_id
        files = [one for one in answered.files if passes_on or (one.inline and one.content_id in values["quoted"])]
        return values, people, files

    def _quoted(self, person: Person, one: Whole, passes_on: bool) -> str:
        at = datetime.fromtimestamp(one.sent_at, self._zone)
        html = one.html if len(one.html) < QUOTED_CHARS else ""
        text, language = one.text[:QUOTED_CHARS], person.language if person.language in quoting.WROTE else "ru"
        if passes_on:
            return quoting.passed_on(html, text, one.people, one.subject, at, language)
        sender = next((who for who in one.people if who.role == "from"), None)
        return quoting.quoted(html, text, sender, at, language)

    async def _to_client(self, conn: Connection, client_id: int | None, contact_id: int | None) -> list[Party]:
        """The first address of the person, else of the client."""
        found = await answering.address_of(conn, client_id, contact_id)
        return [party("to", found[1], found[0])] if found else []

    async def save(self, person: Person, letter_id: int, draft: Draft, version: int) -> int:
        """Keep a draft as it is typed; its new version. Raises Conflicts where another window saved it meanwhile."""
        async with self._db.write() as conn:
            before = await self._draft(conn, person, letter_id)
            mailbox = await self._mailbox(conn, person, draft.mailbox_id)
            known = [list(one) for one in before.people]
            if draft.client_id and any(is_masked(address) for _, _, address in draft.people):
                known.append(await answering.addresses_of(conn, draft.client_id))
            people = restored(list(draft.people), known)
            values = {
                "mailbox_id": mailbox.id,
                "subject": restored(" ".join(draft.subject.split()), before.subject)[:SUBJECT_CHARS],
                "html": restored(draft.html, before.html)[:HTML_CHARS],
                "client_id": await merges.kept_id(conn, draft.client_id) if draft.client_id else None,
                "contact_id": draft.contact_id,
            }
            if mailbox.id != before.mailbox_id:
                values |= {"draft_version": 0, "draft_place": ""}
            some = [party(role, address.strip(), name.strip()) for role, name, address in people[:PEOPLE_MOST]]
            if not await outbox.save(conn, letter_id, values, some, version=version, now=self._clock()):
                raise Conflicts()
        return version + 1

    async def discard(self, person: Person, letter_id: int) -> None:
        """Throw a draft away; its copy on the mail server goes too."""
        async with self._db.write() as conn:
            before = await self._draft(conn, person, letter_id)
            if before.draft_version:
                await outbox.move(conn, letter_id, ("draft",), state="canceled", changed_at=self._clock())
            else:
                await outbox.remove(conn, letter_id)
        self.wake()

    async def warnings(self, letter: OutLetter) -> tuple[list[Bounced], tuple[str, ...]]:
        """What is to be known before it is sent: addresses that letters came back from, fields without a value."""
        async with self._db.read() as conn:
            known = await bounces.of(conn, [one.folded for one in letter.parties])
        return known, fields_of(letter.subject, letter.html)

    async def addresses_good(self, person: Person, client_id: int) -> None:
        """Letters to a client's addresses arrive again, as somebody knows who may change clients."""
        if not may(person, "clients.write"):
            raise NotAllowed("Your role may not change clients; ask an admin.")
        async with self._db.write() as conn:
            await bounces.clear_client(conn, client_id)

    async def send(self, person: Person, letter_id: int, version: int, at: float | None = None) -> float:
        """Give a draft to the queue; when it goes. at: not before then. Raises Refused in words. Twice is once."""
        now = self._clock()
        async with self._db.write() as conn:
            letter = _own(person, await outbox.get(conn, letter_id))
            if letter.state in ("waiting", "sending", "sent") and letter.version == version:
                return letter.send_at or now
            letter = await self._draft(conn, person, letter_id)
            if letter.version != version:
                raise Conflicts()
            mailbox = await self._mailbox(conn, person, letter.mailbox_id or 0)
            if mailbox.paused_at is not None:
                raise Refused("mailbox-paused", "This mailbox is paused: choose another, or have it resumed.")
            await self._sound(conn, letter)
            goes = max(now + UNDO_S, at or 0.0)
            if goes > now + LATEST_S:
                raise Refused("too-late", "A letter is kept for a year at most.")
            values = _given(goes, now) | {"why": "", "left": ""}
            if not await outbox.move(conn, letter_id, ("draft",), state="waiting", **values):
                raise Conflicts()
        self.wake()
        return goes

    async def _sound(self, conn: Connection, letter: OutLetter) -> None:
        """Refuse what must not leave, or cannot."""
        if not letter.people:
            raise Refused("no-addressee", "Say to whom the letter goes.")
        for role, _, address in letter.people:
            if role not in ("to", "cc", "bcc") or not ADDRESS.fullmatch(address):
                raise Refused("bad-address", "This is no e-mail address.", where=address)
            stopped = await restrictions.restriction(conn, address, self._plan, client_id=letter.client_id)
            if stopped is not None:
                raise Refused("restricted-mail", "Nothing may be sent to this client: he is restricted.", where=address)
        if not letter.subject.strip() and not letter.html.strip() and not letter.files:
            raise Refused("empty-letter", "The letter is empty.")
        left = fields_of(letter.subject, letter.html)
        if left:
            raise Refused("empty-fields", "These fields of the template have no value: fill them in.", where=left[0])
        if sum(one.size for one in letter.files) > MOST_BYTES:
            raise Refused("too-large", f"The files of a letter take at most {MOST_BYTES >> 20} MiB.")

    async def answer(
        self,
        person: Person,
        *,
        key: str,
        mailbox_id: int,
        answers_id: int,
        to: tuple[str, str],
        subject: str,
        html: str,
        file: Attachment,
    ) -> float:
        """A whole answer at once, which nobody types: begun, filled, given to the queue; when it goes. Twice is once.

        to: name and address; file: it lies in the folder of letters' files.
        """
        writing = Writing(key=key, mailbox_id=mailbox_id, kind="reply", answers_id=answers_id)
        letter_id = await self.write(person, writing)
        async with self._db.write() as conn:
            letter = _own(person, await outbox.get(conn, letter_id))
            if letter.state != "draft":
                return letter.send_at or self._clock()
            values = {"subject": subject[:SUBJECT_CHARS], "html": html, "quoted": ""}
            people = [party("to", to[1], to[0])]
            await outbox.save(conn, letter_id, values, people, version=letter.version, now=self._clock())
            if file.sha256 not in {one.sha256 for one in letter.files}:
                await outbox.add_file(conn, letter_id, file)
        return await self.send(person, letter_id, letter.version + 1)

    async def undo(self, person: Person, letter_id: int) -> int:
        """Take a letter back that has not left yet; the version of the draft that it is again."""
        async with self._db.write() as conn:
            letter = _own(person, await outbox.get(conn, letter_id))
            if letter.state == "draft":
                return letter.version
            values = {"version": letter.version + 1, "send_at": None, "next_at": None, "changed_at": self._clock()}
            if letter.letter_id is not None or not await outbox.move(
                conn, letter_id, ("waiting",), state="draft", **values
            ):
                raise Refused("left", "The letter has left already.")
        return letter.version + 1

    async def again(self, person: Person, letter_id: int) -> None:
        """Send once more what failed, is held, or of which nobody knows whether it went: a person's own decision."""
        now = self._clock()
        async with self._db.write() as conn:
            letter = await self._theirs(conn, person, letter_id)
            await self._sound(conn, letter)
            values = _given(now, now) | {"why": "released", "told_at": now}
            if not await outbox.move(conn, letter_id, AGAIN, state="waiting", **values):
                raise Refused("not-stopped", "This letter is not one that waits for you.")
        self.wake()

    async def put_aside(self, person: Person, letter_id: int) -> None:
        """What failed, is held or unknown is not sent again; it leaves the list."""
        async with self._db.write() as conn:
            await self._theirs(conn, person, letter_id)
            if not await outbox.move(conn, letter_id, AGAIN, state="canceled", changed_at=self._clock()):
                raise Refused("not-stopped", "This letter is not one that waits for you.")
        self.wake()

    async def use_template(self, person: Person, letter_id: int, template_id: int, version: int) -> tuple[str, ...]:
        """Put a template into a draft, with its files; the fields that have no value. The signature stays below."""
        async with self._db.write() as conn:
            letter = await self._draft(conn, person, letter_id)
            template = await templates.get(conn, template_id)
            if template is None or template.channel != "email":
                raise Refused("no-template", "There is no such template any more.")
            about = About(
                client_id=letter.client_id,
                contact_id=letter.contact_id,
                mailbox_id=letter.mailbox_id,
                user_id=person.id,
                today=datetime.fromtimestamp(self._clock(), self._zone).date(),
            )
            asked = fields_of(template.subject, template.body)
            known = await fillings.values(conn, about, asked, template.language)
            body = fill(template.body, known, form="html", language=template.language)
            subject = fill(template.subject, known, form="line", language=template.language)
            values: dict[str, Any] = {"html": (body.text + letter.html)[:HTML_CHARS], "template_id": template.id}
            if template.subject and letter.kind in ("new", "forward"):
                values["subject"] = subject.text[:SUBJECT_CHARS]
            if not await outbox.save(conn, letter_id, values, None, version=version, now=self._clock()):
                raise Conflicts()
            have = {one.sha256 for one in letter.files}
            for file in template.files:
                if file.sha256 not in have:
                    await outbox.add_file(conn, letter_id, file.attachment)
        return tuple(dict.fromkeys((*subject.missing, *body.missing)))

    async def draft(self, conn: Connection, person: Person, letter_id: int) -> OutLetter:
        """A draft of one's own, to be changed. Raises Refused, NotAllowed."""
        return await self._draft(conn, person, letter_id)

    async def _draft(self, conn: Connection, person: Person, letter_id: int) -> OutLetter:
        letter = await outbox.get(conn, letter_id)
        if letter is not None and letter.state == "draft" and letter.is_of_all:  # it was begun in another mail program
            mailbox = await self._mailbox(conn, person, letter.mailbox_id or 0)
            await drafts.claim(conn, letter_id, person.id, [mailbox.id])
            letter = await outbox.get(conn, letter_id)
        letter = _own(person, letter)
        if letter.state != "draft":
            raise Refused("not-a-draft", "This letter is no draft any more.")
        return letter

    async def _theirs(self, conn: Connection, person: Person, letter_id: int) -> OutLetter:
        """A letter of one's own or of a mailbox of one's own."""
        letter = await outbox.get(conn, letter_id)
        if letter is None:
            raise Refused("no-letter", "There is no such letter any more.")
        if letter.user_id != person.id:
            await self._mailbox(conn, person, letter.mailbox_id or 0)
        return letter

    async def _mailbox(self, conn: Connection, person: Person, mailbox_id: int) -> Mailbox:
        """A mailbox from which the person writes."""
        if not may(person, "mail", owner_id=person.id):
            raise NotAllowed("Your role may not write letters; ask an admin.")
        found = next((one for one in await _boxes(conn, person) if one.id == mailbox_id), None)
        if found is None:
            raise NotAllowed("This mailbox is not yours to write from.")
        return found


async def _lies_in(conn: Connection, person: Person, writing: Writing) -> int:
    """Of his mailboxes that of the answered letter; his first one where it lies in none. Raises Refused."""
    his = await _boxes(conn, person)
    at_work = [one.id for one in his if one.paused_at is None]
    if not his:
        raise Refused("no-mailbox-yet", "You have no mailbox to write from.")
    if not at_work:
        raise Refused("mailboxes-paused", "All your mailboxes are paused.")
    return await answering.lies_in(conn, writing.answers_id or 0, at_work) or at_work[0]


async def _boxes(conn: Connection, person: Person) -> list[Mailbox]:
    return await mailboxes.of_person(conn, person.id, every_shared=scope(person, "mail") == "all")


def _given(goes: float, now: float) -> dict[str, Any]:
    """The columns of a letter that is given to the queue."""
    return {"send_at": goes, "next_at": goes, "tries": 0, "said": "", "changed_at": now}


def _own(person: Person, letter: OutLetter | None) -> OutLetter:
    if letter is None:
        raise Refused("no-letter", "There is no such letter any more.")
    if letter.user_id != person.id:
        raise NotAllowed("This letter is somebody else's.")
    return letter
