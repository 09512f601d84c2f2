"""A campaign by letters over a real SMTP server: each goes once; whose letter comes back gets an SMS in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from cti.channels.letters import Credentials
from cti.clients.segments import Group, Segment
from cti.messages.campaigns import Campaign, Given
from cti.messages.letter import Bounce, Letter
from cti.messages.outgoing import party
from cti.storage import consents, letters, segments
from cti.storage.campaign_tables import campaigns
from cti.storage.client_tables import client_emails, client_phones, clients
from cti.storage.sending_tables import outbox as rows
from cti.storage.sending_tables import templates
from cti.storage.sms_tables import sms
from tests.channels.smtp_peer import LOGIN, PASSWORD, Peer, smtp_peer
from tests.features.mailing_house import VERA, House
from tests.features.post_office import PostOffice, post_office

PEOPLE = ("anton", "bella", "vadim")


@pytest.fixture
def peer() -> Iterator[Peer]:
    with smtp_peer() as running:
        yield running


@pytest.fixture
async def office(tmp_path: Path, peer: Peer) -> AsyncIterator[PostOffice]:
    async with post_office(tmp_path, peer.port) as made:
        yield made


async def fill(office: PostOffice) -> None:
    """Three clients with a letter and a number each, texts for both."""
    async with office.db.write() as conn:
        await segments.add(conn, Segment(id=0, name="Все", expression=Group()), VERA.id, 1.0)
        bodies = ((1, "email", "<p>{{client.name}}, <b>с праздником</b>!</p>"), (2, "sms", "{{client.name}}!"))
        for id_, channel, body in bodies:
            text = {"id": id_, "name": "Т", "channel": channel, "language": "ru", "subject": "Весна", "body": body}
            await conn.execute(insert(templates).values(text | {"changed_at": 1.0, "created_at": 1.0}))
        for place, name in enumerate(PEOPLE):
            row = {"id": 100 + place, "name": name, "name_folded": name, "search": ""}
            row |= {"created_at": 1.0, "updated_at": 1.0}
            await conn.execute(insert(clients).values(row))
            address, number = f"{name}@post.example", f"+793560000{place:02}"
            mail = {"client_id": 100 + place, "address": address, "folded": address}
            await conn.execute(insert(client_emails).values(mail))
            await conn.execute(insert(client_phones).values(client_id=100 + place, e164=number, typed=number))


async def test_letters_go_once_and_an_sms_follows_the_one_that_comes_back(office: PostOffice, peer: Peer) -> None:
    await fill(office)
    house = House(office.db)
    house.now = office.clock()
    peer.answers = {"bella@post.example": "550 5.1.1 no such user"}
    given = Given(template_id=1, sms_id=2, mailbox_id=office.box, rate=1000, hours=None)
    id_ = await house.campaigns.save(VERA, Campaign(
        id=0, name="Весна", channel="sms-bounced", purpose="service", state="draft", segment_id=1, given=given,
    ))  # fmt: skip
    await house.campaigns.build(VERA, id_)
    await house.builds.look()
    await house.campaigns.start(VERA, id_)
    await house.looked(lambda found: found.get("queued") == 3, id_)
    office.post.wake()
    async with office.db.read() as conn:
        ids = {row.to_folded.partition("@")[0]: row.id for row in await conn.execute(select(rows))}
    for name, state in (("anton", "sent"), ("bella", "failed"), ("vadim", "sent")):
        await office.state(ids[name], state)
    assert sorted(one.to for one in peer.letters) == [("anton@post.example",), ("vadim@post.example",)]
    bodies = [one.read.get_body(("html",)).get_content() for one in peer.letters]  # type: ignore[union-attr]
    assert all("<b>с праздником</b>" in one and "{{" not in one for one in bodies)
    await house.runs.noted()
    await house.looked(lambda found: found == {"sent": 2, "queued": 1}, id_)
    assert await texts(office) == [("+79356000001", "bella!")]

    await comes_back(office, "vadim@post.example", (await office.row(ids["vadim"])).message_id)
    assert (await office.row(ids["vadim"])).why == "returned"
    await house.runs.noted()
    await house.looked(lambda found: found == {"sent": 1, "queued": 2}, id_)
    assert await texts(office) == [("+79356000001", "bella!"), ("+79356000002", "vadim!")]
    await house.settle("delivered", many=2)
    await house.runs.noted()
    assert await house.counts(id_) == {"sent": 1, "delivered": 2}
    assert (await house.one(id_)).state == "running", "the last letter may come back yet"


async def test_a_consent_withdrawn_while_the_server_is_slow_stops_the_letter(office: PostOffice, peer: Peer) -> None:
    await fill(office)
    async with office.db.write() as conn:
        row = {"name": "Весна", "channel": "email", "purpose": "marketing", "state": "running", "created_at": 1.0}
        id_ = (await conn.execute(insert(campaigns).values(row).returning(campaigns.c.id))).scalar_one()
    said = {"kind": "email", "address": "anton@post.example", "purpose": "marketing", "source": "card"}

    async def slow(_mailbox_id: int) -> Credentials:
        async with office.db.write() as conn:
            await consents.say(conn, given=False, at=2.0, **said)  # type: ignore[arg-type]
        office.later(30)
        return Credentials(login=LOGIN, secret=PASSWORD)

    office.post._credentials = slow
    async with office.db.write() as conn:
        await consents.say(conn, given=True, at=1.0, **said)  # type: ignore[arg-type]
    letter = await office.letter(to="anton@post.example", campaign_id=id_, user_id=VERA.id)
    await office.state(letter, "canceled")
    assert (await office.row(letter)).why == "withdrawn"
    assert peer.letters == []


async def texts(office: PostOffice) -> list[tuple[str, str]]:
    async with office.db.read() as conn:
        return [(row.number, row.text) for row in await conn.execute(select(sms).order_by(sms.c.id))]


async def comes_back(office: PostOffice, address: str, message_id: str) -> None:
    bounce = Bounce(address=address, lasting=True, why="550 5.1.1 unknown user", message_id=message_id)
    letter = Letter(
        message_id="dsn@post.example", sha256="a" * 64, subject="Undelivered", sent_at=None, size=1, text="",
        people=(party("from", "postmaster@post.example"),), automatic="bounce", bounces=(bounce,),
    )  # fmt: skip
    async with office.db.write() as conn:
        await letters.keep(conn, letter, received_at=office.clock(), ours=frozenset({LOGIN}))
