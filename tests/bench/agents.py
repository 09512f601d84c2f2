"""300 agents with their panels open and 30 calls a second: how late each card is, and what an agent costs.

The panels are bare WebSockets that speak Socket.IO, in a process of their own; the PBX's words come from a stream, as
300 real phones would be measured and not the server. A time is from the byte that says the phone rings to the card.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import secrets
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp

from cti.passwords import digest
from lab.free_ports import free_port
from tests.bench import SHORT, percentile, report
from tests.bench.base import CLIENTS, filled
from tests.bench.stream import call
from tests.channels.fake_ami import FakeAmi, event
from tests.e2e.server import until

AGENTS = 20 if SHORT else 300
RATE = 30
SECONDS = 2 if SHORT else 30
RINGS_S, TALKS_S = 0.5, 1.0
FIRST = 1001  # the first agent's extension
AT_ONCE = 20
SERVER = (sys.executable, "-m", "cti", "serve")
TICKS = os.sysconf("SC_CLK_TCK")
CALL = re.compile(r'"id":"(1763890000\.\d+)"')


def main() -> None:
    folder = filled()
    try:
        tokens = people(folder / "trubka.db")
        looked_over(folder)
        asyncio.run(_run(folder, tokens))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def people(file: Path) -> list[str]:
    """Agents with a desk phone each; the tokens by which their panels come in."""
    tokens = [secrets.token_urlsafe(16) for _ in range(AGENTS)]
    with sqlite3.connect(file) as conn:
        for place, token in enumerate(tokens, 1):
            who = (place, f"agent{place}", f"Agent {place}")
            conn.execute("INSERT INTO users (id, login, name, role, created_at) VALUES (?, ?, ?, 'agent', 0)", who)
            number = str(FIRST + place - 1)
            phone = (place, f"PJSIP/{number}", number)
            conn.execute("INSERT INTO devices (user_id, name, extension, chosen) VALUES (?, ?, ?, 1)", phone)
            known = (place, digest(token), time.time())
            conn.execute("INSERT INTO tokens (user_id, token_hash, created_at) VALUES (?, ?, ?)", known)
    conn.close()
    return tokens


def looked_over(folder: Path) -> None:
    """No search for duplicates of its first hour runs beside what is measured."""
    (folder / "duplicates.mark").write_text(f"{time.time()!r} {CLIENTS}", encoding="ascii")


@asynccontextmanager
async def serving(folder: Path, pbx: FakeAmi) -> AsyncIterator[tuple[int, int]]:
    """The server on a folder's base, the played PBX asked all it is asked at first: its process and its port."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CTI_")}
    environment |= {"CTI_DATA": str(folder), "CTI_PORT": str(port), "CTI_AGI__PORT": "0"}
    environment |= {"CTI_PBX__MAIN__PORT": str(pbx.port), "CTI_PBX__MAIN__SECRET": pbx.secret}
    server = await asyncio.create_subprocess_exec(*SERVER, env=environment, stderr=asyncio.subprocess.DEVNULL)
    try:
        await until(lambda: answers(port), within_s=60, why="the panel answers")
        await until(lambda: any(one.get("Action") == "QueueStatus" for one in pbx.actions), why="the PBX was asked")
        yield server.pid, port
    finally:
        server.send_signal(signal.SIGTERM)
        await server.wait()


@contextmanager
def sitting(who: Callable[..., None], port: int, tokens: list[str]) -> Iterator[Connection]:
    """Browsers in a process of their own, which says when all of them are connected: the way to talk with it."""
    ours, theirs = multiprocessing.Pipe()
    browsers = multiprocessing.get_context("spawn").Process(target=who, args=(port, tokens, theirs), daemon=True)
    browsers.start()
    theirs.close()  # else the end of that process would be waited for without end
    try:
        yield ours
    finally:
        browsers.join(10)


