"""The reader of Asterisk's files: by examples, by what is too much, and beside the real Asterisk's own reading."""

from __future__ import annotations

import pytest

from dialplan.conf_read import MOST_FAULTS, Conf, read
from lab.pbx import Pbx
from tests.dialplan.test_doctor_rights import pbx as pbx
from tests.lab.ami import Ami

AWKWARD = r"""
; a comment
[base](!)
strategy=ringall
announce = one
[sales](base)      ; behind a section
announce += ,two
ringinuse => no
text = a\;b ; not this
;-- a block
ringinuse=yes
of lines --; wrapuptime=7
[sales](+)
timeout=5
[other](base)
musicclass=x
#include "more.conf"
joinempty = yes;now
[last](!,base)
retry=1
"""
MORE = "[inner]\ntimeout=9\n"
TEXTS = {"queues.conf": AWKWARD, "more.conf": MORE}
ASKED = [
    ("sales", "strategy"), ("sales", "announce"), ("sales", "ringinuse"), ("sales", "text"), ("sales", "wrapuptime"),
    ("sales", "timeout"), ("other", "strategy"), ("other", "musicclass"), ("inner", "timeout"), ("inner", "joinempty"),
    ("other", "joinempty"), ("last", "retry"), ("nowhere", "retry"),
]  # fmt: skip


def conf(text: str) -> Conf:
    return read("x.conf", {"x.conf": text})


@pytest.mark.lab
def test_it_reads_what_asterisk_reads(pbx: Pbx) -> None:
    for name, text in TEXTS.items():
        (pbx.home / "etc" / f"doctor_{name}").write_text(text.replace("more.conf", "doctor_more.conf"))
    given = read("queues.conf", TEXTS)
    with Ami(pbx) as ami:
        for section, key in ASKED:
            answer = ami.action("GetVar", Variable=f"AST_CONFIG(doctor_queues.conf,{section},{key})")
            assert (answer.get("Value", ""), section, key) == ("".join(given.values(section, key)[-1:]), section, key)


def test_sections_of_one_name_are_kept_apart_and_added_up() -> None:
    pjsip = conf("[101]\ntype=endpoint\n[101]\ntype=auth\npassword=x\n")
    assert [dict(one.pairs)["type"] for one in pjsip.parts] == ["endpoint", "auth"]
    assert pjsip.values("101", "type") == ("endpoint", "auth")
    assert pjsip.has("101")
    assert not conf("[a](!)\nx=1\n").has("a")


def test_includes_are_told_and_those_not_given_are_missing() -> None:
    texts = {
        "manager.conf": "[a]\n#include manager.d/*.conf\n#tryinclude none.conf\n#include gone.conf\n",
        "manager.d/1.conf": "x=1\n",
    }
    found = read("manager.conf", texts)
    assert found.values("a", "x") == ("1",)
    assert found.included == ("manager.d/*.conf", "none.conf", "gone.conf")
    assert found.missing == ("gone.conf",)
    assert read("x.conf", {}).missing == ("x.conf",)
    assert read("a", {"a": "#include /etc/asterisk/b.conf\n", "b.conf": "[b]\nc=1"}).values("b", "c") == ("1",)


@pytest.mark.parametrize(
    "text",
    ["key=1", "[a\nx=1", "[a]\nnothing", "#unknown x", '#exec "/bin/id"', "[a](+)\nx=1"],
)
def test_what_cannot_be_read_is_a_fault_and_the_rest_is_read(text: str) -> None:
    found = conf(f"{text}\n[good]\nx=1\n")
    assert found.faults
    assert found.values("good", "x") == ("1",)


def test_no_file_is_too_much_for_it() -> None:
    round_and_round = read("a", {"a": "#include b\n#include b\n", "b": "#include a\n#include a\n"})
    assert 0 < len(round_and_round.faults) <= MOST_FAULTS
    assert conf("[a]\n" + "x=1\n" * 300_000).faults
    assert conf("[" * 50_000).faults
    assert conf(";--" * 50_000 + "\n[a]\nx=1").values("a", "x") == ()
    assert conf("[a]\n" + "y+=z\n" * 3000).values("a", "y") == ("z" * 3000,)
