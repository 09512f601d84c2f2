"""Contracts with clients: a number, days, a state, a sum."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from cti.clients.masking import Words

CURRENCIES = {"RUB": "₽", "USD": "$", "EUR": "€", "CNY": "¥", "KZT": "₸", "BYN": "Br"}  # code -> sign
MOST_AMOUNT = 10**16  # hundredths
DAYS = ("signed_on", "begins_on", "ends_on")
_AMOUNT = re.compile(r"(\d+)(?:[.,](\d{1,2}))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractDraft:
    """What may be said of a contract. Days are `2026-11-23` or None; amount: hundredths of the currency."""

    number: str
    signed_on: str | None = None
    begins_on: str | None = None
    ends_on: str | None = None
    state_id: int | None = None
    amount: int | None = None
    currency: str = "RUB"
    manager_id: int | None = None
    note: Words = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract(ContractDraft):
    """A contract as stored, with its client's name, its state's and its manager's. Times are UNIX seconds."""

    id: int
    client_id: int
    client_name: Words
    version: int
    created_at: float
    updated_at: float
    state: str = ""
    manager: str = ""


PLAIN = tuple(one.name for one in fields(ContractDraft))


def fields_of(contract: ContractDraft) -> dict[str, Any]:
    """The contract's fields by name, for the record of changes."""
    return {name: getattr(contract, name) for name in PLAIN}


def fault(draft: ContractDraft) -> tuple[str, str] | None:
    """What is wrong with a contract: the code of a refusal and its sentence; None where nothing is."""
    if not draft.number.strip():
        return "no-number", "A contract needs a number."
    try:
        days = {name: date.fromisoformat(value) for name in DAYS if (value := getattr(draft, name))}
    except ValueError:
        return "bad-day", "A day is written 2026-11-23."
    if "begins_on" in days and "ends_on" in days and days["ends_on"] < days["begins_on"]:
        return "ends-before-it-begins", "The contract ends before it begins."
    if draft.amount is not None and not 0 <= draft.amount <= MOST_AMOUNT:
        return "bad-amount", "The sum is too large or below zero."
    if draft.currency not in CURRENCIES:
        return "bad-currency", f"The currency is one of {', '.join(CURRENCIES)}."
    return None


def read_amount(text: str) -> int | None:
    """`1 250 000,50` as hundredths; None for an empty text. Raises ValueError for what is no sum."""
    plain = "".join(text.split())
    if not plain:
        return None
    found = _AMOUNT.fullmatch(plain)
    if found is None or len(found[1]) > 14:
        raise ValueError("not a sum")
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def show_amount(amount: int | None, point: str = ",") -> str:
    """Hundredths as people write them: `1 250 000,50`, `300 000`; "" for None. point: before the hundredths."""
    if amount is None:
        return ""
    whole, part = divmod(amount, 100)
    return f"{whole:,}".replace(",", "\u00a0") + (f"{point}{part:02}" if part else "")


def days_left(contract: ContractDraft, today: date) -> int | None:
    """Days until it ends, negative when it has ended; None where no end is said."""
    return (date.fromisoformat(contract.ends_on) - today).days if contract.ends_on else None
