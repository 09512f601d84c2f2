"""Names are structure, so only plain words pass; texts are data, so everything passes."""

from __future__ import annotations

import pytest

from dialplan.model import Assign, Context, Expr, Extension, Step, word

STEP = Step(app="NoOp")
CRAFTED = ("", "a b", "a]\n[b", "a;b", "a,b", "${X}", "#exec x", "a\x00", "ж", "../x", "a=>b")


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_names_are_refused_wherever_a_name_stands(name: str) -> None:
    with pytest.raises(ValueError):
        Context(name=name)
    with pytest.raises(ValueError):
        Context(name="ok", includes=(name,))
    with pytest.raises(ValueError):
        Extension(number=name, steps=(STEP,))
    with pytest.raises(ValueError):
        Step(app=name)
    with pytest.raises(ValueError):
        Assign(variable=name, value="")
    with pytest.raises(ValueError):
        word(name, "queue")


@pytest.mark.parametrize("number", ["101", "+74950000001", "_7XXXXXXXXXX", "_[0-9+].", "*8", "_+7X.", "s", "_X!"])
def test_numbers_and_patterns_that_asterisk_knows_are_accepted(number: str) -> None:
    assert Extension(number=number, steps=(STEP,)).number == number


@pytest.mark.parametrize("name", ["X", "__TRUBKA_QUEUE", "CALLERID(num)", "CALLERID(name)", "CHANNEL(language)"])
def test_variables_and_functions_may_be_set(name: str) -> None:
    assert Assign(variable=name, value="1").variable == name


def test_code_stays_on_its_line() -> None:
    with pytest.raises(ValueError):
        Expr("${EXTEN}\nexten => 1,1,System(x)")
    with pytest.raises(ValueError):
        Expr("${EXTEN};--")


def test_crafted_hints_and_labels_are_refused() -> None:
    with pytest.raises(ValueError):
        Extension(number="1", steps=(STEP,), hint=("PJSIP/1\n",))
    with pytest.raises(ValueError):
        Step(app="NoOp", label="a)b")


def test_an_extension_without_steps_or_twice_is_refused() -> None:
    with pytest.raises(ValueError):
        Extension(number="1", steps=())
    one = Extension(number="1", steps=(STEP,))
    with pytest.raises(ValueError):
        Context(name="c", extensions=(one, one))
