"""`cti number`: each rule is named, in both languages, and the result is what the server would use."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from cti.cli import cti
from cti.cli.number import RULES, WORDS
from cti.telephony.numbering import NumberPlan, explain, read

PLAN = NumberPlan()


def told(*words: str) -> str:
    done = CliRunner().invoke(cti, ["number", *words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(
    ("text", "rules", "result"),
    [
        ("101", "cleaned internal result", "101"),
        ("8 (935) 555-01-01", "cleaned not-internal national result", "+79355550101"),
        ("2345678", "cleaned not-internal area-code result", "+74952345678"),
        ("00375291234567", "cleaned not-internal double-zero result", "+375291234567"),
        ("810375291234567", "cleaned not-internal prefix-810 result", "+375291234567"),
        ("375291234567", "cleaned not-internal national without-plus result", "+375291234567"),
        ("+7 935 555-01-01 доб. 12", "cleaned extension not-internal plus result", "+79355550101"),
        ("<sip:+79355550101@host>", "cleaned uri not-internal plus result", "+79355550101"),
        ("Anonymous", "cleaned hidden result", ""),
        ("Иван", "cleaned letters result", ""),
        ("9" * 30, "cleaned too-long result", ""),
        ("101; 102", "several cleaned internal result cleaned internal result", "102"),
    ],
)
def test_each_step_is_a_rule_with_its_text(text: str, rules: str, result: str) -> None:
    steps = explain(text, PLAN)
    assert [step.rule for step in steps] == rules.split()
    assert steps[-1].text == result
    if ";" not in text:
        assert steps[-1].number == read(text, PLAN)


def test_the_command_speaks_both_languages_and_json() -> None:
    english, russian = told("2345678", "--language", "en"), told("2345678", "--language", "ru")
    assert "local digits, area code added: 4952345678 -> +74952345678" in english
    assert "местный номер, добавлен код города" in russian
    assert "= result: +74952345678 (+7 495 234-56-78; RU;" in english
    lines = [json.loads(line) for line in told("--json", "101").splitlines()]
    assert lines[-1]["number"]["internal"] == "101"


def test_options_come_before_the_settings() -> None:
    assert "+78122345678" in told("2345678", "--area-code", "812")
    assert "(internal)" in told("2345678", "--internal", "[0-9]{7}", "--language", "en")
    assert "BY" in told("80291234567", "--region", "BY")


def test_every_rule_and_word_is_in_both_languages() -> None:
    for english, russian in (*RULES.values(), *WORDS.values()):
        assert english.isascii()
        assert not russian.isascii()


def test_odd_input_raises_nothing() -> None:
    for text in ("", " ", "\x00", "+", ";;;", "/" * 2000, "٣٣٣٣٣٣٣", "П" * 500):
        assert explain(text, PLAN)[-1].number is not None
