"""Contexts as they are written, and a plan at its site: what leads nowhere, what nobody has."""

from __future__ import annotations

from dataclasses import replace

from dialplan.files import Site
from dialplan.linkage import linkage
from dialplan.model import Context, Expr, Extension, Step
from dialplan.plan import Number, Sound, Take
from dialplan.site_faults import site_faults
from lab import plan as lab_plan
from tests.dialplan.house import AGI
from tests.dialplan.test_faults import FULL

HANG_UP = Step(app="Hangup", label="end")
SITE = Site(
    agi=AGI, caller_id="74950000010", secrets={"103": "a", "box-100": "1234", "trunk-trunk": "b"},
    sounds={"ru": frozenset(("beep",)), "en": frozenset()},
)  # fmt: skip


def jumps(*steps: Step) -> list[str]:
    made = Extension(number="1", steps=(*steps, HANG_UP))
    one = Context(name="a", extensions=(made,), includes=("b",))
    other = Context(name="b", extensions=(Extension(number="_7X.", steps=(HANG_UP,)),))
    return [fault.what for fault in linkage((one, other)) if fault.code == "no-target"]


def test_a_jump_into_nothing_is_found_and_one_that_only_the_call_knows_is_let_be() -> None:
    assert jumps(Step(app="Goto", args=("b", "79", "1")), Step(app="Goto", args=("1", "end"))) == []
    assert jumps(Step(app="Goto", args=("c", "1", "1"))) == ["c,1,1"]
    assert jumps(Step(app="Goto", args=("2", "1"))) == ["2,1"]
    assert jumps(Step(app="GotoIf", args=(Expr('$["${A}"="1"]?end:gone'),))) == ["gone"]
    assert jumps(Step(app="Gosub", args=(Expr("a,1,9(x,y)"),))) == ["a,1,9(x,y)"]
    assert jumps(Step(app="Goto", args=(Expr("${EXTEN:1}"), "1"))) == []


def test_includes_that_come_back_or_lead_nowhere_are_found() -> None:
    circle = (
        Context(name="a", includes=("b",)),
        Context(name="b", includes=("c",)),
        Context(name="c", includes=("a",)),
    )
    assert [(one.code, one.at, one.what) for one in linkage(circle)] == [("include-circle", "c", "a")]
    lost = (Context(name="a", includes=("gone", "a-custom", "parked")),)
    assert [(one.code, one.what) for one in linkage(lost, elsewhere=("parked",))] == [("no-context", "gone")]


def test_what_we_write_ourselves_is_joined() -> None:
    assert linkage(lab_plan.contexts(), elsewhere=("parkedcalls",)) == ()
    assert site_faults(FULL, SITE) == ()


def test_passwords_and_sounds_are_looked_for_at_the_site() -> None:
    def found(**more: object) -> set[tuple[str, str, str]]:
        return {(one.code, one.at, one.weight) for one in site_faults(FULL, replace(SITE, **more))}  # type: ignore[arg-type]

    assert found(secrets={}) == {
        ("no-secret", "103", "error"), ("no-pin", "100", "error"), ("no-secret", "trunk", "error")
    }  # fmt: skip
    assert ("no-pin", "100", "error") in found(secrets={**SITE.secrets, "box-100": "abcd"})
    assert ("no-sound", "menu", "error") in found(sounds={"ru": frozenset(), "en": frozenset()})
    english = replace(FULL, numbers=(Number(digits="74950000011", first="when", language="en"),))
    told = {(one.at, one.what, one.weight) for one in site_faults(english, SITE)}
    assert ("menu", "en: beep", "warning") in told, "it is there in Russian"
    take = Take(language="en", sha256="0" * 64, seconds=1.0)
    brought = replace(english, sounds=(Sound(name="beep", takes=(take,)),))
    assert site_faults(brought, SITE) == ()
