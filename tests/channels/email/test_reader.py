"""The processes that read letters: what harms one harms no other letter, and the loop stays free."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from cti.channels.email.reader import LetterProcess
from cti.channels.letters import Poison, Showing
from cti.errors import StorageError
from tests.channels.email.post import HEAD, parts
from tests.lag import watched

HERE = Path(__file__).parents[3]


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[LetterProcess]:
    one = LetterProcess(tmp_path / "letters")
    yield one
    await one.close()


def html(text: str) -> Showing:
    return Showing(text="", html=text, address="/x")


def written(tmp_path: Path, raw: bytes | str) -> Path:
    path = tmp_path / "raw.eml"
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return path


async def test_a_letter_is_read_and_its_file_lies_once_in_the_folder(reader: LetterProcess, tmp_path: Path) -> None:
    path = written(tmp_path, parts("Content-Type: x/y; name=a.pdf\n\n%PDF-1.7", head=HEAD))
    first, second = await asyncio.gather(reader.read(path), reader.read(path))
    assert first == second
    sha256 = first.files[0].sha256
    kept = [one for one in (tmp_path / "letters").rglob("*") if one.is_file()]
    assert kept == [tmp_path / "letters" / sha256[:2] / sha256]
    assert kept[0].stat().st_mode & 0o777 == 0o600


async def test_one_process_reads_one_letter_after_another(reader: LetterProcess, tmp_path: Path) -> None:
    """However large the server itself has grown: it starts with less than a process is replaced at."""
    grown = bytearray(300 << 20)
    grown[::4096] = bytes(len(grown) // 4096)
    path = written(tmp_path, HEAD + "\nhi")
    await reader.read(path)
    first = await _child_of_ours(1)
    for _ in range(3):
        await reader.read(path)
    assert await _child_of_ours(1) == first


async def test_P9_the_letter_after_an_endless_one_is_read_within_5_s(reader: LetterProcess, tmp_path: Path) -> None:
    """HTML that takes minutes to clean stands for whatever holds a process; the loop does not notice."""
    await reader.show(html("<p>hi"))
    begun = time.monotonic()
    async with watched() as lag:
        with pytest.raises(Poison, match="time"):
            await reader.show(html("<div>" * 300_000))
        assert await reader.show(html("<p>hi")) == "<p>hi</p>"
    assert time.monotonic() - begun < 5
    assert lag.within(0.05)
    assert (await reader.read(written(tmp_path, HEAD + "\nhi"))).text == "hi"


async def test_a_process_that_dies_takes_one_letter_with_it(reader: LetterProcess, tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "\nhi")
    await reader.read(path)
    await reader.show(html("<p>hi"))
    slow = asyncio.create_task(reader.show(html("<div>" * 300_000)))
    child = await _child_of_ours(2)
    os.kill(child, signal.SIGKILL)
    with pytest.raises(Poison, match="process"):
        await slow
    assert (await reader.read(path)).text == "hi"


async def _child_of_ours(count: int) -> int:
    """The newest of our reading processes, once there are so many."""
    async with asyncio.timeout(10):
        while True:
            ours = await asyncio.to_thread(_children)
            if len(ours) == count:
                return max(ours)
            await asyncio.sleep(0.02)


def _children() -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = process.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"cti.channels.email.child" in process.joinpath("cmdline").read_bytes():
                found.append(int(process.name))
    return found


async def test_a_letter_of_25_MiB_is_read_and_one_of_60_in_part(reader: LetterProcess, tmp_path: Path) -> None:
    file = base64.encodebytes(os.urandom(18 << 20)).decode()
    raw = parts(
        "Content-Type: text/plain\n\nhi",
        f"Content-Type: application/x; name=a.bin\nContent-Transfer-Encoding: base64\n\n{file}",
        head=HEAD,
    )
    read = await reader.read(written(tmp_path, raw))
    assert (read.text.strip(), read.files[0].size, read.size) == ("hi", 18 << 20, len(raw))
    large = await reader.read(written(tmp_path, raw + b"x" * (35 << 20)))
    assert (large.text.strip(), large.files, large.size) == ("hi", (), len(raw) + (35 << 20))
    assert "too-large" in large.oddities


async def test_who_goes_while_a_reader_starts_spoils_no_letter_after_it(reader: LetterProcess, tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "\nhi")
    gone = asyncio.create_task(reader.read(path))
    await _child_of_ours(1)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert (await reader.read(path)).text == "hi"


async def test_where_the_server_may_have_less_than_the_reader_the_reader_has_as_much(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "\nhi")
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", LITTLE, str(path), stdout=PIPE, cwd=HERE)
    said, _ = await asyncio.wait_for(server.communicate(), 30)
    assert said == b"hi\n"


LITTLE = """
import asyncio, pathlib, resource, sys
from cti.channels.email.reader import LetterProcess
raw = pathlib.Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
async def main():
    reader = LetterProcess(raw.parent / "letters")
    letter = await reader.read(raw)
    await reader.close()
    return letter.text
print(asyncio.run(main()))
"""


@pytest.mark.parametrize("program", ["/bin/false", "/nonexistent"])
async def test_where_no_reader_starts_the_letter_waits_and_is_not_called_unreadable(
    program: str, reader: LetterProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, HEAD + "\nhi")
    with monkeypatch.context() as within:
        within.setattr(sys, "executable", program)
        with pytest.raises(StorageError, match=r"does not start\. Give the server more memory"):
            await reader.read(path)
    assert (await reader.read(path)).text == "hi"


async def test_a_letter_that_is_not_there_is_no_poison(reader: LetterProcess, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        await reader.read(tmp_path / "none.eml")
