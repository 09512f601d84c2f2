"""Drafts of dialplans: changed step by step, each taken back; nobody writes over another's change."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from cti.access import Person, Role
from cti.errors import NotAllowed, Refused
from cti.features.dialplan_drafts import Drafts
from cti.storage import dialplans, users
from cti.storage.database import Database
from cti.storage.dialplan_tables import dialplan_secrets
from cti.storage.users import DeviceDraft, QueueDraft
from dialplan.plan import Plan
from tests.dialplan.house import HOUSE
from tests.storage.conftest import ANNA


def person(id_: int = 1, role: Role = "admin") -> Person:
    return Person(id=id_, login=f"p{id_}", name=f"P {id_}", role=role)


PAVEL = person()


def drafts_of(db: Database) -> Drafts:
    key = Fernet.generate_key()
    return Drafts(
        db=db, pbxes=["main", "spb"], owned=["main"], zone="Europe/Moscow", key=key, clock=lambda: 1_800_000_000.0
    )


@pytest.fixture
async def drafts(db: Database) -> Drafts:
    async with db.write() as conn:
        phones = [
            DeviceDraft(name="main:PJSIP/101", extension="101"),
            DeviceDraft(name="main:PJSIP/101-web", extension="101", kind="browser"),
            DeviceDraft(name="spb:PJSIP/555", extension="555"),
            DeviceDraft(name="main:SIP/9", extension="9"),
        ]
        assert await users.set_devices(conn, ANNA, phones)
        await users.set_queues(conn, ANNA, [QueueDraft(name="sales")])
    return drafts_of(db)


async def test_a_first_draft_holds_what_the_server_knows(drafts: Drafts) -> None:
    draft = await drafts.get("main")
    anna = next(one for one in draft.plan.people if one.name == "Anna")
    assert (anna.extension, anna.devices, anna.browsers) == ("101", ("101",), ("101-web",))
    assert not {"555", "9"} & {one.extension for one in draft.plan.people}, "of another PBX, of another technology"
    assert [one.name for one in draft.plan.queues] == ["sales"]
    assert (draft.revision, draft.steps_back, draft.changed_by) == (0, 0, "")
    with pytest.raises(Refused, match="no PBX of this name"):
        await drafts.get("nobody")


async def test_steps_are_taken_back_one_by_one_and_say_whose_they_are(drafts: Drafts) -> None:
    first = (await drafts.get("main")).plan
    one = await drafts.change(PAVEL, "main", 0, lambda _: HOUSE)
    assert (one.plan, one.revision, one.changed_by, one.faults) == (HOUSE, 1, "Anna", ())
    two = await drafts.change(person(2), "main", 1, lambda plan: replace(plan, queues=()), base=7)
    assert {fault.code for fault in two.faults} == {"no-queue"}
    assert (two.steps_back, two.base, two.changed_by) == (2, 7, "Boris")
    same = await drafts.change(PAVEL, "main", 2, lambda plan: plan)
    assert (same.revision, same.steps_back) == (2, 2), "nothing changed: no step"
    back = await drafts.undo(PAVEL, "main", 2)
    assert (back.plan, back.revision, back.base) == (HOUSE, 3, 0)
    assert (await drafts.undo(PAVEL, "main", 3)).plan == first
    with pytest.raises(Refused) as refused:
        await drafts.undo(PAVEL, "main", 4)
    assert refused.value.code == "nothing-to-undo"
    assert (await drafts.get("spb")).revision == 0, "another PBX has a draft of its own"


async def test_of_two_changes_at_once_one_is_refused(drafts: Drafts, db: Database) -> None:
    await drafts.change(PAVEL, "main", 0, lambda _: HOUSE)
    other = drafts_of(db)
    done = await asyncio.gather(
        *(one.change(PAVEL, "main", 1, lambda plan: replace(plan, zone="UTC")) for one in (drafts, other)),
        return_exceptions=True,
    )
    refused = [one for one in done if isinstance(one, Refused)]
    assert [one.code for one in refused] == ["draft-changed"]
    assert (await drafts.get("main")).revision == 2


async def test_a_change_that_cannot_be_kept_leaves_the_draft_as_it_was(drafts: Drafts) -> None:
    await drafts.change(PAVEL, "main", 0, lambda _: HOUSE)
    with pytest.raises(Refused, match="a text has at most"):
        await drafts.change(PAVEL, "main", 1, lambda plan: replace(plan, zone="x" * 501))
    assert (await drafts.get("main")).plan == HOUSE


async def test_only_who_may_changes_and_only_a_pbx_with_a_folder_is_owned(drafts: Drafts) -> None:
    with pytest.raises(NotAllowed):
        await drafts.change(person(role="supervisor"), "main", 0, lambda _: Plan())
    with pytest.raises(NotAllowed):
        await drafts.set_mode(person(role="agent"), "main", "owner")
    with pytest.raises(Refused, match=r"\[pbx.spb.owner\] folder"):
        await drafts.set_mode(PAVEL, "spb", "owner")
    assert await drafts.mode("main") == "guest"
    await drafts.set_mode(PAVEL, "main", "owner")
    assert (await drafts.mode("main"), await drafts.mode("spb")) == ("owner", "guest")


async def test_passwords_of_phones_are_sealed(drafts: Drafts, db: Database) -> None:
    await drafts.set_secrets(PAVEL, "main", {"101": "s;e=>c[r]et", "box-101": "4711"})
    await drafts.set_secrets(PAVEL, "main", {"101": "another"})
    assert await drafts.secrets("main") == {"101": "another", "box-101": "4711"}
    async with db.read() as conn:
        rows = [str(row) for row in await conn.execute(select(dialplan_secrets))]
        assert await dialplans.sealed(conn, "spb") == {}
    assert not [row for row in rows if "another" in row or "4711" in row]
    for bad in ("", "a b", "x" * 81, "пароль", "a\nb"):
        with pytest.raises(Refused):
            await drafts.set_secrets(PAVEL, "main", {"101": bad})


async def test_steps_back_are_the_last_fifty(drafts: Drafts) -> None:
    for revision in range(53):
        draft = await drafts.change(PAVEL, "main", revision, lambda plan, n=revision: replace(plan, zone=f"Z{n}"))
    assert draft.steps_back == 50
