"""The outbox, bounces and what rules wait for, on both engines."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from cti.clients.card import ClientDraft
from cti.clients.contracts import ContractDraft
from cti.clients.properties import Property
from cti.clients.segments import Condition, Group, Segment
from cti.messages.letter import Attachment, Bounce, Letter
from cti.messages.rules import Given, Rule, WorkingHours
from cti.storage import (
    bounces,
    clients,
    contracts,
    event_rules,
    letters,
    mailboxes,
    occasions,
    outbox,
    properties,
    segments,
    templates,
)
from cti.storage.database import Database
from tests.features.post_office import BOX, PYOTR, add_letter
from tests.storage.conftest import ANNA

ZONE = ZoneInfo("Europe/Moscow")
NOW = 1_795_700_000.0
A_RULE = Rule(
    id=0, name="x", event="date", given=Given(property_id=1), channel="email", mailbox_id=None, template_id=None,
    task="y", delay_s=5, hours=WorkingHours(weekdays=[5]), enabled_at=None, version=1, user_id=None,
)  # fmt: skip


async def a_box(db: Database) -> int:
    async with db.write() as conn:
        return await mailboxes.add(conn, BOX | {"smtp_port": 9}, [ANNA], NOW) or 0


async def test_a_row_is_claimed_once_kept_or_lost_sight_of(db: Database) -> None:
    box = await a_box(db)
    file = Attachment(name="Прайс.pdf", media_type="application/pdf", size=1, sha256="a" * 64, content_id="@trubka")
    first = await add_letter(db, box, now=NOW, files=(file,))
    second = await add_letter(db, box, now=NOW + 1)
    async with db.read() as conn:
        assert await outbox.due(conn, NOW) == ([box], NOW + 1)
    async with db.write() as conn:
        taken = await outbox.claim(conn, box, NOW)
        assert taken is not None
        assert (taken.id, taken.files[0].content_id) == (first, f"{taken.files[0].id}.{'a' * 16}@trubka")
        assert await outbox.claim(conn, box, NOW) is None
        assert await outbox.is_going(conn, {first}) is False
        assert [one.id for one in await outbox.interrupted(conn, ())] == [first]
        assert await outbox.untold(conn) == [(first, "cut-off", ANNA, None)]
        assert not await outbox.move(conn, second, ("sending",), state="sent")
    async with db.read() as conn:
        assert [one.id for one in await outbox.listed(conn, user_id=2, mailbox_ids=[box])] == [second, first]
        assert await outbox.listed(conn, user_id=2) == []
        assert await outbox.stored(conn) == {"a" * 64}


async def test_what_comes_back_is_known_by_its_letter_or_its_address(db: Database) -> None:
    row = await add_letter(db, await a_box(db), now=NOW)
    async with db.write() as conn:
        await outbox.move(conn, row, ("waiting",), state="sent", sent_at=NOW)
        bounce = Bounce(address=PYOTR, lasting=True, why="550 no", message_id="")
        letter = Letter(
            message_id="b" * 64,
            sha256="b" * 64,
            subject="",
            people=(),
            sent_at=None,
            size=1,
            text="",
            bounces=(bounce,),
        )
        await letters.keep(conn, letter, received_at=NOW + 60)
        found = await outbox.get(conn, row)
        assert found is not None
        assert (found.why, [one.lasting for one in await bounces.of(conn, [PYOTR])]) == ("returned", [True])
        await bounces.clear(conn, PYOTR, before=NOW)
        assert len(await bounces.of(conn, [PYOTR])) == 1, "an older letter says nothing of it"
        await bounces.clear(conn, PYOTR, before=NOW + 61)
        assert await bounces.of(conn, [PYOTR]) == []


async def test_rules_find_what_they_wait_for(db: Database) -> None:
    today = date(2026, 11, 26)
    async with db.write() as conn:
        born = await properties.add(conn, Property(id=0, name="Рождение", kind="date"))
        one = await clients.insert(conn, ClientDraft(name="А", values={born: "1980-11-26"}), NOW)
        await properties.say(conn, one, {born: (Property(id=born, name="Рождение", kind="date"), "1980-11-26")}, NOW)
        other = await clients.insert(conn, ClientDraft(name="Б", time_zone="Asia/Omsk"), NOW)
        contract = await contracts.add(conn, one, ContractDraft(number="1", ends_on="2026-12-01"), NOW)
        some = Group(conditions=[Condition(field="name", op="is", value="Б")])
        segment = await segments.add(conn, Segment(id=0, name="Б", expression=some), ANNA, NOW)
    async with db.read() as conn:
        ending = await occasions.ending_contracts(conn, Given(days=5), today, ZONE)
        assert [found.key for found in ending] == [f"contract:{contract}:2026-12-01"]
        assert await occasions.ending_contracts(conn, Given(days=4), today, ZONE) == []
        dates = await occasions.dates(conn, Given(property_id=born), today, ZONE)
        assert [found.key for found in dates] == [f"date:{born}:{one}:2026"]
        assert {found.client_id for found in await occasions.new_clients(conn, NOW)} == {one, other}
        assert await occasions.changed(conn, Given(field="note"), NOW, NOW) == []
        assert await occasions.missed_calls(conn, Given(queues=["sales"]), NOW) == []
        assert await occasions.inside(conn, segment, [one, other], ZONE, NOW) == {other}
        assert (await occasions.zones(conn, [one, other]))[other] == ("Asia/Omsk", "")
        assert await occasions.address_of(conn, one) is None
    async with db.write() as conn:
        rule = await event_rules.add(conn, A_RULE, ANNA, NOW)
        for key in (f"contract:{contract}:2026-12-01", f"date:{born}:{one}:2026", f"client:{one}"):
            await event_rules.note(conn, rule, key, at=NOW, client_id=one, outcome="task")
        assert await occasions.ending_contracts(conn, Given(days=5), today, ZONE, rule_id=rule) == []
        assert await occasions.dates(conn, Given(property_id=born), today, ZONE, rule_id=rule) == []
        assert [found.client_id for found in await occasions.new_clients(conn, NOW, rule_id=rule)] == [other]
        assert await occasions.missed_calls(conn, Given(), NOW, rule_id=rule) == []


async def test_a_rule_and_a_template_are_kept_as_they_were_set(db: Database) -> None:
    async with db.write() as conn:
        made = await event_rules.add(conn, A_RULE, ANNA, NOW)
        kept = await event_rules.get(conn, made)
        assert kept is not None
        assert (kept.given, kept.hours, kept.user_id) == (A_RULE.given, A_RULE.hours, ANNA)
        await event_rules.note(conn, made, "k", at=NOW, client_id=None, outcome="queued")
        assert await event_rules.done(conn, made, ["k", "l"]) == {"k"}
        file = Attachment(name="П.pdf", media_type="application/pdf", size=1, sha256="c" * 64)
        price = await templates.add_file(conn, "Прайс", file, NOW, ANNA)
        body = {"name": "т", "channel": "email", "language": "ru", "subject": "", "body": "x"}
        template = await templates.add(conn, body, [price, 999], NOW, ANNA)
        found = await templates.get(conn, template)
        assert found is not None
        assert [one.title for one in found.files] == ["Прайс"]
        assert await templates.change(conn, template, body, [], version=1, now=NOW)
        assert not await templates.change(conn, template, body, [], version=1, now=NOW)
