"""What differs between two plans: numbers, steps, queues, people, routes that came, went or changed, field by field."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from dialplan.plan import Plan

KEYS = ("digits", "id", "extension", "name", "number")  # the first of these that a record has says which it is
How = Literal["added", "removed", "changed"]
MOST_LINES = 2000  # of one file's differences


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of a changed record, as JSON's own kinds of values would show it."""

    name: str
    was: object
    became: object


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """part: field of the plan (`numbers`, `nodes`, `queues` ...). id, title: which record; "": the part is one."""

    part: str
    how: How
    id: str = ""
    title: str = ""
    kind: str = ""  # of a step
    fields: tuple[Field, ...] = ()


def changes(was: Plan, becomes: Plan) -> tuple[Changed, ...]:
    """All that differs, in the order of the plan."""
    parts = (each.name for each in fields(Plan))
    return tuple(one for part in parts for one in _part(part, getattr(was, part), getattr(becomes, part)))


def text_changes(was: str | None, becomes: str, name: str) -> tuple[str, ...]:
    """Lines of a unified difference of a file; was None: there is no such file."""
    old, new = (was or "").splitlines(), becomes.splitlines()
    lines = list(difflib.unified_diff(old, new, name if was is not None else "/dev/null", name, lineterm="", n=2))
    left = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], *((f"... {left}",) if left > 0 else ()))


def _part(part: str, was: Any, becomes: Any) -> Iterator[Changed]:
    records = isinstance(was, tuple) and any(is_dataclass(one) for one in (*was, *becomes))
    if not records:
        if was != becomes:
            told = tuple(_fields(was, becomes)) if is_dataclass(was) else (Field(name=part, was=was, became=becomes),)
            yield Changed(part=part, how="changed", fields=told)
        return
    old, new = _by_key(part, was), _by_key(part, becomes)
    for key, one in old.items():
        if key not in new:
            yield _told(part, "removed", key, one)
    for key, one in new.items():
        if key not in old:
            yield _told(part, "added", key, one)
        elif old[key] != one:
            yield _told(part, "changed", key, one, tuple(_fields(old[key], one)))


def _by_key(part: str, records: tuple[Any, ...]) -> Mapping[str, Any]:
    """Records by what names them; of several with one name each gets its place with it."""
    found: dict[str, Any] = {}
    for one in records:
        key = route_key(one) if part == "routes" else next((str(getattr(one, k)) for k in KEYS if hasattr(one, k)), "")
        place = 2
        name = key
        while name in found:
            name, place = f"{key} ({place})", place + 1
        found[name] = one
    return found


def route_key(one: Any) -> str:
    """A route by its beginning and how many digits there must be."""
    return f"{one.prefix}{'X' * max(one.digits - len(one.prefix), 0) if one.digits else '…'}"


def _told(part: str, how: How, key: str, one: Any, told: tuple[Field, ...] = ()) -> Changed:
    title = str(getattr(one, "title", "") or (getattr(one, "name", "") if part == "people" else ""))
    kind = type(one).__name__ if part == "nodes" else ""
    return Changed(part=part, how=how, id=key, title=title, kind=kind, fields=told)


def _fields(was: Any, becomes: Any) -> Iterator[Field]:
    """Fields of two records that differ; records of another kind differ in their kind alone."""
    if type(was) is not type(becomes):
        yield Field(name="kind", was=type(was).__name__, became=type(becomes).__name__)
        return
    for one in fields(was):
        before, after = getattr(was, one.name), getattr(becomes, one.name)
        if before != after:
            yield Field(name=one.name, was=before, became=after)
