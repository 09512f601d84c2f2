"""Black and white lists of numbers: terms, beginnings, who may, files of them, and that garbage is refused whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cti.access import Person
from cti.clients.number_lists import Draft, end_of
from cti.errors import NotAllowed, Refused
from cti.features.number_lists import NumberLists
from cti.storage import number_lists
from cti.telephony.numbering import NumberPlan
from tests.made import new_database
from tests.storage.conftest import add_cast

MOSCOW = ZoneInfo("Europe/Moscow")
VERA = Person(id=2, login="vera", name="Vera", role="supervisor")
ANNA = Person(id=1, login="anna", name="Anna", role="agent")
NUMBER = "+79355550101"


class Lists:
    def __init__(self, db: Any) -> None:
        self.db, self.now = db, 1_795_000_000.0
        self.feature = NumberLists(
            db=db, plan=NumberPlan(), opened=lambda text: text, zone=MOSCOW, clock=lambda: self.now
        )

    async def put(self, number: str, kind: Any = "black", until: float | None = None, reason: str = "угрозы") -> int:
        return await self.feature.put(VERA, Draft(number=number, list=kind, reason=reason, until=until))

    async def all(self) -> set[tuple[Any, ...]]:
        async with self.db.read() as conn:
            rows = await number_lists.every(conn)
        return {(one.number, one.beginning, one.list, one.reason, one.until) for one in rows}

    async def of(self, number: str = NUMBER) -> tuple[str, str] | None:
        async with self.db.read() as conn:
            found = await number_lists.found(conn, number, self.now)
        return (found.list, found.reason) if found else None


@pytest.fixture
async def lists(tmp_path: Path) -> AsyncIterator[Lists]:
    db = await new_database(tmp_path)
    await add_cast(db)
    yield Lists(db)
    await db.close()


async def test_the_number_itself_goes_before_beginnings_and_the_longest_of_them_counts(lists: Lists) -> None:
    await lists.put("+7 935*", reason="все")
    assert await lists.of() == ("black", "все")
    await lists.put("+7 935 555*", "white", reason="свои")
    assert await lists.of() == ("white", "свои")
    made = await lists.put("8 (935) 555-01-01", until=lists.now + 60)
    assert await lists.of() == ("black", "угрозы")
    lists.now += 61
    assert await lists.of() == ("white", "свои"), "its term is over"
    assert await lists.put(NUMBER, reason="снова") == made, "a number stands on the lists once"
    await lists.feature.take_off(VERA, made)
    assert await lists.of() == ("white", "свои")
    await lists.feature.put_back(VERA, made)
    assert await lists.of() == ("black", "снова")
    assert await lists.of("+74950000000") is None


@pytest.mark.parametrize(
    ("code", "number", "more"),
    [
        ("not-a-number", "пять", {}),
        ("not-a-number", "'; DROP TABLE clients", {}),
        ("bad-beginning", "+7*", {}),
        ("bad-beginning", "935*", {}),
        ("bad-beginning", "+" + "1" * 40 + "*", {}),
        ("no-list-reason", NUMBER, {"reason": " \n"}),
        ("bad-term", NUMBER, {"until": 1.0}),
        ("bad-term", NUMBER, {"until": 1e12}),
    ],
)
async def test_what_is_no_number_reason_or_term_is_refused(
    lists: Lists, code: str, number: str, more: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as refused:
        await lists.put(number, **more)
    assert refused.value.code == code


async def test_who_may_not_is_refused_everything(lists: Lists) -> None:
    made = await lists.put(NUMBER)
    for done in (
        lists.feature.put(ANNA, Draft(number=NUMBER, list="white", reason="x")),
        lists.feature.take_off(ANNA, made),
        lists.feature.put_back(ANNA, made),
        lists.feature.take_in(ANNA, ""),
        lists.feature.file(ANNA),
    ):
        with pytest.raises(NotAllowed):
            await done
    assert await lists.of() == ("black", "угрозы")


async def test_a_file_comes_back_as_it_left_and_a_wrong_line_takes_in_nothing(lists: Lists) -> None:
    last = end_of("2027-12-31", MOSCOW)
    await lists.put(NUMBER, until=last, reason="=HYPERLINK(1)")
    await lists.put("+7 495*", "white", reason="офис; этаж 2")
    text = await lists.feature.file(VERA)
    assert "'=HYPERLINK(1)" in text
    async with lists.db.read() as conn:
        before = {
            (one.number, one.beginning, one.list, one.reason, one.until) for one in await number_lists.every(conn)
        }
    assert await lists.feature.take_in(VERA, "\ufeff" + text) == 2
    async with lists.db.read() as conn:
        after = {(one.number, one.beginning, one.list, one.reason, one.until) for one in await number_lists.every(conn)}
    assert after == before
    for line in ("x;black;r;", f"{NUMBER};grey;r;", f"{NUMBER};black;;", f"{NUMBER};black;r;31.12.2027"):
        with pytest.raises(Refused) as refused:
            await lists.feature.take_in(VERA, f"+79355550102;black;r;\n{line}")
        assert refused.value.where == "2"
    assert await lists.of("+79355550102") is None
    hiding = Person(id=2, login="vera", name="", role="supervisor", changed={"clients.numbers": "none"})
    with pytest.raises(Refused, match="hidden"):
        await lists.feature.file(hiding)
