"""The act of an erasure and its event log, without identity: the fields of Roskomnadzor's order 179 of 28.10.2022."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from cti.clients.dossier_words import CATEGORIES, WAYS, WORDS, Language, say
from cti.clients.paper import Section, html
from cti.storage.erasing import Message
from cti.storage.erasures import Erasure


class Papers:
    """Papers of one erasure. operator: name and address of the house, as the settings say; "": a line to fill in."""

    def __init__(self, erasure: Erasure, *, operator: str, zone: ZoneInfo, language: Language) -> None:
        self._erasure = erasure
        self._operator = operator
        self._zone = zone
        self._language = language

    def act(self) -> Iterator[str]:
        """The act as one HTML file, to be printed and signed."""
        heads, rows = self.log()
        said = [self._say("again")] if self._erasure.act.again else []
        parts = [
            Section(id="act", title=self._say("fields"), heads=(), rows=self._lines()),
            Section(id="events", title=self._say("events"), heads=heads, rows=rows, count=len(rows)),
        ]
        return html(self._say("act", number=self._erasure.id), self._language, said, parts)

    def log(self) -> tuple[list[str], list[list[str]]]:
        """The event log as a table: headings and rows."""
        act = self._erasure.act
        at, whose = self._moment(act.entry.at), self._whose()
        heads = [self._say(one) for one in ("time", "data-of", "category", "table", "way", "rows", "system", "why")]
        end = [self._say("trubka"), self._erasure.reason]
        done = [(one.category, one.table, say(WAYS, one.way, self._language), one.count) for one in act.events]
        if act.files:
            done.append(("files", self._say("files-on-disk"), say(WAYS, "deleted", self._language), act.files))
        if act.messages:
            done.append(("calls", self._say("messages"), say(WAYS, "deleted", self._language), act.messages))
        rows = [
            [at, whose, say(CATEGORIES, category, self._language), table, way, str(count), *end]
            for category, table, way, count in done
        ]
        if act.cleaned_at:
            rows.append([self._moment(act.cleaned_at), whose, self._say("cleaned"), "", "", "", *end])
        return heads, rows

    def _lines(self) -> Sequence[tuple[str, str]]:
        act = self._erasure.act
        kinds = dict.fromkeys(say(CATEGORIES, one.category, self._language) for one in act.events)
        cleaned = self._moment(act.cleaned_at) if act.cleaned_at else self._say("not-yet")
        lines = [
            ("operator", self._operator),
            ("processor", ""),
            ("subject", self._whose()),
            ("by", act.entry.by),
            ("position-sign", ""),
            ("categories", ", ".join(kinds)),
            ("system", self._say("trubka")),
            ("way", self._say("way-text")),
            ("why", self._erasure.reason),
            ("when", self._moment(act.entry.at)),
            ("cleaned", cleaned),
        ]
        if act.left:
            lines.append(("left", ", ".join(act.left)))
        if act.messages_left:
            lines.append(("messages-left", ", ".join(self._message(one) for one in act.messages_left)))
        return [(self._say(code), value) for code, value in lines]

    def _message(self, one: Message) -> str:
        """`main: default/100/INBOX/msg0003`, or when it was left."""
        return f"{one.pbx}: {one.place or self._moment(one.at or 0.0)}"

    def _whose(self) -> str:
        entry = self._erasure.act.entry
        code, cards = ("card", entry.clients) if entry.clients else ("contact", entry.people)
        return self._say(code, ids=", ".join(str(id_) for id_, _ in cards))

    def _moment(self, at: float) -> str:
        return datetime.fromtimestamp(at, self._zone).strftime("%d.%m.%Y %H:%M:%S")

    def _say(self, code: str, **args: object) -> str:
        return say(WORDS, code, self._language, **args)