async def _run(folder: Path, tokens: list[str]) -> None:
    async with FakeAmi() as pbx, serving(folder, pbx) as (pid, port):
        before = _resident(pid)
        with sitting(_panels, port, tokens) as ours:
            await asyncio.to_thread(ours.recv)  # all are connected
            _told_resident(before, _resident(pid))
            busy, began = worked(pid), time.monotonic()
            rang = await _calls(pbx)
            share = 100 * (worked(pid) - busy) / (time.monotonic() - began)
            ours.send("over")
            seen: dict[str, float] = await asyncio.to_thread(ours.recv)
    report(f"server at {RATE} calls/s, {AGENTS} agents", share, "% of one processor", limit="< 70")
    late = [(seen[one] - rang[one]) * 1000 for one in rang if one in seen]
    report(f"cards of {len(rang)} calls to {AGENTS} agents", len(late), "cards", limit=str(len(rang)))
    report(f"{RATE} calls/s, AMI byte to a panel's card, p50", percentile(late, 0.5), "ms")
    report(f"{RATE} calls/s, AMI byte to a panel's card, p99", percentile(late, 0.99), "ms", limit="<= 100")


def _told_resident(before: float, after: float) -> None:
    report("memory of a connected agent", max(after - before, 1) / AGENTS, "KiB", limit="< 200")


def worked(pid: int) -> float:
    """Seconds of a processor that it has had."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return float(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])


async def answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


async def _calls(pbx: FakeAmi) -> dict[str, float]:
    """When each call's phone rang, by its id."""
    rang: dict[str, float] = {}
    begin = time.monotonic()
    going = []
    for turn in range(RATE * SECONDS):
        await asyncio.sleep(max(begin + turn / RATE - time.monotonic(), 0))
        going.append(asyncio.create_task(_call(pbx, turn, rang)))
    await asyncio.gather(*going)
    await asyncio.sleep(1.0)  # the last cards are on their way
    return rang


async def _call(pbx: FakeAmi, turn: int, rang: dict[str, float]) -> None:
    device = str(FIRST + turn % AGENTS)
    events, rings = call(turn, device=device, caller=f"7935{turn * 131 % CLIENTS:07d}")
    rang[f"1763890000.{turn * 2}"] = time.monotonic()
    pbx.send(b"".join(events[: rings + 1]) + device_state(device, "RINGING"))
    await asyncio.sleep(RINGS_S)
    answered = rings + 9
    pbx.send(b"".join(events[rings + 1 : answered]) + device_state(device, "INUSE"))
    await asyncio.sleep(TALKS_S)
    pbx.send(b"".join(events[answered:]) + device_state(device, "NOT_INUSE"))


def device_state(device: str, state: str) -> bytes:
    return event("DeviceStateChange", Device=f"PJSIP/{device}", State=state)


# The panels' own process -------------------------------------------------------------------------------------------
def _panels(port: int, tokens: list[str], pipe: Connection) -> None:
    asyncio.run(_sit(port, tokens, pipe))


async def _sit(port: int, tokens: list[str], pipe: Connection) -> None:
    seen: dict[str, float] = {}
    ready = asyncio.Semaphore(0)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        panels = []
        for start in range(0, len(tokens), AT_ONCE):  # so many strangers at a time does the server let in
            few = tokens[start : start + AT_ONCE]
            panels += [asyncio.create_task(_panel(session, port, token, seen, ready)) for token in few]
            for _ in few:
                await asyncio.wait_for(ready.acquire(), 30)
        pipe.send("connected")
        await asyncio.to_thread(pipe.recv)
        pipe.send(seen)
        for panel in panels:
            panel.cancel()
        await asyncio.gather(*panels, return_exceptions=True)


async def _panel(
    session: aiohttp.ClientSession, port: int, token: str, seen: dict[str, float], ready: asyncio.Semaphore
) -> None:
    address = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
    async with session.ws_connect(address, max_msg_size=0) as wire:
        await wire.receive_str()
        await wire.send_str("40" + json.dumps({"token": token}))
        async for message in wire:
            text = str(message.data)
            if text == "2":
                await wire.send_str("3")
            elif text.startswith("40"):
                await wire.send_str('420["resume",{"last_seq":0}]')
            elif text.startswith('42["snapshot"'):
                ready.release()
            elif text.startswith('42["screen_pop"') and (found := CALL.search(text)):
                seen.setdefault(found[1], time.monotonic())


if __name__ == "__main__":
    main()
