"""SMS leave once, and their states are true, whatever gateways say and whenever the process dies (F-44, F-45)."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cti.channels.texts import Answer, OutText, Receipt, SmsTrouble
from cti.messages.deliveries import Told
from cti.messages.limits import Limits
from cti.messages.outgoing import TRIES_S
from cti.storage import consents, spending
from cti.storage import sms as messages
from cti.storage.client_tables import client_phones, clients
from cti.storage.database import Database
from cti.storage.sms_tables import sms, sms_receipts
from tests.features.text_office import MOSCOW, PYOTR, Gateway, text_office
from tests.storage.conftest import ANNA, cluster, db, template, url

__all__ = ["cluster", "db", "template", "url"]

LONG = "Уважаемый Пётр, " * 8  # two parts


async def test_an_sms_goes_once_by_its_route_and_is_delivered(tmp_path: Path) -> None:
    gateway = Gateway()
    async with text_office(tmp_path, gateway) as office:
        row = await office.state(await office.write(LONG), "accepted")
        assert [one.text for one in gateway.got] == [LONG]
        assert (row.gateway_id, row.sender, row.price, row.attempt, row.next_at) == (1, "service", 500, 1, None)
        await office.told("1000", "delivered")
        assert (await office.row(row.id)).state == "accepted", "one part of two"
        await office.told("1001", "delivered")
        row = await office.state(row.id, "delivered")
        assert row.settled_at is not None
        assert [one.state for one in office.changes] == ["accepted", "delivered"]
        assert office.screens.notices == []


async def test_a_key_is_one_message_on_either_engine(db: Database, tmp_path: Path) -> None:
    async with text_office(tmp_path, Gateway(), db=db) as office:
        first = await office.write(key="u1:twice")
        async with db.write() as conn:
            assert await messages.add(conn, {"key": "u1:twice", "number": PYOTR, "text": "ещё"}, 1.0) is None
        await office.state(first, "accepted")
        await office.told("1000", "delivered")
        assert (await office.row(first)).state == "delivered"
        async with db.read() as conn:
            assert (await conn.execute(select(func.count()).select_from(sms))).scalar_one() == 1


@pytest.mark.parametrize("form", ["decimal", "hex"])
async def test_F_45_receipts_in_any_order_twice_and_before_the_answer(tmp_path: Path, form: str) -> None:
    """Eight orders of the answer (A), "sent" (s), "delivered" (d), "undeliverable" (u), each in both forms of ids."""
    orders = ["Asd", "Ads", "sAd", "dAs", "sdA", "dsA", "dAd", "udA"]
    words: dict[str, Told] = {"s": "sent", "d": "delivered", "u": "undeliverable"}
    gateway = Gateway(first_id=0x5F3A10)
    async with text_office(tmp_path, gateway) as office:
        for place, order in enumerate(orders):
            gateway.go.clear()
            one = await office.write()
            await office.until(one, lambda row: row.state == "sending")
            told = 0x5F3A10 + place
            for step in order:
                if step == "A":
                    gateway.go.set()
                    await office.until(one, lambda row: row.attempt == 1)
                else:
                    await office.told(f"{told:X}" if form == "hex" else str(told), words[step])
            assert (await office.state(one, "delivered")).attempt == 1, order
        async with office.db.read() as conn:
            assert (await conn.execute(select(func.count()).select_from(sms_receipts))).scalar_one() == 0
    assert len(gateway.got) == len(orders)


async def test_F_44_no_answer_is_unknown_and_never_goes_again_by_itself(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.answers = lambda _: (Answer(state="unknown"),)
    async with text_office(tmp_path, gateway, Gateway()) as office:
        lost = await office.state(await office.write(), "unknown")
        assert lost.why == "no-answer"
        office.later(48 * 3600)
        gateway.answers = None
        await office.state(await office.write(), "accepted")
        assert len(gateway.got) == 2
        assert [(who, notice.code) for who, notice in office.screens.notices] == [(ANNA, "sms-unknown")]


async def test_an_answer_that_comes_after_all_names_the_message_and_its_receipt_is_known(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.answers = lambda _: (Answer(state="unknown", far_id="late-1"),)
    async with text_office(tmp_path, gateway) as office:
        first = await office.state(await office.write(), "unknown")
        await office.told("5f3a", "delivered")  # before that answer
        late = Receipt(far_id="late-1", state="accepted", at=office.clock(), named="5F3A")
        await office.after.told(1, [late])
        assert (await office.row(first.id)).state == "delivered"


async def test_refused_for_now_it_goes_through_the_next_gateway_at_once(tmp_path: Path) -> None:
    first, second = Gateway(), Gateway()
    first.trouble = SmsTrouble("throttled", "Throttling error")
    async with text_office(tmp_path, first, second) as office:
        row = await office.state(await office.write(), "accepted")
        assert (row.gateway_id, row.tries, len(second.got)) == (2, 1, 1)
        async with office.db.read() as conn:
            assert (await spending.day(conn, office.clock(), MOSCOW)).own == 250, "what was not taken cost nothing"


async def test_refused_for_now_by_all_it_is_tried_by_the_schedule_for_a_day(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.trouble = SmsTrouble("full", "Queue full")
    async with text_office(tmp_path, gateway) as office:
        one, waits = await office.write(), []
        for tries, wait_s in enumerate(TRIES_S, start=1):
            row = await office.until(one, lambda row, n=tries: row.tries == n)  # type: ignore[misc]
            waits.append(round((row.next_at or 0) - office.clock(), -1))
            office.later(wait_s + 0.5)
        assert waits == list(TRIES_S)
        office.later(24 * 3600)
        row = await office.state(one, "expired")
        assert (row.why, row.said, gateway.got) == ("gave-up", "Queue full", [])


async def test_refused_for_good_is_told_to_its_author_once_and_without_the_text(tmp_path: Path) -> None:
    gateway, other = Gateway(), Gateway()
    gateway.trouble = SmsTrouble("bad-number", "Invalid destination", permanent=True)
    async with text_office(tmp_path, gateway, other) as office:
        row = await office.state(await office.write("Секрет"), "rejected")
        assert (row.why, row.said, other.got) == ("bad-number", "Invalid destination", [])
        [(who, notice)] = office.screens.notices
        assert (who, notice.code) == (ANNA, "sms-rejected")
        assert PYOTR not in f"{notice}"


async def test_what_one_gateway_did_not_deliver_goes_once_through_another(tmp_path: Path) -> None:
    first, second = Gateway(100), Gateway(200)
    async with text_office(tmp_path, first, second) as office:
        one = await office.write()
        await office.state(one, "accepted")
        await office.told("100", "undeliverable")
        assert ((await office.row(one)).state, office.screens.notices) == ("queued", [])
        office.later(60)
        assert (await office.state(one, "accepted")).gateway_id == 2
        await office.told("200", "undeliverable", gateway_id=2)
        assert (await office.row(one)).state == "undeliverable"
        assert (len(first.got), len(second.got), len(office.screens.notices)) == (1, 1, 1)


async def test_a_late_delivery_by_the_first_gateway_spares_the_second(tmp_path: Path) -> None:
    first, second = Gateway(100), Gateway(200)
    async with text_office(tmp_path, first, second) as office:
        one = await office.write()
        await office.state(one, "accepted")
        await office.told("100", "undeliverable")
        await office.told("100", "delivered")
        assert (await office.row(one)).state == "delivered"
        office.later(60)
        await office.state(await office.write(), "accepted")
        assert second.got == []


async def test_without_a_gateway_it_waits_and_says_why(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.health = "down"
    async with text_office(tmp_path, gateway) as office:
        one = await office.write()
        await office.until(one, lambda row: row.why == "no-gateway")
        gateway.health = "up"
        office.later(20)
        assert (await office.state(one, "accepted")).why == ""


@pytest.mark.parametrize("why", ["restricted", "withdrawn", "no-consent"])
async def test_what_may_not_leave_any_more_does_not(tmp_path: Path, why: str) -> None:
    gateway = Gateway()
    async with text_office(tmp_path, gateway) as office:
        values = {
            "name": "Алхимов", "name_folded": "алхимов", "search": "", "created_at": 1.0, "updated_at": 1.0,
            "restricted_at": 1.0 if why == "restricted" else None, "restricted_why": "",
        }  # fmt: skip
        async with office.db.write() as conn:
            client = (await conn.execute(clients.insert().values(values).returning(clients.c.id))).scalar_one()
            phone = {"client_id": client, "e164": PYOTR, "typed": PYOTR, "label": "", "extension": "", "position": 0}
            await conn.execute(client_phones.insert().values(phone))
            if why == "withdrawn":
                await consents.say(conn, kind="phone", address=PYOTR, purpose="", given=False, source="sms", at=1.0)
        one = await office.write(client_id=client, purpose="marketing" if why == "no-consent" else "service")
        assert (await office.state(one, "canceled")).why == why
        assert gateway.got == []


async def test_a_consent_withdrawn_while_it_waits_in_a_line_stops_it(tmp_path: Path) -> None:
    """The line gives it back, so that the register is asked anew: no try is lost, and nothing else is chosen."""
    gateway, other = Gateway(), Gateway()

    def waited(_text: OutText) -> tuple[Answer, ...]:
        raise SmsTrouble("waited")

    gateway.answers = waited
    gateway.go.clear()
    async with text_office(tmp_path, gateway, other) as office:
        one = await office.write()
        await gateway.busy(1)
        async with office.db.write() as conn:
            await consents.say(conn, kind="phone", address=PYOTR, purpose="", given=False, source="sms", at=1.0)
        gateway.go.set()
        row = await office.state(one, "canceled")
        assert (row.why, row.tries) == ("withdrawn", 0)
        assert (len(gateway.got), other.got) == (1, [])


async def test_a_window_at_once_and_no_more(tmp_path: Path) -> None:
    gateway = Gateway(window=5)
    async with text_office(tmp_path, gateway) as office:
        gateway.go.clear()
        some = [await office.write(f"{number}") for number in range(40)]
        await gateway.busy(5)
        gateway.go.set()
        for one in some:
            await office.state(one, "accepted")
    assert (gateway.most, len(gateway.got)) == (5, 40)


async def test_a_kill_doubles_nothing_and_at_most_a_window_is_unknown(tmp_path: Path) -> None:
    gateway = Gateway(window=5)
    async with text_office(tmp_path, gateway) as office:
        some = [await office.write(f"{number}") for number in range(20)]
        await office.state(some[3], "accepted")
        gateway.go.clear()
        await office.write("ещё")
        await gateway.busy(1)
    gateway2 = Gateway(window=5)
    async with text_office(tmp_path, gateway2, new=False) as office:
        deadline = time.monotonic() + 10
        states: Counter[str] = Counter()
        while states.total() != 21 or states["queued"] or states["sending"]:
            assert time.monotonic() < deadline, states
            async with office.db.read() as conn:
                states = Counter((await conn.execute(select(sms.c.state))).scalars())
        assert 1 <= states["unknown"] <= 5
        assert states["accepted"] == 21 - states["unknown"]
        went = Counter(one.key for one in itertools.chain(gateway.got, gateway2.got))
        assert set(went.values()) == {1}


async def test_a_stop_in_good_order_leaves_nothing_unknown(tmp_path: Path) -> None:
    gateway = Gateway(window=5)
    gateway.go.clear()
    async with text_office(tmp_path, gateway) as office:
        one = await office.write()
        await office.until(one, lambda row: row.state == "sending")
        resting = asyncio.create_task(office.out.rest(5.0))
        two = await office.write()
        gateway.go.set()
        await resting
        assert ((await office.row(one)).state, (await office.row(two)).state) == ("accepted", "queued")


async def test_what_was_never_heard_of_is_unknown_after_the_hours_set(tmp_path: Path) -> None:
    async with text_office(tmp_path, Gateway()) as office:
        one = await office.write()
        await office.state(one, "accepted")
        office.later(Limits().unknown_h * 3600 + 60)
        sweeping = asyncio.create_task(office.after.run())
        assert (await office.state(one, "unknown")).why == "no-receipt"
        sweeping.cancel()
        await office.told("1000", "delivered")
        assert (await office.row(one)).state == "delivered", "it came in the end"


async def test_many_receipts_at_once(tmp_path: Path) -> None:
    gateway = Gateway(window=50)
    async with text_office(tmp_path, gateway) as office:
        some = [await office.write(f"{number}") for number in range(100)]
        for one in some:
            await office.state(one, "accepted")
        receipts = [Receipt(far_id=str(1000 + place), state="delivered", at=1.0) for place in range(100)]
        await office.after.told(1, receipts + receipts[:10])
        async with office.db.read() as conn:
            assert set((await conn.execute(select(sms.c.state))).scalars()) == {"delivered"}
