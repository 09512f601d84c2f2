"""The letter under an answer: who wrote it and when, in the words by which mail programs know a quotation."""

from __future__ import annotations

import html as entities
from collections.abc import Sequence
from datetime import datetime

from babel.dates import format_date, format_time

from cti.messages.letter import Party

WROTE = {"ru": "{when}, {who} пишет:", "en": "On {when}, {who} wrote:"}
PASSED_ON = {
    "ru": ("Пересылаемое сообщение", "От", "Дата", "Тема", "Кому", "Копия"),
    "en": ("Forwarded message", "From", "Date", "Subject", "To", "Cc"),
}


def quoted(html: str, text: str, sender: Party | None, at: datetime, language: str) -> str:
    """A letter as it stands under its answer. html: of the letter, "" for one of words only."""
    who = _spoken(sender) if sender else ""
    head = entities.escape(WROTE[language].format(when=_when(at, language), who=who))
    return f'<p>{head}</p><blockquote style="{_BAR}">{html or _lines(text)}</blockquote>'


def passed_on(html: str, text: str, people: Sequence[Party], subject: str, at: datetime, language: str) -> str:
    """A letter as it is passed on, with its head in words."""
    title, sender, date, about, to, copy = PASSED_ON[language]
    rows = [
        (sender, _all(people, "from")),
        (date, _when(at, language)),
        (about, subject),
        (to, _all(people, "to")),
        (copy, _all(people, "cc")),
    ]
    told = "<br>".join(entities.escape(f"{name}: {value}") for name, value in rows if value)
    return f"<p>---------- {entities.escape(title)} ----------<br>{told}</p>{html or _lines(text)}"


_BAR = "margin: 0 0 0 0.8em; border-left: 1px solid #cccccc; padding-left: 1em"


def _when(at: datetime, language: str) -> str:
    return f"{format_date(at, 'long', locale=language)}, {format_time(at, 'HH:mm', locale=language)}"


def _spoken(one: Party) -> str:
    return f"{one.name} <{one.address}>" if one.name else one.address


def _all(people: Sequence[Party], role: str) -> str:
    return ", ".join(_spoken(one) for one in people if one.role == role)


def _lines(text: str) -> str:
    return entities.escape(text).replace("\n", "<br>")
