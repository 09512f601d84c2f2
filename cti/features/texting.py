"""SMS as people write them: sent with ten seconds to think again, or later; decided on where one did not arrive.

Rules kept here: what is asked for twice by one key is one message. One to a client with whose data nothing may be done,
or who has withdrawn his consent, is refused in words, as is one with fields of a template that have no value. An SMS to
a client who called in vain closes his call. Nothing is sent here: the queue (sms_out.py) sends what was written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

import msgspec

from cti.access import Person, may
from cti.channels.texts import TextLines
from cti.errors import NotAllowed, Refused
from cti.messages.consent import Purpose
from cti.messages.outgoing import UNDO_S
from cti.messages.sms import MOST_PARTS, TEXT_CHARS, Size, measure
from cti.messages.templates import Filled, fields_of, fill
from cti.sights import Sights
from cti.storage import consents, fillings, merges, missed, restrictions, sms_reading, templates, work
from cti.storage import sms as messages
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.fillings import About
from cti.storage.sms_reading import DECIDED
from cti.telephony.numbering import Number, NumberPlan, read, takes_texts

LATEST_S = 366 * 86400.0
CLOSED = {"ru": "отвечено SMS", "en": "answered by SMS"}


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What is written. key: the client's own, for asking twice. number: as typed, or as it was shown, hidden or not.

    call_id: the missed call that it answers. send_at: not before then, UNIX seconds.
    """

    key: str
    number: str
    text: str
    client_id: int | None = None
    contact_id: int | None = None
    template_id: int | None = None
    call_id: str = ""
    send_at: float | None = None
    purpose: Purpose = "service"


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """How large a text is, and what a part of it costs to a number, in hundredths; None where no gateway serves it."""

    size: Size
    part_price: int | None = None
    currency: str = "RUB"


