"""Who a campaign reaches, in SQL on both engines, against what the registers say one by one."""

from __future__ import annotations

import random
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from cti.clients.segments import Group
from cti.messages.campaigns import Channel, variant
from cti.storage import audience, campaign_people, consents
from cti.storage.audience import Audience
from cti.storage.campaign_tables import campaign_people as people
from cti.storage.campaign_tables import campaigns
from cti.storage.campaign_tables import consents as words
from cti.storage.client_tables import client_emails, client_phones, clients
from cti.storage.conditions import Conditions
from cti.storage.contact_tables import contact_clients, contact_phones, contacts
from cti.storage.database import Database
from cti.storage.parts import all_of
from cti.storage.sending_tables import bounced_addresses

NOW = 1_790_000_000.0


async def chosen(db: Database, channel: Channel = "sms", *, campaign_id: int = 1, **said: object) -> dict[int, object]:
    """A campaign's people by client, chosen in parts of seven clients."""
    asked = Conditions([], zone=ZoneInfo("UTC"), sqlite=db.is_sqlite, now=NOW)
    everybody = all_of(asked.of_group(Group()), sqlite=db.is_sqlite)
    wanted = Audience(campaign_id=campaign_id, channel=channel, segment=everybody, **{"purpose": "marketing", **said})  # type: ignore[arg-type]
    async with db.write() as conn:
        row = {"id": campaign_id, "name": f"{campaign_id}", "channel": channel, "created_at": NOW}
        await conn.execute(insert(campaigns).values(row))
        count = 0
        for low in range(1, await audience.last_id(conn) + 1, 7):
            count = await audience.add(conn, wanted, low, low + 7, count)
        rows = (await conn.execute(select(people).where(people.c.campaign_id == campaign_id))).all()
    assert sorted(row.number for row in rows) == list(range(1, len(rows) + 1))
    return {row.client_id: row for row in rows}


async def client(db: Database, id_: int, *numbers: str, **said: object) -> None:
    """A client as it is, with consents to marketing for all of his numbers and addresses."""
    row = {"id": id_, "name": f"n{id_}", "name_folded": f"n{id_}", "search": "", "created_at": NOW, "updated_at": NOW}
    async with db.write() as conn:
        await conn.execute(insert(clients).values(row | {k: v for k, v in said.items() if k in clients.c}))
        for place, one in enumerate(numbers):
            if "@" in one:
                await conn.execute(insert(client_emails).values(client_id=id_, position=place, address=one, folded=one))
            else:
                await conn.execute(insert(client_phones).values(client_id=id_, position=place, e164=one, typed=one))
            if said.get("consent", True):
                kind = "email" if "@" in one else "phone"
                await consents.say(
                    conn, kind=kind, address=one, purpose="marketing", given=True, source="card", at=NOW, client_id=id_
                )  # type: ignore[arg-type]


async def test_each_is_reached_at_the_first_number_that_will_do_or_left_out_for_a_reason(db: Database) -> None:
    await client(db, 1, "+74950000101", "+79350000101", "+79350000199", time_zone="Asia/Omsk")
    await client(db, 2, "+74950000102")
    await client(db, 3)
    await client(db, 4, "+79350000104", restricted_at=NOW)
    await client(db, 5, "+79350000105", consent=False)
    await client(db, 6, "+79350000106")
    await client(db, 7, "+79350000101")
    await client(db, 8)
    await client(db, 15, "+79350000101")  # in a part of its own
    async with db.write() as conn:
        await consents.say(
            conn, kind="phone", address="+79350000106", purpose="", given=False, source="sms", at=NOW + 1
        )
        await conn.execute(insert(contacts).values(id=1, name="a", name_folded="a", created_at=NOW, updated_at=NOW))
        await conn.execute(insert(contact_clients).values(contact_id=1, client_id=8))
        await conn.execute(insert(contact_phones).values(contact_id=1, e164="+79350000108", typed=""))
        await consents.say(
            conn, kind="phone", address="", purpose="marketing", given=True, source="card", at=NOW, client_id=8
        )
    found = await chosen(db)
    assert {id_: (row.address, row.why) for id_, row in found.items()} == {  # type: ignore[attr-defined]
        1: ("+79350000101", ""), 2: (None, "landline"), 3: (None, "no-address"), 4: (None, "restricted"),
        5: (None, "no-consent"), 6: (None, "withdrawn"), 7: (None, "duplicate"), 8: ("+79350000108", ""),
        15: (None, "duplicate"),
    }  # fmt: skip
    assert (found[8].contact_id, found[1].zone) == (1, "Asia/Omsk")  # type: ignore[attr-defined]


