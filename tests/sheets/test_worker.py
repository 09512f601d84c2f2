"""Reading in a process of its own: the loop stays free, and no process stays behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import aclosing
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from cti.sheets import SheetError
from cti.sheets.worker import Batch, batches
from cti.sheets.write import write_csv, write_xlsx
from tests.lag import watched

LOST = "too large or damaged"

BEFORE: set[int] = set()  # processes of ours that other tests have left running


@pytest.fixture(autouse=True)
def before() -> None:
    """What runs already is not a reader's."""
    BEFORE.clear()
    BEFORE.update(children())


def children() -> set[int]:
    """Processes of ours that read a sheet, the dead that nobody buried among them."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == os.getpid():
            found.add(int(entry.name))
    return found - BEFORE


def limits_of(child: int) -> dict[str, str]:
    """The soft limits that the system keeps for a process."""
    lines = Path(f"/proc/{child}/limits").read_text().splitlines()
    return {line[:25].strip(): line[26:46].strip() for line in lines}


async def all_of(path: Path, *, name: str = "", size: int = 1000, within_s: float = 120.0) -> list[Batch]:
    return [batch async for batch in batches(path, name=name, size=size, within_s=within_s)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A csv of 2,500 rows, of which rows 2 and 2400 are too long."""
    path = tmp_path / "table.csv"
    write_csv(path, ("a", "b"), [(n, "ё", "!") if n in (2, 2400) else (n, "ё") for n in range(1, 2501)])
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """More rows than a pipe holds."""
    path = tmp_path / "endless.csv"
    write_csv(path, ("a", "b"), ((number, "x" * 100) for number in range(100_000)))
    return path


async def test_rows_come_in_batches_with_their_numbers(table: Path) -> None:
    found = await all_of(table)
    assert [batch.headers for batch in found] == [("a", "b"), (), ()]
    assert [batch.first for batch in found] == [1, 1001, 2001]
    assert [batch.odd for batch in found] == [(2,), (), (2400,)]
    assert [row for batch in found for row in batch.rows] == [(str(n), "ё") for n in range(1, 2501)]
    assert not children()


async def test_headers_alone_are_one_batch(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    write_xlsx(path, ("a", "b"), [])
    assert await all_of(path) == [Batch(rows=[], first=1, headers=("a", "b"))]


async def test_batches_of_long_rows_are_shorter(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_csv(path, ("a",), [("x" * 100_000,)] * 50)
    found = await all_of(path)
    assert len(found) == 5
    assert found[1].first == found[0].first + len(found[0].rows)


async def test_what_is_wrong_with_the_file_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a\n1\n" + "x" * 100_001)
    with pytest.raises(SheetError, match="row 2") as caught:
        await all_of(path)
    assert caught.value.row == 2
    path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    with pytest.raises(SheetError, match=r"“клиенты\.xls”"):
        await all_of(path, name="клиенты\0.xls")


async def test_a_large_file_leaves_the_loop_free(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "large.xlsx"
    numbers = range(100_000)
    write_xlsx(path, tuple("abcdefghij"), ((79_350_000_000 + n, "Ёж", n, "", n, n, n, "ok", n, n) for n in numbers))
    before = time.perf_counter()
    count = 0
    async with watched() as lag, aclosing(batches(path)) as found:
        async for batch in found:
            count += len(batch.rows)
    took = time.perf_counter() - before
    with capsys.disabled():
        print(f"\n{count} rows x 10 of xlsx: {count / took:,.0f} rows/s, lag {max(lag.late) * 1000:.0f} ms at most")
    assert count == 100_000
    assert lag.within(0.05)


async def test_closing_early_leaves_no_process(endless: Path) -> None:
    async with aclosing(batches(endless, size=10)) as found:
        async for batch in found:
            assert batch.headers == ("a", "b")
            assert len(children()) == 1
            break
    assert not children()


async def test_a_reader_that_is_cancelled_leaves_no_process(endless: Path) -> None:
    started = asyncio.Event()

    async def reading() -> None:
        async with aclosing(batches(endless, size=10)) as found:
            async for _ in found:
                started.set()
                await asyncio.sleep(60)

    task = asyncio.create_task(reading())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not children()


async def test_the_process_waits_for_a_slow_reader(endless: Path) -> None:
    async with aclosing(batches(endless, size=10)) as found:
        await anext(found)
        (child,) = children()

        def position() -> int:
            """How far the process has read the file."""
            info = Path(f"/proc/{child}/fdinfo")
            return max(int(entry.read_text().split("\n")[0].split()[1]) for entry in info.iterdir())

        await asyncio.sleep(0.5)
        reached = position()
        await asyncio.sleep(0.3)
        assert position() == reached
        assert reached < 2_000_000


async def test_a_pause_of_the_reader_does_not_count(endless: Path) -> None:
    async with aclosing(batches(endless, size=10_000, within_s=3)) as found:
        await anext(found)
        await asyncio.sleep(3.1)
        assert sum([len(batch.rows) async for batch in found]) == 90_000


async def test_a_process_killed_from_outside_is_an_error(endless: Path) -> None:
    found = batches(endless, size=10)
    await anext(found)
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    with pytest.raises(SheetError, match=LOST):
        [batch async for batch in found]
    assert not children()


async def test_a_process_that_takes_too_long_is_ended(endless: Path) -> None:
    with pytest.raises(SheetError, match=LOST):
        await all_of(endless, within_s=0.01)
    assert not children()


async def test_the_process_is_bounded_by_the_system(endless: Path) -> None:
    async with aclosing(batches(endless, size=10, within_s=7)) as found:
        await anext(found)
        (child,) = children()
        limits = limits_of(child)
    assert limits["Max address space"] == str(1 << 30)
    assert limits["Max cpu time"] == "7"
    assert limits["Max core file size"] == "0"


async def test_a_process_that_runs_out_of_memory_is_an_error(tmp_path: Path) -> None:
    """Few cells, but sixty million places when they are laid out as a rectangle: more than a gigabyte."""
    path = tmp_path / "wide.xlsx"
    write_xlsx(path, tuple(map(str, range(300))), ((number,) for number in range(199_999)))
    with pytest.raises(SheetError, match=LOST):
        await all_of(path)
    assert not children()


async def test_a_bomb_that_lies_of_its_size_hurts_nobody(tmp_path: Path) -> None:
    """The archive says its shared texts are a thousand bytes, but they are 1.5 GB; it is not let in."""
    path = tmp_path / "bomb.xlsx"
    write_xlsx(path, ("a",), [("b",)])
    with ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    entry = "xl/sharedStrings.xml"
    contents.pop(entry, None)
    relation = b'<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" '
    relation = relation % b"sharedStrings" + b'Target="sharedStrings.xml"/></Relationships>'
    rels = "xl/_rels/workbook.xml.rels"
    contents[rels] = contents[rels].replace(b"</Relationships>", relation)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
        with archive.open(entry, "w", force_zip64=True) as file:
            file.write(b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>')
            for _ in range(1500):
                file.write(b"x" * (1 << 20))
            file.write(b"</t></si></sst>")
        archive.getinfo(entry).file_size = 1000
    with pytest.raises(SheetError):
        await all_of(path)
    assert not children()
