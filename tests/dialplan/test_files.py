"""Files of a plan whose names are hostile: a strict reader and a real Asterisk find exactly what was meant."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import islice, product
from typing import Any

import pytest

from cti import plan_json
from cti.channels.phone.visit import visiting
from cti.dialplan_parts import site_of
from cti.errors import Refused
from cti.owned_look import Asked
from cti.pbx import link_to
from cti.settings import AgiSettings, PbxSettings, Settings
from dialplan import office
from dialplan import plan as plan_
from dialplan.conf import Section, render_conf
from dialplan.conf_read import read
from dialplan.faults import faults
from dialplan.files import EXTENSIONS, INCLUDED_BY, MANAGER, QUEUES, Site, contexts, files
from dialplan.loaded import Difference
from dialplan.office import Box, Group
from dialplan.plan import ByClient, ByList, End, Number, Person, Plan, Score, Sound, Take, ToManager
from dialplan.recipes.responsible import ASK_S, waited
from dialplan.render import comment, render
from dialplan.sounds import placed
from lab.pbx import Pbx
from tests.dialplan import strict
from tests.dialplan.house import AGI, HOUSE
from tests.dialplan.owner import at_home, modules
from tests.dialplan.test_faults import FULL

SITE = Site(
    agi=AGI,
    caller_id="74950000010",
    secrets={"103": "s;e=>c[r]et", "box-103": "1234", "box-100": "4321", "trunk-trunk": "t;r"},
    ami_secret="a;b",
)
SECRETS = {
    **SITE.secrets,
    **{f"3{at:03}-d": "secret" for at in range(300)},
    **{f"box-{at + first}": "1234" for at in range(300) for first in (3000, 5000)},
}
POISON = (
    "\n[evil]\nexten => 1,1,System(id)", "[context]", ";", ";--", "=>", "= >x", "#include /etc/passwd", "#exec id",
    "${SHELL(id)}", "$[1+1]", "|", ")", "(", "\\", "\\;", '"', "'", "\r\nsecret=x", "\x00", "\u2028[evil]", "\t",
    "Я" * 200, "x" * 200, "📞", "a,b", "<script>", "%s", "`id`", "~", "_X.",
)  # fmt: skip
NAMES = [f"{one}{two}" for one, two in islice(product(POISON, POISON), 0, None, 3)][:300]


def hostile(name: str) -> Plan:
    """An office with a name in every place where people write one."""
    return replace(
        FULL,
        numbers=tuple(replace(one, title=name, record=True) for one in FULL.numbers),
        nodes=tuple(replace(one, title=name) for one in FULL.nodes),
        hours=tuple(
            replace(one, title=name, days=tuple(replace(day, title=name) for day in one.days)) for one in FULL.hours
        ),
        queues=tuple(replace(one, title=name) for one in FULL.queues),
        people=tuple(replace(one, name=name, email=name, voicemail=True) for one in FULL.people),
        routes=tuple(replace(one, title=name, who=("103",), hours="day", record=True, limit=1) for one in FULL.routes),
        groups=tuple(replace(one, title=name) for one in FULL.groups),
        boxes=tuple(replace(one, title=name, email=name) for one in FULL.boxes),
        trunks=tuple(replace(one, title=name, host="127.0.0.9") for one in FULL.trunks),
        music=tuple(replace(one, title=name) for one in FULL.music),
        sounds=tuple(replace(one, title=name) for one in FULL.sounds),
    )


def crowded(plan: Plan) -> Plan:
    """All the names at once: each is a person with a phone and a mailbox, a number, a group and a shared mailbox."""
    places = list(enumerate(NAMES))
    return replace(
        plan,
        numbers=(*plan.numbers, *(Number(digits=str(74950001000 + at), first="bye", title=one) for at, one in places)),
        people=(
            *plan.people,
            *(
                Person(extension=str(3000 + at), name=one, devices=(f"3{at:03}-d",), voicemail=True, email=one)
                for at, one in places
            ),
        ),
        groups=(
            *plan.groups,
            *(Group(id=f"g{at}", people=(str(3000 + at),), title=one, number=str(4000 + at)) for at, one in places),
        ),
        boxes=(*plan.boxes, *(Box(number=str(5000 + at), title=one, email=one) for at, one in places)),
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


STRUCTURE: tuple[tuple[str, str], ...] = (
    ("queues", "name"), ("nodes", "id"), ("hours", "id"), ("people", "extension"), ("groups", "number"),
    ("boxes", "number"), ("trunks", "name"), ("trunks", "host"), ("trunks", "username"), ("music", "name"),
    ("numbers", "digits"), ("numbers", "first"), ("routes", "prefix"), ("routes", "trunk"), ("routes", "add"),
    ("routes", "caller_id"), ("hours", "zone"), ("people", "caller_id"),
)  # fmt: skip


@pytest.mark.parametrize("name", ["a\n[evil]", "ж", "a b", "a]", "x" * 200, "a;b", "${A}", "1&2", "../1"])
def test_names_that_are_structure_are_refused(name: str) -> None:
    """By the lint with a sentence; and where nobody lints, nothing is written."""
    with pytest.raises(ValueError):
        Section(name=name)
    for what, field in STRUCTURE:
        first, *others = getattr(FULL, what)
        plan = replace(FULL, **{what: (replace(first, **{field: name}), *others)})
        assert [one for one in faults(plan) if one.weight == "error"], (what, field)
        with pytest.raises(ValueError):
            files(plan, replace(SITE, secrets=_AnySecret()))
    for more in ({"announcement": name}, {"codes": replace(FULL.codes, echo=name)}, {"spies": (name,)}):
        assert faults(replace(FULL, **more)), more  # type: ignore[arg-type]
        with pytest.raises(ValueError):
            files(replace(FULL, **more), SITE)  # type: ignore[arg-type]


EVERY = replace(  # an office with each kind of step
    FULL,
    nodes=(
        *FULL.nodes,
        ByClient(id="tags", ways=(("vip", "sales"),), otherwise="lists"),
        ByList(id="lists", black="bye", white="sales", otherwise="score"),
        Score(id="score", sound="beep", then="bye"),
    ),
    sounds=(*FULL.sounds, Sound(name="trubka/own", takes=(Take(language="ru", sha256="0" * 64),))),
)


def texts(of: Any, put: Callable[[Any], Plan]) -> Iterator[tuple[str, Callable[[str], Plan]]]:
    """Every text of a plan, however deep: where it stands, and the plan with another one in its place."""
    if isinstance(of, str):
        yield "", put
    elif isinstance(of, tuple):
        for at, one in enumerate(of):
            yield from texts(one, lambda new, at=at: put((*of[:at], new, *of[at + 1 :])))
    elif is_dataclass(of):
        for field in fields(of):
            under = lambda new, name=field.name: put(replace(of, **{name: new}))  # type: ignore[type-var]  # noqa: E731
            for where, become in texts(getattr(of, field.name), under):
                yield f"{type(of).__name__}.{field.name}{'.' * bool(where)}{where}", become


def test_SEC_04_every_text_of_a_plan_is_a_name_or_refused() -> None:
    """Whatever fields a plan has or will have: a hostile text in one is a fault, or changes no line of any file."""
    secrets = replace(SITE, secrets=_AnySecret())
    plain = {file: shape(text) for file, text in files(EVERY, secrets).items()}
    seen: dict[str, str] = {}
    for where, become in texts(EVERY, lambda new: new):
        if where in seen:
            continue
        for name in ("a\n[evil]\nexten => 1,1,System(id)", 'x;y"\\,${SHELL(id)}', "ж|)"):
            try:
                plan = plan_json.read(plan_json.write(become(name)))
                placed(plan)
            except (Refused, ValueError):  # one of a few words; no file of a sound
                seen[where] = "refused"
                continue
            if any(one.weight == "error" for one in faults(plan)):
                seen[where] = "refused"
                continue
            made = files(plan, secrets)
            seen[where] = "a name"
            for file, text in made.items():
                assert shape(text) == plain[file], (where, name)
                code = [line for line in text.splitlines() if not line.startswith(";")]
                assert file != EXTENSIONS or not [line for line in code if strict.FORBIDDEN.search(line)], (where, name)
    kinds = {
        one
        for module in (plan_, office)
        for one in vars(module).values()
        if isinstance(one, type) and is_dataclass(one)
    }
    told = {part.rpartition(".")[0] for where in seen for part in re.findall(r"(?:^|\.)([A-Z]\w+\.)", where)}
    assert {one.__name__ for one in kinds if any(field.type == "str" for field in fields(one))} <= told
    assert {where.rpartition(".")[2] for where, what in seen.items() if what == "a name"} == {"title", "name", "email"}


class _AnySecret(dict[str, str]):
    """A password for whatever is asked for."""

    def get(self, key: str, default: object = None) -> str:  # type: ignore[override]
        return "1234"


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


async def otherwise(pbx: Pbx, plan: Plan, made: Mapping[str, str]) -> list[Difference]:
    """Every line of the dialplan and every value that the PBX tells, against what was written."""

    async def console(command: str) -> str:
        return await asyncio.to_thread(pbx.console, command)

    link = link_to(PbxSettings(port=pbx.ports.ami, secret_file=pbx.secret_file))
    confs = {name: read(name, {name: text}) for name, text in made.items() if name != EXTENSIONS}
    async with visiting(link) as board:
        asked = Asked(board=board, console=console, visit=lambda: visiting(link), account="trubka")
        return [one async for one in asked.differences(contexts(plan, SITE), confs)]


@pytest.mark.lab
async def test_a_real_asterisk_has_exactly_what_the_plan_says(tmp_path_factory: pytest.TempPathFactory) -> None:
    plan = crowded(hostile(" ".join(NAMES[::7])))
    home = tmp_path_factory.mktemp("pbx")
    made = files(plan, replace(SITE, ami_secret="@AMI_SECRET@", secrets=SECRETS, music=f"{home}/moh"))
    (home / "moh/jazz").mkdir(parents=True)
    (home / "moh/jazz/quiet.alaw").write_bytes(b"\xd5" * 800)
    with Pbx(home, own={**at_home(SITE), **made, "modules.conf": modules()}, known="103") as pbx:
        shown = pbx.console("dialplan show")
        names = [one.name for one in contexts(plan, SITE)]
        written = [section for one in contexts(plan, SITE) for section in one.sections()]
        ours = {*(name for name, _, _ in written), *(f"{one}-custom" for one in names), "trubka-parked"}
        assert {section for section, _ in strict.read(made[EXTENSIONS])} == ours
        assert set(re.findall(r"Context '([^']*)' created by 'pbx_config'", shown)) == ours
        for name, _, extensions in written:
            listed = pbx.console(f"dialplan show {name}")
            known = {f"'{each.number}'" for each in extensions}
            assert set(re.findall(r"(?m)^  ('[^']+') =>\s", listed)) == known, name
        assert re.findall(r"(?m)^(\S+) +has \d+ calls", pbx.console("queue show")) == ["sales"]
        assert re.findall(r"(?m)^Rule: (.*)$", pbx.console("queue show rules")) == ["sales"]
        ends = re.findall(r"(?m)^ Endpoint:  (\S+)", pbx.console("pjsip show endpoints"))
        assert [one.partition("/")[0] for one in ends if not one.startswith("<")] == [
            "103",
            *(f"3{at:03}-d" for at in range(300)),
            "trunk",
        ]
        assert "s;e=>c[r]et" in pbx.console("pjsip show auth 103")
        boxes = pbx.console("voicemail show users")
        assert re.findall(r"(?m)^default +(\d+)", boxes) == [
            *("103", *(str(3000 + at) for at in range(300))), *("100", *(str(5000 + at) for at in range(300))),
        ]  # fmt: skip
        assert re.findall(r"(?m)^(trubka-\S+) ", pbx.console("features show")) == ["trubka-record"]
        assert re.findall(r"Parking Lot: (.*)", pbx.console("parking show")) == ["default", "trubka"]
        assert re.findall(r"(?m)^(\w+)$", pbx.console("manager show users")) == ["username", "trubka"]
        assert await otherwise(pbx, plan, {**made, MANAGER: ""}) == []
    assert set(made) == set(INCLUDED_BY)


def test_a_server_that_may_think_longer_is_waited_for_as_much_longer() -> None:
    settings = Settings(pbx={"main": PbxSettings()}, agi=AgiSettings(budget_ms=2000))
    site = site_of(settings, "main", Plan(), {})
    plan = Plan(nodes=(ToManager(id="who", otherwise="bye"), End(id="bye")))
    assert "Set(TIMEOUT(absolute)=2.35)" in render(contexts(plan, site))
    assert Site(agi="a:1", caller_id="0", secrets={}).ask_s == waited(Settings().agi.budget_ms) == ASK_S
