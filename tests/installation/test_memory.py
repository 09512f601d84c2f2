"""A server that may have little memory: what is only kept handy goes, and it serves on."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from cti.errors import StorageError
from cti.memory import Memory, limits, shed, used
from cti.passwords import _nobodys
from cti.telephony.numbering import NumberPlan, read
from tests.e2e.server import Desk, Server, until
from tests.made import new_database


def test_the_smallest_limit_of_all_groups_above_counts(tmp_path: Path) -> None:
    group = tmp_path / "system.slice/trubka.service"
    group.mkdir(parents=True)
    own = tmp_path / "own"
    own.write_text("0::/system.slice/trubka.service\n")
    assert limits(tmp_path, own)[0] == 0
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text("3000\n")
    (group / "memory.high").write_text("5000\n")
    assert limits(tmp_path, own)[0] == 3000
    (group / "memory.max").write_text("2000\n")
    assert limits(tmp_path, own)[0] == 2000
    assert limits(tmp_path, tmp_path / "nobody")[0] == 0


def test_caches_are_emptied_but_for_what_the_program_cannot_do_without() -> None:
    read("+79355550101", NumberPlan())
    before = _nobodys()
    assert shed() > 0
    assert shed() == 0
    assert _nobodys() is before
    assert Memory(limits=lambda: (used(), 0)).tight()
    assert Memory(limits=lambda: (0, used(address_space=True))).tight()
    assert not Memory(limits=lambda: (used() * 4, 0)).tight()
    assert not Memory(limits=lambda: (0, 0)).tight()


def mapped(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


async def test_F_51_near_its_limit_the_server_lets_go_and_serves_on(tmp_path: Path) -> None:
    """The limit is put a little above what is mapped, while it runs."""
    with Server(tmp_path / "data", {}).prepare() as server:
        async with Desk(server, "pavel") as pavel:
            assert "Алхимов" in await pavel.text("/clients/1")
            assert mapped(server.pid) < 700 * 2**20, "threads share few heaps: with one each it is a gigabyte"
            most = int(mapped(server.pid) * 1.2)
            resource.prlimit(server.pid, resource.RLIMIT_AS, (most, most))

            async def shed_count() -> float:
                async with pavel.http.get(f"{server.url}/metrics") as answer:
                    found = re.search(r"(?m)^trubka_memory_shed (\S+)", await answer.text())
                    return float(found[1]) if found else 0.0

            await until(shed_count, why="caches are emptied")
            for _ in range(20):
                assert "Алхимов" in await pavel.text("/clients/1")
            assert await shed_count() >= 1
        assert re.search(r'"entries": [1-9].*"memory is tight', server.log.read_text())
        assert server.stop() == 0


async def test_no_memory_is_a_trouble_of_the_database_that_is_told_and_tried_again(tmp_path: Path) -> None:
    """Not the end of whoever asked: SQLite says MemoryError, Python that it can start no thread."""
    no_thread = (
        "import resource, threading\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28)); threading.stack_size(2**29)\n"
        "try: threading.Thread(target=int).start()\n"
        "except RuntimeError as error: print(error)"
    )
    said = subprocess.check_output([sys.executable, "-c", no_thread], text=True).strip()  # noqa: ASYNC221
    db = await new_database(tmp_path)
    for error in (MemoryError(), RuntimeError(said)):
        with pytest.raises(StorageError, match="no memory left"):
            async with db.read():
                raise error
    with pytest.raises(RuntimeError, match="ours"):
        async with db.write():
            raise RuntimeError("a bug of ours")
    await db.close()
