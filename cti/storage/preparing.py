"""What a rule would send and order on an occasion: a letter or an SMS, and a task; or why it would not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard
from cti.clients.zones import clock_of
from cti.messages.doors import Doors
from cti.messages.letter import SUBJECT_CHARS, Attachment, Party
from cti.messages.rules import QUIET_S, Occasion, Rule
from cti.messages.sms import MOST_PARTS, measure
from cti.messages.templates import CALLBACK_LINK, CALLBACK_WORD, LATER, UNSUBSCRIBE, Value, fields_of, fill
from cti.storage import (
    bounces,
    cards,
    consents,
    event_rules,
    fillings,
    mailboxes,
    merges,
    missed,
    occasions,
    outbox,
    restrictions,
    sms,
    templates,
)
from cti.storage.fillings import About
from cti.storage.templates import Template
from cti.telephony.numbering import NumberPlan, read, takes_texts

TASK_CHARS = 400
_SPACES = str.maketrans("\u00a0\u202f", "  ")  # dates and sums have them, and phones show them as boxes
WORD = "1"  # by which a client orders a call-back in answer to an SMS


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """Of an SMS of one part by the gateway that would take it. amount: hundredths of the currency."""

    amount: int
    currency: str


@dataclass(kw_only=True, slots=True)
class House:
    """What is the same for all. doors: addresses in what is sent; price: None where no gateway serves a number."""

    plan: NumberPlan
    zone: ZoneInfo
    doors: Doors
    price: Callable[[str, str], Price | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What would be sent and ordered. letter, text: rows of the outbox and of SMS; why: code of why neither is."""

    card: ClientCard | None = None
    why: str = ""
    to: str = ""
    people: tuple[Party, ...] = ()
    letter: dict[str, Any] | None = None
    text: dict[str, Any] | None = None
    files: tuple[Attachment, ...] = ()
    task: str = ""
    owner_id: int | None = None

    def without(self, why: str) -> Prepared:
        """It with nothing to be sent."""
        return replace(self, why=why, letter=None, text=None)


async def prepare(
    conn: AsyncConnection, house: House, rule: Rule, one: Occasion, now: float, *, dry: bool = False
) -> Prepared:
    """All of it. dry: what has happened since, and what was sent before, does not count."""
    client_id = await merges.kept_id(conn, one.client_id) if one.client_id else None
    card = await cards.get(conn, client_id) if client_id else None
    if card is None and not (rule.channel == "sms" and one.call and one.client_id is None):
        return Prepared(why="no-client")
    made = Prepared(card=card, owner_id=one.manager_id or (card.responsible_id if card else None))
    if card is not None and card.restricted_at is not None:
        return made.without("restricted")
    if one.call and not dry:
        lost = await missed.concerns(conn, one.call, None, hold=False)
        if lost is None or await missed.is_done(conn, lost):
            return made.without("called-back")
        if card and await event_rules.written_since(conn, rule.id, card.id, now - QUIET_S):
            return made.without("already-written")
    about = About(
        client_id=card.id if card else None,
        contract_id=one.contract_id,
        mailbox_id=rule.mailbox_id,
        user_id=card.responsible_id if card else None,
        today=datetime.fromtimestamp(now, house.zone).date(),
    )
    if rule.task and card is not None:
        known = await fillings.values(conn, about, fields_of(rule.task), "ru")
        known |= await _of_occasion(conn, house, rule, one, made, now)
        made = replace(made, task=fill(rule.task, known, form="line", language="ru").text[:TASK_CHARS])
    if not rule.template_id:
        return made
    template = await templates.get(conn, rule.template_id)
    if template is None or template.retired_at is not None:
        return made.without("no-template")
    if rule.channel == "sms":
        return await _with_text(conn, house, rule, one, made, template, about, now, dry=dry)
    return await _with_letter(conn, house, rule, one, made, template, about, now, dry=dry)


async def _of_occasion(
    conn: AsyncConnection, house: House, rule: Rule, one: Occasion, made: Prepared, now: float
) -> dict[str, Value]:
    """Values that only some occasions have."""
    known: dict[str, Value] = {}
    if one.call:
        known |= {CALLBACK_LINK: house.doors.address("c", one.call, now) or None, CALLBACK_WORD: WORD}
    if rule.channel == "email" and rule.given.purpose != "service" and house.doors.site:
        known[UNSUBSCRIBE] = LATER
    if one.due_at is not None:
        zones = await occasions.zones(conn, [made.card.id]) if made.card else {}
        zone = clock_of(*zones.get(made.card.id if made.card else 0, ("", "")), house.zone.key).zone
        due = datetime.fromtimestamp(one.due_at, ZoneInfo(zone))
        known |= {"task.what": one.what or None, "task.date": due.date(), "task.time": due.strftime("%H:%M")}
    return known


