"""Real parts for the end-to-end tests: one Asterisk for all, a server per module, phones and clients per test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from lab.callers import Caller, call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.e2e.server import Server

PATIENCE_MS = 10_000  # what dialplan and server tell each other is not to hang on how busy the machine is


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("pbx"), patience_ms=PATIENCE_MS) as one:
        yield one


@pytest.fixture(scope="module")
def pbx(asterisk: Pbx) -> Pbx:
    """The one Asterisk, its queues as planned whatever the module before has left in them."""
    asterisk.reset_members()
    return asterisk


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = pbx.settings() | {"CTI_AGENTS__WRAP_UP_S": "0"}  # the next test's call finds everybody ready
    with Server(tmp_path_factory.mktemp("data"), settings).prepare() as one:
        yield one


class Street:
    """Phones and clients around the PBX; what is left of them ends with the test."""

    def __init__(self, pbx: Pbx, stack: AsyncExitStack) -> None:
        self.pbx = pbx
        self._stack = stack

    async def phone(self, endpoint: str, **how: object) -> Phone:
        """A registered desk phone."""
        one = Phone(endpoint, self.pbx.ports.sip, **how)  # type: ignore[arg-type]
        await asyncio.to_thread(one.start)
        self._stack.push_async_callback(asyncio.to_thread, one.stop)
        return one

    async def world(self, ring_ms: int = 200) -> Phone:
        """Whoever is dialled outside answers."""
        port = self.pbx.ports.trunk
        return await self.phone("client", trunk=True, port=port, ring_ms=ring_ms)

    async def call(self, did: str, **how: object) -> Caller:
        """A client calls one of our numbers."""
        one = await asyncio.to_thread(lambda: call(did, self.pbx.ports.sip, **how))  # type: ignore[arg-type]
        self._stack.push_async_callback(asyncio.to_thread, one.__exit__, None, None, None)
        return one

    async def do(self, what: Callable[..., object], *args: object, **how: object) -> object:
        """A blocking thing of the lab, off the loop."""
        return await asyncio.to_thread(lambda: what(*args, **how))


@pytest.fixture
async def street(pbx: Pbx) -> AsyncIterator[Street]:
    async with AsyncExitStack() as stack:
        yield Street(pbx, stack)
    await asyncio.to_thread(pbx.hang_up_all)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
