"""The faults that can befall a running server, by their row of the fault table. Each is there for a while and goes."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from tests.e2e.proxy import Proxy
from tests.soak.town import DESK, MOST_FILES, Town

Fault = Callable[[Town, float], Awaitable[None]]
SILENT_MOST_S = 20.0
PAUSED_MOST_S = 10.0
SCANS = 200


def refuses(wire: str) -> Fault:
    """A wire of the town is cut, and lets nobody in for a while."""

    async def fault(town: Town, hold_s: float) -> None:
        one: Proxy = getattr(town, wire)
        one.refuse = True
        await one.drop()
        await asyncio.sleep(hold_s)
        one.refuse = False

    return fault


def silent(wire: str, most_s: float = float("inf")) -> Fault:
    """Nothing comes through for a while, then it is cut."""

    async def fault(town: Town, hold_s: float) -> None:
        one: Proxy = getattr(town, wire)
        one.silent = True
        await asyncio.sleep(min(hold_s, most_s))
        one.silent = False
        await one.drop()

    return fault


def told_wrong(how: str) -> Fault:
    """The PBX's events come twice, or hang-ups not at all."""

    async def fault(town: Town, hold_s: float) -> None:
        setattr(town.ami, how, True)
        await asyncio.sleep(hold_s)
        setattr(town.ami, how, False)

    return fault


async def pbx_starts_anew(town: Town, hold_s: float) -> None:
    await asyncio.to_thread(town.pbx.kill)
    await asyncio.sleep(min(hold_s, 5))
    town.pbx.start_again()  # here, not in a passing thread: it would die with it
    await asyncio.to_thread(town.phone.stop)  # a desk phone registers anew when it finds the PBX gone
    town.phone = await town.street.phone(DESK, ring_ms=150)


async def killed(town: Town, _hold_s: float) -> None:
    await asyncio.to_thread(town.server.kill)
    await asyncio.to_thread(town.server.start)


async def stopped(town: Town, _hold_s: float) -> None:
    assert await asyncio.to_thread(town.server.stop) == 0
    await asyncio.to_thread(town.server.start)


async def locked_base(town: Town, hold_s: float) -> None:
    with contextlib.closing(sqlite3.connect(town.server.data / "trubka.db", isolation_level=None, timeout=10)) as other:
        with contextlib.suppress(sqlite3.OperationalError):  # the server writes just now, and all the time
            other.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(hold_s)
        if other.in_transaction:
            other.execute("ROLLBACK")


async def full_disk(town: Town, hold_s: float) -> None:
    filler = town.server.data / "filler"
    try:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
        await asyncio.sleep(hold_s)
    finally:
        filler.unlink(missing_ok=True)


async def long_report(town: Town, hold_s: float) -> None:
    with contextlib.closing(sqlite3.connect(town.server.data / "trubka.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM calls").fetchone()
        await asyncio.sleep(hold_s)


async def frozen_tab(town: Town, hold_s: float) -> None:
    await silent("door")(town, hold_s)
    with contextlib.suppress(OSError, RuntimeError):
        await town.clara.wire.disconnect()


async def dead_names(town: Town, hold_s: float) -> None:
    town.names.silent = True
    await town.ami.drop()
    await asyncio.sleep(hold_s)
    town.names.silent = False


async def few_descriptors(town: Town, hold_s: float) -> None:
    with contextlib.ExitStack() as held:
        _knock(town.server.port, held, MOST_FILES * 2)
        await asyncio.sleep(hold_s)


async def little_memory(town: Town, hold_s: float) -> None:
    pid = town.server.pid
    mapped = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()  # noqa: ASYNC240
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (int(mapped * 1.2), before[1]))
    try:
        await asyncio.sleep(hold_s)
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)


async def stalled(town: Town, hold_s: float) -> None:
    town.server.pause()
    try:
        await asyncio.sleep(min(hold_s, PAUSED_MOST_S))
    finally:
        town.server.resume()


async def port_scan(town: Town, _hold_s: float) -> None:
    for port in (town.server.port, town.pbx.ports.agi):
        for _ in range(SCANS):
            with contextlib.ExitStack() as held:
                _knock(port, held, 1)
        await asyncio.sleep(0)


def _knock(port: int, held: contextlib.ExitStack, times: int) -> None:
    for _ in range(times):
        one = held.enter_context(socket.socket())
        one.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            one.connect(("127.0.0.1", port))


LIVES: Mapping[str, Fault] = {"F-05 killed": killed, "F-06 stopped": stopped}  # each begins another process
FAULTS: Mapping[str, Fault] = {
    "F-01 cut wire": refuses("ami"),
    "F-02 silent PBX": silent("ami", SILENT_MOST_S),
    "F-03 PBX starts anew": pbx_starts_anew,
    "F-07 locked base": locked_base,
    "F-08 full disk": full_disk,
    "F-09 long report": long_report,
    "F-12 frozen tab": frozen_tab,
    "F-18 events twice": told_wrong("twice"),
    "F-20 lost hang-ups": told_wrong("loses"),
    "F-37 mail breaks": refuses("imap"),
    "F-43 silent SMSC": silent("smpp"),
    "F-49 dead name server": dead_names,
    "F-50 few descriptors": few_descriptors,
    "F-51 little memory": little_memory,
    "T-A6 port scan": port_scan,
    "T-AMI-STALL stalled server": stalled,
}
