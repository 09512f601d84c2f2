"""SMS, consents and limits as rows, on both engines."""

from __future__ import annotations

from cti.messages.limits import Limits
from cti.storage import consents, limits, sms
from cti.storage.database import Database

NUMBER = "+79355550101"


async def test_what_is_asked_for_twice_by_one_key_is_one_message(db: Database) -> None:
    values = {"key": "a", "number": NUMBER, "text": "Привет" * 20, "rule_id": 7}
    async with db.write() as conn:
        first = await sms.add(conn, values, 100.0)
        assert first is not None
        assert await sms.add(conn, values, 101.0) is None
        assert await sms.call_back(conn, 102.0, rule_id=7) == 1
        assert not await sms.move(conn, first, ("queued",), state="sending")


async def test_the_latest_word_holds_and_nothing_given_before_STOP_outlives_it(db: Database) -> None:
    async def refused(purpose: str, client_id: int | None = None) -> str:
        async with db.read() as conn:
            return await consents.refusal(
                conn,
                kind="phone",
                address=NUMBER,
                purpose=purpose,
                client_id=client_id,  # type: ignore[arg-type]
            )

    async def say(purpose: str, given: bool, at: float) -> None:
        async with db.write() as conn:
            await consents.say(
                conn,
                kind="phone",
                address=NUMBER,
                purpose=purpose,
                given=given,
                source="sms",
                at=at,  # type: ignore[arg-type]
            )

    assert [await refused(one) for one in ("service", "marketing")] == ["", "no-consent"]
    await say("marketing", True, 1.0)
    assert await refused("marketing") == ""
    await say("", False, 2.0)
    assert [await refused(one) for one in ("service", "marketing")] == ["withdrawn", "withdrawn"]
    await say("marketing", True, 3.0)
    assert [await refused(one) for one in ("service", "marketing")] == ["withdrawn", ""]
    await say("", True, 4.0)
    assert await refused("service") == ""


async def test_limits_are_one_row_and_nobody_overwrites_anothers(db: Database) -> None:
    async with db.write() as conn:
        assert await limits.read(conn) == (Limits(), 0)
        assert await limits.save(conn, Limits(a_day=5), version=0, user_id=1, now=1.0)
        assert not await limits.save(conn, Limits(a_day=6), version=0, user_id=1, now=1.0)
        assert await limits.save(conn, Limits(a_day=6), version=1, user_id=1, now=1.0)
        assert await limits.read(conn) == (Limits(a_day=6), 2)
