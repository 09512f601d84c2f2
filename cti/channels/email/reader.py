"""Letters read in processes of their own: nothing that comes can hold the loop or take the server with it.

Two of them, started when first needed: one reads what arrives, the other shows what a person opens, who does not wait
behind an import. A letter that takes longer than LETTER_S, or ends the process, is `Poison`; a new process reads the
next one. The process ends when its input closes, so with the server, however that dies.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

import msgspec

from cti.channels.email.frames import HEAD, LETTER_BYTES, Asked, framed
from cti.channels.letters import Poison, Showing
from cti.errors import StorageError
from cti.messages.letter import Letter
from cti.processes import ended

LETTER_S = 3.5  # with the start of the next process, within 5 s
BYTES_PER_S = 8 << 20  # a letter of 25 MiB has 3 s more
START_S = 10.0
ANSWER_MOST = 64 << 20
ROOT = Path(__file__).resolve().parent.parent.parent.parent  # the process takes its code from where this comes from


class LetterProcess:
    """Implements LetterReader. folder: of letters' files."""

    def __init__(self, folder: Path) -> None:
        self._reads = _Child(folder)
        self._shows = _Child(folder)

    async def read(self, raw: Path) -> Letter:
        """A letter; its files are in the folder of letters' files. Raises Poison with a code."""
        path, within_s = _whole(raw)
        return msgspec.msgpack.decode(await self._reads.ask(Asked(read=path), within_s), type=Letter)

    async def show(self, asked: Showing) -> str:
        """HTML for the frame of a letter. Raises Poison where it cannot be made in time."""
        return msgspec.msgpack.decode(await self._shows.ask(Asked(show=asked)), type=str)

    async def run(self) -> None:
        """Until the server stops; then the processes end with it."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """End the processes."""
        await self._reads.end()
        await self._shows.end()


class _Child:
    """One process, which answers one question at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._over = False

    async def ask(self, asked: Asked, within_s: float = LETTER_S) -> bytes:
        """Its answer. Raises Poison, StorageError."""
        async with self._turn:
            process = await self._started()
            kind = b""
            try:
                async with asyncio.timeout(within_s):
                    kind, body = await _exchange(process, msgspec.msgpack.encode(asked))
            except TimeoutError:
                raise Poison("time") from None
            except (asyncio.IncompleteReadError, ConnectionError):
                self._goes_on()
                raise Poison("process") from None
            finally:
                if kind not in (b"A", b"D", b"E"):  # it did not end in order, or has grown (L)
                    await self._drop()
        if kind == b"D":
            why = msgspec.msgpack.decode(body, type=str)
            raise StorageError(f"A letter's files cannot be written ({why})", advice="Make room in the data folder.")
        if kind == b"E":
            raise Poison(msgspec.msgpack.decode(body, type=str))
        return body

    async def end(self) -> None:
        """End the process for good; what it does is lost."""
        self._over = True
        async with self._turn:
            await self._drop()

    async def _started(self) -> Process:
        """The process, ready to be asked. Raises StorageError where it cannot be begun: no letter's fault either."""
        self._goes_on()
        if self._process is not None and self._process.returncode is None:
            return self._process
        ready = False
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cti.channels.email.child", str(self._folder.resolve()),
                stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=ROOT, limit=ANSWER_MOST,
            )  # fmt: skip
            assert process.stdout is not None
            async with asyncio.timeout(START_S):
                ready = bool(await process.stdout.readexactly(1))
        except (OSError, MemoryError, TimeoutError, asyncio.IncompleteReadError):
            self._goes_on()
            raise StorageError(
                "The process that reads letters does not start",
                advice="Give the server more memory or make the machine less busy; letters wait in their mailboxes.",
            ) from None
        finally:
            if not ready:  # nor is one kept that whoever wanted it did not wait for
                await self._drop()
        return process

    def _goes_on(self) -> None:
        """That a letter is not read because the server stops is no fault of the letter's."""
        if self._over:
            raise StorageError("No more letters are read", advice="The server stops; it goes on at its next start.")

    async def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await ended(process)


def _whole(path: Path) -> tuple[str, float]:
    """The path, for the process has a working directory of its own, and how long the letter may take."""
    size = path.stat().st_size if path.exists() else 0
    return str(path.absolute()), LETTER_S + min(size, LETTER_BYTES) / BYTES_PER_S


async def _exchange(process: Process, question: bytes) -> tuple[bytes, bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(framed(b"Q", question))
    await process.stdin.drain()
    kind, size = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
    return kind, await process.stdout.readexactly(size)
