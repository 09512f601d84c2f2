"""The client base at a million: look-up, search, filters, pages, analysis, segments; over HTTP, beside SQLite bare.

Each question meets the same machine as its baseline, one after the other. While all of it is asked, somebody else asks
the server whether it lives, a hundred times a second: how late that comes is how late a ringing call would be.
"""

from __future__ import annotations

import asyncio
import http.client
import random
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import aiosqlite

from cti.features.directory_admin import DirectoryAdmin
from cti.passwords import Passwords
from cti.storage import lookup
from cti.storage.database import open_database
from cti.storage.orders import write_key
from cti.telephony.numbering import NumberPlan, read
from tests.bench import SHORT, grid_paint, percentile, questions, report
from tests.bench.million import CLIENTS, NOW, filled
from tests.bench.questions import COMMON, PAGE, SEARCHES, Filtered, as_query
from tests.bench.questions import SHORT as SHORT_WORDS
from tests.e2e.server import Server

ROUNDS = 2 if SHORT else 30
STORM = 40 if SHORT else 3_000
AT_ONCE = 8
TOKENS = 16  # no token may ask as often as this does
PLAN = NumberPlan()
LOOK_S = 0.01
Asked = Callable[[], Awaitable[object]]
Taken = dict[str, list[float]]
DEEP = CLIENTS - PAGE


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="trubka-bench-run-"))
    try:
        shutil.copytree(filled(), folder, dirs_exist_ok=True)
        (folder / "duplicates.mark").write_text(f"{NOW + 1!r} {CLIENTS}", encoding="ascii")  # looked over already
        tokens = asyncio.run(_look_up(folder / "trubka.db"))
        with _served(folder) as server:
            server.start()
            with _late(server):
                asyncio.run(_over_http(server, tokens))
            asyncio.run(grid_paint.painted(server, "m1"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _look_up(file: Path) -> list[str]:
    """by-number against one indexed select through aiosqlite; returns tokens of some who may ask the server."""
    db = await open_database(f"sqlite+aiosqlite:///{file}")
    dice = random.Random(1)

    async def ours() -> None:
        number = read(f"+7935{dice.randrange(CLIENTS):07d}", PLAN)
        async with db.read() as conn:
            assert await lookup.look_up(conn, number, PLAN, now=NOW)

    async with aiosqlite.connect(file) as conn:

        async def bare() -> None:
            number = f"+7935{dice.randrange(CLIENTS):07d}"
            asked = "SELECT c.* FROM client_phones p JOIN clients c ON c.id = p.client_id WHERE p.e164 = ?"
            assert await (await conn.execute(asked, (number,))).fetchall()

        mine, theirs = await _pairs([(ours, bare)] * (10 if SHORT else 2_000))
        _told(f"by-number of {CLIENTS}", mine, theirs, p99="ratio <= 3")
    people = DirectoryAdmin(db=db, clock=time.time, passwords=Passwords(), pbxes=())
    tokens = [await people.make_token(None, user_id) for user_id in range(1, TOKENS + 1)]
    await db.close()
    return tokens


async def _pairs(pairs: Iterable[tuple[Asked, Asked]]) -> tuple[list[float], list[float]]:
    """ms of ours and of what it is compared with, one after the other, so that both meet the same machine."""
    mine, theirs = [], []
    for ours, other in pairs:
        mine.append(await _timed(ours))
        theirs.append(await _timed(other))
    return mine, theirs


async def _timed(asked: Asked) -> float:
    begin = time.perf_counter()
    await asked()
    return (time.perf_counter() - begin) * 1000


def _told(name: str, mine: list[float], theirs: list[float] | None = None, *, p50: str = "", p99: str = "") -> None:
    for part, limit in ((0.5, p50), (0.99, p99)):
        baseline = percentile(theirs, part) if theirs else None
        report(f"{name}, p{part * 100:g}", percentile(mine, part), "ms", baseline=baseline, limit=limit)


@contextmanager
def _served(folder: Path) -> Iterator[Server]:
    server = Server(folder, {})
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _late(server: Server) -> Iterator[None]:
    """How long /healthz takes meanwhile, asked by a thread of its own over one connection."""
    took: list[float] = []
    over = threading.Event()
    where = urlsplit(server.url)

    def ask() -> None:
        conn = http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)
        while not over.wait(LOOK_S):
            begin = time.perf_counter()
            conn.request("GET", "/healthz")
            conn.getresponse().read()
            took.append((time.perf_counter() - begin) * 1000)
        conn.close()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        report("the server meanwhile, p99", percentile(took, 0.99), "ms", limit="< 50")
        report("the server meanwhile, worst", max(took), "ms")


class Client:
    """Asks the API as several people."""

    def __init__(self, session: aiohttp.ClientSession, tokens: list[str]) -> None:
        self._session, self._tokens, self._dice = session, tokens, random.Random(3)

    async def get(self, path: str, asked: dict[str, Any]) -> Any:
        """The answer's JSON."""
        who = {"Authorization": f"Bearer {self._dice.choice(self._tokens)}"}
        async with self._session.get(f"/api/v1{path}", params=asked, headers=who) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def page(self, **asked: Any) -> Any:
        """A page of the grid."""
        return await self.get("/clients/grid", as_query(**asked))


async def _over_http(server: Server, tokens: list[str]) -> None:
    async with aiohttp.ClientSession(server.url) as session, aiosqlite.connect(server.data / "trubka.db") as conn:
        client = Client(session, tokens)
        await client.page()
        report("memory of the server, the base open", _memory(server), "MiB")
        await _searches(client, conn)
        await _common(client)
        await _filters(client, conn)
        await _pages(client, conn)
        await _counts(client, await _first(conn, "region"))
        await _analysis(client)
        await _storm(client)
        report("memory of the server, after all of it", _memory(server), "MiB")


async def _searches(client: Client, conn: aiosqlite.Connection) -> None:
    dice = random.Random(2)
    every: tuple[list[float], list[float]] = [], []
    for kind, say in SEARCHES.items():
        asked = [say(dice, questions.somebody(dice)) for _ in range(ROUNDS)]
        mine, theirs = await _pairs(
            (partial(client.page, q=q), partial(questions.bare_rows, conn, questions.bare_search(words)))
            for q, words in asked
        )
        report(f"search by {kind}, p50", percentile(mine, 0.5), "ms", baseline=percentile(theirs, 0.5))
        every[0].extend(mine)
        every[1].extend(theirs)
    _told("search, all kinds", *every, p50="<= 20 ms; ratio <= 6", p99="<= 60 ms")


async def _common(client: Client) -> None:
    """Words that many have, and the beginnings of names."""
    taken: Taken = {}
    for _ in range(ROUNDS):
        for q in (*COMMON, *SHORT_WORDS):
            for sort in ("", "name", "property:3", "region"):
                name = f"a {'short' if q in SHORT_WORDS else 'common'} word{', sorted' if sort else ''}"
                taken.setdefault(name, []).append(await _timed(partial(client.page, q=q, sort=sort)))
    for name, took in taken.items():
        _told(name, took, p50="<= 20 ms" if "sorted" not in name else "", p99="<= 200 ms")


async def _filters(client: Client, conn: aiosqlite.Connection) -> None:
    """The first page and the one after it."""
    region, relation = await _first(conn, "region"), await _first(conn, "relation")
    every: tuple[list[float], list[float]] = [], []
    for one in questions.filtered(region, relation):
        bare = partial(questions.bare_rows, conn, questions.bare_filtered(one))
        mine, theirs = await _pairs([(partial(_two_pages, client, one), bare)] * ROUNDS)
        mine = [took / 2 for took in mine]
        report(f"filters: {one.name}, p50", percentile(mine, 0.5), "ms", baseline=percentile(theirs, 0.5))
        every[0].extend(mine)
        every[1].extend(theirs)
    _told("filters with an order and a page", *every, p50="<= 30 ms; ratio <= 6", p99="<= 120 ms")


async def _two_pages(client: Client, one: Filtered) -> None:
    first = await client.page(filters=one.filters, sort=one.sort)
    if first["next_cursor"]:
        await client.page(filters=one.filters, sort=one.sort, cursor=first["next_cursor"])


async def _first(conn: aiosqlite.Connection, directory: str) -> int:
    statement = "SELECT min(id) FROM directory_items WHERE directory = ?"
    row = await (await conn.execute(statement, (directory,))).fetchone()
    assert row is not None
    return int(row[0])


async def _pages(client: Client, conn: aiosqlite.Connection) -> None:
    """The last page is as near as the first, as the grid goes on: behind the row before."""
    order = f"SELECT name_folded, id FROM clients ORDER BY name_folded, id LIMIT 1 OFFSET {DEEP}"
    row = await (await conn.execute(order)).fetchone()
    assert row is not None
    for sort, cursor in (("", write_key((DEEP, DEEP))), ("name", write_key((row[0], row[1])))):
        pair = (partial(client.page, sort=sort, cursor=cursor), partial(client.page, sort=sort))
        last, first = await _pairs([pair] * (2 * ROUNDS))
        _told(f"page {CLIENTS // PAGE}, beside page 1{', by name' if sort else ''}", last, first, p50="as page 1")


async def _counts(client: Client, region: int) -> None:
    """All that is found, beside the page."""
    for q in ("", *COMMON):
        took = [await _timed(partial(client.get, "/clients/grid/count", {"q": q})) for _ in range(3)]
        report(f"count of all found by “{q}”", min(took) / 1000, "s", limit="< 1")
    loyal = [
        {"field": "property:2", "op": "from", "value": 4},
        {"field": "region", "op": "any-of", "value": [region]},
        {"field": "contact", "op": "older", "value": 90},
    ]
    for name, some in (("loyal, of a region, no contact in 90 days", loyal), ("no contact in 90 days", loyal[2:])):
        expression = {"filters": as_query(filters=some)["filters"]}
        took = [await _timed(partial(client.get, "/clients/grid/count", expression)) for _ in range(3)]
        report(f"count of a segment: {name}", min(took) / 1000, "s", limit="< 1")


async def _analysis(client: Client) -> None:
    rounds = 1 if SHORT else 3
    for ask in (
        {"rows": "region", "columns": "relation"},
        {"rows": "property:1", "columns": "region"},
        {"rows": "property:1", "columns": "property:2"},
        {"rows": "property:1", "columns": "property:2", "until": "2026-11-20"},
        {"rows": "property:1", "columns": "property:2", "until": "2026-06-30"},
        {"rows": "month", "columns": "region", "measure": "calls", "since": "2026-01-01", "until": "2026-11-20"},
        {"rows": "responsible", "columns": "region", "measure": "average", "of": "property:2"},
    ):
        took = [await _timed(partial(client.get, "/reports/clients", ask)) for _ in range(rounds)]
        name = " x ".join(ask[name] for name in ("rows", "columns"))
        report(f"analysis {name} {ask.get('until', '')}".strip(), min(took) / 1000, "s", limit="< 2")


async def _storm(client: Client) -> None:
    """Searches by several people at once."""
    dice = random.Random(4)
    asked = [dice.choice(list(SEARCHES.values()))(dice, questions.somebody(dice))[0] for _ in range(STORM)]
    took: list[float] = []

    async def ask() -> None:
        while asked:
            q = asked.pop()
            took.append(await _timed(partial(client.page, q=q)))

    begin = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    report(f"searches a second, {AT_ONCE} at once", STORM / (time.perf_counter() - begin), "1/s")
    report(f"search, {AT_ONCE} at once, p50", percentile(took, 0.5), "ms")


def _memory(server: Server) -> float:
    """MiB of the server's process."""
    said = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", said)
    assert found is not None
    return int(found[1]) / 1024
