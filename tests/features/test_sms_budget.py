"""The budget of a day ends in the middle, a consent is withdrawn while SMS wait: each state is true, none goes over."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cti.messages.limits import Limits
from cti.messages.quiet import day_ends
from cti.storage import consents, limits, spending
from tests.features.text_office import MOSCOW, Gateway, text_office
from tests.storage.conftest import ANNA

LOUD = Limits(quiet_from="00:00", quiet_to="00:00", a_day=0, budget_day=2 * 250 + 1)  # for two parts


async def test_SEC_19_the_rest_of_a_campaign_waits_for_the_next_day_and_people_write_on(tmp_path: Path) -> None:
    gateway = Gateway()
    async with text_office(tmp_path, gateway) as office:
        async with office.db.write() as conn:
            assert await limits.save(conn, LOUD, version=0, user_id=ANNA, now=1.0)
        ids = [await office.write(number=f"+7935555020{n}", user_id=None, campaign_id=3) for n in range(4)]
        rows = [await office.until(one, lambda row: row.state == "accepted" or row.why == "budget") for one in ids]
        assert sorted(row.state for row in rows) == ["accepted", "accepted", "queued", "queued"]
        left = [row for row in rows if row.state == "queued"]
        tomorrow = day_ends(office.clock(), MOSCOW)
        assert {row.next_at for row in left} == {tomorrow}
        own = await office.state(await office.write(), "accepted")
        async with office.db.read() as conn:
            today = await spending.day(conn, office.clock(), MOSCOW)
        assert (today.spent, today.messages, today.own) == (500, 2, own.price)
        assert today.stopped_at is not None
        async with office.db.write() as conn:  # he changes his mind over night
            await consents.say(
                conn, kind="phone", address=left[0].number, purpose="", given=False, source="sms", at=office.clock()
            )
        office.later(tomorrow - office.clock() + 1)
        assert (await office.state(left[0].id, "canceled")).why == "withdrawn"
        await office.state(left[1].id, "accepted")
        assert len(gateway.got) == 4


async def test_a_larger_budget_lets_the_rest_go_at_once(tmp_path: Path) -> None:
    gateway = Gateway()
    async with text_office(tmp_path, gateway) as office:
        async with office.db.write() as conn:
            assert await limits.save(conn, LOUD, version=0, user_id=ANNA, now=1.0)
        ids = [await office.write(number=f"+7935555020{n}", user_id=None, campaign_id=3) for n in range(4)]
        for one in ids:
            await office.until(one, lambda row: row.state == "accepted" or row.why == "budget")
        for budget, version, went in ((3 * 250, 1, 3), (4 * 250, 2, 4)):
            more = msgspec.structs.replace(LOUD, budget_day=budget)
            async with office.db.write() as conn:
                assert await limits.save(conn, more, version=version, user_id=ANNA, now=1.0)
                await spending.asked_anew(conn, office.clock(), MOSCOW)
                assert (await spending.day(conn, office.clock(), MOSCOW)).stopped_at is None
            office.out.wake()
            for one in ids:
                await office.until(one, lambda row: row.state == "accepted" or row.next_at > office.clock())
            assert len(gateway.got) == went


async def test_a_clock_that_is_set_otherwise_doubles_nothing_and_holds_nothing_up(tmp_path: Path) -> None:
    gateway = Gateway()
    async with text_office(tmp_path, gateway) as office:
        async with office.db.write() as conn:
            assert await limits.save(conn, LOUD, version=0, user_id=ANNA, now=1.0)
        for place, hours in enumerate((0, -3, 26)):  # set back, and forward over the end of the day
            office.later(hours * 3600)
            one = await office.write(number=f"+7935555030{place}", user_id=None, campaign_id=3)
            await office.state(one, "accepted")
        assert len(gateway.got) == len({text.key for text in gateway.got}) == 3
