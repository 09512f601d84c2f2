"""A fake PBX and a link to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cti.channels.phone.ami import AmiLink
from tests.channels.fake_ami import FakeAmi
from tests.channels.links import linked


@pytest.fixture
async def pbx() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as fake:
        yield fake


@pytest.fixture
async def link(pbx: FakeAmi) -> AsyncIterator[AmiLink]:
    async with linked(pbx) as link:
        yield link
