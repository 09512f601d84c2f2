"""Questionnaires: what an agent asks in calls of a queue, which question depends on which answer, what an answer is.

A question is of any kind that a client's property may be of, and may be bound to a property: then it is of its kind,
and its answer is said on the client's card too. An answer is kept as text, as it was given, and read anew by its
question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from cti.clients.properties import KINDS, Property, PropertyKind, PropertyValue, read_value, shown

Op = Literal["is", "not", "least", "most"]
OPS: tuple[Op, ...] = get_args(Op)
MOST_QUESTIONS = 60
MOST_OPTIONS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question. options: of a list. after, op, value: asked only where the answer of that question is so.

    property_id: whose value the answer is.
    """

    id: int
    text: str
    kind: PropertyKind = "text"
    options: tuple[str, ...] = ()
    property_id: int | None = None
    after: int = 0
    op: Op = "is"
    value: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """The questionnaire of a queue, "" of calls without one; None: of call lists that choose it."""

    id: int
    queue: str | None
    name: str
    questions: tuple[Question, ...] = ()

    def fault(self) -> str:
        """What is wrong in it, as a code of a refusal; "" where nothing is."""
        before: set[int] = set()
        for one in self.questions:
            listed = one.kind in ("list", "several") and one.property_id is None
            if not one.text or one.kind not in KINDS or one.op not in OPS:
                return "bad-question"
            if listed and not 0 < len(set(one.options)) == len(one.options) <= MOST_OPTIONS:
                return "bad-options"
            if one.after and one.after not in before:
                return "bad-order"
            before.add(one.id)
        return "bad-question" if len(before) < len(self.questions) or len(before) > MOST_QUESTIONS else ""


def reads(question: Question, known: Mapping[int, Property]) -> Property:
    """What reads an answer: the property it is bound to, or one made of the question itself."""
    bound = known.get(question.property_id or 0)
    if bound is not None:
        return bound
    values = tuple(PropertyValue(id=place, name=name) for place, name in enumerate(question.options, 1))
    return Property(id=0, name=question.text, kind=question.kind, values=values)


def asked(script: Script, answers: Mapping[int, str], known: Mapping[int, Property]) -> frozenset[int]:
    """Ids of the questions that are to be asked now. answers: by question's id, "" for none."""
    found: set[int] = set()
    by_id = {one.id: one for one in script.questions}
    for one in script.questions:
        first = by_id.get(one.after)
        if one.after == 0 or (
            first is not None and first.id in found and _fits(reads(first, known), answers.get(first.id, ""), one)
        ):
            found.add(one.id)
    return frozenset(found)


def _fits(prop: Property, answer: str, one: Question) -> bool:
    """Whether the answer of an earlier question has this one asked."""
    try:
        given = read_value(prop, answer)
        wanted = read_value(prop, one.value)
    except ValueError:
        return False  # the question is of another kind now
    if given is None:
        return False
    if one.op in ("least", "most"):
        if isinstance(given, tuple | bool) or isinstance(wanted, tuple | bool) or type(given) is not type(wanted):
            return False
        return given >= wanted if one.op == "least" else given <= wanted  # type: ignore[operator]  # of one type
    same = (
        set(wanted or ()) <= set(given) if isinstance(given, tuple) and isinstance(wanted, tuple) else given == wanted
    )
    return same is (one.op == "is")


def said(prop: Property, raw: object) -> str:
    """An answer as it is kept. Raises ValueError with what is wrong."""
    return shown(prop, read_value(prop, raw))
