"""Templates of letters and SMS: `{{field}}` of a closed list is put in, and nothing else is ever understood.

One pass over the text: what is put in is not looked at again, so a client named `{{my.name}}` stays one. Values are
escaped where the template is HTML. A field without a value stays in the text as it stands and is told: who writes sees
it before he sends, and a letter with one is not sent by itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_currency

Form = Literal["html", "text", "line"]
BODY_CHARS, VALUE_CHARS, FILLED_CHARS = 100_000, 400, 400_000
PLAIN = (
    "client.name", "client.full_name", "client.email", "client.inn",
    "person.name",
    "manager.name", "manager.phone",
    "contract.number", "contract.signed_on", "contract.ends_on", "contract.amount",
    "mailbox.name", "mailbox.address", "my.name", "today",
)  # fmt: skip
# what only some of what is sent has a value for: rules on missed calls and tasks, advertising letters, campaigns
CALLBACK_LINK, CALLBACK_WORD, UNSUBSCRIBE = "callback_link", "callback_word", "unsubscribe_link"
CAMPAIGN_LINK = "campaign_link"
TASK = ("task.what", "task.date", "task.time")
SPECIAL = (CALLBACK_LINK, CALLBACK_WORD, *TASK, UNSUBSCRIBE, CAMPAIGN_LINK)
LATER = f"{{{{{UNSUBSCRIBE}}}}}"  # its value until the letter leaves: each has an address of its own
PROPERTY = "client.property."  # with the id of one
_FIELD = re.compile(r"\{\{[ \t\u00a0]{0,9}([a-z_]{1,20}(?:\.[a-z_]{1,20})?(?:\.[0-9]{1,9})?)[ \t\u00a0]{0,9}\}\}")
_BRACES = re.compile(r"\{\{(.{0,80}?)\}\}", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Money:
    """A sum. amount: hundredths of the currency."""

    amount: int
    currency: str


Value = str | date | Money | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A text that was filled in. missing: fields that have no value, once each, in their order."""

    text: str
    missing: tuple[str, ...] = ()


def fields_of(*texts: str) -> tuple[str, ...]:
    """The fields that texts ask for, once each, in their order."""
    return tuple(dict.fromkeys(found[1] for text in texts for found in _FIELD.finditer(text)))


def strangers(properties: frozenset[int], *texts: str) -> tuple[str, ...]:
    """What stands in braces and is no field. properties: ids of those that there are."""
    written = dict.fromkeys(found[0] for text in texts for found in _BRACES.finditer(text))
    return tuple(one for one in written if not _is_known(_FIELD.fullmatch(one), properties))


def _is_known(found: re.Match[str] | None, properties: frozenset[int]) -> bool:
    if found is None:
        return False
    code = found[1]
    return (
        code in PLAIN
        or code in SPECIAL
        or (code.startswith(PROPERTY) and int(code.removeprefix(PROPERTY)) in properties)
    )


def fill(text: str, values: Mapping[str, Value], *, form: Form, language: str) -> Filled:
    """Put the values in. form: html escapes them, line keeps them on one line. Raises ValueError when it grows."""
    missing: dict[str, None] = {}

    def put(found: re.Match[str]) -> str:
        said = spoken(values.get(found[1]), language)
        if not said:
            missing[found[1]] = None
            return found[0]
        if form == "html":
            return html.escape(said).replace("\n", "<br>")
        return said if form == "text" else " ".join(said.split())

    filled = _FIELD.sub(put, text)
    if len(filled) > FILLED_CHARS:
        raise ValueError("the text is too long when it is filled in")
    return Filled(text=filled, missing=tuple(missing))


def spoken(value: Value, language: str) -> str:
    """A value as it is said in a language; "" for none."""
    if isinstance(value, date):
        return format_date(value, "long", locale=language)
    if isinstance(value, Money):
        return format_currency(value.amount / 100, value.currency, locale=language)
    printable = "".join(sign for sign in value or "" if sign.isprintable() or sign == "\n")
    return printable.strip()[:VALUE_CHARS]
