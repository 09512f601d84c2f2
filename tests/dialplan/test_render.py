"""One place knows quoting; nobody's text can change the structure of the file."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.model import Assign, Context, Expr, Extension, Step
from dialplan.recipes.did import inbound
from dialplan.recipes.responsible import ask, late, to_manager
from dialplan.render import HEADER, argument, comment, render, value

NASTY = st.text(alphabet=st.sampled_from('aж \n\r\x00\x0b\x85\u2028;-,()[]{}$"\\#=>&|'), max_size=40)


def plan(text: str) -> Context:
    steps = (Step(app="Verbose", args=("1", text)), Assign(variable="NAME", value=text), Step(app="Hangup"))
    return Context(
        name="people", title=f"-{text}", extensions=(Extension(number="101", title=f"-{text}", steps=steps),)
    )


@given(NASTY)
def test_no_text_adds_or_removes_a_line(text: str) -> None:
    """SEC: a queue called 'x<newline>[evil]' is a name."""
    expected = render([plan("plain")]).split("\n")
    got = render([plan(text)]).split("\n")
    assert len(got) == len(expected)
    for line, model in zip(got, expected, strict=True):
        head = re.match(r"[^(;]*", model)
        assert head is not None
        assert line.startswith(head[0])


@given(NASTY)
def test_no_text_begins_a_substitution_a_comment_or_an_argument(text: str) -> None:
    written = argument(text)
    assert not re.search(r"(?<!\\);", written), "an unescaped ; ends the line for Asterisk"
    assert not re.search(r"\$(?:\{(?!\})|\[|\\\[)", written)
    assert not re.search(r"(?<!\\)(?:\\\\)*[\",()\[\]]", written.replace("${}", ""))
    assert ";" not in comment(text)


def test_code_of_a_recipe_is_written_as_it_is() -> None:
    assert argument(Expr("${EXTEN:1}")) == "${EXTEN:1}"
    assert value(Expr("$[${A} < 7]")) == "$[${A} < 7]"


def test_the_admins_own_context_comes_first() -> None:
    text = render([Context(name="from-outside", includes=("a", "b"))])
    assert text.startswith(HEADER)
    assert re.findall(r"(?m)^include => (.*)$", text) == ["from-outside-custom", "a", "b"]


def test_equal_plans_render_to_equal_bytes_in_their_own_order() -> None:
    contexts = (Context(name="b"), Context(name="a"))
    assert render(contexts) == render(list(contexts))
    assert render(contexts).index("[b]") < render(contexts).index("[a]")


def test_a_context_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        render([Context(name="a"), Context(name="a")])


def test_priorities_labels_and_hints_take_their_places() -> None:
    steps = (Step(app="Answer", label="start"), Step(app="Goto", args=("start",)))
    text = render(
        [Context(name="c", extensions=(Extension(number="101", steps=steps, hint=("PJSIP/101", "PJSIP/101-web")),))]
    )
    assert text.splitlines()[-3:] == [
        "exten => 101,hint,PJSIP/101&PJSIP/101-web",
        "exten => 101,1(start),Answer()",
        " same => n,Goto(start)",
    ]


@pytest.mark.parametrize(
    "agi", ["127.0.0.1", "host:4573/route\nx", "host:4573,System(id)", "a b:1", "host:4573/SPB", ""]
)
def test_an_address_to_ask_is_plain(agi: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        ask(agi)


def test_a_question_has_its_limit_around_it_and_its_way_back() -> None:
    steps = to_manager("10.0.0.1:4573/spb", otherwise=(Step(app="Hangup"),))
    text = render([inbound("from-outside", {"74950000003": steps}, beside=(late(),))])
    before, _, after = text.partition("AGI(agi://10.0.0.1:4573/route/spb,${CHANNEL(linkedid)})")
    assert before.endswith("Set(AGIEXITONHANGUP=yes)\n same => n,Set(TIMEOUT(absolute)=0.5)\n same => n,")
    assert after.lstrip("\n").startswith(" same => n(asked),Set(TIMEOUT(absolute)=0)")
    assert "exten => T,1,Goto(${TRUBKA_ASKED},asked)" in after
