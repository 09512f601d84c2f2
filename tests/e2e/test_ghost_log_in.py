"""Ready in the queue and not there: a phone that is off and a panel that is gone are seen, and paused by setting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until
from tests.e2e.test_states import choose, is_now, pbx_has

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    more = {"CTI_AGENTS__UNREACHABLE_S": "1", "CTI_AGENTS__LAGGED_S": "1"}
    with Server(tmp_path_factory.mktemp("data"), pbx.settings() | more).prepare() as one:
        yield one


async def test_a_ghost_log_in_is_red_then_paused_and_back_with_its_phone(
    server: Server, pbx: Pbx, street: Street
) -> None:
    async with Desk(server, "anna") as anna:
        await choose(anna, "ready")
        first = anna.all("snapshot")[0]["agents"]  # the queues on the PBX may have made her ready before she came
        shown = lambda: any(a["id"] == 1 and a["ghost"] for a in [*first, *anna.all("agent")])  # noqa: E731
        await until(shown, why="ready with a phone that is off is said to be a ghost")
        await is_now(anna, "not-ready", "DEVICE", by="server", ghost=False)
        await pbx_has(pbx, "paused: DEVICE")
        phone = await street.phone("101")
        await is_now(anna, "ready", by="server", ghost=False)
        await pbx_has(pbx, "free")
        await street.do(phone.stop)
        await is_now(anna, "not-ready", "DEVICE", by="server")
        await street.phone("101")
        await is_now(anna, "ready", by="server")
    await pbx_has(pbx, "paused: LAGGED")
    async with Desk(server, "anna") as anna:
        await is_now(anna, "not-ready", "LAGGED", by="server")
        await choose(anna, "ready")
        await pbx_has(pbx, "free")
