"""Files of a plan whose names are hostile: a strict reader and a real Asterisk find exactly what was meant."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice, product

import pytest

from dialplan.conf import Section, render_conf
from dialplan.files import EXTENSIONS, MANAGER, PJSIP, QUEUES, VOICEMAIL, Site, contexts, files
from dialplan.plan import Plan
from dialplan.render import comment
from lab.pbx import Pbx
from tests.dialplan import strict
from tests.dialplan.house import AGI, HOUSE

SITE = Site(
    agi=AGI,
    caller_id="74950000010",
    secrets={"103": "s;e=>c[r]et", "box-103": "1234", "box-100": "4321"},
    ami_secret="a;b",
)
POISON = (
    "\n[evil]\nexten => 1,1,System(id)", "[context]", ";", ";--", "=>", "= >x", "#include /etc/passwd", "#exec id",
    "${SHELL(id)}", "$[1+1]", "|", ")", "(", "\\", "\\;", '"', "'", "\r\nsecret=x", "\x00", "\u2028[evil]", "\t",
    "Я" * 200, "x" * 200, "📞", "a,b", "<script>", "%s", "`id`", "~", "_X.",
)  # fmt: skip
NAMES = [f"{one}{two}" for one, two in islice(product(POISON, POISON), 0, None, 3)][:300]


def hostile(name: str) -> Plan:
    """The house with a name in every place where people write one."""
    return replace(
        HOUSE,
        numbers=tuple(replace(one, title=name) for one in HOUSE.numbers),
        nodes=tuple(replace(one, title=name) for one in HOUSE.nodes),
        hours=tuple(
            replace(one, title=name, days=tuple(replace(day, title=name) for day in one.days)) for one in HOUSE.hours
        ),
        queues=tuple(replace(one, title=name) for one in HOUSE.queues),
        people=tuple(replace(one, name=name, email=name, voicemail=True) for one in HOUSE.people),
        routes=tuple(replace(one, title=name) for one in HOUSE.routes),
    )


def shape(text: str) -> list[tuple[str, list[str]]]:
    return [(section, [key for key, _ in pairs]) for section, pairs in strict.read(text)]


def test_SEC_04_three_hundred_hostile_names_change_no_line() -> None:
    assert len(NAMES) == 300
    plain = files(hostile("x"), SITE)
    for name in NAMES:
        made = files(hostile(name), SITE)
        for file, text in made.items():
            assert shape(text) == shape(plain[file]), (file, name)
        assert made[QUEUES] == plain[QUEUES].replace("; x\n", f"; {comment(name)}\n")
        code = [line for line in made[EXTENSIONS].splitlines() if not line.startswith(";")]
        assert not [line for line in code if strict.FORBIDDEN.search(line)], name


@pytest.mark.parametrize("name", ["a\n[evil]", "", "ж", "a b", "a]", "x" * 200, "a;b", "${A}"])
def test_names_that_are_structure_are_refused(name: str) -> None:
    with pytest.raises(ValueError):
        Section(name=name)
    with pytest.raises(ValueError):
        files(replace(HOUSE, queues=(replace(HOUSE.queues[0], name=name),)), SITE)


def test_a_value_is_read_back_as_it_was_said() -> None:
    for name in NAMES:
        text = render_conf([Section(name="a", pairs=(("b", name),)), Section(name="z")])
        ((_, ((_, value),)), (last, _)) = strict.read(text)
        assert last == "z"
        assert value == " ".join(re.split(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", name)).strip() or value in name


def test_a_device_without_a_password_is_not_written() -> None:
    with pytest.raises(ValueError, match="has no password"):
        files(HOUSE, replace(SITE, secrets={}))


def test_the_servers_account_has_what_it_needs_and_no_more() -> None:
    ((name, pairs),) = strict.read(files(HOUSE, SITE)[MANAGER])
    told = dict(pairs)
    assert (name, told["secret"], told["deny"]) == ("trubka", "a;b", "0.0.0.0/0.0.0.0")
    assert not {"system", "config", "command", "all"} & set(told["write"].split(","))


@pytest.mark.lab
def test_a_real_asterisk_has_exactly_what_the_plan_says(tmp_path_factory: pytest.TempPathFactory) -> None:
    poison = " ".join(NAMES[::7])
    plan = hostile(poison)
    made = files(plan, SITE)
    with Pbx(tmp_path_factory.mktemp("pbx")) as pbx:
        before = set(re.findall(r"Context '([^']*)'", pbx.console("dialplan show")))
        pbx.reload_dialplan(made[EXTENSIONS])
        shown = pbx.console("dialplan show")
        names = [one.name for one in contexts(plan, SITE)]
        ours = {*names, *(f"{one}-custom" for one in names), "trubka-parked"}
        assert {section for section, _ in strict.read(made[EXTENSIONS])} == ours
        assert ours <= set(re.findall(r"Context '([^']*)'", shown))
        assert set(re.findall(r"Context '([^']*)'", shown)) - before - ours == set()
        for one in contexts(plan, SITE):
            listed = pbx.console(f"dialplan show {one.name}")
            assert len(re.findall(r"(?m)^\s+'[^']+' =>\s", listed)) >= len(one.extensions), one.name
        (pbx.home / "etc/queues.conf").write_text("[general]\npersistentmembers=no\n" + made[QUEUES], encoding="utf-8")
        pbx.console("queue reload all")
        assert re.findall(r"(?m)^(\S+) +has \d+ calls", pbx.console("queue show")) == ["sales"]
        base = (pbx.home / "etc/pjsip.conf").read_text(encoding="utf-8").partition("; Desk phones")[0]
        (pbx.home / "etc/pjsip.conf").write_text(base + made[PJSIP], encoding="utf-8")
        pbx.console("module reload res_pjsip.so")
        ends = re.findall(r"(?m)^ Endpoint:  (\S+)", pbx.console("pjsip show endpoints"))
        assert [one.partition("/")[0] for one in ends if not one.startswith("<")] == ["103"]
        assert "s;e=>c[r]et" in pbx.console("pjsip show auth 103")
    assert VOICEMAIL in made
