"""The grid: every column can be asked and sorted by, standard ones and properties alike, on both engines."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs
from sqlalchemy import update

from cti.clients.card import ClientDraft, Phone
from cti.clients.filters import Condition
from cti.clients.properties import Property, PropertyValue
from cti.errors import Refused
from cti.storage import clients, directories, finding, properties
from cti.storage.client_tables import clients as client_rows
from cti.storage.database import Database
from cti.storage.grid import Grid
from cti.storage.orders import write_key
from tests.storage.conftest import ANNA, BORIS

ZONE = ZoneInfo("Europe/Moscow")


async def _filled(db: Database) -> dict[str, int]:
    """Three clients with two properties; ids of what was made, by name."""
    async with db.write() as conn:
        values = (PropertyValue(id=0, name="красный", color="red"), PropertyValue(id=0, name="зелёный", color="green"))
        color = Property(id=0, name="Цвет", kind="list", values=values)
        made = {
            "Цвет": await properties.add(conn, color),
            "Лояльность": await properties.add(conn, Property(id=0, name="Лояльность", kind="rating")),
            "Москва": await directories.add(conn, "region", "Москва"),
        }
        first = (await properties.every(conn))[0]
        made |= {value.name: value.id for value in first.values}
        drafts = {
            "Алхимов": ClientDraft(
                name="Алхимов", full_name="ООО «Ёлка»", responsible_id=ANNA, region_id=made["Москва"], inn="7707083893",
                phones=(Phone(typed="+79355550101", e164="+79355550101"),), emails=("info@alhimov.example",),
                values={made["Цвет"]: made["красный"], made["Лояльность"]: 5.0},
            ),
            "Гранит": ClientDraft(name="Гранит", responsible_id=BORIS, values={made["Лояльность"]: 2.0}),
            "Берёзка": ClientDraft(name="Берёзка", kind="person", values={made["Цвет"]: made["зелёный"]}),
        }  # fmt: skip
        for at, (name, draft) in enumerate(drafts.items()):
            made[name] = await clients.insert(conn, draft, 86_400.0 * (at + 1))
    return made


async def _names(db: Database, *filters: Condition, q: str = "", sort: str = "") -> list[str]:
    async with db.read() as conn:
        page = await Grid(conn, await properties.every(conn), ZONE).page(q, filters, sort=sort)
    assert page.total in (len(page.rows), None)
    return [row.name for row in page.rows]


async def test_each_kind_of_column_has_its_filter(db: Database) -> None:
    made = await _filled(db)
    color, loyalty = f"property:{made['Цвет']}", f"property:{made['Лояльность']}"
    asked: list[tuple[str, str, Any, list[str]]] = [
        ("name", "contains", "РЕЗ", ["Берёзка"]),
        ("name", "begins", "ал", ["Алхимов"]),
        ("full_name", "contains", "елка", ["Алхимов"]),
        ("full_name", "empty", None, ["Гранит", "Берёзка"]),
        ("kind", "any-of", ["person"], ["Берёзка"]),
        ("phones", "contains", "8 935 555", ["Алхимов"]),
        ("phones", "empty", None, ["Гранит", "Берёзка"]),
        ("emails", "contains", "ALHIMOV", ["Алхимов"]),
        ("responsible", "any-of", [ANNA], ["Алхимов"]),
        ("responsible", "none-of", [ANNA], ["Гранит", "Берёзка"]),
        ("region", "filled", None, ["Алхимов"]),
        ("inn", "begins", "7707", ["Алхимов"]),
        ("created", "from", "1970-01-03", ["Гранит", "Берёзка"]),
        ("created", "to", "1970-01-03", ["Алхимов", "Гранит"]),
        (color, "any-of", [made["красный"]], ["Алхимов"]),
        (color, "none-of", [made["красный"]], ["Гранит", "Берёзка"]),
        (color, "empty", None, ["Гранит"]),
        (loyalty, "from", 4, ["Алхимов"]),
        (loyalty, "to", "4", ["Гранит"]),
    ]
    for field, op, value, found in asked:
        assert await _names(db, Condition(field, op, value)) == found, (field, op)  # type: ignore[arg-type]
    assert await _names(db, Condition("kind", "any-of", ["company"]), Condition(loyalty, "filled"), q="гран") == [
        "Гранит"
    ]


async def test_a_day_begins_where_the_house_is(db: Database) -> None:
    late = datetime(2026, 11, 30, 22, 30, tzinfo=UTC).timestamp()  # 1:30 of the next day in Moscow
    async with db.write() as conn:
        await clients.insert(conn, ClientDraft(name="Ночной"), late)
    assert await _names(db, Condition("created", "to", "2026-11-30")) == []
    assert await _names(db, Condition("created", "from", "2026-12-01"), Condition("created", "to", "2026-12-01"))


async def test_a_property_is_asked_as_it_was_on_a_day(db: Database) -> None:
    made = await _filled(db)
    field, other = f"property:{made['Лояльность']}", f"property:{made['Цвет']}"
    async with db.write() as conn:
        color, loyalty = await properties.every(conn)
        later = 86_400.0 * 40
        await properties.say(conn, made["Алхимов"], {loyalty.id: (loyalty, 3.0), color.id: (color, None)}, later)
    good, red = Condition(field, "from", 4), Condition(other, "any-of", [made["красный"]])
    before, after = "1970-01-31", "1970-02-20"
    assert await _names(db, good) == await _names(db, red) == []
    for one in (good, red):
        assert await _names(db, structs.replace(one, at=before)) == ["Алхимов"]
        assert await _names(db, structs.replace(one, at=after)) == []
    assert await _names(db, Condition(field, "is", 3, at=after)) == ["Алхимов"]
    assert await _names(db, Condition(other, "empty", at=after)) == ["Алхимов", "Гранит"]
    assert await _names(db, Condition(field, "filled", at="1970-01-01")) == []


async def test_sorted_by_any_column_with_the_empty_last(db: Database) -> None:
    made = await _filled(db)
    loyalty, color = f"property:{made['Лояльность']}", f"property:{made['Цвет']}"
    assert await _names(db, sort="name") == ["Алхимов", "Берёзка", "Гранит"]
    assert await _names(db, sort="-created") == ["Берёзка", "Гранит", "Алхимов"]
    assert await _names(db, sort=loyalty) == ["Гранит", "Алхимов", "Берёзка"]
    assert await _names(db, sort=f"-{loyalty}") == ["Алхимов", "Гранит", "Берёзка"]
    assert await _names(db, sort=color) == ["Алхимов", "Берёзка", "Гранит"]
    assert await _names(db, sort="-responsible") == ["Гранит", "Алхимов", "Берёзка"]
    assert (await _names(db, sort="region"))[0] == "Алхимов"


@pytest.mark.parametrize(
    "one",
    [
        Condition("name; DROP TABLE clients", "contains", "x"),
        Condition("name", "from", "x"),
        Condition("property:999", "is", 1),
        Condition("created", "from", "tomorrow"),
        Condition("responsible", "any-of", "1"),
        Condition("responsible", "any-of", ["x"]),
        Condition("phones", "contains", "abc"),
        Condition("name", "contains", "x", at="2026-03-31"),
    ],
)
async def test_what_cannot_be_asked_is_refused(db: Database, one: Condition) -> None:
    with pytest.raises(Refused, match="filter"):
        await _names(db, one)


async def test_an_unknown_order_is_refused(db: Database) -> None:
    for sort in ("password", "property:7", "name desc"):
        with pytest.raises(Refused):
            await _names(db, sort=sort)


async def test_rows_carry_all_columns_and_pages_follow(db: Database) -> None:
    made = await _filled(db)
    async with db.read() as conn:
        grid = Grid(conn, await properties.every(conn), ZONE)
        first = await grid.page("", (), limit=1)
        row = first.rows[0]
        second = await grid.page("", (), limit=1, offset=1)
        assert (await grid.page("", (), limit=1, cursor=first.next_cursor)).rows == second.rows
        assert await grid.ids("", [Condition("kind", "any-of", ["company"])]) == [
            made["Алхимов"],
            made["Гранит"],
        ]
    assert (row.responsible, first.items[row.region_id or 0], row.emails) == (
        "Anna",
        "Москва",
        ("info@alhimov.example",),
    )
    assert row.values == {made["Цвет"]: made["красный"], made["Лояльность"]: 5.0}
    assert [one.name for one in second.rows] == ["Гранит"]
    assert second.total == 3


async def _scattered(db: Database) -> list[str]:
    """Twenty clients with values that repeat and some that are missing; the names of all orders."""
    rng = random.Random(5)
    async with db.write() as conn:
        values = tuple(PropertyValue(id=0, name=name) for name in ("красный", "зелёный", "синий"))
        for kind in ("list", "several", "number", "rating", "date", "text", "yes-no"):
            some = values if kind in ("list", "several") else ()
            await properties.add(conn, Property(id=0, name=kind, kind=kind, values=some))
        known = await properties.every(conn)
        regions = [await directories.add(conn, "region", name) for name in ("Урал", "Москва", "Алтай")]
        said: dict[str, list[Any]] = {
            "number": [-1.5, 0.0, 7.0], "rating": [1.0, 5.0], "date": ["2026-01-31", "2026-11-23"],
            "text": ["ёлка", "Берёза", "дуб"], "yes-no": [True, False],
        }  # fmt: skip
        for n in range(20):
            chosen: dict[int, Any] = {}
            for prop in known:
                ids = [one.id for one in prop.values]
                value = tuple(rng.sample(ids, 2)) if prop.kind == "several" else rng.choice(ids or said[prop.kind])
                if rng.random() < 0.7:
                    chosen[prop.id] = value
            name = rng.choice(("Алхимов", "алхимов", "Гранит", "Ёлкина", "Ромашка"))
            draft = ClientDraft(
                name=name, region_id=rng.choice([*regions, None]), responsible_id=rng.choice([ANNA, BORIS, None]),
                kind=rng.choice(("person", "company")), note=rng.choice(("", "важный")), values=chosen,
                full_name=rng.choice(("", "ООО «Ёлка»")), inn=rng.choice(("", "7707083893")),
            )  # fmt: skip
            one = await clients.insert(conn, draft, 86_400.0 * (n // 3))
            wrote = rng.choice((None, 1e9, 1e9 + rng.random()))
            await conn.execute(update(client_rows).where(client_rows.c.id == one).values(last_letter_at=wrote))
    standard = ["", "name", "full_name", "kind", "inn", "note", "created", "updated", "region", "source", "responsible"]
    standard.append("last_letter")
    return [*standard, *(f"property:{prop.id}" for prop in known)]


async def _page_by_page(db: Database, sort: str, *filters: Condition) -> list[int]:
    seen: list[int] = []
    cursor: str | None = None
    async with db.read() as conn:
        grid = Grid(conn, await properties.every(conn), ZONE)
        while True:
            page = await grid.page("", filters, sort=sort, limit=6, cursor=cursor)
            seen += [row.id for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                return seen


async def test_pages_follow_in_every_order_whichever_way_they_are_found(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of few clients the database sorts all that are found, of many it goes along an index, or gives that up."""
    fields = await _scattered(db)
    sorts = [sign + field for field in fields for sign in ("", "-") if field or not sign]
    some = (Condition("kind", "any-of", ["company"]), Condition("inn", "empty"))
    whole: dict[str, list[int]] = {}
    for rare, along_s in ((finding.RARE, finding.ALONG_S), (-1, 60.0), (-1, 0.0)):
        monkeypatch.setattr(finding, "RARE", rare)
        monkeypatch.setattr(finding, "ALONG_S", along_s)
        for n, sort in enumerate(sorts):
            filters = some if n % 3 == 0 else ()
            async with db.read() as conn:
                grid = Grid(conn, await properties.every(conn), ZONE)
                found = [row.id for row in (await grid.page("", filters, sort=sort)).rows]
                assert await grid.count("", filters) == len(found)
            assert found == whole.setdefault(sort, found), sort
            assert await _page_by_page(db, sort, *filters) == found, sort
        if not db.is_sqlite:
            break
    assert {len(ids) for ids in whole.values()} == {20, len(whole[""])}
    assert 0 < len(whole[""]) < 20
    assert len({tuple(ids) for ids in whole.values()}) > len(sorts) // 2


