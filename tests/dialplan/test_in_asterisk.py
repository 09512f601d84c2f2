"""What is rendered, loaded into a real Asterisk and read back: quoting is right when Asterisk says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from dialplan.model import Assign, Context, Extension, Step
from dialplan.render import render
from lab import plan
from lab.pbx import Pbx
from tests.lab.ami import Ami

pytestmark = pytest.mark.lab

NAMES = [
    "Отдел продаж",
    "a,b",
    'he said "no"',
    "back\\slash",
    "semi;colon",
    ";-- block comment",
    "${CHANNEL} and $[1+1]",
    "$${EXTEN}",
    "(brackets) [and] {braces}",
    "x\n[evil]\nexten => 1,1,System(id)",
    "#exec id",
    "5 $ each",
    "tab\there",
]


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("pbx")) as pbx:
        yield pbx


def test_the_labs_own_plan_loads_whole(pbx: Pbx) -> None:
    shown = pbx.console("dialplan show")
    for context in plan.contexts():
        assert f"[ Context '{context.name}' created by 'pbx_config' ]" in shown
        for extension in context.extensions:
            assert f"'{extension.number}' =>" in pbx.console(f"dialplan show {context.name}-own")
    assert not re.search("ERROR|WARNING.*pbx", (pbx.home / "log/messages").read_text())


def test_outside_reaches_our_numbers_and_nothing_else(pbx: Pbx) -> None:
    shown = pbx.console("dialplan show from-outside")
    assert "'from-outside-custom'" in shown
    for inside in ("from-internal", "'outside'", "colleagues", "parkedcalls"):
        assert inside not in shown


@pytest.mark.parametrize("name", NAMES)
def test_asterisk_reads_back_exactly_the_text_that_was_written(pbx: Pbx, name: str) -> None:
    steps = (
        Assign(variable="GLOBAL(raw)", value=name),
        Step(app="UserEvent", args=("Probe", f"Text: {name}", "After: all")),
        Step(app="Hangup"),
    )
    contexts = [
        Context(name="probe", title=name, extensions=(Extension(number="1", title=name, steps=steps),)),
        Context(name="afterwards", extensions=(Extension(number="1", steps=(Step(app="Hangup"),)),)),
    ]
    pbx.reload_dialplan(render(contexts))
    assert "evil" not in re.findall(r"Context '([^']*)'", pbx.console("dialplan show"))
    assert "1. Hangup()" in pbx.console("dialplan show afterwards-own"), "the text swallowed what follows it"
    with Ami(pbx, events="user") as ami:
        pbx.console("channel originate Local/1@probe application NoOp")
        event = ami.event("UserEvent")
    plain = re.sub(r"[\x00-\x1f]+", " ", name)
    assert (event["Text"], event["After"]) == (plain, "all")
    assert f"raw={plain}\n" in re.sub(r"(?m)^\s+", "", pbx.console("dialplan show globals"))
