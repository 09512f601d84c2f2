"""Kill -9 and a cut AMI link at random moments, again and again; in full by SOAK=1."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from pathlib import Path

import pytest

from lab.callers import Caller
from lab.pbx import Pbx
from tests.bench import report
from tests.e2e.conftest import Street
from tests.e2e.proxy import Proxy
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
SOAK = os.environ.get("SOAK") == "1"
KILLS = 100 if SOAK else 2
DROPS = 200 if SOAK else 3
CLARA = "74950000002"
NUMBER, RAW = "+79355550419", "79355550419"
START_S = 5.0
CONVERGE_S = 5.0 * (3 if os.environ.get("CI") else 1)


def rows(folder: Path, statement: str, *values: str) -> list[tuple]:  # type: ignore[type-arg]
    conn = sqlite3.connect(folder / "trubka.db")
    try:
        return conn.execute(statement, values).fetchall()
    finally:
        conn.close()


async def note_after(desk: Desk, known: int, moment: float, text: str) -> str:
    """The call that got an acknowledged note, "" when it rang too late for that. known: cards there were before."""
    begun = time.monotonic()
    try:
        await until(lambda: desk.all("screen_pop")[known:] or time.monotonic() - begun > moment, why="a moment")
        call = desk.all("screen_pop")[known]["call"]["id"]
    except IndexError:
        return ""
    await desk.api("PUT", f"/calls/{call}/note", {"text": text}, status=200)
    await until(lambda: time.monotonic() - begun > moment, why="the moment is over")
    return call


def seqs_of(desk: Desk) -> list[int]:
    return [pop["seq"] for pop in desk.all("screen_pop")]


async def test_F_05_killed_at_any_moment_nothing_acknowledged_is_lost(pbx: Pbx, street: Street, folder: Path) -> None:
    await street.phone("103", ring_ms=100)
    kept: dict[str, str] = {}
    with Server(folder, pbx.settings()).prepare() as server:
        async with Desk(server, "clara") as clara:
            for number in range(KILLS):
                known, text = len(clara.all("screen_pop")), f"заметка {number}"
                client: Caller = await street.call(CLARA, caller=RAW)
                if not number:  # the first has its card, however long that takes
                    await until(lambda: clara.all("screen_pop"), why="a card")
                kept[await note_after(clara, known, random.uniform(0, 1.2) if number else 3.0, text)] = text
                await street.do(server.kill)
                if number % 2:
                    await street.do(client.hang_up)
                began = time.monotonic()
                await street.do(server.start)
                assert time.monotonic() - began < START_S * (3 if os.environ.get("CI") else 1)
                await clara.wire.disconnect()
                await clara.connect(last_seq=max(seqs_of(clara), default=0))
                await street.do(client.hang_up)
            opened = "SELECT count(*) FROM calls WHERE outcome IS NULL"
            await until(lambda: rows(folder, opened) == [(0,)], within_s=30, why="no call is left open")
            assert len(seqs_of(clara)) == len(set(seqs_of(clara)))
    kept.pop("", None)
    assert kept
    for call, text in kept.items():
        assert rows(folder, "SELECT count(*) FROM calls WHERE id = ?", call) == [(1,)]
        assert rows(folder, "SELECT text FROM call_notes WHERE call_id = ?", call) == [(text,)]


async def test_F_01_cut_at_any_moment_the_desk_is_right_again_in_time(pbx: Pbx, street: Street, folder: Path) -> None:
    await street.phone("103", ring_ms=100)
    async with Proxy(pbx.ports.ami) as wire:
        settings = {**pbx.settings(), "CTI_PBX__MAIN__PORT": str(wire.port)}
        with Server(folder, settings).prepare() as server:
            async with Desk(server, "clara") as clara:
                worst = 0.0
                for number in range(DROPS):
                    known = {view["id"] for view in clara.all("call")}
                    client: Caller = await street.call(CLARA, caller=RAW)
                    moment = time.monotonic() + random.uniform(0, 1.2)
                    await until(lambda m=moment: time.monotonic() > m, why="the moment")  # type: ignore[misc]
                    await wire.drop()
                    if number % 2 == 0:
                        await until(lambda k=known: talks(clara, k), why="the call is seen after all")  # type: ignore[misc]
                    await street.do(client.hang_up)
                    over = time.monotonic()
                    await until(lambda: nobody_calls(clara), within_s=CONVERGE_S, why="the desk is as the PBX")
                    worst = max(worst, time.monotonic() - over)
                report(f"right again after {DROPS} cuts, the slowest", worst, "s", limit=f"< {CONVERGE_S:.0f}")
                pops = [pop["call"]["id"] for pop in clara.all("screen_pop")]
                assert len(pops) == len(set(pops))
            opened = "SELECT count(*) FROM calls WHERE outcome IS NULL"
            await until(lambda: rows(folder, opened) == [(0,)], within_s=30, why="no call is left open")


def talks(desk: Desk, known: set[str]) -> bool:
    """A call that was not known before is a conversation."""
    return any(view["state"] == "talking" for view in desk.all("call") if view["id"] not in known)


def nobody_calls(desk: Desk) -> bool:
    """Every call the desk was told of has ended, and the link is up."""
    last = {view["id"]: view["state"] for view in desk.all("call")}
    return (
        set(last.values()) <= {"ended", "missed"}
        and desk.all("link")[-1:] != []
        and desk.all("link")[-1]["state"] == "up"
    )