async def test_a_cursor_of_another_order_is_refused(db: Database) -> None:
    made = await _filled(db)
    async with db.read() as conn:
        grid = Grid(conn, await properties.every(conn), ZONE)
        cursor = (await grid.page("", (), sort="name", limit=1)).next_cursor
        for sort in ("", "created", "region", f"property:{made['Лояльность']}", f"property:{made['Цвет']}"):
            with pytest.raises(Refused, match="page address"):
                await grid.page("", (), sort=sort, cursor=cursor)
        gone = write_key((999, 1))
        with pytest.raises(Refused, match="page address"):
            await grid.page("", (), sort="region", cursor=gone)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("алхимов", ["Алхимов"]),
        ("8 (935) 555-01-01", ["Алхимов"]),
        ("8 935 555-01-09", []),
        ("550101", ["Алхимов"]),
        ("ООО елка", ["Алхимов"]),
        ("берёзка", ["Берёзка"]),
        ("ал", ["Алхимов"]),
    ],
)
async def test_rare_and_common_words_are_found_alike(
    db: Database, monkeypatch: pytest.MonkeyPatch, q: str, found: list[str]
) -> None:
    await _filled(db)
    for rare in (finding.RARE, -1):
        monkeypatch.setattr(finding, "RARE", rare)
        for sort in ("", "name", "region"):
            assert await _names(db, q=q, sort=sort) == found
