"""Letters leave once, whatever a mail server says and whenever the process dies (F-40, F-41)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cti.messages.letter import Bounce, Letter
from cti.messages.outgoing import GIVE_UP_S, TRIES_S, party
from cti.storage import bounces, consents, letters, outbox, purposes
from cti.storage.campaign_tables import campaigns
from cti.storage.client_tables import client_emails, clients
from cti.storage.mail_tables import conversations
from cti.storage.mail_tables import letters as letter_table
from tests.channels.email.post import letter as read_as_it_came
from tests.channels.smtp_peer import LOGIN, PASSWORD, Peer, smtp_peer
from tests.features.post_office import PYOTR, PostOffice, post_office
from tests.storage.conftest import ANNA

IRINA = "irina@alkhimov.example"


@pytest.fixture
def peer() -> Iterator[Peer]:
    with smtp_peer() as running:
        yield running


@pytest.fixture
async def office(tmp_path: Path, peer: Peer) -> AsyncIterator[PostOffice]:
    async with post_office(tmp_path, peer.port) as made:
        yield made


async def test_a_letter_goes_once_and_is_kept_with_who_wrote_it(office: PostOffice, peer: Peer) -> None:
    sent = await office.state(await office.letter(), "sent")
    assert [one.to for one in peer.letters] == [(PYOTR,)]
    async with office.db.read() as conn:
        kept = (await conn.execute(select(letter_table).where(letter_table.c.id == sent.letter_id))).one()
    assert (kept.message_id, kept.direction, kept.user_id, kept.sender) == (sent.message_id, "out", ANNA, LOGIN)
    assert (sent.why, office.screens.notices) == ("", [])


async def test_F_40_refused_for_now_is_tried_after_1_5_15_60_minutes_for_two_days(
    office: PostOffice, peer: Peer
) -> None:
    peer.answers = {PYOTR: "451 4.2.0 try later"}
    letter = await office.letter()
    begun, waits = office.clock(), []
    for _ in TRIES_S + TRIES_S[-1:]:
        tries = len(waits)
        row = await office.until(letter, lambda one, n=tries: one.tries == n + 1 and one.state == "waiting")  # type: ignore[misc]
        assert row.said.startswith("4.2.0 try later")
        waits.append((row.next_at or 0.0) - office.clock())
        office.later(waits[-1] + 0.5)
    assert [round(one, -1) for one in waits] == [60, 300, 900, 3600, 3600]
    async with office.db.write() as conn:
        await outbox.move(conn, letter, ("waiting",), send_at=begun - GIVE_UP_S, next_at=office.clock())
    office.post.wake()
    assert (await office.state(letter, "failed")).why == "gave-up"
    assert peer.letters == []


async def test_F_40_refused_for_good_is_told_to_its_author_at_once(office: PostOffice, peer: Peer) -> None:
    peer.answers = {PYOTR: "550 5.1.1 no such user"}
    begun = time.monotonic()
    failed = await office.state(await office.letter(), "failed")
    while not office.screens.notices:
        assert time.monotonic() - begun < 5
        await asyncio.sleep(0.01)
    [(person, notice)] = office.screens.notices
    assert (person, notice.code, failed.said) == (ANNA, "letter-refused", "5.1.1 no such user")
    assert PYOTR not in f"{notice}"
    async with office.db.read() as conn:
        [bounced] = await bounces.of(conn, [PYOTR])
    assert bounced.lasting


async def test_F_40_one_of_several_is_tried_again_alone(office: PostOffice, peer: Peer) -> None:
    peer.answers = {PYOTR: "451 later", IRINA: "550 no"}
    letter = await office.letter(to=f"{PYOTR} {IRINA} ok@x.example")
    row = await office.until(letter, lambda one: one.tries == 1)
    assert (row.state, row.left) == ("waiting", (PYOTR,))
    peer.answers = {}
    office.later(61)
    await office.state(letter, "sent")
    assert [one.to for one in peer.letters] == [("ok@x.example",), (PYOTR,)]


@pytest.mark.parametrize("fault", ["drop", "silent"])
async def test_F_40_no_answer_is_unknown_and_goes_again_by_a_person_alone(
    office: PostOffice, peer: Peer, fault: str
) -> None:
    peer.data, patient = fault, office.sender._data_s
    office.sender._data_s = 0.5
    letter = await office.letter()
    assert (await office.state(letter, "unknown")).why == "no-answer"
    peer.data, office.sender._data_s = "", patient
    office.later(GIVE_UP_S)
    other = await office.letter(to=IRINA)
    await office.state(other, "sent")
    assert Counter(one.to for one in peer.letters) == {(PYOTR,): 1, (IRINA,): 1}


async def test_in_a_conversation_no_letter_overtakes_another(office: PostOffice, peer: Peer) -> None:
    async with office.db.write() as conn:
        talk = {"state_at": 1.0, "last_at": 1.0}
        made = await conn.execute(conversations.insert().values(talk).returning(conversations.c.id))
        conversation = made.scalar_one()
    peer.answers = {PYOTR: "451 later"}
    first = await office.letter(conversation_id=conversation, subject="первое")
    await office.until(first, lambda one: one.tries == 1)
    second = await office.letter(conversation_id=conversation, subject="второе", to=IRINA)
    other = await office.letter(subject="чужое", to=IRINA)
    await office.state(other, "sent")
    assert (await office.row(second)).state == "waiting"
    peer.answers = {}
    office.later(61)
    await office.state(second, "sent")
    assert [str(one.read["Subject"]) for one in peer.letters] == ["чужое", "первое", "второе"]


async def test_a_mailbox_that_lets_nobody_in_keeps_its_letters_and_says_so(office: PostOffice, peer: Peer) -> None:
    office.secret = "changed"
    letter = await office.letter()
    row = await office.until(letter, lambda one: one.tries == 1)
    assert (row.state, row.why) == ("waiting", "mailbox-trouble")
    assert [trouble.partition("|")[0] for _, trouble in office.found] == ["password"]
    office.secret = PASSWORD
    office.post.mended(office.box)
    assert (await office.state(letter, "sent")).why == ""
    assert len(peer.letters) == 1
    office.secret = "changed again"
    shut = await office.letter(send_at=office.clock() - GIVE_UP_S)
    assert (await office.state(shut, "failed")).why == "mailbox-shut", "and its author may send it once more"


async def test_DP_06_a_client_restricted_meanwhile_gets_nothing(office: PostOffice, peer: Peer) -> None:
    letter = await office.letter(next_at=None)
    async with office.db.write() as conn:
        values = {
            "name": "Алхимов", "name_folded": "алхимов", "search": "", "created_at": 1.0, "updated_at": 1.0,
            "restricted_at": 1.0, "restricted_why": "просил",
        }  # fmt: skip
        client = (await conn.execute(clients.insert().values(values).returning(clients.c.id))).scalar_one()
        await conn.execute(client_emails.insert().values(client_id=client, address=PYOTR, folded=PYOTR))
        await outbox.move(conn, letter, ("waiting",), next_at=1.0)
    office.post.wake()
    assert (await office.state(letter, "failed")).why == "restricted"
    assert peer.letters == []


async def test_automatic_letters_say_so_and_a_loop_of_them_is_held(office: PostOffice, peer: Peer) -> None:
    rows = [await office.letter(user_id=None, rule_id=1, digest="same") for _ in range(4)]
    held = [await office.until(one, lambda row: row.state in ("sent", "held")) for one in rows]
    assert [one.state for one in held] == ["sent", "sent", "sent", "held"]
    assert held[-1].why == "too-often"
    assert {str(one.read["Auto-Submitted"]) for one in peer.letters} == {"auto-generated"}


async def test_DP_07_an_advertising_letter_says_how_to_be_rid_of_it_and_goes_to_nobody_who_is(
    office: PostOffice, peer: Peer
) -> None:
    async with office.db.write() as conn:
        row = {"name": "Весна", "channel": "email", "purpose": "marketing", "created_at": 1.0}
        campaign = (await conn.execute(campaigns.insert().values(row).returning(campaigns.c.id))).scalar_one()
        await consents.say(conn, kind="email", address=PYOTR, purpose="marketing", given=True, source="card", at=1.0)
    text = '<p><a href="{{unsubscribe_link}}">Отписаться</a> {{unsubscribe_link}}</p>'
    letter = await office.letter(user_id=None, campaign_id=campaign, html=text)
    await office.state(letter, "sent")
    [went] = peer.letters
    head = str(went.read["List-Unsubscribe"])
    address, mail = (one.strip() for one in head.split(","))
    assert address.startswith("<https://cti.romashka.example/u/")
    assert mail == f"<mailto:{LOGIN}?subject=STOP>"
    assert went.read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    body = went.read.get_body(("html",)).get_content()
    assert f'href="{address[1:-1]}"' in body
    assert "{{" not in body
    async with office.db.write() as conn:
        await purposes.withdraw(conn, letter, 2.0, source="letter", proof="x")
    second = await office.letter(user_id=None, campaign_id=campaign, html=text)
    own = await office.letter()
    assert (await office.state(second, "canceled")).why == "withdrawn"
    await office.state(own, "sent")
    assert len(peer.letters) == 2, "what a person writes goes"
    assert "List-Unsubscribe" not in peer.letters[1].read


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("Auto-Submitted: auto-replied", "answers-machine"),
        ("Auto-Submitted: auto-generated", "answers-machine"),
        ("Precedence: bulk", "answers-machine"),
        ("Precedence: list", "answers-machine"),
        ("X-Auto-Response-Suppress: OOF", "answers-machine"),
        ("Return-Path: <>", "answers-machine"),
        ("List-Id: <news.x.example>", "answers-machine"),
        (f"Reply-To: {LOGIN}", "answers-machine"),
        ("X-Mailer: Outlook", ""),
    ],
)
async def test_no_rule_answers_a_machine_a_list_or_ourselves(
    office: PostOffice, peer: Peer, head: str, why: str
) -> None:
    came = read_as_it_came(f"{head}\nFrom: {PYOTR}\nTo: {LOGIN}\nSubject: Прайс\nMessage-ID: <a@x>\n\nДобрый день")
    async with office.db.write() as conn:
        asked, _ = await letters.keep(conn, came, received_at=office.clock(), ours=frozenset({LOGIN}))
    by_rule = await office.letter(user_id=None, rule_id=1, kind="reply", answers_id=asked)
    row = await office.until(by_rule, lambda one: one.state in ("sent", "held"))
    assert row.why == why
    assert len(peer.letters) == (0 if why else 1)
    await office.state(await office.letter(kind="reply", answers_id=asked), "sent")  # a person may


async def test_F_41_a_letter_that_came_back_marks_the_address_and_is_told(office: PostOffice) -> None:
    sent = await office.state(await office.letter(), "sent")

    async def returned(message_id: str, digest: str) -> None:
        bounce = Bounce(address=PYOTR, lasting=True, why="550 5.1.1 unknown user", message_id=message_id)
        letter = Letter(
            message_id=digest, sha256=digest, subject="Undelivered", people=(party("from", "postmaster@x.example"),),
            sent_at=None, size=1, text="", automatic="bounce", bounces=(bounce,),
        )  # fmt: skip
        async with office.db.write() as conn:
            await letters.keep(conn, letter, received_at=office.clock(), ours=frozenset({LOGIN}))

    await returned("somebody-elses@x.example", "a" * 64)
    async with office.db.read() as conn:
        assert await bounces.of(conn, [PYOTR]) == [], "of a letter that is not ours nothing is believed"
    await returned(sent.message_id, "b" * 64)
    office.after.wake()
    row = await office.until(sent.id, lambda one: one.told_at is not None)
    assert (row.state, row.why) == ("sent", "returned")
    async with office.db.read() as conn:
        odd = select(letter_table.c.oddities).where(letter_table.c.id == row.letter_id)
        assert (await conn.execute(odd)).scalar() == "returned", "its conversation says so"
    assert [notice.code for _, notice in office.screens.notices] == ["letter-returned"]
