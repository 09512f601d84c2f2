"""Rows of the base as a person may read them: columns by their words, ids by their names, moments in his zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from cti.clients.dossier_words import CODES, LABELS, TITLES, WORDS, Language, say
from cti.clients.paper import Cell, Section

Row = Mapping[str, Any]
# Columns that say nothing to a person; they are in data.json.
HIDDEN = frozenset((
    "answering_until", "claimed_at", "draft_uid", "files", "in_reply_to", "key", "merged_into", "message_id", "next_at",
    "oddities", "subject_key", "thread_refs", "outlook_id", "quiet", "draft_place", "tries", "content_id", "role",
    "name_folded", "folded", "search", "linked", "version", "position", "place", "stored", "sha256", "leg_id",
    "payload", "pbx", "request_id", "details", "released_by", "released_leg", "cause", "unseen_since", "unseen_until",
    "chain", "talking_since", "record", "seq", "score", "faults", "message", "clients", "latency_ms", "act", "batch",
    "rows", "total", "peaks", "created", "updated", "unchanged", "refused", "key_id", "client_key", "prefix", "placed",
    "past_id", "calibration_id", "version_id", "answers", "plan_id", "week", "shared", "due_on",
    "kept_as", "made_from", "archived_at", "left_file", "told", "bin", "before_at", "hidden",
))  # fmt: skip
USERS = (
    "created_by",
    "user_id",
    "responsible_id",
    "manager_id",
    "agent_id",
    "dismissed_by",
    "by_user_id",
    "owner_id",
    "made_by",
    "done_by",
    "taken_by",
    "closed_by",
    "held_by",
    "author_id",
    "settled_by",
)
ITEMS = ("relation_id", "region_id", "industry_id", "source_id", "role_id", "state_id")
MOMENTS = ("at", "since", "until", "taken_until", "later_until", "held_until")
NAMED = {"contact_id": "contacts", "contract_id": "contracts", "property_id": "properties", "value_id": "values",
         "segment_id": "segments", "call_id": "calls"}  # fmt: skip
CODED = ("kind", "direction", "outcome", "result", "action")
JSON = ("was", "became", "args", "reasons", "comments")


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """How ids are called, by what they are of: users, items, contacts, contracts, properties, values, ..."""

    of: Mapping[str, Mapping[Any, str]]

    def get(self, what: str, key: Any) -> str:
        """The name; the id itself where there is none."""
        return self.of.get(what, {}).get(key, "" if key is None else str(key))


class Reader:
    """Makes sections of rows. file: where a file lies beside the paper, None where it is missing."""

    def __init__(self, *, names: Names, zone: tzinfo, language: Language, file: Callable[[Row], str | None]) -> None:
        self._names = names
        self._zone = zone
        self._language = language
        self._file = file

    def section(self, table: str, rows: Sequence[Row]) -> Section:
        """A table. A single card stands on its side: one line a field."""
        hidden = HIDDEN if table == "clients" else HIDDEN | {"id", "client_id"}
        columns = [one for one in (rows[0] if rows else ()) if one not in hidden]
        title = say(TITLES, table, self._language)
        if table == "clients" and len(rows) == 1:
            lines = [(self._label(one), self.cell(table, one, rows[0])) for one in columns]
            return Section(id=table, title=title, heads=(), rows=[line for line in lines if line[1]])
        filled = [one for one in columns if any(row[one] not in (None, "") for row in rows)]
        cells = [[self.cell(table, one, row) for one in filled] for row in rows]
        return Section(id=table, title=title, heads=[*map(self._label, filled)], rows=cells, count=len(rows))

    def moment(self, at: float) -> str:
        """A moment as people write it."""
        return datetime.fromtimestamp(at, self._zone).strftime("%d.%m.%Y %H:%M:%S")

    def cell(self, table: str, column: str, row: Row) -> str | Cell:
        """One value in words."""
        value = row[column]
        if value is None:
            return ""
        if table == "client_files" and column == "name":
            href = self._file(row)
            return Cell(text=value, href=href) if href else say(WORDS, "missing", self._language, name=value)
        if table == "recordings" and column == "file":
            href = self._file(row)
            return Cell(text=value, href=href) if href else say(WORDS, "not-inside", self._language, name=value)
        if table == "recordings" and column == "state":
            return say(CODES, value, self._language)
        if column == "field":
            return self._field(value)
        if column in JSON and isinstance(value, str):
            return self._json(value)
        return self._plain(column, value)

    def _plain(self, column: str, value: Any) -> str:
        if column in USERS:
            return self._names.get("users", value)
        if column in ITEMS:
            return self._names.get("items", value)
        if column in NAMED:
            return self._names.get(NAMED[column], value)
        if isinstance(value, bool):
            return say(WORDS, "yes" if value else "no", self._language)
        if isinstance(value, float) and (column.endswith("_at") or column in MOMENTS):
            return self.moment(value)
        if column == "amount":
            return f"{value / 100:.2f}"
        if column in CODED:
            return say(CODES, value, self._language)
        return f"{value:g}" if isinstance(value, float) else str(value)

    def _label(self, column: str) -> str:
        return say(LABELS, column, self._language)

    def _field(self, field: str) -> str:
        """The field of a change: a column, a property, a part of a contact person or a contract."""
        kind, _, rest = field.partition(":")
        id_, _, part = rest.partition(":")
        if kind == "property" and id_.isdigit():
            return self._names.get("properties", int(id_))
        if id_.isdigit():
            name = self._names.get(f"{kind}s", int(id_))
            return f"{name}: {self._label(part)}" if part else name
        return self._label(field)

    def _json(self, text: str) -> str:
        try:
            return _flat(msgspec.json.decode(text)) if text else ""
        except msgspec.DecodeError:
            return text


def _flat(value: Any) -> str:
    """A value of JSON as words."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_flat(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(filter(None, (_flat(one) for one in value if one is not False)))
    return "" if value is None else str(value)
