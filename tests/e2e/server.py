"""The real server as a child process, and an agent's browser as the wire sees it."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import socketio
from yarl import URL

from lab.free_ports import free_port
from tests.made import in_a_thread, letters_seen_to

PASSWORD = "correct-horse-battery"
DEADLINE_S = 45.0  # the patience of who waits on a busy machine, no promise of anybody's


T = TypeVar("T")
_FILLED: dict[frozenset[str], Path] = {}  # sample bases, by the names of their PBXes


async def until(what: Callable[[], T | Awaitable[T | None] | None], *, within_s: float = DEADLINE_S, why: str) -> T:
    """What `what` gives as soon as it is true; AssertionError with `why` after the deadline."""
    deadline = time.monotonic() + within_s
    while True:
        found = what()
        value = await found if isinstance(found, Awaitable) else found
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {why}")
        await asyncio.sleep(0.02)


async def quickest(work: Callable[[], Awaitable[Any]], times: int = 3) -> float:
    """Seconds of the shortest of so many goes: what else the machine did during the others does not count."""
    took = []
    for _ in range(times):
        began = time.monotonic()
        await work()
        took.append(time.monotonic() - began)
    return min(took)


class Server:
    """`cti serve` on a free port with the sample base in `data`."""

    def __init__(
        self, data: Path, settings: Mapping[str, str], *, most_files: int = 0, host: str = "127.0.0.1"
    ) -> None:
        self.data = data
        self.port = free_port()
        self.host = host  # as the settings have it
        self.url = f"http://{host}:{self.port}"
        self.log = data / "server.log"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CTI_")}
        self._settings = dict(settings)
        self._environment = environment | self._settings
        self._environment |= {"CTI_DATA": str(data), "CTI_PORT": str(self.port), "CTI_DEMO_PASSWORD": PASSWORD}
        self._process: subprocess.Popen[bytes] | None = None
        self.within: list[str] = []  # a command that the server is started by
        self.program: Path | None = None  # the folder of another version; None: this one
        self.patience_s = DEADLINE_S  # until it serves
        self._most_files = most_files  # file descriptors the server may have; 0: as many as we

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process
        return self._process.pid

    def cti(self, *words: str, said: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the product on this server's data. said: what stands on its input."""
        command = [sys.executable, "-m", "cti", *words]
        return subprocess.run(
            command,
            env=self._environment,
            cwd=self.program,
            input=said,
            capture_output=True,
            text=True,
            timeout=180,  # of who waits on a busy machine
            check=False,
        )

    def begun(self, *words: str) -> subprocess.Popen[bytes]:
        """A command of the product that goes on until it is told to end."""
        return subprocess.Popen([sys.executable, "-m", "cti", *words], env=self._environment)

    def prepare(self, *more: str) -> Self:
        """Fill the base with the sample people and clients. more: as `cti demo` takes it.

        Without more it is a copy of the one that `cti demo` made for the first server of this process with such PBXes.
        """
        if more:
            self._fill(*more)
            return self
        names = frozenset(name.split("__")[1] for name in self._environment if name.startswith("CTI_PBX__"))
        if names not in _FILLED:
            folder = Path(tempfile.mkdtemp(prefix="trubka-sample-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            Server(folder, self._settings)._fill()
            in_a_thread(letters_seen_to(folder))
            _FILLED[names] = folder
        shutil.copytree(_FILLED[names], self.data, dirs_exist_ok=True)
        return self

    def _fill(self, *more: str) -> None:
        done = self.cti("demo", "--prepare", *more)
        assert done.returncode == 0, done.stderr

    def start(self) -> Self:
        """Serve; returns when the panel answers."""
        with self.log.open("ab") as log:
            limit = ["prlimit", f"--nofile={self._most_files}"] if self._most_files else []
            command = [*limit, *self.within, sys.executable, "-m", "cti", "serve"]
            here = self.program
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log, cwd=here)
        try:
            self._wait(self._process)
        except BaseException:
            self.kill()  # else it would serve the next test's PBX, and hold its port of AGI
            raise
        return self

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                with socket.create_connection((self.host, self.port), timeout=1):
                    return
            except OSError:
                assert process.poll() is None, self.log.read_text()[-3000:]
                assert time.monotonic() < deadline, "the server does not listen"
                time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut does it."""
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def pause(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """End it gently; its exit status."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            return self._process.wait(30)
        finally:
            self.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        self.stop()


class Desk:
    """An agent signed in by the API, with a live wire that remembers what it was told."""

    def __init__(self, server: Server, login: str) -> None:
        self.server = server
        self.login = login
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.wire = socketio.AsyncClient(reconnection=False)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.csrf = ""
        for name in ("screen_pop", "call", "agent", "link", "snapshot", "message", "spying"):
            self.wire.on(name, self._remember(name))
        self.wire.on("agents", self._several)

    async def _several(self, body: dict[str, Any]) -> None:
        self.told += [("agent", one) for one in body["agents"]]

    def _remember(self, name: str) -> Callable[[dict[str, Any]], Awaitable[None]]:
        async def handler(body: dict[str, Any]) -> None:
            self.told.append((name, body))

        return handler

    async def __aenter__(self) -> Self:
        body = {"login": self.login, "password": PASSWORD}
        async with self.http.post(f"{self.server.url}/api/v1/session", json=body) as answer:
            assert answer.status in (200, 201), await answer.text()
            self.csrf = (await answer.json()).get("csrf", "")
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        await self.wire.disconnect()
        await self.http.close()

    async def connect(self, last_seq: int = 0) -> None:
        """Open the live wire and ask for what was missed."""
        cookies = self.http.cookie_jar.filter_cookies(URL(self.server.url))
        header = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
        headers = {"Cookie": header, "Origin": self.server.url}
        await self.wire.connect(self.server.url, headers=headers, transports=["websocket"], wait_timeout=DEADLINE_S)
        await self.wire.call("resume", {"last_seq": last_seq}, timeout=DEADLINE_S)

    def all(self, name: str) -> list[dict[str, Any]]:
        return [body for kind, body in self.told if kind == name]

    async def pop(self, number: str, *, after: int = 0) -> dict[str, Any]:
        """The card for a call from `number`."""

        def found() -> dict[str, Any] | None:
            pops = [p for p in self.all("screen_pop") if p["call"]["number"] == number and p["seq"] > after]
            return pops[-1] if pops else None

        return await until(found, why=f"{self.login} gets a card for {number}")

    async def call_is(self, state: str, call: str | None = None, **fields: Any) -> dict[str, Any]:
        """The newest view of a call in this state."""

        def found() -> dict[str, Any] | None:
            views = [v for v in self.all("call") if call in (None, v["id"]) and v["state"] == state]
            views = [v for v in views if all(v.get(key) == value for key, value in fields.items())]
            return views[-1] if views else None

        return await until(found, why=f"{self.login} sees call {call} {state} {fields}")

    async def text(self, path: str) -> str:
        """A page, as the signed-in person sees it."""
        async with self.http.get(f"{self.server.url}{path}") as answer:
            assert answer.status == 200, path
            return await answer.text()

    async def form(self, path: str, **fields: str | list[str]) -> None:
        """Send a form of a page; a list is a field that stands there several times."""
        headers = {"Origin": self.server.url}
        url, data = f"{self.server.url}{path}", aiohttp.FormData({"csrf": self.csrf})
        for name, value in fields.items():
            for one in [value] if isinstance(value, str) else value:
                data.add_field(name, one)
        async with self.http.post(url, data=data, headers=headers, allow_redirects=False) as answer:
            assert answer.status == 303, f"{path}: {answer.status} {await answer.text()}"

    async def api(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """A request of the API; its JSON, or (status, JSON) of a refusal when no status is asked for."""
        headers = {"X-CSRF-Token": self.csrf, "Origin": self.server.url}
        url = f"{self.server.url}/api/v1{path}"
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            text = await answer.text()
            if status is not None:
                assert answer.status == status, f"{method} {path}: {answer.status} {text[:500]}"
            return await answer.json(content_type=None) if text else None
