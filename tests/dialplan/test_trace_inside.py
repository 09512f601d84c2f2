"""A colleague's call walked through: whom it reaches, what a code does, which way leads outside and who may take it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from dialplan import conf_read
from dialplan.plan import Person, Route
from dialplan.theirs import read as read_theirs
from dialplan.trace import Asked, Taken, trace
from tests.dialplan.house import DID, MOSCOW
from tests.dialplan.test_faults import FULL

DAY, NIGHT = datetime(2026, 11, 23, 10, 30, tzinfo=MOSCOW), datetime(2026, 11, 23, 22, 0, tzinfo=MOSCOW)
ANNA = Person(extension="101", name="Анна", devices=("101",), voicemail=True, caller_id="74950000011")
OFFICE = replace(
    FULL,
    people=(*FULL.people, ANNA),
    routes=(
        *FULL.routes,
        Route(prefix="8", digits=11, strip=1, add="7", trunk="trunk", limit=2),
        Route(prefix="810", trunk="trunk", who=("101",), hours="day", longest_min=30, caller_id="74950000010"),
    ),
)


def way(number: str, caller: str = "101", at: datetime = DAY, **more: Any) -> tuple[Taken, ...]:
    return trace(OFFICE, Asked(number=number, caller=caller, at=at, **more))


@pytest.mark.parametrize(
    ("number", "whys"),
    [
        ("103", ["nobody"]),
        ("101", ["nobody", "voicemail"]),
        ("601", ["queue-nobody"]),
        ("650", ["nobody"]),
        ("700", ["park"]),
        ("705", ["parked"]),
        ("**103", ["code-pick"]),
        ("*11101", ["code-sit"]),
        ("*12", ["code-leave"]),
        ("*21", ["code-log-in"]),
        ("*231", ["code-pause"]),
        ("*97", ["code-mailbox"]),
        ("600", ["code-echo"]),
        ("*2312", ["unknown-number"]),
        ("**1", ["unknown-number"]),
        ("*31103", ["code-refused"]),
        ("999", ["unknown-number"]),
        ("79161234567", ["route"]),
        ("+79161234567", ["route"]),
        ("78091234567", ["blocked-route"]),
        (DID, ["route"]),
    ],
)
def test_a_number_inside_does_what_is_found_first(number: str, whys: list[str]) -> None:
    assert [one.why for one in way(number)] == whys


def test_who_may_listen_and_who_has_no_mailbox() -> None:
    assert [one.why for one in way("*31101", caller="103")] == ["code-listen"]
    assert [one.why for one in way("*97", caller="103")] == ["no-mailbox"]
    assert [one.why for one in way("103", answers=frozenset(("103",)))] == ["answered"]


def test_the_guard_asks_who_and_when_and_the_route_says_what_is_sent_and_shown() -> None:
    assert [one.why for one in way("81049123456", caller="103")] == ["blocked-who"]
    assert [one.why for one in way("81049123456", at=NIGHT)] == ["blocked-hours"]
    (far,) = way("81049123456")
    assert (far.about["sent"], far.about["shown"], far.about["minutes"]) == ("81049123456", "74950000010", 30)
    (near,) = way("89161234567")
    assert (near.about["sent"], near.about["shown"], near.about["limit"]) == ("79161234567", "74950000011", 2)


HIS = conf_read.read(
    "extensions.conf",
    {
        "extensions.conf": '#include "extensions_custom.conf"\n[from-outside-custom]\n'
        "exten => 74950000099,1,Hangup(17)\n",
        "extensions_custom.conf": "[trubka-codes-custom]\nexten => 600,1,Answer()\n same => n,Milliwatt()\n"
        "[outside-custom]\ninclude => night\ninclude => day,09:00-18:00,mon-fri,*,*\n[night]\n"
        "exten => _78[0-2]!,1,Busy()\n"
        "[day]\nexten => _X.,1,Busy()\n[trubka-flow-custom]\nexten => box,1,Congestion()\nexten => menu,2,NoOp()\n"
        "[colleagues-custom]\nexten => _1ZX/103,1,Busy()\n",
    },
)


@pytest.mark.parametrize(
    ("number", "caller", "takes"),
    [
        ("600", "101", ("600", "trubka-codes-custom")),
        ("*97", "101", ()),
        ("+78121234567", "101", ("_78[0-2]!", "outside-custom")),
        ("79161234567", "101", ()),
        ("111", "103", ("_1ZX/103", "colleagues-custom")),
        ("101", "101", ()),
        ("74950000099", "", ("74950000099", "from-outside-custom")),
        (DID, "", ("box", "trubka-flow-custom")),
    ],
)
def test_the_admins_own_extension_takes_a_call_before_ours(number: str, caller: str, takes: tuple[str, ...]) -> None:
    steps = trace(OFFICE, Asked(number=number, caller=caller, at=NIGHT), read_theirs(HIS))
    own = [(one.about["extension"], one.about["context"]) for one in steps if one.why == "custom"]
    assert own == ([takes] if takes else [])
    assert not takes or steps[-1].why == "custom", "what comes then only he knows"
