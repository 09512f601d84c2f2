"""Questionnaires: which question follows from which answer, of every kind; what cannot be saved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cti.clients.properties import Property, PropertyKind, PropertyValue
from cti.clients.scripts import Op, Question, Script, asked, reads, said


def script(kind: PropertyKind, op: Op, value: str, *options: str) -> Script:
    first = Question(id=1, text="first", kind=kind, options=options)
    return Script(
        id=1, queue="sales", name="s", questions=(first, Question(id=2, text="then", after=1, op=op, value=value))
    )


@pytest.mark.parametrize(
    ("kind", "op", "value", "yes", "no"),
    [
        ("yes-no", "is", "да", "1", "0"),
        ("yes-no", "not", "yes", "0", "1"),
        ("list", "is", "красный", "Красный", "Синий"),
        ("several", "is", "Синий", "Красный; Синий", "Красный"),
        ("several", "not", "Синий", "Красный", "Синий"),
        ("number", "least", "10", "10,5", "9"),
        ("rating", "most", "2", "2", "3"),
        ("date", "least", "01.03.2026", "2026-03-01", "2026-02-28"),
        ("text", "is", "срочно", "срочно", "потом"),
    ],
)
def test_a_question_follows_from_an_answer(kind: PropertyKind, op: Op, value: str, yes: str, no: str) -> None:
    one = script(kind, op, value, "Красный", "Синий")
    assert one.fault() == ""
    assert asked(one, {1: yes}, {}) == {1, 2}
    assert asked(one, {1: no}, {}) == asked(one, {1: ""}, {}) == asked(one, {}, {}) == {1}


def test_what_depends_on_a_question_that_is_not_asked_is_not_asked_either() -> None:
    one = script("yes-no", "is", "yes")
    third = Question(id=3, text="third", after=2, value="так")
    one = replace(one, questions=(*one.questions, third))
    assert asked(one, {1: "1", 2: "так"}, {}) == {1, 2, 3}
    assert asked(one, {1: "0", 2: "так"}, {}) == {1}


def test_a_bound_question_is_of_its_propertys_kind() -> None:
    color = Property(id=7, name="Цвет", kind="list", values=(PropertyValue(id=70, name="Зелёный"),))
    bound = Question(id=1, text="Какой цвет?", kind="text", property_id=7)
    assert said(reads(bound, {7: color}), "зелёный") == "Зелёный"
    with pytest.raises(ValueError, match="not a value"):
        said(reads(bound, {7: color}), "Бурый")
    assert said(reads(bound, {}), "Бурый") == "Бурый"  # the property is there no more


@pytest.mark.parametrize(
    ("questions", "fault"),
    [
        ((Question(id=1, text=""),), "bad-question"),
        ((Question(id=1, text="x", kind="list"),), "bad-options"),
        ((Question(id=1, text="x", kind="list", options=("a", "a")),), "bad-options"),
        ((Question(id=1, text="x", after=2), Question(id=2, text="y")), "bad-order"),
        ((Question(id=1, text="x", after=1),), "bad-order"),
        ((Question(id=1, text="x"), Question(id=1, text="y")), "bad-question"),
    ],
)
def test_what_cannot_be_asked_is_refused(questions: tuple[Question, ...], fault: str) -> None:
    assert Script(id=1, queue="", name="s", questions=questions).fault() == fault