class Texting:
    """All that a person does with SMS. wake: the queue has something to do; changed: lists are otherwise now."""

    def __init__(
        self,
        *,
        db: Database,
        lines: TextLines,
        sights: Sights,
        plan: NumberPlan,
        zone: ZoneInfo,
        wake: Callable[[], None],
        changed: Callable[..., None],
        work_changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._lines = lines
        self._sights = sights
        self._plan = plan
        self._zone = zone
        self.wake = wake
        self._changed = changed
        self._work_changed = work_changed
        self._clock = clock

    async def send(self, person: Person, text: Text) -> int:
        """Give a message to the queue; its id. Raises Refused in words. Twice by one key is once."""
        _check(person)
        now, closed = self._clock(), False
        key = f"u{person.id}:{text.key}"
        async with self._db.write() as conn:
            before = await messages.by_key(conn, key)
            if before is not None:
                return before
            number = self._number(text.number)
            client_id = await merges.kept_id(conn, text.client_id) if text.client_id else None
            self._sound(text.text)
            await self._may_go(conn, number, client_id, text.purpose)
            goes = max(now + UNDO_S, text.send_at or 0.0)
            if goes > now + LATEST_S:
                raise Refused("too-late", "A message is kept for a year at most.")
            choice = self._lines.choose(number.e164 or "", purpose=text.purpose)
            values = {
                "key": key, "number": number.e164, "text": text.text, "purpose": text.purpose, "client_id": client_id,
                "contact_id": text.contact_id, "user_id": person.id, "template_id": text.template_id,
                "call_id": text.call_id, "send_at": goes,
                "price": choice.price * measure(text.text).parts if choice else 0,
            }  # fmt: skip
            made = await messages.add(conn, values, now)
            await sms_reading.answered(conn, number.e164 or "", client_id, now)
            closed = await self._close_call(conn, person, client_id, text.call_id, now)
        if closed:
            self._work_changed()
        self.wake()
        self._changed(client_id)
        return made or 0

    async def undo(self, person: Person, sms_id: int) -> None:
        """Take back one's own message that has not left yet."""
        async with self._db.write() as conn:
            row = await sms_reading.one(conn, sms_id)
            if row is None or row.user_id != person.id:
                raise Refused("no-sms", "There is no such message of yours.")
            values = {"state": "canceled", "next_at": None, "settled_at": self._clock(), "why": "called-back"}
            if row.state != "canceled" and not await messages.move(conn, sms_id, ("queued",), **values):
                raise Refused("sms-left", "The message has left already.")
        self._changed(row.client_id)

    async def again(self, person: Person, sms_id: int) -> None:
        """Send once more what did not arrive, or of which nobody knows: a person's own decision."""
        _check(person)
        now = self._clock()
        async with self._db.write() as conn:
            row = await sms_reading.one(conn, sms_id)
            if row is None:
                raise Refused("no-sms", "There is no such message.")
            purpose = cast(Purpose, row.purpose)
            await self._may_go(conn, read(await messages.number_of(conn, sms_id), self._plan), row.client_id, purpose)
            values = {
                "state": "queued", "next_at": now, "send_at": now, "why": "", "said": "", "told_at": None,
                "settled_at": None, "accepted_at": None, "tries": 0,
            }  # fmt: skip
            if not row.must_be_decided or not await messages.move(conn, sms_id, DECIDED, **values):  # type: ignore[arg-type]
                raise Refused("not-stopped-sms", "This message is not one that waits for you.")
        self.wake()
        self._changed(row.client_id)

    async def put_aside(self, person: Person, sms_id: int) -> None:
        """What did not arrive is not sent again, what came is not answered; it leaves the list."""
        _check(person)
        now = self._clock()
        async with self._db.write() as conn:
            row = await sms_reading.one(conn, sms_id)
            if row is None:
                raise Refused("no-sms", "There is no such message.")
            if row.done_at is not None or not (row.must_be_decided or row.direction == "in"):
                raise Refused("not-stopped-sms", "This message is not one that waits for you.")
            await messages.put_aside(conn, sms_id, now)
        self._changed(row.client_id)

    async def read(self, person: Person, sms_id: int) -> None:
        """He has read one that came."""
        _check(person)
        async with self._db.write() as conn:
            row = await sms_reading.one(conn, sms_id)
            found = await sms_reading.read(conn, [sms_id], self._clock())
        if found and row is not None:
            self._changed(row.client_id)

    def cost(self, number: str, text: str, purpose: Purpose = "service") -> Cost:
        """How large a text is, and what it costs to a number; to one that is none yet, as to any."""
        size = measure(text)
        try:
            to = self._number(number).e164 or ""
        except Refused:
            to = ""
        choice = self._lines.choose(to, purpose=purpose)
        if choice is None:
            return Cost(size=size)
        return Cost(size=size, part_price=choice.price, currency=choice.currency)

    async def filled(self, person: Person, template_id: int, client_id: int | None, contact_id: int | None) -> Filled:
        """The text of a template for a client, and the fields that have no value. Raises Refused."""
        _check(person)
        async with self._db.read() as conn:
            template = await templates.get(conn, template_id)
            if template is None or template.channel != "sms":
                raise Refused("no-template", "There is no such template any more.")
            today = datetime.fromtimestamp(self._clock(), self._zone).date()
            about = About(
                client_id=client_id, contact_id=contact_id, mailbox_id=None, user_id=person.id, today=today
            )  # fmt: skip
            known = await fillings.values(conn, about, fields_of(template.body), template.language)
        return fill(template.body, known, form="text", language=template.language)

    def _number(self, typed: str) -> Number:
        number = read(self._sights.opened(typed), self._plan)
        if not number.e164:
            raise Refused("bad-number", "This is no telephone number that an SMS can go to.", where=typed[:80])
        if not takes_texts(number.e164):
            raise Refused("landline", "This is a landline: it takes no SMS.", where=typed[:80])
        return number

    def _sound(self, text: str) -> None:
        left = fields_of(text)
        if not text.strip():
            raise Refused("empty-sms", "The message is empty.")
        if left:
            raise Refused("empty-fields", "These fields of the template have no value: fill them in.", where=left[0])
        if len(text) > TEXT_CHARS or measure(text).parts > MOST_PARTS:
            raise Refused("long-sms", f"A message has {MOST_PARTS} parts at most.")

    async def _may_go(self, conn: Connection, number: Number, client_id: int | None, purpose: Purpose) -> None:
        """Refuse at once what would be stopped at the last moment."""
        if await restrictions.restriction(conn, number, self._plan, client_id=client_id) is not None:
            raise Refused("restricted-mail", "Nothing may be sent to this client: he is restricted.")
        address = number.e164 or ""
        why = await consents.refusal(conn, kind="phone", address=address, purpose=purpose, client_id=client_id)
        if why:
            raise Refused(f"sms-{why}", "He has said that he wants no messages.")

    async def _close_call(
        self, conn: Connection, person: Person, client_id: int | None, call_id: str, now: float
    ) -> bool:
        """Whether a client's call in vain is closed: he has his answer."""
        lost = await missed.concerns(conn, call_id, None) if call_id else None
        if lost is None and client_id is not None:
            lost = await missed.newest_of(conn, {client_id}, now - work.MISSED_S)
        if lost is None or await missed.is_done(conn, lost):
            return False
        why = CLOSED.get(person.language, CLOSED["en"])
        await missed.mark(conn, str(lost.id), now, closed_at=now, closed_by=person.id, why=why)
        return True


def _check(person: Person) -> None:
    if not may(person, "sms"):
        raise NotAllowed("Your role may not write SMS; ask an admin.")
