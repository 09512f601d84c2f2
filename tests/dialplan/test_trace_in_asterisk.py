"""The tracer's answer against a real Asterisk: the same calls are placed, and take the traced way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from dialplan.flow import contexts, entry
from dialplan.model import Context, Extension, Step
from dialplan.recipes.did import inbound
from dialplan.render import render
from dialplan.trace import Asked, trace
from lab.pbx import Pbx
from tests.dialplan.house import AGI, DID, HOUSE, MOSCOW
from tests.lab.ami import Ami

pytestmark = pytest.mark.lab
CALLER = Context(
    name="caller",
    extensions=tuple(
        Extension(
            number=f"press{keys}",
            steps=(
                Step(app="Wait", args=("1",)),
                Step(app="SendDTMF", args=(keys or "w",)),
                Step(app="Wait", args=("60",)),
            ),
        )
        for keys in ("", "1", "2")
    ),
)


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    numbers = {one.digits: entry(one.first, one.language) for one in HOUSE.numbers}
    text = render((inbound("from-outside", numbers), *contexts(HOUSE, agi=AGI), CALLER))
    with Pbx(tmp_path_factory.mktemp("pbx")) as one:
        one.reload_dialplan(text)
        yield one


def taken(pbx: Pbx, at: datetime, keys: str) -> list[str]:
    """The steps of a call that comes at a time and presses keys, until it is over or leaves a message."""
    with Ami(pbx, events="user,call", within_s=30.0) as ami:
        answer = ami.action(
            "Originate",
            Channel=f"Local/{DID}@from-outside",
            Context="caller",
            Exten=f"press{keys}",
            Priority="1",
            Variable=f"__TRUBKA_CLOCK={int(at.timestamp())}",
            Async="true",
        )
        assert answer["Response"] == "Success"
        steps: list[str] = []
        while True:
            event = ami.message()
            if event.get("UserEvent") == "TrubkaStep":
                steps.append(event["Node"])
            over = event.get("Event") == "Hangup" and event["Channel"].endswith(";2")
            if over or event.get("UserEvent") == "TrubkaVoicemail":
                pbx.hang_up_all()
                return steps


@pytest.mark.parametrize(
    ("at", "keys"),
    [
        (datetime(2026, 11, 23, 10, 30, tzinfo=MOSCOW), "1"),
        (datetime(2026, 11, 23, 8, 59, tzinfo=MOSCOW), ""),
        (datetime(2026, 11, 23, 9, 0, tzinfo=MOSCOW), ""),
        (datetime(2026, 11, 23, 18, 0, tzinfo=MOSCOW), ""),
        (datetime(2026, 11, 29, 19, 30, tzinfo=MOSCOW), ""),
        (datetime(2027, 1, 1, 12, 0, tzinfo=MOSCOW), ""),
        (datetime(2026, 12, 31, 15, 59, tzinfo=MOSCOW), "2"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=MOSCOW), ""),
    ],
)
def test_the_way_that_was_traced_is_the_way_a_call_takes(pbx: Pbx, at: datetime, keys: str) -> None:
    traced = [one.node for one in trace(HOUSE, Asked(number=DID, at=at, keys=tuple(keys)))]
    assert taken(pbx, at, keys) == traced[1:]
