"""Mailboxes followed both ways, at a real Dovecot with a second client as Outlook."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cti.features.client_erasure import Eraser, Subject
from cti.messages.letter import Flags
from cti.storage.client_tables import clients
from cti.storage.mail_tables import letters, mail_folders, mailboxes
from cti.storage.privacy_tables import erased_letters, erasures
from cti.telephony.numbering import NumberPlan
from lab.dovecot import Dovecot
from tests.channels.mail_peers import ANNA, SALES, Outlook, letter, outlook
from tests.channels.mail_peers import office as office
from tests.features.mailroom import KEY, Mailroom, mailroom
from tests.made import address

ONE, TWO = "<one@alkhimov.example>", "<two@alkhimov.example>"


@pytest.fixture
async def room(office: Dovecot, tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with mailroom(office, tmp_path) as made:
        yield made


async def agree(room: Mailroom, box: int, she: Outlook, within_s: float = 20.0) -> None:
    """Wait until both sides show the same in every folder."""

    there: dict[str, dict[str, set[str]]] = {}
    here: dict[str, dict[str, set[str]]] = {}

    async def same() -> bool:
        nonlocal here
        for name in await asyncio.to_thread(she.folders):
            there[name] = await asyncio.to_thread(she.shows, name)
        here = await room.shows(box)
        return {name: held for name, held in there.items() if held} == here

    try:
        await room.until(same, within_s)
    except AssertionError:
        raise AssertionError(f"there: {there}, here: {here}") from None


async def test_history_is_taken_in_and_a_new_letter_is_on_the_desk_at_once(office: Dovecot, room: Mailroom) -> None:
    office.deliver(letter(message_id=ONE, subject="Договор"), ANNA)
    box = await room.add(ANNA)
    await room.followed(box)
    assert (len(room.desk.history), room.desk.news) == (1, [])
    office.deliver(letter(message_id=TWO), ANNA)
    began = time.time()

    async def came() -> bool:
        return bool(room.desk.news)

    await room.until(came)
    assert room.desk.at[room.desk.news[0]] - began < 2.0
    assert await room.shows(box) == {"INBOX": {ONE: set(), TWO: set()}}
    assert (box, "") in room.found


async def test_more_months_take_in_what_is_older_and_nothing_twice(office: Dovecot, room: Mailroom) -> None:
    ages = {ONE: 200, TWO: 20, "<old@alkhimov.example>": 150, "<late@alkhimov.example>": 1}
    with outlook(office, ANNA) as she:
        for one, days in ages.items():
            she.append("INBOX", letter(message_id=one), at=datetime.now(UTC) - timedelta(days=days))
    box = await room.add(ANNA, history_months=3)
    await room.followed(box)
    assert set(await room.ids()) == {TWO, "<late@alkhimov.example>"}
    async with room.db.write() as conn:
        await conn.execute(mailboxes.update().values(history_months=12))
    room.sync.changed(box)

    async def older() -> bool:
        return set(await room.ids()) == set(ages)

    await room.until(older)
    await room.followed(box)
    assert await room.doubles() == []
    assert sorted(room.desk.history) == sorted((await room.ids()).values())
    async with room.db.read() as conn:
        told = (
            await conn.execute(select(mail_folders.c.total, mail_folders.c.taken, mail_folders.c.history_months))
        ).all()
    assert sorted(told)[-1] == (2, 2, 12)


async def test_what_outlook_does_shows_here(office: Dovecot, room: Mailroom) -> None:
    for one in (ONE, TWO):
        office.deliver(letter(message_id=one), ANNA)
    box = await room.add(ANNA)
    await room.followed(box)
    with outlook(office, ANNA) as she:
        she.flag("INBOX", ONE, "\\Seen", "\\Flagged")
        she.move("INBOX", TWO, "Archive")
        await agree(room, box, she)
        she.append(
            "Sent", letter(message_id="<sent@romashka.example>", sender=ANNA, to="pyotr@alkhimov.example"), "\\Seen"
        )
        room.rounds._round_s = 0
        she.delete("INBOX", ONE)
        await agree(room, box, she)
    assert await room.letters() == 3


async def test_what_is_done_here_shows_in_outlook(office: Dovecot, room: Mailroom) -> None:
    for one in (ONE, TWO):
        office.deliver(letter(message_id=one), ANNA)
    box = await room.add(ANNA)
    await room.followed(box)
    ids = await room.ids()
    await room.changes.flag(ids[ONE], Flags(seen=True, answered=True), mailbox_id=box)
    await room.changes.move(ids[TWO], "trash", mailbox_id=box)
    assert await room.shows(box) == {"INBOX": {ONE: {"\\Seen", "\\Answered"}}, "Trash": {TWO: set()}}
    with outlook(office, ANNA) as she:
        await agree(room, box, she)
        assert set(she.shows("Trash")) == {TWO}
        await room.changes.move(ids[TWO], "inbox", mailbox_id=box)
        await agree(room, box, she)
        assert set(she.shows("INBOX")) == {ONE, TWO}
    await room.until(room.has_told_all)


async def test_one_letter_in_two_mailboxes_is_one_letter(office: Dovecot, room: Mailroom) -> None:
    office.deliver(letter(message_id=ONE), ANNA, SALES)
    anna, sales = await room.add(ANNA), await room.add(SALES)
    await room.followed(anna)
    await room.followed(sales)
    assert await room.shows(anna) == await room.shows(sales) == {"INBOX": {ONE: set()}}

    async def told() -> bool:  # after it is stored
        return len(room.desk.history) > 0

    await room.until(told)
    assert (await room.letters(), len(room.desk.history)) == (1, 1)
    letter_id = (await room.ids())[ONE]
    await room.changes.flag(letter_id, Flags(seen=True), mailbox_id=sales)
    with outlook(office, SALES) as they, outlook(office, ANNA) as she:
        await agree(room, sales, they)
        assert she.shows("INBOX") == {ONE: set()}


async def test_letters_of_an_erased_client_are_not_taken_in_again_from_another_mailbox(
    office: Dovecot, room: Mailroom, tmp_path: Path
) -> None:
    (tmp_path / "secrets.key").write_bytes(KEY)
    office.deliver(letter(message_id=ONE), ANNA, SALES)
    office.deliver(letter(message_id=TWO, sender="irina@ryabina.example"), ANNA, SALES)
    with outlook(office, SALES) as they:
        they.append("Sent", letter(message_id="<ours@romashka.example>", sender=ANNA, to="pyotr@alkhimov.example"))
        await room.followed(await room.add(ANNA))
        await room.followed(await room.add(SALES))
        ids = await room.ids()
        async with room.db.write() as conn:
            his = {"name": "Алхимов", "name_folded": "алхимов", "search": "", "created_at": 1.0, "updated_at": 1.0}
            client = (await conn.execute(clients.insert().values(his).returning(clients.c.id))).scalar_one()
            mine = letters.c.id.in_([ids[ONE], ids["<ours@romashka.example>"]])
            await conn.execute(letters.update().where(mine).values(client_id=client))
        eraser = Eraser(db=room.db, url=address(tmp_path), plan=NumberPlan(), data=tmp_path, clock=time.time)
        await eraser.erase(Subject(kind="client", id=client), user_id=None, by="Pavel", reason="заявление")
        async with room.db.write() as conn:  # as when an older base is put back
            await conn.execute(erased_letters.delete())
            await conn.execute(erasures.delete())
        assert [act.entry.letters for act in await eraser.repeat()] == [()]
        async with room.db.write() as conn:
            await conn.execute(mailboxes.delete())
        for one in (1, 2):
            room.sync.changed(one)
        office.deliver(letter(message_id="<new@alkhimov.example>"), SALES)
        await room.followed(await room.add(SALES))
    assert set(await room.ids()) == {TWO, "<new@alkhimov.example>"}


@pytest.mark.parametrize("seed", [1, 2])
async def test_both_sides_are_the_same_after_whatever_was_done(office: Dovecot, room: Mailroom, seed: int) -> None:
    chance = random.Random(seed)
    known = [f"<{number}@alkhimov.example>" for number in range(12)]
    for one in known:
        office.deliver(letter(message_id=one), ANNA)
    box = await room.add(ANNA)
    await room.followed(box)
    room.rounds._round_s = 0.3
    ids = await room.ids()
    with outlook(office, ANNA) as she:
        for step in range(40):
            await _do_something(chance, room, box, she, known, ids, step)
        await agree(room, box, she)
    await room.until(room.has_told_all)
    assert await room.doubles() == []


async def _do_something(chance, room, box, she, known, ids, step) -> None:  # type: ignore[no-untyped-def]
    folders = ["INBOX", "Archive", "Trash"]
    one = chance.choice(known)
    what = chance.choice(["their-flag", "their-move", "their-delete", "our-flag", "our-move", "new"])
    flags = Flags(seen=chance.random() < 0.5, flagged=chance.random() < 0.5)
    if what == "our-flag":
        await room.changes.flag(ids[one], flags, mailbox_id=box)
    elif what == "our-move":
        await room.changes.move(ids[one], chance.choice(["archive", "trash", "inbox"]), mailbox_id=box)
    elif what == "new":
        made = f"<new{step}@alkhimov.example>"
        await asyncio.to_thread(she.append, "INBOX", letter(message_id=made))
    else:
        held = {name: await asyncio.to_thread(she.shows, name) for name in folders}
        where = next((name for name in folders if one in held[name]), None)
        if where is None:
            return
        try:
            if what == "their-flag":
                await asyncio.to_thread(she.flag, where, one, "\\Seen", off=chance.random() < 0.5)
            elif what == "their-move":
                await asyncio.to_thread(
                    she.move, where, one, chance.choice([name for name in folders if name != where])
                )
            elif chance.random() < 0.3:
                await asyncio.to_thread(she.delete, where, one)
        except AssertionError:  # we moved it in between
            return
