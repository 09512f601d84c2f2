"""A client leaves a message in a real Asterisk's voicemail; it is played from his item, and erased with him."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dialplan.recipes.voicemail import leave_message
from dialplan.render import render
from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
BOX = "74950000004"
VOICEMAIL = "[general]\nformat=wav\n[default]\n100 => 1234,Sales\n"


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The lab's PBX with a mailbox behind one more number, and a server that may read its messages."""
    (pbx.home / "etc/voicemail.conf").write_text(VOICEMAIL, encoding="utf-8")
    pbx.console("module load app_voicemail.so")
    pbx.reload_dialplan(render(pbx.contexts({BOX: leave_message("100")})))
    folder = pbx.home / "spool/voicemail"
    folder.mkdir(exist_ok=True)
    settings = pbx.settings() | {"CTI_PBX__MAIN__VOICEMAIL": str(folder)}
    try:
        with Server(tmp_path_factory.mktemp("data"), settings).prepare() as one:
            yield one
    finally:
        pbx.reload_dialplan(render(pbx.contexts()))
        pbx.console("module unload app_voicemail.so")


async def test_a_message_is_played_from_the_item_of_who_left_it(server: Server, street: Street) -> None:
    async with Desk(server, "anna") as anna, Desk(server, "boris") as boris:
        client = await street.call(BOX, caller="79355550101", echo=True)
        await street.do(client.wait_answered)
        recording = Path(street.pbx.home) / "spool/voicemail/default/100"
        await until(lambda: list(recording.glob("tmp/*.wav")), why="he speaks")
        await street.do(client.hang_up)
        await until(lambda: list(recording.glob("INBOX/msg*.txt")), why="the message is kept")

        async def item() -> Any:
            found = [one for one in await anna.api("GET", "/work", None) if one["voicemail"]]
            return found[0] if found else None

        one = await until(item, why="it is on the list of his manager")
        assert (one["client_name"], one["number"]) == ("Алхимов", "+79355550101")
        path = f"/calls/{one['voicemail']}/voicemail"
        status, kind, whole = await _get(anna, server, path)
        assert (status, kind, whole[:4]) == (200, "audio/wav", b"RIFF")
        status, _, part = await _get(anna, server, path, Range="bytes=0-3")
        assert (status, part) == (206, b"RIFF")
        assert (await _get(boris, server, path))[0] == 404
        async with Desk(server, "pavel") as pavel:
            await pavel.form(f"/clients/{one['client_id']}/erase", name="Алхимов", reason="заявление")
            assert "осталась голосовая почта" not in await pavel.text("/settings/erasures")
        assert list(recording.glob("INBOX/msg*")) == []
        assert (await _get(anna, server, path))[0] == 404


async def _get(desk: Desk, server: Server, path: str, **headers: str) -> tuple[int, str, bytes]:
    async with desk.http.get(server.url + path, headers=headers) as answer:
        return answer.status, answer.content_type, await answer.read()
