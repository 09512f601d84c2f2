"""What is rendered, loaded into a real Asterisk and read back: quoting is right when Asterisk says so."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Self

import pytest

from dialplan.model import Assign, Context, Extension, Step
from dialplan.render import render
from lab import plan
from lab.pbx import Pbx

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
            assert f"'{extension.number}' =>" in pbx.console(f"dialplan show {context.name}")
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
    assert "1. Hangup()" in pbx.console("dialplan show afterwards"), "the text swallowed what follows it"
    with Ami(pbx) as ami:
        pbx.console("channel originate Local/1@probe application NoOp")
        event = ami.user_event("Probe")
    plain = re.sub(r"[\x00-\x1f]+", " ", name)
    assert event == {"Text": plain, "After": "all"}
    assert f"raw={plain}\n" in re.sub(r"(?m)^\s+", "", pbx.console("dialplan show globals"))


class Ami:
    """Just enough of the manager interface to hear a UserEvent, with the server's own account."""

    def __init__(self, pbx: Pbx) -> None:
        self._socket = socket.create_connection(("127.0.0.1", pbx.ports.ami), timeout=5)
        self._lines = self._socket.makefile("r", encoding="utf-8", newline="\r\n")
        self._secret = pbx.secret_file.read_text()

    def __enter__(self) -> Self:
        login = f"Action: Login\r\nUsername: trubka\r\nSecret: {self._secret}\r\nEvents: user\r\n\r\n"
        self._socket.sendall(login.encode())
        while "Authentication accepted" not in self._lines.readline():
            pass
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def user_event(self, name: str) -> dict[str, str]:
        """The event's own fields, those after the channel's."""
        while self._lines.readline() != f"UserEvent: {name}\r\n":
            pass
        fields = {}
        while (line := self._lines.readline()) != "\r\n":
            key, _, text = line.removesuffix("\r\n").partition(": ")
            fields[key] = text
        return {key: fields[key] for key in ("Text", "After")}
