"""Rules on events: what they send and order, once each, and what they would if they worked.

Rules kept here: what a rule waits for is found in the base (storage/occasions.py) at every look, so nothing is lost
while the server is down; what it does and the key of what it did are one transaction, so a kill at any point doubles
nothing. A call that was answered or called back before the letter is due sends nothing. Whoever is restricted, has no
address, or whose address letters came back from is passed over, and the reason is kept. A rule that is stopped stops
at once: what it has in the outbox does not leave.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from cti.access import Person, may
from cti.clients.becoming import fault_of
from cti.clients.card import ClientCard
from cti.clients.changes import Change
from cti.clients.filters import day_begins
from cti.clients.masking import Words
from cti.clients.tasks import TaskDraft
from cti.clients.zones import Clock, clock_of
from cti.errors import Conflicts, NotAllowed, Refused, StorageError
from cti.messages.letter import SUBJECT_CHARS, Attachment, Party
from cti.messages.plain_part import plain_part
from cti.messages.rules import LATEST_S, QUIET_S, Given, Occasion, Rule, fault, goes_at
from cti.messages.templates import fields_of, fill, strangers
from cti.storage import (
    bounces,
    cards,
    changes,
    event_rules,
    fillings,
    mailboxes,
    merges,
    missed,
    occasions,
    outbox,
    properties,
    restrictions,
    tasks,
    templates,
)
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.fillings import About
from cti.storage.sight import sight_of
from cti.telephony.numbering import NumberPlan

LOOK_S = 15.0
BACK_DAYS = 4  # what waits for a rule's hours over a weekend
SHOWN_DAYS, SHOWN_MOST = 30, 50  # of a dry run
TASK_CHARS = 400

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What a rule would do once. at: when; why: code of what stands in the way of the letter, "" for nothing.

    clock: whose time its hours and days are, and why.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prepared:
    """A letter and a task as they would be made."""

    card: ClientCard | None
    why: str = ""
    people: tuple[Party, ...] = ()
    values: dict[str, Any] | None = None
    files: tuple[Attachment, ...] = ()
    task: str = ""
    owner_id: int | None = None


class EventRules:
    """All of it. wake: the outbox has something to send; work_changed: somebody has something to do."""

    def __init__(
        self,
        *,
        db: Database,
        plan: NumberPlan,
        zone: ZoneInfo,
        wake: Callable[[], None],
        work_changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._plan = plan
        self._zone = zone
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
            if await mailboxes.get(conn, rule.mailbox_id or 0) is None:
                raise Refused("no-rule-mailbox", "Say from which mailbox the letter goes.")
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
            if rule.event not in ("contract-ends", "date"):  # what has happened: the newest first
                some = sorted(some, key=lambda one: -one.at)
            for one in some[:SHOWN_MOST]:
                prepared = await self._prepare(conn, rule, one, now, dry=True)
                found.append(await self._planned(conn, rule, one, prepared))
        return found

    async def _planned(self, conn: Connection, rule: Rule, one: Occasion, made: _Prepared) -> Planned:
        values = made.values or {}
        return Planned(
            client_id=made.card.id if made.card else None,
            client=made.card.name if made.card else "",
            at=(await self._due(conn, rule, [one]))[one.key],
            clock=(await self._clocks(conn, [one])).get(one.client_id or 0, clock_of("", "", self._zone.key)),
            to=made.people[0].address if made.people else "",
            subject=values.get("subject", ""),
            body=plain_part(values.get("html", "")),
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
        now, count = self._clock(), 0
        async with self._db.read() as conn:
            working = [one for one in await event_rules.every(conn) if one.enabled_at is not None]
        for rule in working:
            async with self._db.read() as conn:
                found = await self._occasions(conn, rule, now)
                done = await event_rules.done(conn, rule.id, [one.key for one in found])
                due = await self._due(conn, rule, [one for one in found if one.key not in done])
            for one in found:
                if due.get(one.key, now + 1) <= now:
                    await self._act(rule.id, one, now, late=due[one.key] < now - LATEST_S)
                    count += 1
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
                found = await occasions.missed_calls(conn, given, since, rule_id=left)
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

    async def _due(self, conn: Connection, rule: Rule, some: list[Occasion]) -> dict[str, float]:
        """When each is due, on its client's clock."""
        clocks = await self._clocks(conn, some if rule.hours else [one for one in some if one.day])
        due: dict[str, float] = {}
        for one in some:
            zone = ZoneInfo(clocks[one.client_id or 0].zone) if one.client_id in clocks else self._zone
            due[one.key] = goes_at(day_begins(one.day, zone) if one.day else one.at, rule.delay_s, rule.hours, zone)
        return due

    async def _clocks(self, conn: Connection, some: list[Occasion]) -> dict[int, Clock]:
        """The clocks of clients: the card's zone, else the region's, else the house's."""
        said = await occasions.zones(conn, {one.client_id for one in some if one.client_id})
        return {client_id: clock_of(*zones, self._zone.key) for client_id, zones in said.items()}

    async def _act(self, rule_id: int, one: Occasion, now: float, *, late: bool) -> None:
        """Do it, and note that it was done: one transaction."""
        async with self._db.write() as conn:
            rule = await event_rules.get(conn, rule_id)
            if rule is None or rule.enabled_at is None or await event_rules.done(conn, rule_id, [one.key]):
                return  # it was stopped meanwhile
            made = await self._prepare(conn, rule, one, now)
            if late:
                made = replace(made, why="too-late", values=None, task="")
            outbox_id, outcome = None, "skipped"
            if made.values is not None:
                outbox_id = await outbox.add(conn, made.values, made.people, now)
                outcome = "queued"
                for file in made.files if outbox_id else ():
                    await outbox.add_file(conn, outbox_id or 0, file)
            if made.task and made.card is not None:
                await self._order(conn, rule, made, made.card.id, now)
                outcome = "queued" if outbox_id else "task"
            client_id = made.card.id if made.card else None
            await event_rules.note(
                conn, rule_id, one.key, at=now, client_id=client_id, outcome=outcome, why=made.why, outbox_id=outbox_id
            )

    async def _order(self, conn: Connection, rule: Rule, made: _Prepared, client_id: int, now: float) -> None:
        """A task for the client's manager; without one it is nobody's yet."""
        draft = TaskDraft(what=made.task, due_at=now, owner_id=made.owner_id)
        task_id = await tasks.add(conn, client_id, draft, now, rule.user_id or made.owner_id or 0)
        told = [Change(field=f"task:{task_id}:what", was=None, became=made.task)]
        await changes.write(conn, client_id, told, at=now, user_id=rule.user_id, version=0)

    async def _prepare(
        self, conn: Connection, rule: Rule, one: Occasion, now: float, *, dry: bool = False
    ) -> _Prepared:
        """The letter and the task of an occasion, or why there is none."""
        client_id = await merges.kept_id(conn, one.client_id) if one.client_id else None
        card = await cards.get(conn, client_id) if client_id else None
        if card is None:
            return _Prepared(card=None, why="no-client")
        if card.restricted_at is not None:
            return _Prepared(card=card, why="restricted")
        if one.call and not dry:
            lost = await missed.concerns(conn, one.call, None, hold=False)
            if lost is None or await missed.is_done(conn, lost):
                return _Prepared(card=card, why="called-back")
            if await event_rules.written_since(conn, rule.id, card.id, now - QUIET_S):
                return _Prepared(card=card, why="already-written")
        about = About(
            client_id=card.id,
            contract_id=one.contract_id,
            mailbox_id=rule.mailbox_id,
            user_id=card.responsible_id,
            today=datetime.fromtimestamp(now, self._zone).date(),
        )
        made = _Prepared(card=card, owner_id=one.manager_id or card.responsible_id)
        if rule.task:
            known = await fillings.values(conn, about, fields_of(rule.task), "ru")
            made = replace(made, task=fill(rule.task, known, form="line", language="ru").text[:TASK_CHARS])
        made = await self._with_letter(conn, rule, one, made, card, about, now) if rule.template_id else made
        if made.values is None or dry or one.contract_id is not None:  # each contract is a matter of its own
            return made
        written = await outbox.wrote_since(conn, rule.id, made.people[0].folded, now - QUIET_S)
        return replace(made, values=None, why="already-written") if written else made

    async def _with_letter(
        self, conn: Connection, rule: Rule, one: Occasion, made: _Prepared, card: ClientCard, about: About, now: float
    ) -> _Prepared:
        template = await templates.get(conn, rule.template_id or 0)
        mailbox = await mailboxes.get(conn, rule.mailbox_id or 0)
        if template is None or template.retired_at is not None:
            return replace(made, why="no-template")
        if mailbox is None or mailbox.paused_at is not None:
            return replace(made, why="no-mailbox")
        to, contact_id = await occasions.addressee(conn, card)
        if to is None:
            return replace(made, why="no-address")
        made = replace(made, people=(to,))
        if to.folded in await mailboxes.addresses(conn):
            return replace(made, why="own-address")
        if any(known.lasting for known in await bounces.of(conn, [to.folded])):
            return replace(made, why="bounced")
        if await restrictions.restriction(conn, to.address, self._plan, client_id=card.id):
            return replace(made, why="restricted")
        about = replace(about, contact_id=contact_id)
        asked = fields_of(template.subject, template.body)
        known_values = await fillings.values(conn, about, asked, template.language)
        subject = fill(template.subject, known_values, form="line", language=template.language)
        body = fill(template.body, known_values, form="html", language=template.language)
        values = {
            "key": hashlib.sha256(f"rule:{rule.id}:{one.key}".encode()).hexdigest(),
            "mailbox_id": mailbox.id,
            "state": "waiting",
            "client_id": card.id,
            "contact_id": contact_id,
            "rule_id": rule.id,
            "template_id": template.id,
            "message_id": outbox.new_message_id(mailbox.address),
            "subject": subject.text[:SUBJECT_CHARS],
            "html": body.text + mailbox.signature,
            "digest": hashlib.sha256(f"{subject.text}\n{body.text}".encode()).hexdigest(),
            "send_at": now,
            "next_at": now,
        }
        if subject.missing or body.missing:
            return replace(made, why="missing-field")
        return replace(made, values=values, files=tuple(file.attachment for file in template.files))


async def _rule(conn: Connection, rule_id: int) -> Rule:
    rule = await event_rules.get(conn, rule_id)
    if rule is None:
        raise Refused("no-rule", "There is no such rule any more.")
    return rule


def _writes(person: Person) -> None:
    if not may(person, "rules.write"):
        raise NotAllowed("Your role may not write rules; ask an admin.")
