"""The systemd unit: what is told of the server, how far it is shut in, and that it works shut in so."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cti.service_manager import ServiceManager
from tests.e2e.server import Desk, Server, until

ROOT = Path(__file__).resolve().parent.parent.parent
UNIT = ROOT / "config/systemd/trubka.service"
SHUT_IN = Path(__file__).with_name("shut_in.py")
EXPOSURE = 16  # tenths; systemd calls up to 2.0 well shut in, 9.6 is a unit without any of it


class Manager:
    """systemd's end of the wire; the environment that names it."""

    def __init__(self, folder: Path) -> None:
        self.wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.wire.bind(str(folder / "notify"))
        self.heard: list[str] = []
        self.env = {"NOTIFY_SOCKET": str(folder / "notify")}

    def hear(self) -> list[str]:
        with contextlib.suppress(BlockingIOError):
            while True:
                self.heard += self.wire.recv(4096).decode().splitlines()
        return self.heard


@contextlib.contextmanager
def manager(folder: Path) -> Iterator[Manager]:
    one = Manager(folder)
    try:
        yield one
    finally:
        one.wire.close()


async def test_the_server_tells_that_it_serves_how_it_is_and_that_it_stops(tmp_path: Path) -> None:
    with manager(tmp_path) as systemd:
        env = {**systemd.env, "WATCHDOG_USEC": "900000"}
        with Server(tmp_path / "data", env).prepare() as server:
            await until(lambda: systemd.hear().count("WATCHDOG=1") > 2, why="the loop beats")
            assert systemd.heard[0] == "READY=1"
            assert "STATUS=PBX: off; storage: ok, 0 waiting" in systemd.heard
            assert server.stop() == 0
        assert "STOPPING=1" in systemd.hear()


async def test_a_loop_that_hangs_beats_no_more(tmp_path: Path) -> None:
    with manager(tmp_path) as systemd:
        one = ServiceManager({**systemd.env, "WATCHDOG_USEC": "300000", "WATCHDOG_PID": str(os.getpid())})
        task = asyncio.create_task(one.keep_told(lambda: "fine"))
        await until(lambda: systemd.hear().count("WATCHDOG=1") > 1, why="it beats")
        systemd.heard.clear()
        hung_until = time.monotonic() + 1
        while time.monotonic() < hung_until:
            systemd.hear()
        assert systemd.heard == []
        await until(lambda: "WATCHDOG=1" in systemd.hear(), why="it goes on when the loop does")
        task.cancel()


async def test_what_is_meant_for_another_process_or_for_nobody_is_left_alone(tmp_path: Path) -> None:
    with manager(tmp_path) as systemd:
        await asyncio.wait_for(ServiceManager({}).keep_told(lambda: ""), 5)
        gone = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
        gone.tell("READY=1")
        other = ServiceManager({**systemd.env, "WATCHDOG_USEC": "3000", "WATCHDOG_PID": "1"})
        task = asyncio.create_task(other.keep_told(lambda: ""))
        await until(systemd.hear, why="the state is told all the same")
        assert systemd.heard.count("WATCHDOG=1") == 1
        task.cancel()


def test_the_units_are_sound_and_shut_in(tmp_path: Path) -> None:
    for unit in UNIT.parent.iterdir():
        text = unit.read_text().replace("/opt/trubka/bin/cti", "/bin/true").replace("/usr/sbin/nginx", "/bin/true")
        (tmp_path / unit.name).write_text(text.replace("/usr/bin/systemctl", "/bin/true"))
    files = [str(one) for one in sorted(tmp_path.iterdir())]
    checked = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, timeout=60)
    told = [line for line in checked.stderr.splitlines() if "trubka" in line]
    assert (checked.returncode, told) == (0, []), checked.stderr
    for one in tmp_path.glob("trubka*.service"):
        if "certificate" in one.name:
            continue  # it reloads nginx, as root
        judged = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE}", "--no-pager", str(one)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert judged.returncode == 0, judged.stdout[-200:]


def filtered() -> tuple[set[str], set[str]]:
    """System calls that the unit lets through and refuses, by name."""
    shown = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    sets: dict[str, list[str]] = {}
    for line in shown.splitlines():
        if line.startswith("@"):
            sets[line.strip()] = []
        elif line.startswith("    ") and not line.strip().startswith("#") and sets:
            sets[next(reversed(sets))].append(line.strip())

    def names(word: str) -> set[str]:
        return set().union(*(names(one) for one in sets[word])) if word in sets else {word}

    allowed: set[str] = set()
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", UNIT.read_text()):
        named = set().union(*(names(word) for word in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed | names("@default"), set().union(*(names(one) for one in sets)) - allowed


async def test_the_server_and_its_processes_work_shut_in_as_the_unit_does_it(tmp_path: Path) -> None:
    """The filter of system calls, no memory both writable and executable, no new rights, the unit's mask of files."""
    allowed, refused = filtered()
    assert {"openat", "execve", "setpriority"} <= allowed
    assert {"mount", "ptrace", "reboot", "sched_setaffinity"} <= refused
    text = UNIT.read_text()
    assert "MemoryDenyWriteExecute=yes" in text
    assert "UMask=0027" in text
    with Server(tmp_path / "data", {}).prepare() as server:
        base = server.cti("client", "export", str(tmp_path / "all.xlsx"))
        assert base.returncode == 0, base.stderr
        server.stop()
        server.within = [sys.executable, str(SHUT_IN), ",".join(sorted(allowed))]
        server.start()
        async with Desk(server, "pavel") as pavel:
            assert "Алхимов" in await pavel.text("/clients/1")
            file = (tmp_path / "all.xlsx").read_bytes()
            headers = {"X-CSRF-Token": pavel.csrf, "Origin": server.url, "X-File-Name": "all.xlsx"}
            async with pavel.http.post(f"{server.url}/api/v1/imports/files", data=file, headers=headers) as answer:
                assert answer.status == 201, await answer.text()
        assert server.stop() == 0
    assert "Operation not permitted" not in server.log.read_text()
