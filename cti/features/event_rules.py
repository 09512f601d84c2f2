"""Rules on events: what they send and order, once each, and what they would if they worked.

Rules kept here: what a rule waits for is found in the base (storage/occasions.py) at every look, so nothing is lost
while the server is down; what it does and the key of what it did are one transaction, so a kill at any point doubles
nothing. A call that was answered or called back before the letter is due sends nothing. Whoever is restricted, has no
address, or whose address letters came back from is passed over, and the reason is kept. A rule that is stopped stops
at once: what it has in the outbox does not leave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from cti.access import Person, may
from cti.clients.becoming import fault_of
from cti.clients.changes import Change
from cti.clients.filters import day_begins
from cti.clients.masking import Words
from cti.clients.tasks import TaskDraft
from cti.clients.zones import Clock, clock_of
from cti.errors import Conflicts, NotAllowed, Refused, StorageError
from cti.messages.plain_part import plain_part
from cti.messages.quiet import loud_at
from cti.messages.rules import LATEST_S, Given, Occasion, Rule, fault, goes_at
from cti.messages.templates import CALLBACK_LINK, CALLBACK_WORD, SPECIAL, TASK, UNSUBSCRIBE, fields_of, strangers
from cti.storage import (
    changes,
    event_rules,
    limits,
    mailboxes,
    occasions,
    outbox,
    properties,
    sms,
    tasks,
    templates,
)
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.preparing import TASK_CHARS, House, Prepared, prepare
from cti.storage.sight import sight_of

LOOK_S = 15.0
BACK_DAYS = 4  # what waits for a rule's hours over a weekend
SHOWN_DAYS, SHOWN_MOST = 30, 50  # of a dry run

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What a rule would do once. at: when; why: code of what stands in the way of it, "" for nothing.

    clock: whose time its hours and days are, and why. parts, price: of an SMS; 0: no gateway says.
    """

    client_id: int | None
    client: Words
    at: float
    clock: Clock
    to: Words = ""
    subject: Words = ""
    body: Words = ""
    task: Words = ""
    why: str = ""
    parts: int = 0
    price: int = 0
    currency: str = ""


