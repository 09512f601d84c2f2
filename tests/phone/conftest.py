"""One PBX and one server for all tests, one browser for those of a file; booths and clients for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from lab.pbx import Pbx
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.server import Server
from tests.phone.booth import Office, chromium


@pytest.fixture(scope="session")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("pbx"), patience_ms=PATIENCE_MS) as one:
        one.add_members({"sales": ("PJSIP/101",)})
        yield one


@pytest.fixture(scope="session")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {**pbx.settings(), "CTI_AGENTS__WRAP_UP_S": "0"}
    with Server(tmp_path_factory.mktemp("data"), settings).prepare() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def office(pbx: Pbx, server: Server, browser: Browser) -> AsyncIterator[Office]:
    one = Office(pbx, server, browser)
    yield one
    await one.clear()