async def test_letters_go_round_what_bounced_and_SMS_stand_in_for_them(db: Database) -> None:
    await client(db, 1, "a@one.example", "+79350000101")
    await client(db, 2, "b@two.example", "+79350000102")
    await client(db, 3, "ours@house.example")
    async with db.write() as conn:
        await conn.execute(insert(bounced_addresses).values(folded="b@two.example", lasting=True, at=NOW))
    letters = await chosen(db, "email", own=frozenset(("ours@house.example",)))
    assert [letters[one].why for one in (1, 2, 3)] == ["", "bounced", "own-address"]  # type: ignore[attr-defined]
    both = await chosen(db, "sms-bounced", campaign_id=2)
    assert [(both[one].address, both[one].second) for one in (1, 2)] == [  # type: ignore[attr-defined]
        ("a@one.example", "+79350000101"), ("+79350000102", ""),
    ]  # fmt: skip


async def test_who_was_written_to_lately_waits_and_variants_are_those_of_the_pure_rule(db: Database) -> None:
    for id_ in range(1, 30):
        await client(db, id_, f"+7935000{id_:04}")
    first = await chosen(db, share=30)
    assert {id_: row.variant for id_, row in first.items()} == {id_: variant(1, id_, 30) for id_ in first}  # type: ignore[attr-defined]
    async with db.write() as conn:
        some = people.c.number <= 5
        await conn.execute(people.update().where(some).values(state="delivered", sent_at=NOW - 3600))
    again = await chosen(db, campaign_id=2, recent_since=NOW - 86400)
    assert [id_ for id_, row in again.items() if row.why == "recent"] == [1, 2, 3, 4, 5]  # type: ignore[attr-defined]
    async with db.read() as conn:
        assert await campaign_people.reasons(conn, 2, ("excluded",)) == {"recent": 5}
    async with db.write() as conn:
        assert await audience.clear(conn, 2, 10)
        assert not await audience.clear(conn, 2, 100)


async def test_consents_hold_as_the_register_says_of_each_whatever_was_said_in_which_order(db: Database) -> None:
    rng = random.Random(5)
    for id_ in range(1, 41):
        await client(db, id_, f"+7935000{id_:04}", consent=False)
        async with db.write() as conn:
            for at in range(rng.randint(0, 4)):
                purpose, given = rng.choice(("marketing", "survey", "", "")), rng.random() < 0.5
                whole, kind = rng.random() < 0.3, rng.choice(("phone", "phone", "email"))
                address = "" if whole else f"+7935000{id_:04}" if kind == "phone" else f"{id_}@one.example"
                await consents.say(
                    conn, kind=kind, address=address, purpose=purpose, given=given,
                    source="import", at=NOW + at, client_id=id_, proof=rng.choice(("kept.csv · b1", "gone.csv · b2")),
                )  # type: ignore[arg-type]  # fmt: skip
            await consents.take_back(conn, "b2", after=0, most=100, now=NOW)
    for place, purpose in enumerate(("marketing", "service"), 1):
        found = await chosen(db, campaign_id=place, purpose=purpose)
        async with db.read() as conn:
            for id_, row in found.items():
                said = await consents.refusal(
                    conn, kind="phone", address=f"+7935000{id_:04}", purpose=purpose, client_id=id_
                )  # type: ignore[arg-type]
                told = (await conn.execute(select(words).where(words.c.client_id == id_).order_by(words.c.at))).all()
                assert row.why == said, told  # type: ignore[attr-defined]