class EventRules:
    """All of it. wake, wake_sms: the outbox, or the queue of SMS, has something to send.

    work_changed: somebody has something to do.
    """

    def __init__(
        self,
        *,
        db: Database,
        house: House,
        wake: Callable[[], None],
        work_changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self.house = house
        self._zone = house.zone
        self.wake_sms: Callable[[], None] = _nobody
        self._wake = wake
        self._work_changed = work_changed
        self._clock = clock

    # As people set them ----------------------------------------------------------------------------------------------
    async def save(self, person: Person, rule: Rule) -> int:
        """A new rule (id 0), or all that is said of one; its id. Raises Refused in words, Conflicts."""
        _writes(person)
        rule = replace(rule, name=" ".join(rule.name.split())[:120], task=" ".join(rule.task.split())[:TASK_CHARS])
        wrong = fault(rule)
        if wrong:
            raise Refused(*wrong)
        async with self._db.write() as conn:
            names = {one.name.casefold() for one in await event_rules.every(conn) if one.id != rule.id}
            if rule.name.casefold() in names:
                raise Refused("rule-name-taken", "There is a rule of this name already.")
            await self._sound(conn, rule)
            if not rule.id:
                return await event_rules.add(conn, rule, person.id, self._clock())
            await _rule(conn, rule.id)
            if not await event_rules.change(conn, rule):
                raise Conflicts()
        return rule.id

    async def _sound(self, conn: Connection, rule: Rule) -> None:
        if rule.template_id is not None:
            template = await templates.get(conn, rule.template_id)
            if template is None or template.channel != rule.channel:
                raise Refused("no-template", "There is no such template any more.")
            if rule.channel == "email" and await mailboxes.get(conn, rule.mailbox_id or 0) is None:
                raise Refused("no-rule-mailbox", "Say from which mailbox the letter goes.")
            out_of_place = _out_of_place(rule, fields_of(template.subject, template.body, rule.task))
            if out_of_place:
                raise Refused("field-not-here", "This field has no value in such a rule.", where=out_of_place)
        known = await properties.every(conn, retired=True)
        if rule.event == "changed":
            wrong = fault_of(rule.given.field, rule.given.asked, known, hidden=sight_of(conn).hides)
            if wrong:
                raise Refused(*wrong)
        unknown = strangers(frozenset(one.id for one in known), rule.task)
        if unknown:
            raise Refused("no-field", "There is no such field.", where=unknown[0][:80])

    async def enable(self, person: Person, rule_id: int, *, works: bool) -> None:
        """Let it work from now on, or stop it: what it has in the outbox does not leave."""
        _writes(person)
        now = self._clock()
        async with self._db.write() as conn:
            rule = await _rule(conn, rule_id)
            if works != (rule.enabled_at is not None):
                await event_rules.enable(conn, rule_id, now if works else None)
            if not works:
                await event_rules.call_back(conn, rule_id, now)

    async def remove(self, person: Person, rule_id: int) -> None:
        """Stop a rule and forget it."""
        _writes(person)
        async with self._db.write() as conn:
            await _rule(conn, rule_id)
            await event_rules.call_back(conn, rule_id, self._clock())
            await event_rules.remove(conn, rule_id)

    async def dry_run(self, person: Person, rule: Rule) -> list[Planned]:
        """What it would do: of the last 30 days where something must happen first, of the next 30 where a day comes."""
        _writes(person)
        now, found = self._clock(), list[Planned]()
        async with self._db.read(slow=True) as conn:
            await self._sound(conn, rule)
            some = await self._occasions(conn, rule, now, dry=True)
            if rule.event not in ("contract-ends", "date", "task-due"):  # what has happened: the newest first
                some = sorted(some, key=lambda one: -one.at)
            for one in some[:SHOWN_MOST]:
                prepared = await prepare(conn, self.house, rule, one, now, dry=True)
                found.append(await self._planned(conn, rule, one, prepared))
        return found

    async def _planned(self, conn: Connection, rule: Rule, one: Occasion, made: Prepared) -> Planned:
        letter, text = made.letter or {}, made.text or {}
        return Planned(
            client_id=made.card.id if made.card else None,
            client=made.card.name if made.card else "",
            at=(await self._due(conn, rule, [one], self._clock()))[one.key],
            clock=(await self._clocks(conn, [one])).get(one.client_id or 0, clock_of("", "", self._zone.key)),
            to=made.to,
            subject=letter.get("subject", ""),
            body=text.get("text", "") or plain_part(letter.get("html", "")),
            parts=text.get("parts", 0),
            price=text.get("price", 0),
            currency=text.get("currency", ""),
            task=made.task,
            why=made.why,
        )

    # As they work ----------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except StorageError as error:
                log.warning("rules cannot look now", reason=str(error))
            except Exception:
                log.exception("a rule failed")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """Do what is due now; how much was done."""
        now, count, sent = self._clock(), 0, set[str]()
        async with self._db.read() as conn:
            working = [one for one in await event_rules.every(conn) if one.enabled_at is not None]
        for rule in working:
            async with self._db.read() as conn:
                found = await self._occasions(conn, rule, now)
                done = await event_rules.done(conn, rule.id, [one.key for one in found])
                due = await self._due(conn, rule, [one for one in found if one.key not in done], now)
            for one in found:
                if due.get(one.key, now + 1) <= now:
                    sent.add(await self._act(rule.id, one, now, late=due[one.key] < now - LATEST_S))
                    count += 1
        if "sms" in sent:
            self.wake_sms()
        if count:
            self._wake()
            self._work_changed()
        return count

    async def _occasions(self, conn: Connection, rule: Rule, now: float, *, dry: bool = False) -> list[Occasion]:
        """What it waits for and what has come, of the clients of its segment."""
        back = (SHOWN_DAYS if dry else BACK_DAYS) * 86400.0
        since = now - back if dry else max(rule.enabled_at or now, now - back - rule.delay_s)
        today, given, left = datetime.fromtimestamp(now, self._zone).date(), rule.given, None if dry else rule.id
        match rule.event:
            case "missed-call":
                anybody = rule.channel == "sms"
                found = await occasions.missed_calls(conn, given, since, strangers=anybody, rule_id=left)
            case "task-due":
                ahead_s = SHOWN_DAYS * 86400.0 if dry else 0.0
                found = await occasions.due_tasks(conn, given, now, ahead_s=ahead_s, rule_id=left)
            case "contract-ends":
                ahead = SHOWN_DAYS if dry else 1  # where it is tomorrow already
                found = await occasions.ending_contracts(conn, given, today, self._zone, ahead=ahead, rule_id=left)
            case "changed":
                found = await occasions.changed(conn, given, since, now if dry else now - rule.delay_s)
            case "new-client":
                found = await occasions.new_clients(conn, since, rule_id=left)
            case "date":
                found = await self._dates(conn, given, today, left)
        if given.segment_id is None:
            return found
        ids = {one.client_id for one in found if one.client_id}
        inside = await occasions.inside(conn, given.segment_id, ids, self._zone, now)
        return [one for one in found if one.client_id in inside]

    async def _dates(self, conn: Connection, given: Given, today: date, left: int | None) -> list[Occasion]:
        days = range(SHOWN_DAYS) if left is None else range(-BACK_DAYS + 1, 2)
        found: list[Occasion] = []
        for ahead in days:
            found += await occasions.dates(conn, given, today + timedelta(days=ahead), self._zone, rule_id=left)
        return found

    async def _due(self, conn: Connection, rule: Rule, some: list[Occasion], now: float) -> dict[str, float]:
        """When each is due, on its client's clock."""
        kept = rule.channel == "sms"
        clocks = await self._clocks(conn, some if rule.hours or kept else [one for one in some if one.day])
        quiet, due = (await limits.read(conn))[0], dict[str, float]()
        for one in some:
            zone = ZoneInfo(clocks[one.client_id or 0].zone) if one.client_id in clocks else self._zone
            goes = goes_at(day_begins(one.day, zone) if one.day else one.at, rule.delay_s, rule.hours, zone)
            if one.due_at is not None:  # nobody is reminded of what is over when his night is
                goes = max(goes, now)
            due[one.key] = loud_at(goes, quiet, zone) if kept else goes
        return due

    async def _clocks(self, conn: Connection, some: list[Occasion]) -> dict[int, Clock]:
        """The clocks of clients: the card's zone, else the region's, else the house's."""
        said = await occasions.zones(conn, {one.client_id for one in some if one.client_id})
        return {client_id: clock_of(*zones, self._zone.key) for client_id, zones in said.items()}

    async def _act(self, rule_id: int, one: Occasion, now: float, *, late: bool) -> str:
        """Do it, and note that it was done: one transaction. The channel by which something was sent, "" for none."""
        async with self._db.write() as conn:
            rule = await event_rules.get(conn, rule_id)
            if rule is None or rule.enabled_at is None or await event_rules.done(conn, rule_id, [one.key]):
                return ""  # it was stopped meanwhile
            made = await prepare(conn, self.house, rule, one, now)
            if late:
                made = replace(made.without("too-late"), task="")
            letter_id = await self._letter(conn, made, now)
            text_id = await sms.add(conn, made.text, now) if made.text else None
            outcome = "queued" if letter_id or text_id else "skipped"
            if made.task and made.card is not None:
                await self._order(conn, rule, made, made.card.id, now)
                outcome = "queued" if letter_id or text_id else "task"
            await event_rules.note(
                conn,
                rule_id,
                one.key,
                at=now,
                client_id=made.card.id if made.card else None,
                outcome=outcome,
                why=made.why,
                outbox_id=letter_id,
                sms_id=text_id,
            )
        return "sms" if text_id else "email" if letter_id else ""

    async def _letter(self, conn: Connection, made: Prepared, now: float) -> int | None:
        if made.letter is None:
            return None
        letter_id = await outbox.add(conn, made.letter, made.people, now)
        for file in made.files if letter_id else ():
            await outbox.add_file(conn, letter_id or 0, file)
        return letter_id

    async def _order(self, conn: Connection, rule: Rule, made: Prepared, client_id: int, now: float) -> None:
        """A task for the client's manager; without one it is nobody's yet."""
        draft = TaskDraft(what=made.task, due_at=now, owner_id=made.owner_id)
        task_id = await tasks.add(conn, client_id, draft, now, rule.user_id or made.owner_id or 0)
        told = [Change(field=f"task:{task_id}:what", was=None, became=made.task)]
        await changes.write(conn, client_id, told, at=now, user_id=rule.user_id, version=0)


def _out_of_place(rule: Rule, asked: tuple[str, ...]) -> str:
    """A field that no occasion of this rule has a value for; "" where there is none."""
    known = {"missed-call": (CALLBACK_LINK, CALLBACK_WORD), "task-due": TASK}.get(rule.event, ())
    ads = rule.channel == "email" and rule.given.purpose != "service"
    special = [one for one in SPECIAL if one not in known and not (ads and one == UNSUBSCRIBE)]
    return next((f"{{{{{one}}}}}" for one in asked if one in special), "")


def _nobody() -> None:
    """Nothing sends SMS yet."""


async def _rule(conn: Connection, rule_id: int) -> Rule:
    rule = await event_rules.get(conn, rule_id)
    if rule is None:
        raise Refused("no-rule", "There is no such rule any more.")
    return rule


def _writes(person: Person) -> None:
    if not may(person, "rules.write"):
        raise NotAllowed("Your role may not write rules; ask an admin.")
