"""Each scene comes out as it must: who talked, what became of each leg, the transfers, the talk seconds."""

from __future__ import annotations

import pytest

from cti.telephony.devices import endpoint_of
from cti.telephony.events import CallRecord, Established
from cti.telephony.tracker import Tracker
from tests.telephony.scenes import Scene
from tests.telephony.scenes_queue import SCENES
from tests.telephony.streams import cleared, told


def short(leg: str) -> str:
    """`PJSIP/101-0000001a` -> `101`."""
    return endpoint_of(leg).partition("/")[2]


def shape(records: list[CallRecord]) -> tuple[list[str], dict[str, str], tuple[str, ...]]:
    """Pairs in order, results by endpoint, transfers."""
    legs: dict[str, list[str]] = {}
    for leg in (leg for record in records for leg in record.legs):
        found = legs.setdefault(short(leg.leg), [])
        if str(leg.result) not in found:
            found.append(str(leg.result))
    pairs = [f"{short(a)}-{short(b)}" for record in records for a, b in record.talked]
    moves = [f"{t.kind} {short(t.by)} {' '.join(map(short, t.to))}" for record in records for t in record.transfers]
    return pairs, {name: " ".join(sorted(found)) for name, found in legs.items()}, tuple(moves)


def seconds(records: list[CallRecord], name: str) -> float:
    """How long an endpoint was in conversation."""
    legs = [leg for record in records for leg in record.legs if short(leg.leg) == name and leg.result != "no-answer"]
    return sum(leg.ended - leg.answered for leg in legs if leg.ended is not None and leg.answered is not None)


@pytest.mark.parametrize("name", list(SCENES))
def test_the_scene_comes_out_right(name: str) -> None:
    scene: Scene = SCENES[name]
    tracker = Tracker()
    records = cleared(told(scene.stream(), tracker))
    wanted = scene.wanted
    assert len(records) == wanted.calls
    assert shape(records) == (wanted.talked, {k: " ".join(sorted(v.split())) for k, v in wanted.legs.items()},
                              wanted.transfers)  # fmt: skip
    assert records[-1].outcome == wanted.outcome
    assert [record.reason for record in records] == [None] * wanted.calls
    for agent, talk in (wanted.talks or {}).items():
        assert abs(seconds(records, agent) - talk) < 1, agent
    assert tracker.size == 0


@pytest.mark.parametrize("name", list(SCENES))
def test_no_pair_is_told_twice(name: str) -> None:
    met = [(e.leg, e.peer) for e in told(SCENES[name].stream()) if isinstance(e, Established)]
    assert len(met) == len(set(met))
