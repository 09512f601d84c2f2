"""The client base at a million: look-up, search, filters, pages and analysis, over HTTP and beside bare SQLite."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import aiosqlite

from cti.storage import lookup
from cti.storage.database import open_database
from cti.storage.orders import write_key
from cti.telephony.numbering import NumberPlan, read
from tests.bench import SHORT, percentile, report
from tests.bench.million import CLIENTS, NOW, filled

ROUNDS = 20 if SHORT else 200
TOKENS = 8  # no token may ask as often as this does
PLAN = NumberPlan()
Asked = Callable[[], Awaitable[object]]
COLUMNS = "id, name, full_name, kind, inn, responsible_id, relation_id, region_id, industry_id, created_at, updated_at"


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="trubka-bench-run-"))
    try:
        shutil.copytree(filled(), folder, dirs_exist_ok=True)
        (folder / "duplicates.mark").write_text(f"{NOW + 1!r} {CLIENTS}", encoding="ascii")  # looked over already
        asyncio.run(_look_up(folder / "trubka.db"))
        _served(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _timed(asked: Asked) -> float:
    begin = time.perf_counter()
    await asked()
    return (time.perf_counter() - begin) * 1000


async def _pair(name: str, ours: Asked, bare: Asked | None, *, p99: str = "", p50: str = "", rounds: int = 0) -> None:
    """One after the other, so that both meet the same machine."""
    mine, theirs = [], []
    for _ in range(rounds or ROUNDS):
        mine.append(await _timed(ours))
        theirs.append(await _timed(bare) if bare else 0.0)
    report(f"{name}, p50", percentile(mine, 0.5), "ms", baseline=percentile(theirs, 0.5) if bare else None, limit=p50)
    report(f"{name}, p99", percentile(mine, 0.99), "ms", baseline=percentile(theirs, 0.99) if bare else None, limit=p99)


async def _look_up(file: Path) -> None:
    """by-number against one indexed select through aiosqlite."""
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

        await _pair(f"by-number of {CLIENTS}", ours, bare, p99="ratio <= 3", rounds=10 * ROUNDS)
    await db.close()


def _served(folder: Path) -> None:
    tokens = [_cti(folder, "user", "token", f"m{n}").split()[-1] for n in range(1, TOKENS + 1)]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = _environment(folder, port)
    server = subprocess.Popen([sys.executable, "-m", "cti", "serve"], env=environment, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(_over_http(f"http://127.0.0.1:{port}", tokens, folder / "trubka.db"))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


async def _over_http(url: str, tokens: list[str], file: Path) -> None:
    async with aiohttp.ClientSession(url) as http:
        await _serving(http)
        async with aiosqlite.connect(file) as conn:
            await _grid(http, tokens, conn)
        await _analysis(http, tokens)


def _environment(folder: Path, port: int) -> dict[str, str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("CTI_")}
    return plain | {"CTI_DATA": str(folder), "CTI_PORT": str(port)}


def _who(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _cti(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cti", *words],
        env=_environment(folder, 8080),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


async def _serving(http: aiohttp.ClientSession) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            async with http.get("/healthz") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        assert time.monotonic() < deadline, "the server does not start"
        await asyncio.sleep(0.05)


async def _grid(http: aiohttp.ClientSession, tokens: list[str], conn: aiosqlite.Connection) -> None:
    dice = random.Random(2)
    asked: dict[str, str] = {}

    def word() -> str:
        number = dice.randrange(CLIENTS)
        return dice.choice(
            (f"-{number}", f"{number:07d}", f"office{number}", f"ромов {'анна'[:3]}", f"строй{'дом'[:2]}")
        )

    async def get(**query: object) -> None:
        async with http.get(
            "/api/v1/clients/grid?" + urlencode(query | {"limit": 50}), headers=_who(dice.choice(tokens))
        ) as answer:
            assert answer.status == 200, await answer.text()
            await answer.read()

    async def search() -> None:
        asked["q"] = word()
        await get(q=asked["q"])

    async def bare_search() -> None:
        words = " AND ".join(f'"{one}"' for one in asked["q"].split())
        found = "SELECT rowid FROM clients_fts WHERE clients_fts MATCH ?"
        statement = f"SELECT {COLUMNS} FROM clients WHERE id IN ({found}) ORDER BY id LIMIT 50"
        await (await conn.execute(statement, (words,))).fetchall()

    await _pair("search, 50 rows over HTTP", search, bare_search, p50="<= 20 ms", p99="<= 60 ms; ratio <= 6")
    region, relation = await _first(conn, "region"), await _first(conn, "relation")
    chosen = {"region": region, "relation": relation}
    filters = json.dumps([{"field": name, "op": "any-of", "value": [one]} for name, one in chosen.items()])

    async def filtered() -> None:
        await get(filters=filters, sort="name", offset=50 * dice.randrange(20))

    async def bare_filtered() -> None:
        statement = (
            f"SELECT {COLUMNS} FROM clients WHERE region_id = ? AND relation_id = ? ORDER BY name_folded LIMIT 50"
        )
        await (await conn.execute(statement, (region, relation))).fetchall()

    await _pair("two filters, a sort and a page", filtered, bare_filtered, p50="<= 30 ms", p99="<= 120 ms; ratio <= 6")
    await _pair("page 1", lambda: get(), None)
    last = write_key((CLIENTS - 50, CLIENTS - 50))
    await _pair(f"page {CLIENTS // 50}", lambda: get(cursor=last), None, p50="as page 1")


async def _first(conn: aiosqlite.Connection, directory: str) -> int:
    statement = "SELECT min(id) FROM directory_items WHERE directory = ?"
    row = await (await conn.execute(statement, (directory,))).fetchone()
    assert row is not None
    return int(row[0])


async def _analysis(http: aiohttp.ClientSession, tokens: list[str]) -> None:
    rounds = 1 if SHORT else 5
    for ask in (
        {"rows": "region", "columns": "relation"},
        {"rows": "property:1", "columns": "region"},
        {"rows": "property:1", "columns": "property:2"},
        {"rows": "property:1", "columns": "property:2", "until": "2026-11-20"},
        {"rows": "month", "columns": "region", "measure": "calls", "since": "2026-01-01", "until": "2026-11-20"},
        {"rows": "responsible", "columns": "region", "measure": "average", "of": "property:2"},
    ):
        taken = []
        for _ in range(rounds):
            begin = time.perf_counter()
            async with http.get("/api/v1/reports/clients?" + urlencode(ask), headers=_who(tokens[0])) as answer:
                assert answer.status == 200, await answer.text()
            taken.append(time.perf_counter() - begin)
        report("analysis " + " x ".join(ask[name] for name in ("rows", "columns")), min(taken), "s", limit="< 2")
