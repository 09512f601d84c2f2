"""Letters read beside a running loop: letters a second, the largest, the worst, and how late the loop is meanwhile."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cti.channels.email.reader import LetterProcess
from cti.channels.letters import Poison, Showing
from tests.bench import SHORT, percentile, report
from tests.channels.email.post import HEAD, parts

LETTERS = 100 if SHORT else 2000
LARGE_BYTES = (1 if SHORT else 18) << 20  # 18 MiB of a file are 25 MiB of a letter
POISON_BYTES = 300_000 if SHORT else 3_000_000
LOOK_S = 0.002
TEXT = "Добрый день! Пришлите, пожалуйста, прайс-лист на октябрь. " * 20


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> None:
    reader = LetterProcess(folder / "letters")
    plain = _written(folder / "plain.eml", _ordinary())
    await reader.read(plain)
    await reader.show(Showing(text="x", html="", address="/x"))

    async def many() -> None:
        for _ in range(LETTERS):
            await reader.read(plain)

    took, _late = await beside(many)
    report("letters read, with 30 KB of a file each", LETTERS / took, "letters/s", limit="> 100")
    large = _written(folder / "large.eml", _large())
    await _told(f"a letter of {large.stat().st_size >> 20} MiB", lambda: reader.read(large))
    poison = _written(folder / "poison.eml", _poison())
    await _told(f"a poison letter of {POISON_BYTES // 1000} KB", lambda: reader.read(poison))
    rich = Showing(text="", html=f"<style>td{{color:#333}}</style>{_rows()}", address="/x")
    await _told(f"HTML of {len(rich.html) // 1000} KB shown", lambda: reader.show(rich))
    if not SHORT:
        endless = Showing(text="", html="<div>" * 400_000, address="/x")
        await _told("HTML that never ends, given up", lambda: reader.show(endless))
    await reader.close()


async def _told(name: str, work: Callable[[], Awaitable[Any]]) -> None:
    took, late = await beside(work)
    report(name, took, "s", limit="< 5")
    report(f"{name}: loop late, 99 of 100", percentile(late, 0.99) * 1000, "ms", limit="< 50")


async def beside(work: Callable[[], Awaitable[Any]]) -> tuple[float, list[float]]:
    """How long the work took, and how late a loop was that had nothing else to do."""
    late: list[float] = []

    async def look() -> None:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(LOOK_S)
            late.append(time.perf_counter() - asked - LOOK_S)

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    begun = time.perf_counter()
    with contextlib.suppress(Poison):
        await work()
    took = time.perf_counter() - begun
    await asyncio.sleep(2 * LOOK_S)
    looking.cancel()
    return took, late


def _written(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def _ordinary() -> bytes:
    file = base64.encodebytes(bytes(range(256)) * 120).decode()
    return parts(
        f"Content-Type: text/plain; charset=utf-8\n\n{TEXT}",
        f"Content-Type: application/pdf; name=price.pdf\nContent-Transfer-Encoding: base64\n\n{file}",
        head=HEAD,
    )


def _large() -> bytes:
    file = base64.encodebytes(os.urandom(LARGE_BYTES)).decode()
    return parts(f"Content-Type: x/y; name=a.bin\nContent-Transfer-Encoding: base64\n\n{file}", head=HEAD)


def _poison() -> bytes:
    """Parts inside parts, heads without end, and a text that is none."""
    inside = b"".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n".encode() for n in range(1000))
    return HEAD.encode() + b"X: y\n" * 20_000 + inside + b"\n" + os.urandom(POISON_BYTES)


def _rows() -> str:
    row = "".join(f"<td style='padding:4px;border:1px solid #ccc'>Кирпич {n}</td>" for n in range(5))
    return f"<table>{f'<tr>{row}</tr>' * 300}</table>"


if __name__ == "__main__":
    main()