async def _with_text(
    conn: AsyncConnection,
    house: House,
    rule: Rule,
    one: Occasion,
    made: Prepared,
    template: Template,
    about: About,
    now: float,
    *,
    dry: bool,
) -> Prepared:
    number, why = _mobile(made.card, one)
    made = replace(made, to=number)
    if why:
        return made.without(why)
    client_id = made.card.id if made.card else None
    if await restrictions.restriction(conn, read(number, house.plan), house.plan, client_id=client_id):
        return made.without("restricted")
    refused = await consents.refusal(
        conn, kind="phone", address=number, purpose=rule.given.purpose, client_id=client_id
    )
    if refused:
        return made.without(refused)
    known = await fillings.values(conn, about, fields_of(template.body), template.language)
    known |= await _of_occasion(conn, house, rule, one, made, now)
    try:
        body = fill(template.body, known, form="text", language=template.language)
    except ValueError:
        return made.without("too-long")
    text = body.text.translate(_SPACES).strip()
    parts = measure(text).parts
    price = house.price(number, rule.given.purpose)
    values = {
        "key": f"rule:{rule.id}:{hashlib.sha256(one.key.encode()).hexdigest()[:40]}",
        "number": number,
        "text": text[:2000] if parts > MOST_PARTS else text,
        "purpose": rule.given.purpose,
        "parts": parts,
        "price": parts * price.amount if price else 0,
        "currency": price.currency if price else "RUB",
        "client_id": client_id,
        "rule_id": rule.id,
        "template_id": template.id,
        "call_id": one.call,
        "automatic": True,
        "send_at": now,
    }
    made = replace(made, text=values)
    if parts > MOST_PARTS:
        return replace(made if dry else made.without(""), why="too-long")
    if body.missing:
        return replace(made if dry else made.without(""), why="missing-field")
    if dry or one.contract_id is not None or one.due_at is not None:  # each is a matter of its own
        return made
    written = await sms.wrote_since(conn, rule.id, number, now - QUIET_S)
    return made.without("already-written") if written else made


def _mobile(card: ClientCard | None, one: Occasion) -> tuple[str, str]:
    """The number that an SMS goes to, or why there is none: who called is answered where he called from."""
    own = [phone.e164 for phone in card.phones if phone.e164] if card else []
    tried = [one.number] if one.number.startswith("+") else []
    numbers = tried if one.call else [*tried, *own]
    if not numbers:
        return "", "no-number"
    mobile = next((number for number in numbers if takes_texts(number)), "")
    return (mobile, "") if mobile else (numbers[0], "landline")


async def _with_letter(
    conn: AsyncConnection,
    house: House,
    rule: Rule,
    one: Occasion,
    made: Prepared,
    template: Template,
    about: About,
    now: float,
    *,
    dry: bool,
) -> Prepared:
    mailbox = await mailboxes.get(conn, rule.mailbox_id or 0)
    if mailbox is None or mailbox.paused_at is not None:
        return made.without("no-mailbox")
    card = made.card
    if card is None:
        return made.without("no-client")
    to, contact_id = await occasions.addressee(conn, card)
    if to is None:
        return made.without("no-address")
    made = replace(made, people=(to,), to=to.address)
    why = await _letter_stopped(conn, house, rule, card.id, to)
    if why:
        return made.without(why)
    about = replace(about, contact_id=contact_id)
    known = await fillings.values(conn, about, fields_of(template.subject, template.body), template.language)
    known |= await _of_occasion(conn, house, rule, one, made, now)
    subject = fill(template.subject, known, form="line", language=template.language)
    body = fill(template.body, known, form="html", language=template.language)
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
        return made.without("missing-field")
    made = replace(made, letter=values, files=tuple(file.attachment for file in template.files))
    if dry or one.contract_id is not None:  # each contract is a matter of its own
        return made
    written = await outbox.wrote_since(conn, rule.id, to.folded, now - QUIET_S)
    return made.without("already-written") if written else made


async def _letter_stopped(conn: AsyncConnection, house: House, rule: Rule, client_id: int, to: Party) -> str:
    if to.folded in await mailboxes.addresses(conn):
        return "own-address"
    if any(known.lasting for known in await bounces.of(conn, [to.folded])):
        return "bounced"
    if await restrictions.restriction(conn, to.address, house.plan, client_id=client_id):
        return "restricted"
    return await consents.refusal(
        conn, kind="email", address=to.folded, purpose=rule.given.purpose, client_id=client_id
    )
