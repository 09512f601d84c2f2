"""A paused recording goes on by itself, also after a restart and where the PBX does not hear at first."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cti.access import Person
from cti.channels.base import Answer, Switchboard
from cti.errors import Refused
from cti.features.recording_pauses import LONGEST_S, RecordingPauses
from cti.lines import Line
from cti.settings import PbxSettings
from cti.storage import recording_gaps, recordings
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony.commands import Command, MuteRecording
from cti.telephony.events import CallRecord, LegRecord, Party
from cti.telephony.numbering import NumberPlan
from tests.made import new_database
from tests.storage.conftest import add_cast

ANNA = Person(id=1, login="anna", name="Anna", role="agent")
RECORDED = "PJSIP/trunk-1"


class House:
    """A PBX that does it or not, and a clock."""

    def __init__(self, db: Database) -> None:
        self.db, self.now, self.does, self.said = db, 1000.0, True, list[tuple[str, bool]]()
        leg = LegRecord(leg="PJSIP/101-1", leg_id="1", device="PJSIP/101", answered=990.0)
        self.call = CallRecord(call="c1", direction="inbound", caller=Party(number="1"), called=None, legs=(leg,))
        self.spool = Spool(db)
        self.pauses = self.anew()

    def anew(self) -> RecordingPauses:
        line = Line(pbx=cast(Switchboard, self), settings=PbxSettings(), plan=NumberPlan(), device="PJSIP/101")
        return RecordingPauses(
            db=self.db, spool=self.spool, directory=cast(Any, self), line_of=lambda _: line,
            record_of=lambda call: self.call if call == "c1" else None, clock=lambda: self.now,
        )  # fmt: skip

    def devices_of(self, user_id: int) -> list[Any]:
        return [SimpleNamespace(name="PJSIP/101")] if user_id == ANNA.id else []

    async def ask(self, command: Command, *, timeout_s: float = 5.0) -> Answer:
        assert isinstance(command, MuteRecording)
        self.said.append((command.leg, command.on))
        return cast(Answer, SimpleNamespace(ok=self.does, message="No such channel"))

    async def gaps(self) -> list[tuple[float, float | None, str]]:
        async with self.db.read() as conn:
            (one,) = await recordings.of_call(conn, "c1")
            found = await recording_gaps.of_recordings(conn, [one.id])
        return [(gap.began_at, gap.ended_at, gap.why) for gap in found.get(one.id, [])]


async def test_DP_09_a_paused_recording_goes_on_after_two_minutes(tmp_path: Path) -> None:
    db = await new_database(tmp_path)
    await add_cast(db)
    async with db.write() as conn:
        await recordings.begin(conn, "c1", "", "a.wav", 990.0, announced=True, demanded=False, leg=RECORDED)
    house = House(db)
    writer = asyncio.create_task(house.spool.run())
    other = Person(id=2, login="boris", name="Boris", role="agent")
    assert await house.pauses.state(other, "c1") is None
    for person, call in ((other, "c1"), (ANNA, "c2")):
        with pytest.raises(Refused, match="not in this call"):
            await house.pauses.pause(person, call, "agent")
    state = await house.pauses.pause(ANNA, "c1", "field")
    assert (state.paused_at, state.until) == (1000.0, 1000.0 + LONGEST_S)
    assert await house.pauses.look() == 60.0
    assert house.said == [(RECORDED, True)]
    house.now, house.does = 1000.0 + LONGEST_S, False
    restarted = house.anew()
    assert await restarted.look() == 5.0, "the PBX is asked again"
    assert await house.gaps() == [(1000.0, None, "field")]
    house.does = True
    house.now += 5
    await restarted.look()
    assert await house.gaps() == [(1000.0, 1005.0 + LONGEST_S, "field")]
    assert house.said == [(RECORDED, True), (RECORDED, False), (RECORDED, False)]
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await db.close()
