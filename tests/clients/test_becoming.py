"""What a field has to become: a change counts when it makes the condition true, of every kind of field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.clients.becoming import FIELDS, fits, made_true
from cti.clients.filters import OPERATORS, Condition, FieldKind, Operator

EXAMPLES = [
    ("number", "from", 100, 90, 150, True),
    ("number", "from", 100, 150, 200, False),
    ("number", "from", 100, None, 100, True),
    ("number", "is", 5, 5, None, False),
    ("list", "any-of", [3], None, 3, True),
    ("list", "any-of", [3], 3, 4, False),
    ("list", "none-of", [3], 3, 4, True),
    ("list", "any-of", ["company"], "person", "company", True),
    ("list", "any-of", [3], [1], [1, 3], True),
    ("list", "any-of", [3], [3], [1, 3], False),
    ("text", "contains", "ОПТ", "", "крупный опт", True),
    ("text", "empty", None, "x", "", True),
    ("text", "filled", None, None, "x", True),
    ("date", "to", "2026-12-31", "2027-01-01", "2026-12-31", True),
    ("yes-no", "is", False, True, False, True),
    ("yes-no", "is", True, False, True, True),
    ("phone", "contains", "8 935 555", [], [["+7 935 555-01-01", "", "", False]], True),
    ("email", "contains", "@alkhimov", ["a@b.example"], ["a@b.example", "p@alkhimov.example"], True),
    ("words", "contains", "Омск", [["address", "Тула"]], [["address", "г. Омск"]], True),
]


@pytest.mark.parametrize(("kind", "op", "value", "was", "became", "counts"), EXAMPLES)
def test_a_change_counts_when_it_makes_the_condition_true(
    kind: FieldKind, op: Operator, value: Any, was: Any, became: Any, counts: bool
) -> None:
    asked = Condition(field="x", op=op, value=value)
    assert fits(kind, asked)
    assert made_true(kind, asked, was, became) is counts


@given(
    kind=st.sampled_from(sorted({*FIELDS.values(), "number", "date", "yes-no"})),
    op=st.sampled_from(sorted({op for ops in OPERATORS.values() for op in ops})),
    value=st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers() | st.text()),
)
def test_what_fits_can_be_asked_of_anything(kind: FieldKind, op: Operator, value: Any) -> None:
    asked = Condition(field="x", op=op, value=value)
    said: dict[str, Any] = {
        "number": 1.5, "date": "2026-11-26", "yes-no": True, "text": "опт", "list": 3,
        "phone": [["8 935", "", "", False]], "email": ["a@b.example"], "words": [["address", "Омск"]],
    }  # fmt: skip
    if fits(kind, asked):
        became, gone = made_true(kind, asked, None, said[kind]), made_true(kind, asked, said[kind], None)
        assert not (became and gone), "the same change both ways is not both"
        assert not made_true(kind, asked, said[kind], said[kind]), "no change is none"
