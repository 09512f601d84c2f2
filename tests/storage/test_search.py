"""Search: any part of a word, phones in any spelling, nothing that is typed has a meaning of its own (SEC-27)."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from cti.clients.card import ClientDraft, Phone, with_numbers
from cti.errors import Refused
from cti.storage import clients, finding
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan
from tests.e2e.server import quickest
from tests.storage.conftest import ANNA, BORIS
from tests.storage.load import fill

BASE = (
    ClientDraft(
        name="Алхимов",
        full_name="ООО «Алхимов и партнёры»",
        responsible_id=ANNA,
        phones=(Phone(typed="8 (935) 555-01-01"), Phone(typed="+7 935 555-01-02 доб. 14")),
        emails=("Info@Alhimov.example",),
    ),
    ClientDraft(name="Ёлкин и сыновья", phones=(Phone(typed="+375 29 123-45-67"),), responsible_id=BORIS),
    ClientDraft(name="Завод 24-7", emails=("a_b%c@zavod.example",)),
    ClientDraft(name='O\'Brien "Quoted" AND (NOT)'),
    ClientDraft(name="Яшма", phones=(Phone(typed="звонить Ивану 12345678901234567"),)),
)


@pytest.fixture
async def base(db: Database) -> Database:
    async with db.write() as conn:
        for place, draft in enumerate(BASE):
            await clients.insert(conn, with_numbers(draft, NumberPlan()), 100.0 - place)
    return db


async def _names(db: Database, q: str, **options: object) -> list[str]:
    async with db.read() as conn:
        page = await clients.search(conn, q, **options)  # type: ignore[arg-type]  # the options of each case
    return [row.name for row in page.rows]


@pytest.mark.parametrize(
    "q",
    [
        *("алхим", "АЛХИМОВ", "химов", "партнеры", "Партнёры", "ооо", "info@", "ALHIMOV.EX", "ал", "Ал"),
        *(
            "8-935-555",
            "+7 935",
            "935555",
            "89355550101",
            "+79355550101",
            "8 (935) 555 01 01",
            "550101",
            "0102",
            "5501",
        ),
        *("алхимов 935", "935 алхимов", "+7 935 555-01-02 доб. 14", "алхимов и", "  алхимов   "),
        *("7 935 555-01-02", "8935"),
    ],
)
async def test_alhimov_is_found(base: Database, q: str) -> None:
    assert await _names(base, q) == ["Алхимов"]


@pytest.mark.parametrize(
    ("q", "name"),
    [
        ("елкин", "Ёлкин и сыновья"),
        ("ЁЛК", "Ёлкин и сыновья"),
        ("ёл", "Ёлкин и сыновья"),
        ("810375291234567", "Ёлкин и сыновья"),
        ("00375 29", "Ёлкин и сыновья"),
        ("375 29 123", "Ёлкин и сыновья"),
        ("24-7", "Завод 24-7"),
        ("завод 24", "Завод 24-7"),
        ("a_b%c@", "Завод 24-7"),
        ("o'brien", 'O\'Brien "Quoted" AND (NOT)'),
        ('"quoted"', 'O\'Brien "Quoted" AND (NOT)'),
        ("and (not)", 'O\'Brien "Quoted" AND (NOT)'),
        ("12345678901", "Яшма"),
    ],
)
async def test_each_is_found_by_what_people_type(base: Database, q: str, name: str) -> None:
    assert await _names(base, q) == [name]


@pytest.mark.parametrize(
    "q",
    [
        *(
            "%",
            "_",
            "%%%",
            "___",
            "a%c",
            "\\",
            "*",
            "алх*",
            '"',
            "'",
            "NEAR(алх ооо)",
            "search:алхимов",
            "алхимов OR яшма",
        ),
        *(
            "^алх",
            "-алхимов",
            "алхимов NOT яшма",
            "'; DROP TABLE clients; --",
            "1 OR 1=1",
            "\x00",
            "\ud800",
            "{алх}",
            "()",
        ),
        *("x" * 10_000, "нет такого", "+7 999 999", '"алх" OR "яшма"', "алхимов яшма", "%алхимов%"),
    ],
)
async def test_signs_of_like_and_fts_mean_nothing(base: Database, q: str) -> None:
    everybody = len(BASE)
    found = await _names(base, q)
    assert found == [] or (len(found) == everybody and not q.strip("\x00\ud800"))
    assert len(await _names(base, "")) == everybody


async def test_hundreds_of_injections_neither_fail_nor_find(base: Database) -> None:
    """A corpus in the manner of sqlmap: every breaker with every payload in every place of the query."""
    breaks = ("'", '"', "')", '")', "`", "]", "*/", "\\'", "%27", "' AND '1'='1")
    payloads = (
        "OR 1=1--",
        "UNION SELECT login,password_hash FROM users--",
        "; DELETE FROM clients--",
        "AND sleep(5)--",
    )
    shapes = (
        "{b} {p}",
        "zzz{b} {p}",
        "{p}{b}",
        "zzz {b}{p} qqq",
        "{b}||(SELECT 1)||{p}",
        "{b})) {p} ((",
        "{b};{p}",
        "{b}\n{p}",
    )
    corpus = [s.format(b=b, p=p) for b in breaks for p in payloads for s in shapes]
    assert len(corpus) >= 300
    async with base.read() as conn:
        for q in corpus:
            page = await clients.search(conn, q)
            assert page.rows == [], q
        assert (await conn.execute(text("SELECT count(*) FROM clients"))).scalar() == len(BASE)


async def test_sort_comes_from_a_closed_list(base: Database) -> None:
    by_age = ["Яшма", 'O\'Brien "Quoted" AND (NOT)', "Завод 24-7", "Ёлкин и сыновья", "Алхимов"]
    assert await _names(base, "", sort="created") == by_age
    assert await _names(base, "", sort="created", descending=True) == by_age[::-1]
    for sort in ("id; DROP TABLE clients", "name_folded", "", "1", "(SELECT 1)"):
        with pytest.raises(Refused) as refused:
            await _names(base, "", sort=sort)
        assert refused.value.code == "bad-sort"


@pytest.mark.parametrize("sort", ["name", "created", "updated"])
@pytest.mark.parametrize("descending", [False, True])
async def test_pages_give_each_client_once_in_order(base: Database, sort: str, descending: bool) -> None:
    whole = await _names(base, "", sort=sort, descending=descending)
    cursor, seen, totals = None, [], []
    async with base.read() as conn:
        while True:
            page = await clients.search(conn, "", sort=sort, descending=descending, limit=2, cursor=cursor)
            seen += [row.name for row in page.rows]
            totals.append(page.total)
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == whole
    assert totals == [len(BASE), None, None]


MADE_UP = (
    *("", "zz", "00", "5b5d", "5b312c325d00", "' OR 1=1", "5b6e756c6c2c315d", "x" * 5000, "5b226122"),
    *(key.encode().hex() for key in ('["a",9999999999999]', '["\\u0000",1]', "[1,1]", '["a","b"]', '["\\ud800",1]')),
)


@pytest.mark.parametrize("cursor", MADE_UP)
async def test_a_made_up_cursor_is_refused(base: Database, cursor: str) -> None:
    with pytest.raises(Refused) as refused:
        await _names(base, "", cursor=cursor)
    assert refused.value.code == "bad-cursor"


async def test_a_cursor_of_another_sort_is_refused_or_harmless(base: Database) -> None:
    async with base.read() as conn:
        page = await clients.search(conn, "", sort="created", limit=2)
    with pytest.raises(Refused):
        await _names(base, "", sort="name", cursor=page.next_cursor)


async def test_only_the_clients_of_one_person(base: Database) -> None:
    assert await _names(base, "", responsible_id=ANNA) == ["Алхимов"]
    assert await _names(base, "алхимов", responsible_id=BORIS) == []


async def test_a_row_has_what_the_list_shows(base: Database) -> None:
    async with base.read() as conn:
        (row,) = (await clients.search(conn, "алхимов")).rows
    assert [(phone.e164, phone.extension) for phone in row.phones] == [("+79355550101", ""), ("+79355550102", "14")]
    assert row.emails == ("Info@Alhimov.example",)
    assert (row.responsible, row.responsible_id) == ("Anna", ANNA)


async def test_counting_ends_where_it_would_cost_more_than_finding(file_db: Database) -> None:
    async with file_db.write() as conn:
        await fill(conn, 2 * finding.RARE)
    async with file_db.read() as conn:
        assert (await clients.search(conn, "")).total is None
        assert (await clients.search(conn, "ооо")).total is None
        few = await clients.search(conn, "ромашка-торг")
        assert few.total is not None
        assert 0 < few.total < 200

        async def found() -> None:
            assert len((await clients.search(conn, "ооо", limit=50)).rows) == 50

        assert await quickest(found) < 1.0
