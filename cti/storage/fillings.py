"""What the fields of a template mean for one letter: a client, his person, his manager, a contract, who writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard
from cti.clients.contracts import Contract
from cti.clients.properties import Property
from cti.clients.properties import Value as Said
from cti.messages.templates import PROPERTY, Money, Value
from cti.storage import cards, contacts, contracts, mailboxes, properties, users
from cti.storage.tables import devices

YES_NO = {"ru": ("да", "нет"), "en": ("yes", "no")}


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """Whom and what a letter is about; None where it is about none. today: in the house's time zone."""

    client_id: int | None = None
    contact_id: int | None = None
    contract_id: int | None = None
    mailbox_id: int | None = None
    user_id: int | None = None
    today: date


async def values(conn: AsyncConnection, about: About, asked: Collection[str], language: str) -> dict[str, Value]:
    """The values of the fields that are asked for; None for what is not known."""
    card = await cards.get(conn, about.client_id) if about.client_id else None
    known = await _wanted(conn, asked)
    return await _values(conn, about, card, known, await _of_house(conn, about), asked, language)


async def of_many(
    conn: AsyncConnection, abouts: Sequence[About], asked: Collection[str], language: str
) -> list[dict[str, Value]]:
    """The same for many letters of one mailbox and one writer, in their order; a few hundred at once."""
    found = await cards.of(conn, [one.client_id for one in abouts if one.client_id])
    known = await _wanted(conn, asked)
    house = await _of_house(conn, abouts[0]) if abouts else {}
    return [await _values(conn, one, found.get(one.client_id or 0), known, house, asked, language) for one in abouts]


async def _values(
    conn: AsyncConnection,
    about: About,
    card: ClientCard | None,
    known: Sequence[Property],
    house: Mapping[str, Value],
    asked: Collection[str],
    language: str,
) -> dict[str, Value]:
    found: dict[str, Value] = dict.fromkeys(asked)
    if card is not None:
        found |= _of_card(card)
        found |= {f"{PROPERTY}{one.id}": _said(one, card.values.get(one.id), language) for one in known}
        if card.responsible_id:
            found["manager.name"] = card.responsible
            if "manager.phone" in asked:
                found["manager.phone"] = await _extension(conn, card.responsible_id)
    of_person = about.contact_id if "person.name" in asked else None
    contact = await contacts.get(conn, of_person) if of_person else None
    if contact is not None:
        found["person.name"] = contact.name
    elif card is not None and card.kind == "person":
        found["person.name"] = card.name
    if any(one.startswith("contract.") for one in asked) and card is not None:
        found |= _of_contract(_meant(await contracts.of_client(conn, card.id), about))
    found |= house
    return {one: found.get(one) for one in asked}


def _of_card(card: ClientCard) -> dict[str, Value]:
    first = card.emails[0] if card.emails else None
    return {
        "client.name": card.name,
        "client.full_name": card.full_name or card.name,
        "client.email": first,
        "client.inn": card.inn or None,
    }


async def _wanted(conn: AsyncConnection, asked: Collection[str]) -> list[Property]:
    """The properties that are asked for."""
    wanted = {int(one.removeprefix(PROPERTY)) for one in asked if one.startswith(PROPERTY)}
    return [one for one in await properties.every(conn, retired=True) if one.id in wanted] if wanted else []


def _said(prop: Property, value: Said, language: str) -> Value:
    names = {one.id: one.name for one in prop.values}
    if value is None:
        return None
    if prop.kind == "date":
        return date.fromisoformat(str(value))
    if prop.kind == "list":
        return names.get(int(value))  # type: ignore[arg-type]
    if prop.kind == "several":
        return ", ".join(names[one] for one in value if one in names)  # type: ignore[union-attr]
    if prop.kind == "yes-no":
        return YES_NO[language][0 if value else 1]
    if isinstance(value, float):
        return f"{value:g}".replace(".", "," if language == "ru" else ".")
    return str(value)


def _meant(known: list[Contract], about: About) -> Contract | None:
    """The contract that is asked for; else the one that is in force and ends first."""
    if about.contract_id:
        return next((one for one in known if one.id == about.contract_id), None)
    running = [one for one in known if not one.ends_on or one.ends_on >= about.today.isoformat()]
    return min(running, key=lambda one: one.ends_on or "9999", default=None)


def _of_contract(one: Contract | None) -> dict[str, Value]:
    if one is None:
        return {}
    return {
        "contract.number": one.number,
        "contract.signed_on": date.fromisoformat(one.signed_on) if one.signed_on else None,
        "contract.ends_on": date.fromisoformat(one.ends_on) if one.ends_on else None,
        "contract.amount": Money(amount=one.amount, currency=one.currency) if one.amount is not None else None,
    }


async def _of_house(conn: AsyncConnection, about: About) -> dict[str, Value]:
    found: dict[str, Value] = {"today": about.today}
    mailbox = await mailboxes.get(conn, about.mailbox_id) if about.mailbox_id else None
    if mailbox is not None:
        found |= {"mailbox.name": mailbox.sender_name or mailbox.name, "mailbox.address": mailbox.address}
    user = await users.by_id(conn, about.user_id) if about.user_id else None
    return found | ({"my.name": user.name} if user else {})


async def _extension(conn: AsyncConnection, user_id: int) -> str | None:
    """The internal number of a person: of the phone he has chosen, else of any."""
    mine: Any = select(devices.c.extension).where(devices.c.user_id == user_id)
    found = (await conn.execute(mine.order_by(devices.c.chosen.desc(), devices.c.id).limit(1))).scalar()
    return str(found) if found else None
