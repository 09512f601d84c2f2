"""A plan as JSON: how a draft is kept, sent and exported. Equal plans are equal bytes, so versions can be compared.

A step is `{"kind": "ToQueue", ...}`. What is not said is as the plan's own defaults have it; what is not known is
refused, and so is what is too much: nobody's file is trusted.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from cti.errors import Refused
from dialplan.plan import Node, Plan

LARGEST_BYTES = 4 << 20
MOST_OF_A_KIND = 5000
LONGEST_TEXT = 500
MOST_NUMBER = 1_000_000
KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Node)}


def write(plan: Plan) -> str:
    """The plan as text, a field on each line."""
    return msgspec.json.format(msgspec.json.encode(said(plan)), indent=1).decode() + "\n"


def said(plan: Plan) -> dict[str, Any]:
    """The plan as JSON's own kinds of values."""
    built: dict[str, Any] = msgspec.to_builtins(plan)
    built["nodes"] = [said_node(one) for one in plan.nodes]
    return built


def said_node(node: Node) -> dict[str, Any]:
    """A step as JSON's own kinds of values."""
    return {"kind": type(node).__name__, **msgspec.to_builtins(node)}


def read(text: str | bytes) -> Plan:
    """The plan of a text. Raises Refused `bad-plan` with what is wrong and where."""
    if len(text) > LARGEST_BYTES:
        raise Refused("bad-plan", f"A plan is at most {LARGEST_BYTES >> 20} MB.")
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused("bad-plan", f"This is no JSON: {error}") from None
    return heard(value)


def heard(value: Any) -> Plan:
    """The plan of JSON's own kinds of values. Raises Refused `bad-plan`."""
    given = _object(value, "plan")
    listed = enumerate(_list(given.get("nodes", []), "nodes"))
    nodes = tuple(heard_node(one, f"nodes[{at}]") for at, one in listed)
    rest: Plan = _made({name: one for name, one in given.items() if name != "nodes"}, Plan, "plan")
    return replace(rest, nodes=nodes)


def heard_node(value: Any, where: str = "step") -> Node:
    """A step of JSON's own kinds of values. Raises Refused `bad-plan`."""
    given = dict(_object(value, where))
    kind = KINDS.get(str(given.pop("kind", "")))
    if kind is None:
        raise _refused(where, f"kind is one of {', '.join(KINDS)}")
    made: Node = _made(given, kind, where)
    return made


def _made(given: dict[str, Any], kind: type, where: str) -> Any:
    """A record of its fields, each read on its own so that a fault says its place."""
    known = _fields(kind)
    for name in given:
        if name not in known:
            raise _refused(where, f"{name[:40]!r} is not known here")
    for name, (_, needed) in known.items():
        if needed and name not in given:
            raise _refused(where, f"{name} is missing")
    prefix = "" if kind is Plan else f"{where}."
    return kind(**{name: _value(value, known[name][0], prefix + name) for name, value in given.items()})


def _value(value: Any, kind: Any, where: str) -> Any:
    """A value of a field: plain, a record, or records one after another."""
    _bound(value, where)
    if get_origin(kind) in (UnionType, Union) and type(None) in get_args(kind):
        if value is None:
            return None
        kind = next(one for one in get_args(kind) if one is not type(None))
    if isinstance(kind, type) and is_dataclass(kind):
        return _made(_object(value, where), kind, where)
    inner = get_args(kind)[0] if get_origin(kind) is tuple else None
    if isinstance(inner, type) and is_dataclass(inner):
        listed = enumerate(_list(value, where))
        return tuple(_made(_object(one, f"{where}[{at}]"), inner, f"{where}[{at}]") for at, one in listed)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at `$")
        raise _refused(where + at.removesuffix("`"), what) from None


@cache
def _fields(kind: type) -> dict[str, tuple[Any, bool]]:
    """A record's fields: of which kind each is, and whether it must be said."""
    hints = get_type_hints(kind)
    needed = {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}
    return {one.name: (hints[one.name], one.name in needed) for one in fields(kind)}


def _bound(value: Any, where: str) -> None:
    """Nothing is longer, more or greater than a plan may have it."""
    if isinstance(value, str) and (len(value) > LONGEST_TEXT or "\x00" in value or not _is_text(value)):
        raise _refused(where, f"a text has at most {LONGEST_TEXT} signs, all of them storable")
    if isinstance(value, int) and not -MOST_NUMBER <= value <= MOST_NUMBER:
        raise _refused(where, f"a number is at most {MOST_NUMBER}")
    if isinstance(value, list):
        if len(value) > MOST_OF_A_KIND:
            raise _refused(where, f"there may be {MOST_OF_A_KIND}")
        for place, one in enumerate(value):
            if not isinstance(one, dict):
                _bound(one, f"{where}[{place}]")


def _is_text(value: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in value)


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refused(where, "an object is expected")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _refused(where, "a list is expected")
    if len(value) > MOST_OF_A_KIND:
        raise _refused(where, f"there may be {MOST_OF_A_KIND}")
    return value


def _refused(where: str, what: str) -> Refused:
    return Refused("bad-plan", f"{what}.", where=where)
