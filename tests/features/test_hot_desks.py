"""Shared desk phones by the clock and by the door: who is let sit, until when, and what he is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cti.access import Person
from cti.channels.base import Health
from cti.directory import Directory
from cti.errors import Refused
from cti.features.directory_admin import DeviceDraft, DirectoryAdmin, UserDraft
from cti.features.hot_desks import DeskWays, HotDesks
from cti.lines import Line
from cti.passwords import Passwords
from cti.settings import PbxSettings
from cti.storage.desks import DeskDraft
from cti.telephony.events import DeviceStatus
from cti.telephony.numbering import NumberPlan
from tests.features.cast import Screens
from tests.made import new_database

ZONE = ZoneInfo("Europe/Moscow")
ANNA = Person(id=1, login="anna", name="Anna", role="agent")
BORIS = Person(id=2, login="boris", name="Boris", role="agent")
PAVEL = Person(id=9, login="pavel", name="Pavel", role="admin")
DESK = "PJSIP/105"


class Up:
    """A PBX that is there and asked for nothing: nobody stands in a queue here."""

    def health(self) -> Health:
        return Health(state="up", since=0.0)


@dataclass
class Office:
    """The feature with its surroundings in the test's hand."""

    directory: Directory
    screens: Screens
    people: DirectoryAdmin
    now: float = datetime(2026, 11, 26, 23, 0, tzinfo=ZONE).timestamp()
    status: DeviceStatus = "idle"
    online: set[int] = field(default_factory=set)
    seated: list[tuple[int, int | None]] = field(default_factory=list)
    feature: HotDesks = None  # type: ignore[assignment]

    async def note(self, user_id: int, by: int | None) -> None:
        self.seated.append((user_id, by))

    async def follow(self, user_id: int) -> None:
        pass

    async def sitter(self) -> str:
        return next(one.user_name for one in await self.feature.every())

    async def desk(self) -> int:
        return (await self.feature.every())[0].id


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    db = await new_database(tmp_path)
    people = DirectoryAdmin(db=db, clock=lambda: 1.0, passwords=Passwords())
    for login, extension in (("anna", "101"), ("boris", "102")):
        made = await people.add(None, UserDraft(login=login, name=login.title(), role="agent"), password="")
        await people.set_devices(None, made, [DeviceDraft(name=f"PJSIP/{extension}", extension=extension)])
    one = Office(Directory(db), Screens(), people)
    pbx: Any = Up()
    ways = DeskWays(
        line_of=lambda device: Line(pbx=pbx, settings=PbxSettings(), plan=NumberPlan(), device=device),
        status_of=lambda _device: one.status,
        standing=lambda _device: {},
        prefix_of=lambda _name: "",
        follow=one.follow,
        seated=one.note,
        online=lambda user_id: user_id in one.online,
        next_seq=lambda _user: 1,
    )
    one.feature = HotDesks(
        db=db, directory=one.directory, desktop=one.screens, passwords=Passwords(), ways=ways,  # type: ignore[arg-type]
        free_at=time(0, 0), zone=ZONE, clock=lambda: one.now,
    )  # fmt: skip
    await one.feature.keep(PAVEL, [DeskDraft(name=DESK, extension="105")])
    yield one
    await db.close()


async def test_who_sits_is_found_behind_the_desk_by_his_own_number_and_the_desks(office: Office) -> None:
    await office.feature.sit(ANNA, await office.desk())
    row = office.directory.by_device(DESK)
    assert row is not None
    assert (row.user_id, row.extension, row.desk) == (ANNA.id, "101", "105")
    assert office.directory.by_extension("105") == row
    assert office.directory.chosen_of(ANNA.id) == row
    await office.feature.sit(BORIS, await office.desk())
    chosen = office.directory.chosen_of(ANNA.id)
    assert chosen is not None
    assert chosen.name == "PJSIP/101"
    assert [(to, one.code, one.args) for to, one in office.screens.notices] == [
        (ANNA.id, "desk-taken", {"desk": "105", "name": "Boris"})
    ]


async def test_at_its_hour_a_desk_is_free_but_not_in_the_middle_of_a_talk(office: Office) -> None:
    await office.feature.sit(ANNA, await office.desk())
    office.now += 3500
    await office.feature.look()
    assert await office.sitter() == "Anna"
    office.now, office.status = office.now + 200, "in-call"
    await office.feature.look()
    assert await office.sitter() == "Anna"
    office.status = "idle"
    await office.feature.look()
    assert await office.sitter() == ""
    assert office.seated[-1] == (ANNA.id, None)
    await office.feature.sit(ANNA, await office.desk())
    await office.feature.look()
    assert await office.sitter() == "Anna", "a shift that begins after midnight"


async def test_signing_out_for_good_frees_the_desk(office: Office) -> None:
    await office.feature.sit(ANNA, await office.desk())
    office.online.add(ANNA.id)
    await office.feature.signed_out(ANNA)
    assert await office.sitter() == "Anna"
    office.online.clear()
    await office.feature.signed_out(ANNA)
    assert await office.sitter() == ""


async def test_nobody_is_sent_away_from_a_call_and_no_phone_is_two(office: Office) -> None:
    await office.feature.sit(ANNA, await office.desk())
    office.status = "in-call"
    with pytest.raises(Refused, match="talks"):
        await office.feature.sit(BORIS, await office.desk())
    with pytest.raises(Refused, match="somebody's own"):
        await office.feature.keep(PAVEL, [DeskDraft(name="PJSIP/101", extension="101")])
    with pytest.raises(Refused, match="4 to 8"):
        await office.feature.set_pin(ANNA, "12")
    taken = [DeviceDraft(name="PJSIP/102", extension="102"), DeviceDraft(name=DESK, extension="105")]
    with pytest.raises(Refused, match="somebody else"):
        await office.people.set_devices(None, BORIS.id, taken)
    await office.feature.keep(PAVEL, [])
    assert office.directory.by_device(DESK) is None


async def test_of_two_who_sit_down_at_once_one_sits_and_the_other_is_told(office: Office) -> None:
    desk = await office.desk()
    await asyncio.gather(office.feature.sit(ANNA, desk), office.feature.sit(BORIS, desk))
    sits = await office.sitter()
    ((told, notice),) = office.screens.notices
    assert (sits, told, notice.args["name"]) in (("Boris", ANNA.id, "Boris"), ("Anna", BORIS.id, "Anna"))
    assert [by for user, by in office.seated if user == told][-1] != told, "his own phone rings again"


async def test_a_list_of_desks_that_is_refused_sends_nobody_away(office: Office) -> None:
    await office.feature.sit(ANNA, await office.desk())
    with pytest.raises(Refused, match="somebody's own"):
        await office.feature.keep(PAVEL, [DeskDraft(name="PJSIP/101", extension="101")])
    assert await office.sitter() == "Anna"
