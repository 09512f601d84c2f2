"""A campaign from its first word to its last: its people, its pace, its pauses, and what stands in its way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import func, insert, select, update

from cti.clients.filters import Condition
from cti.clients.segments import Group, Segment
from cti.errors import NotAllowed, Refused
from cti.messages.limits import Limits
from cti.messages.rules import WorkingHours
from cti.storage import campaign_people, consents, limits, segments
from cti.storage.client_tables import clients
from cti.storage.sending_tables import templates
from cti.storage.sms_tables import sms
from tests.features.mailing_house import ANNA, NOON, PAVEL, VERA, house


async def test_each_gets_his_text_once_and_states_follow_what_the_gateways_say(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        id_ = await h.begun()
        await h.looked(lambda found: found.get("queued") == 20, id_)
        async with h.db.read() as conn:
            rows = (await conn.execute(select(sms).order_by(sms.c.id))).all()
        assert (rows[0].text, rows[0].key, rows[0].campaign_id) == (
            "Клиент 1, поздравляем!",
            f"campaign:{id_}:1:0",
            id_,
        )
        await h.settle("delivered", many=15)
        await h.settle("undeliverable", many=5, why="absent")
        await h.runs.noted()
        assert await h.counts(id_) == {"delivered": 15, "failed": 5}
        await h.runs.look()
        assert (await h.one(id_)).state == "done"


async def test_a_pause_takes_back_what_waits_and_after_it_nobody_is_written_twice_or_forgotten(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        id_ = await h.begun()
        await h.looked(lambda found: found.get("queued", 0) == 20, id_)
        await h.settle("delivered", many=8)
        await h.campaigns.pause(VERA, id_)
        await h.runs.noted()
        await h.runs.look()
        assert await h.counts(id_) == {"waiting": 12, "delivered": 8}
        await h.campaigns.start(VERA, id_)
        await h.looked(lambda found: found.get("queued", 0) == 12, id_)
        async with h.db.read() as conn:
            live = select(sms.c.number, func.count()).where(sms.c.state != "canceled").group_by(sms.c.number)
            assert {row[1] for row in await conn.execute(live)} == {1}
        await h.campaigns.stop(VERA, id_)
        assert await h.counts(id_) == {"waiting": 12, "delivered": 8}
        with pytest.raises(Refused):
            await h.campaigns.start(VERA, id_)


async def test_no_more_than_a_second_of_it_waits_in_the_queue(tmp_path: Path) -> None:
    async with house(tmp_path, 60) as h:
        id_ = await h.begun(rate=50)
        await h.looked(lambda found: found.get("queued", 0) >= 40, id_)
        for _ in range(30):
            await h.runs.look()
            await asyncio.sleep(0.02)
        assert (await h.counts(id_))["queued"] <= 50


async def test_over_the_limit_a_second_person_has_to_agree_and_a_change_needs_it_anew(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        async with h.db.write() as conn:
            await limits.save(conn, Limits(approval_over=10), version=0, user_id=1, now=NOON)
        id_ = await h.ready()
        with pytest.raises(Refused, match="second person"):
            await h.campaigns.start(VERA, id_)
        await h.campaigns.ask(VERA, id_)
        assert h.told[-1][0] == "campaign-asked"
        for who in (VERA, ANNA):
            with pytest.raises(NotAllowed):
                await h.campaigns.answer(who, id_, agrees=True)
        await h.campaigns.answer(PAVEL, id_, agrees=True)
        await h.campaigns.save(VERA, replace(await h.one(id_), name="Иначе"))
        assert ((await h.one(id_)).state, (await h.one(id_)).approved_by) == ("draft", None)
        await h.campaigns.build(VERA, id_)
        await h.builds.look()
        with pytest.raises(Refused, match="second person"):
            await h.campaigns.start(VERA, id_)
        await h.campaigns.ask(VERA, id_)
        await h.campaigns.answer(PAVEL, id_, agrees=True)
        await h.campaigns.start(VERA, id_)


async def test_who_has_no_value_for_a_field_is_passed_over_and_the_others_go_on(tmp_path: Path) -> None:
    async with house(tmp_path, 6) as h:
        async with h.db.write() as conn:
            await conn.execute(update(templates).values(body="ИНН {{client.inn}}"))
            await conn.execute(update(clients).where(clients.c.id > 2).values(inn="7707083893"))
        id_ = await h.begun()
        await h.looked(lambda found: found.get("queued", 0) == 4, id_)
        async with h.db.read() as conn:
            assert await campaign_people.reasons(conn, id_, ("skipped",)) == {"missing-field": 2}


async def test_who_left_the_segment_is_passed_over_unless_it_is_frozen(tmp_path: Path) -> None:
    async with house(tmp_path, 6) as h:
        living, frozen = await h.ready(frozen=False), await h.ready("Вторая")
        async with h.db.write() as conn:
            stays = Group(conditions=[Condition(field="inn", op="filled")])
            await segments.change(conn, Segment(id=1, name="Все", expression=stays), NOON)
            await conn.execute(update(clients).where(clients.c.id > 4).values(inn="7707083893"))
        for id_ in (living, frozen):
            await h.campaigns.start(VERA, id_)
            await h.looked(lambda found: not found.get("waiting"), id_)
        assert await h.counts(living) == {"skipped": 4, "queued": 2}
        assert await h.counts(frozen) == {"queued": 6}


async def test_a_template_that_is_gone_lets_it_stand_and_somebody_is_told(tmp_path: Path) -> None:
    async with house(tmp_path, 3) as h:
        id_ = await h.begun()
        async with h.db.write() as conn:
            await conn.execute(update(templates).values(retired_at=NOON))
        await h.runs.look()
        assert ((await h.one(id_)).state, (await h.one(id_)).why) == ("paused", "no-template")
        assert h.told[-1] == ("campaign-stands", {"why": "no-template"})


async def test_nobody_is_written_outside_the_hours_of_his_own_clock(tmp_path: Path) -> None:
    async with house(tmp_path, 4) as h:
        async with h.db.write() as conn:
            await conn.execute(update(clients).where(clients.c.id > 2).values(time_zone="Asia/Kamchatka"))
        id_ = await h.begun(hours=WorkingHours(begins="09:00", ends="20:00"))
        await h.looked(lambda found: found.get("queued", 0) == 2, id_)
        await h.runs.look()
        assert (await h.counts(id_)) == {"queued": 2, "waiting": 2}
        h.now += 12 * 3600
        await h.looked(lambda found: found.get("queued", 0) == 4, id_)


async def test_answers_calls_and_withdrawals_after_it_are_noted_of_each(tmp_path: Path) -> None:
    async with house(tmp_path, 3) as h:
        id_ = await h.begun()
        await h.looked(lambda found: found.get("queued", 0) == 3, id_)
        await h.settle("delivered", many=2)
        h.now += 60
        async with h.db.write() as conn:
            await consents.say(  # nothing has reached him yet
                conn, kind="phone", address="+79350000003", purpose="", given=False, source="card", at=h.now
            )
            for key, number in (("in", "+79350000001"), ("stranger", "+79350009999")):
                await conn.execute(insert(sms).values(
                    key=key, direction="in", state="received", number=number, text="Спасибо", created_at=h.now
                ))  # fmt: skip
            await consents.say(
                conn, kind="phone", address="+79350000002", purpose="", given=False, source="sms", at=h.now
            )
        await h.runs.noted()
        async with h.db.read() as conn:
            assert await campaign_people.heard(conn, h.now - 60) == [], "the writer has no turn for what is noted"
            assert await campaign_people.marks(conn, id_) == {
                "replied": 1, "unsubscribed": 1, "called": 0, "opened": 0,
            }  # fmt: skip
            assert [row.number for row in await campaign_people.listed(conn, id_, mark="replied")] == [1]
        again = await h.ready("Вторая")
        assert (await h.one(again)).built == {"withdrawn": 2}


async def test_a_link_is_counted_once_for_each_who_follows_his_own(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        async with h.db.write() as conn:
            await conn.execute(update(templates).values(body="{{client.name}}: {{campaign_link}}"))
        with pytest.raises(Refused, match="not there"):
            await h.ready()
        with pytest.raises(Refused, match="whole address"):
            await h.ready("Вторая", link="javascript:alert(1)")
        id_ = await h.begun(name="Третья", link="https://shop.romashka.example/spring?from=sms")
        await h.looked(lambda found: found.get("queued") == 20, id_)
        async with h.db.read() as conn:
            first, second = (await conn.execute(select(sms.c.text).order_by(sms.c.id).limit(2))).scalars()
        assert first.startswith("Клиент 1: https://cti.romashka.example/l/")
        assert first[10:] != second[10:], "each has his own"
        token = first.rpartition("/")[2]
        assert await h.campaigns.followed("A" + token[1:]) == ""
        async with h.db.read() as conn:
            assert (await campaign_people.marks(conn, id_))["opened"] == 0
        for _ in range(2):
            assert await h.campaigns.followed(token) == "https://shop.romashka.example/spring?from=sms"
        async with h.db.read() as conn:
            assert (await campaign_people.marks(conn, id_))["opened"] == 1
