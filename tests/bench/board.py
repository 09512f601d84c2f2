"""20 live boards over 50 queues, 300 agents, 200 calls at once and 30 calls a second: how late, and what they cost.

The cost is that of the same calls with the boards looked at, less without, within one run. A time is from the byte that
says the phone rings to the board on which the call rings.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sqlite3
import time
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp

from tests.bench import SHORT, percentile, report
from tests.bench.agents import AGENTS, FIRST, RATE, device_state, looked_over, people, serving, sitting, worked
from tests.bench.base import filled
from tests.bench.stream import call
from tests.channels.fake_ami import FakeAmi, event

BOARDS, QUEUES = (3, 5) if SHORT else (20, 50)
SECONDS = 1 if SHORT else 20
RINGS_S = 0.6
TALKS_S = 1.0 if SHORT else 200 / RATE - RINGS_S  # so 200 calls go on at once
CALL = re.compile(r'"id":"(1763890000\.\d+)"')


def main() -> None:
    folder = filled()
    try:
        tokens = people(folder / "trubka.db")
        _queues(folder / "trubka.db")
        looked_over(folder)
        asyncio.run(_run(folder, tokens[:BOARDS]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _queues(file: Path) -> None:
    """Supervisors, and two queues for each agent."""
    with sqlite3.connect(file) as conn:
        conn.execute("UPDATE users SET role = 'supervisor' WHERE id <= ?", (BOARDS,))
        for place in range(1, AGENTS + 1):
            for queue in {place % QUEUES, (place + 1) % QUEUES}:
                conn.execute("INSERT INTO user_queues (user_id, queue) VALUES (?, ?)", (place, f"q{queue}"))
    conn.close()


async def _run(folder: Path, tokens: list[str]) -> None:
    async with FakeAmi() as pbx, serving(folder, pbx) as (pid, port):
        pbx.send(b"".join(_member(place) for place in range(AGENTS)))
        with sitting(_boards, port, tokens) as ours:
            await asyncio.to_thread(ours.recv)  # all are connected
            alone, _rang = await _load(pbx, pid, 0)
            ours.send("look")
            await asyncio.to_thread(ours.recv)  # all have their first board
            looked, rang = await _load(pbx, pid, RATE * SECONDS)
            ours.send("over")
            seen: dict[str, list[float]] = await asyncio.to_thread(ours.recv)
    late = [(at - rang[one]) * 1000 for one in rang for at in seen.get(one, ())]
    report(f"server at {RATE} calls/s with {BOARDS} boards", looked, "% of one processor", baseline=alone)
    report(f"{BOARDS} boards alone", max(looked - alone, 0.1), "% of one processor", limit="< 15")
    report(f"calls told to {BOARDS} boards", len(late), "rows", limit=str(len(rang) * BOARDS))
    report("AMI byte to a board, p50", percentile(late, 0.5), "ms")
    report("AMI byte to a board, p95", percentile(late, 0.95), "ms", limit="< 1000")


def _member(place: int) -> bytes:
    device = f"PJSIP/{FIRST + place}"
    member = event("QueueMemberAdded", Queue=f"q{(place + 1) % QUEUES}", Interface=device, Paused="0", Status="1")
    return member + device_state(str(FIRST + place), "NOT_INUSE")


async def _load(pbx: FakeAmi, pid: int, first: int) -> tuple[float, dict[str, float]]:
    """Calls for SECONDS: the share of a processor that the server had, and when each call's phone rang."""
    rang: dict[str, float] = {}
    busy, begin = worked(pid), time.monotonic()
    going = []
    for turn in range(RATE * SECONDS):
        await asyncio.sleep(max(begin + turn / RATE - time.monotonic(), 0))
        going.append(asyncio.create_task(_call(pbx, first + turn, rang)))
    await asyncio.gather(*going)
    await asyncio.sleep(1.0)
    return 100 * (worked(pid) - busy) / (time.monotonic() - begin), rang


async def _call(pbx: FakeAmi, turn: int, rang: dict[str, float]) -> None:
    device = str(FIRST + turn % AGENTS)
    queue = f"Queue: q{turn % QUEUES}".encode()
    events, rings = call(turn, device=device, caller=f"7935{turn * 131 % 1_000_000:07d}")
    said = [one.replace(b"Queue: sales", queue) for one in events]
    rang[f"1763890000.{turn * 2}"] = time.monotonic()
    pbx.send(b"".join(said[: rings + 1]) + device_state(device, "RINGING"))
    await asyncio.sleep(RINGS_S)
    pbx.send(b"".join(said[rings + 1 : rings + 9]) + device_state(device, "INUSE"))
    await asyncio.sleep(TALKS_S)
    pbx.send(b"".join(said[rings + 9 :]) + device_state(device, "NOT_INUSE"))


# The boards' own process ----------------------------------------------------------------------------------------------
def _boards(port: int, tokens: list[str], pipe: Connection) -> None:
    asyncio.run(_sit(port, tokens, pipe))


async def _sit(port: int, tokens: list[str], pipe: Connection) -> None:
    seen: dict[str, list[float]] = {}
    ready, look = asyncio.Semaphore(0), asyncio.Event()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        boards = [asyncio.create_task(_board(session, port, token, seen, ready, look)) for token in tokens]
        for step in ("connected", "looking"):
            for _ in boards:
                await asyncio.wait_for(ready.acquire(), 30)
            pipe.send(step)
            await asyncio.to_thread(pipe.recv)
            look.set()
        pipe.send(seen)
        for board in boards:
            board.cancel()
        await asyncio.gather(*boards, return_exceptions=True)


async def _board(
    session: aiohttp.ClientSession,
    port: int,
    token: str,
    seen: dict[str, list[float]],
    ready: asyncio.Semaphore,
    look: asyncio.Event,
) -> None:
    address = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
    known: set[str] = set()
    async with session.ws_connect(address, max_msg_size=0) as wire:

        async def begin() -> None:
            await look.wait()
            await wire.send_str('42["board",{"on":true}]')

        begun = asyncio.create_task(begin())
        await wire.receive_str()
        await wire.send_str("40" + json.dumps({"token": token}))
        async for message in wire:
            text = str(message.data)
            if text == "2":
                await wire.send_str("3")
            elif text.startswith("40"):
                await wire.send_str('420["resume",{"last_seq":0}]')
            elif text.startswith('42["snapshot"') or text.startswith('42["board",{"whole":true'):
                ready.release()
            elif text.startswith('42["board"'):
                for id_ in set(CALL.findall(text)) - known:
                    known.add(id_)
                    seen.setdefault(id_, []).append(time.monotonic())
        await begun


if __name__ == "__main__":
    main()
