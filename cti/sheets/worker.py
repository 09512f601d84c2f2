"""Reading in a process of its own: the event loop stays free, and a file made to harm harms only that process.

The process may use a gigabyte of memory and as many seconds as it is given, and then is ended by the system. It writes
frames to its output: a letter, a length, the rest in msgpack; B is a batch, E what is wrong with the file, Z the end. A
pipe that nobody empties holds it back. Without Z the file was not read to its end, whatever came before.
"""

from __future__ import annotations

import asyncio
import math
import os
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from cti.limits import limited
from cti.processes import ended
from cti.sheets import SheetError
from cti.sheets.read import read
from cti.sheets.table import Row

MEMORY_MOST = 1 << 30
BATCH_MOST = 1 << 20  # characters, whatever the number of rows
NAME_MOST = 200
LOST = "The file is too large or damaged: save it again, or cut it into several files."
HEAD = struct.Struct(">cI")
ROOT = Path(__file__).resolve().parent.parent.parent  # the process takes its code from where this comes from


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Some rows of a file, in their order.

    headers: in the first batch only. first: the 1-based number of the first row. odd: numbers of the rows in this batch
    something of which was lost.
    """

    rows: list[Row]
    first: int
    headers: tuple[str, ...] = ()
    odd: tuple[int, ...] = ()


class _Fault(msgspec.Struct, frozen=True):
    message: str
    row: int | None


async def batches(
    path: Path, *, name: str = "", size: int = 1000, within_s: float = 120.0
) -> AsyncGenerator[Batch, None]:
    """The rows of a file, at most `size` at a time; there is at least one batch, which has the headers.

    within_s: how long the reading itself may take; what the caller does between batches does not count. Closing the
    iterator early (contextlib.aclosing) ends the process.
    """
    process = await asyncio.create_subprocess_exec(
        *_command(path, name, size, within_s), stdin=DEVNULL, stdout=PIPE, cwd=ROOT
    )
    loop = asyncio.get_running_loop()
    left = within_s
    try:
        while True:
            asked = loop.time()
            batch = await _next(process, left)
            left -= loop.time() - asked
            if batch is None:
                return
            yield batch
    finally:
        await ended(process)


def _command(path: Path, name: str, size: int, within_s: float) -> list[str]:
    called = name.replace("\0", "")[:NAME_MOST]
    return [sys.executable, "-m", "cti.sheets.worker", str(path.resolve()), called, str(size), str(math.ceil(within_s))]


async def _next(process: Process, within_s: float) -> Batch | None:
    """The next batch, None at the end."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(within_s):
            kind, size = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
            body = await process.stdout.readexactly(size)
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        raise SheetError(LOST) from error
    if kind == b"E":
        fault = msgspec.msgpack.decode(body, type=_Fault)
        raise SheetError(fault.message, row=fault.row)
    return msgspec.msgpack.decode(body, type=Batch) if kind == b"B" else None


def main(arguments: list[str], output: BinaryIO) -> None:
    """The process: path, the person's name of the file, rows in a batch, seconds of work."""
    path, name, size, seconds = arguments
    _bound(int(seconds))
    try:
        for batch in _batched(Path(path), name, int(size)):
            _send(output, b"B", msgspec.msgpack.encode(batch))
    except SheetError as error:
        _send(output, b"E", msgspec.msgpack.encode(_Fault(str(error), error.row)))
    except MemoryError:
        _send(output, b"E", msgspec.msgpack.encode(_Fault(LOST, None)))
    else:
        _send(output, b"Z", b"")


def _bound(seconds: int) -> None:
    """Limits that the system keeps."""
    os.nice(5)  # calls first
    limited(memory=MEMORY_MOST, cpu_s=max(1, seconds))


def _send(output: BinaryIO, kind: bytes, body: bytes) -> None:
    output.write(HEAD.pack(kind, len(body)))
    output.write(body)
    output.flush()


def _batched(path: Path, name: str, size: int) -> Iterator[Batch]:
    sheet = read(path, name=name)
    headers, first, characters = sheet.headers, 1, 0
    rows: list[Row] = []
    for row in sheet.rows:
        rows.append(row)
        characters += sum(map(len, row))
        if len(rows) >= size or characters >= BATCH_MOST:
            yield _batch(headers, first, rows, sheet.odd)
            headers, first, characters, rows = (), first + len(rows), 0, []
    if rows or headers:
        yield _batch(headers, first, rows, sheet.odd)


def _batch(headers: tuple[str, ...], first: int, rows: list[Row], odd: list[int]) -> Batch:
    """A batch, with the odd rows found meanwhile, which are forgotten here."""
    found = tuple(odd)
    odd.clear()
    return Batch(rows=rows, first=first, headers=headers, odd=found)


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main(sys.argv[1:], sys.stdout.buffer)
