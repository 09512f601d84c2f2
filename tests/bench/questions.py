"""What people ask of the client list, and the same rows asked bare: the kinds of searches, filters and orders."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiosqlite

from cti.cli.sample import many
from tests.bench.million import CLIENTS

PAGE = 50
Say = Callable[[random.Random, int], tuple[str, str]]  # a client's number -> what is typed, the words of the index
_NAMES = [draft.name.split("-")[0].split()[0].lower() for draft in many(200)]


def _name(dice: random.Random, number: int) -> tuple[str, str]:
    name = dice.choice(_NAMES)
    word = f"{name[1:-1]}" if len(name) > 6 else name
    return word, f'"{word}"'


def _phone(number: int) -> str:
    return f"7935{number:07d}"


SEARCHES: Mapping[str, Say] = {
    "middle of a name": _name,
    "name with its number": lambda _, n: (f"ром {n}", f'"{n}"'),
    "last four digits": lambda _, n: (f"{n:07d}"[-4:], f'"{n:07d}"'[:1] + f"{n:07d}"[-4:] + '"'),
    "8-935-000": lambda _, n: (f"8-935-{n:07d}"[:9], f'"{_phone(n)[:7]}"'),
    "8 (935) 000-00-00": lambda _, n: (f"8 (935) {n:07d}"[:11] + f"-{n:07d}"[-5:], f'"{_phone(n)}"'),
    "e-mail": lambda _, n: (f"office{n}@fi", f'"office{n}@fi"'),
    "part of an INN": lambda _, n: (f"000{n:07d}"[:8], f'"{f"000{n:07d}"[:8]}"'),
    "contact person": lambda _, n: (f"иван {n // 20 * 20}", f'"иван" AND "{n // 20 * 20}"'),
    "contract": lambda _, n: (f"д-{n // 20 * 20 + 10}", f'"д-{n // 20 * 20 + 10}"'),
    "text of a property": lambda _, n: (f"код-{n:07d}"[:8], f'"{f"код-{n:07d}"[:8]}"'),
}
COMMON = ("ооо", "firm.example", "8-935", "+7935", "иван", "код-", "ооо строй")
SHORT = ("во", "а", "с")


@dataclass(frozen=True, kw_only=True, slots=True)
class Filtered:
    """A page by filters and an order, and the same bare: what stands after FROM."""

    name: str
    filters: Sequence[Mapping[str, Any]]
    sort: str
    bare: str


def filtered(region: int, relation: int) -> list[Filtered]:
    """Two conditions and more, of every kind, in every kind of order; properties as in million.py."""

    def any_of(field: str, one: int) -> dict[str, Any]:
        return {"field": field, "op": "any-of", "value": [one]}

    def said(number: int, what: str) -> str:
        mine = f"v.property_id = {number} AND v.client_id = c.id"
        return f"EXISTS (SELECT 1 FROM client_values v WHERE {mine} AND v.{what})"

    def by_value(number: int) -> str:
        return f"(SELECT o.number FROM client_values o WHERE o.property_id = {number} AND o.client_id = c.id), c.id"

    here = any_of("region", region)
    of_region = f"c.region_id = {region}"
    high, red = {"field": "property:2", "op": "from", "value": 4}, any_of("property:1", 1)
    good = said(2, "number >= 4")
    return [
        Filtered(
            name="region, relation; by name",
            filters=[here, any_of("relation", relation)],
            sort="name",
            bare=f"{of_region} AND c.relation_id = {relation} ORDER BY c.name_folded, c.id",
        ),
        Filtered(
            name="list, rating; by name",
            filters=[red, high],
            sort="name",
            bare=f"{said(1, 'value_id = 1')} AND {good} ORDER BY c.name_folded, c.id",
        ),
        Filtered(
            name="region, rating; by a number",
            filters=[here, high],
            sort="property:3",
            bare=f"{of_region} AND {good} ORDER BY {by_value(3)}",
        ),
        Filtered(
            name="range, region; by that number",
            filters=[
                {"field": "property:3", "op": "from", "value": 50_000},
                {"field": "property:3", "op": "to", "value": 60_000},
                here,
            ],
            sort="-property:3",
            bare=f"{of_region} AND {said(3, 'number BETWEEN 50000 AND 60000')} ORDER BY {by_value(3)} DESC",
        ),
        Filtered(
            name="made in June, list; newest first",
            filters=[
                {"field": "created", "op": "from", "value": "2026-06-01"},
                {"field": "created", "op": "to", "value": "2026-06-30"},
                red,
            ],
            sort="-created",
            bare=f"c.created_at BETWEEN 1780261200 AND 1782853200 AND {said(1, 'value_id = 1')}"
            " ORDER BY c.created_at DESC, c.id DESC",
        ),
        Filtered(
            name="date, yes; by manager",
            filters=[
                {"field": "property:11", "op": "from", "value": "2026-06-01"},
                {"field": "property:10", "op": "is", "value": True},
            ],
            sort="responsible",
            bare=f"{said(11, 'number >= 20605')} AND {said(10, 'number = 1')} ORDER BY c.responsible_id, c.id",
        ),
        Filtered(
            name="no INN, relation; by region",
            filters=[{"field": "inn", "op": "empty"}, any_of("relation", relation)],
            sort="region",
            bare=f"c.inn = '' AND c.relation_id = {relation} ORDER BY c.region_id, c.id",
        ),
        Filtered(
            name="no e-mail, several of a list; by name",
            filters=[{"field": "emails", "op": "empty"}, any_of("property:12", 16)],
            sort="name",
            bare=f"NOT EXISTS (SELECT 1 FROM client_emails e WHERE e.client_id = c.id) AND {said(12, 'value_id = 16')}"
            " ORDER BY c.name_folded, c.id",
        ),
        Filtered(
            name="region, rating, no contact in 90 days; by a list",
            filters=[here, high, {"field": "contact", "op": "older", "value": 90}],
            sort="property:1",
            bare=f"{of_region} AND {good} AND NOT EXISTS (SELECT 1 FROM calls s WHERE s.client_id = c.id"
            " AND s.answered_at IS NOT NULL AND s.started_at >= 1787224000) ORDER BY (SELECT o.value_id"
            " FROM client_values o WHERE o.property_id = 1 AND o.client_id = c.id), c.id",
        ),
    ]


async def bare_rows(conn: aiosqlite.Connection, ids: str, parameters: Sequence[object] = ()) -> None:
    """The clients of a statement of ids with all that their rows show, by aiosqlite alone."""
    found = [row[0] for row in await (await conn.execute(ids, parameters)).fetchall()]
    among = f"IN ({','.join(map(str, found))})"
    for statement in (
        "SELECT c.*, u.name, d.name, r.name, i.name, s.name FROM clients c LEFT JOIN users u ON u.id = c.responsible_id"
        " LEFT JOIN directory_items d ON d.id = c.region_id LEFT JOIN directory_items r ON r.id = c.relation_id"
        " LEFT JOIN directory_items i ON i.id = c.industry_id LEFT JOIN directory_items s ON s.id = c.source_id"
        f" WHERE c.id {among}",
        f"SELECT * FROM client_phones WHERE client_id {among} ORDER BY position",
        f"SELECT * FROM client_emails WHERE client_id {among} ORDER BY position",
        f"SELECT * FROM client_places WHERE client_id {among} ORDER BY position",
        f"SELECT * FROM client_values WHERE client_id {among} ORDER BY place",
    ):
        await (await conn.execute(statement)).fetchall()


def bare_search(words: str) -> str:
    """The ids that the index of trigrams has for words."""
    return f"SELECT rowid FROM clients_fts WHERE clients_fts MATCH '{words}' ORDER BY rowid LIMIT {PAGE}"


def bare_filtered(one: Filtered) -> str:
    """The ids of a filtered page."""
    return f"SELECT c.id FROM clients c WHERE {one.bare} LIMIT {PAGE}"


def as_query(**asked: Any) -> dict[str, Any]:
    """Parameters of /clients/grid."""
    if "filters" in asked:
        asked["filters"] = json.dumps(asked["filters"])
    return {name: value for name, value in asked.items() if value != ""} | {"limit": PAGE}


def somebody(dice: random.Random) -> int:
    """A client's number."""
    return dice.randrange(CLIENTS)
