"""One Asterisk for all tests of the lab; each test starts with no call on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.pbx import Pbx


@pytest.fixture(scope="session")
def shared_pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("pbx")) as pbx:
        pbx.add_members()
        yield pbx


@pytest.fixture
def pbx(shared_pbx: Pbx) -> Iterator[Pbx]:
    yield shared_pbx
    shared_pbx.hang_up_all()
