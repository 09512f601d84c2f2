"""Every scenario on both Asterisk releases: the tracker's account against the PBX's own call detail records.

The phones and SIPp have their say too: a scenario ends only when each of them saw what its docstring tells. The PBX
writes whole seconds, so a talk may differ from it by less than one at either end.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from cti.telephony.events import CallRecord, LegRecord
from lab.pbx import Pbx, wait_until
from lab.settings import NEW, OLD
from tests.recordings import plan
from tests.recordings.record import record, scenarios
from tests.telephony.streams import cleared, told

pytestmark = pytest.mark.lab
SCENARIOS = (
    "queue", "queue_attended", "blind_to_group", "blonde", "pickup", "park", "conference", "forward", "forward_302",
    "reject", "busy", "abandon", "click_attended", "attended_refer",
)  # fmt: skip
TOLERANCE_S = 1.5  # under a second for the whole seconds, and what the two sides see apart
CDR = "[general]\nenable=yes\nunanswered=yes\n\n[csv]\nusegmtime=yes\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A call detail record. answer, end: whole UNIX seconds, 0 without an answer."""

    channel: str
    other: str
    disposition: str
    answer: float
    end: float

    @property
    def real(self) -> bool:
        """Both ends are phones or trunks."""
        return self.channel.startswith("PJSIP/") and self.other.startswith("PJSIP/")


@pytest.fixture(scope="module", params=[NEW, OLD])
def pbx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("pbx"), version=request.param) as one:
        modules = one.home / "etc/modules.conf"
        modules.write_text(modules.read_text().replace("noload=cdr_csv.so\n", ""))
        (one.home / "etc/cdr.conf").write_text(CDR)
        _file(one).parent.mkdir()
        one.restart()
        one.add_members()
        plan.add(one)
        yield one


def _file(pbx: Pbx) -> Path:
    return pbx.home / "log/cdr-csv/Master.csv"


def _lines(pbx: Pbx) -> list[str]:
    return _file(pbx).read_text(encoding="utf-8").splitlines() if _file(pbx).exists() else []


def _row(line: list[str]) -> Row:
    def moment(text: str) -> float:
        return datetime.fromisoformat(text + "+00:00").timestamp() if text else 0.0

    return Row(channel=line[5], other=line[6], answer=moment(line[10]), end=moment(line[11]), disposition=line[14])


def _rows_of(pbx: Pbx, before: int, legs: set[str]) -> list[Row]:
    """What the PBX wrote since; it writes a call's last record after the hang-up."""

    def written() -> list[Row]:
        return [_row(line) for line in csv.reader(_lines(pbx)[before:])]

    wait_until(lambda: legs <= {name for row in written() for name in (row.channel, row.other)}, 10, "no records")
    return written()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_tracker_says_what_the_pbx_wrote(pbx: Pbx, name: str) -> None:
    before = len(_lines(pbx))
    heard = record(pbx, scenarios()[name])
    (call,) = cleared(told([headers for headers in heard if "Event" in headers]))
    rung = {leg.leg for leg in call.legs if leg.result != "transferred" or leg.answered}
    rows = _rows_of(pbx, before, rung)
    answered = [row for row in rows if row.disposition == "ANSWERED" and row.answer]
    _same_talks(call, answered, conference=name == "conference")
    for leg in call.legs if name != "conference" else ():  # whose pairs the PBX writes until the last one leaves
        if leg.result == "talked" and leg.answered and leg.ended and leg.device:  # who passes it on, consults alone
            assert abs(_talk_s(leg, answered) - (leg.ended - leg.answered)) < TOLERANCE_S, (leg, rows)


def _same_talks(call: CallRecord, answered: list[Row], *, conference: bool) -> None:
    """Who talked with whom. Through a Local channel, and in a conference, the PBX has no row of the two."""
    pairs = {frozenset(pair) for pair in call.talked}
    relieved = {leg.leg for leg in call.legs if leg.result == "answered-elsewhere"}  # a pick-up's row names both phones
    between = {frozenset((row.channel, row.other)) for row in answered if row.real and row.other not in relieved}
    assert between <= pairs, (between, pairs)
    assert bool(pairs) == (call.outcome == "answered")
    if not conference:
        talked = {name for pair in pairs for name in pair}
        assert talked <= {name for row in answered for name in (row.channel, row.other)}


def _talk_s(leg: LegRecord, answered: list[Row]) -> float:
    own = [row for row in answered if leg.leg in (row.channel, row.other)]
    return max(row.end for row in own) - min(row.answer for row in own)
