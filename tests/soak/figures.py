"""What a running server takes, once a second, and how it grows: the slope of a straight line (least squares)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.e2e.server import Server

LOOK_S = 1.0
FIGURES = ("memory", "descriptors", "threads", "tasks", "disk")


@dataclass(frozen=True, kw_only=True)
class Look:
    """at: monotonic seconds; memory (resident) and disk (the database and its log) in bytes."""

    at: float
    memory: float
    descriptors: float
    threads: float
    tasks: float
    disk: float
    log: float  # of the database, bytes


@dataclass(frozen=True, kw_only=True)
class Growth:
    """By the line through all looks. mean: of the looks; grown: from the first to the last; an_hour: its slope."""

    mean: float
    grown: float
    an_hour: float


class Watch:
    """Looks at a server while `quiet`; what a fault itself takes (sockets, lookups) is not growth."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.quiet = False
        self.looks: list[Look] = []

    async def run(self) -> None:
        """Until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            while True:
                await asyncio.sleep(LOOK_S)
                with contextlib.suppress(OSError, aiohttp.ClientError, TimeoutError):
                    look = await self._look(http)
                    if self.quiet and look is not None:
                        self.looks.append(look)

    async def _look(self, http: aiohttp.ClientSession) -> Look | None:
        async with http.get(f"{self._server.url}/metrics") as answer:
            if answer.status != 200:  # it has too few descriptors for who comes anew
                return None
            told = dict(re.findall(r"(?m)^trubka_(\w+) (\S+)$", await answer.text()))
        files = Path(f"/proc/{self._server.pid}/fd")
        status = Path(f"/proc/{self._server.pid}/status").read_text()  # noqa: ASYNC240 - of the kernel
        base = self._server.data / "trubka.db"
        log = _size(base.with_name("trubka.db-wal"))
        return Look(
            at=time.monotonic(),
            memory=float(told["memory_bytes"]),
            descriptors=len(list(files.iterdir())),  # noqa: ASYNC240 - of the kernel
            threads=float(re.findall(r"(?m)^Threads:\s+(\d+)", status)[0]),
            tasks=float(told["tasks"]),
            disk=_size(base) + log,
            log=log,
        )


def growth(looks: Sequence[Look], figure: str) -> Growth:
    """Of one of FIGURES."""
    at = [one.at for one in looks]
    values = [float(getattr(one, figure)) for one in looks]
    slope = statistics.linear_regression(at, values).slope
    return Growth(mean=statistics.fmean(values), grown=slope * (at[-1] - at[0]), an_hour=slope * 3600)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
