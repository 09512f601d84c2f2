"""A newer version is put in and taken back while a client talks: the PBX's call goes on, and nothing of it is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cti.storage.migrations import LATEST
from lab.pbx import Pbx
from tests.bench import report
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until
from tests.e2e.test_random_faults import rows

pytestmark = pytest.mark.lab
ROOT = Path(__file__).resolve().parent.parent.parent
CLARA, NUMBER = "74950000002", "+79355550419"
NEXT = f'''"""What the next version adds."""

import sqlalchemy as sa
from alembic import op

revision = "{LATEST + 1:04d}"
down_revision = "{LATEST:04d}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("of_the_future", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("call_notes", sa.Column("mood", sa.String(20), server_default="calm", nullable=False))
    op.add_column("calls", sa.Column("weather", sa.Text))
'''


def newer(folder: Path, *, breaks: bool = False) -> Path:
    """This program with one more version of the schema."""
    folder.mkdir()
    shutil.copytree(ROOT / "cti", folder / "cti")
    for name in ("web", "dialplan"):
        (folder / name).symlink_to(ROOT / name)
    migration = folder / f"cti/storage/migrations/versions/{LATEST + 1:04d}_next.py"
    migration.write_text(NEXT + ("\n\nBREAKS = True\n" if breaks else ""))
    return folder


async def changed(server: Server, street: Street, desk: Desk, program: Path | None) -> None:
    """Another version takes the place of the running one; the desk's page comes back by itself."""
    assert await street.do(server.stop) == 0
    server.program = program
    await street.do(server.start)
    seen = max((pop["seq"] for pop in desk.all("screen_pop")), default=0)
    await desk.wire.disconnect()
    desk.told = [one for one in desk.told if one[0] == "screen_pop"]
    await desk.connect(last_seq=seen)


async def still_talks(desk: Desk, call: str) -> None:
    """The page that came back shows the conversation: from the state it is given, or what it is told after it."""

    def found() -> bool:
        views = [*desk.all("call"), *(view for state in desk.all("snapshot") for view in state["calls"])]
        return any(view["id"] == call and view["state"] == "talking" for view in views)

    await until(found, why=f"{call} goes on")


async def test_F_52_an_upgrade_and_its_taking_back_with_a_call_up(pbx: Pbx, street: Street, folder: Path) -> None:
    await street.phone("103", ring_ms=100)
    future = newer(folder / "future")
    (folder / "data").mkdir()
    with Server(folder / "data", pbx.settings()).prepare() as server:
        async with Desk(server, "clara") as clara:
            client = await street.call(CLARA, caller=NUMBER)
            call = (await clara.pop(NUMBER))["call"]["id"]
            await clara.call_is("talking", call)
            for place, program in enumerate((future, None)):
                await clara.api("PUT", f"/calls/{call}/note", {"text": f"до смены {place}"}, status=200)
                await changed(server, street, clara, program)
                await still_talks(clara, call)
                assert not client.over
                version = rows(server.data, "SELECT version_num FROM alembic_version")
                assert version == [(f"{LATEST + 1:04d}",)]
                assert rows(server.data, "SELECT text FROM call_notes WHERE call_id = ?", call) == [
                    (f"до смены {place}",)
                ]
            await street.do(client.hang_up)
            await clara.call_is("ended", call)
            again = await street.call(CLARA, caller="+79355550420")
            second = (await clara.pop("+79355550420"))["call"]["id"]
            await clara.call_is("talking", second)
            await clara.api("PUT", f"/calls/{second}/note", {"text": "у прежней версии"}, status=200)
            await changed(server, street, clara, future)
            await still_talks(clara, second)
            await street.do(again.hang_up)
            await clara.call_is("ended", second)
            assert len(clara.all("screen_pop")) == len({pop["seq"] for pop in clara.all("screen_pop")}) == 2
        kept = [(call, "answered", "до смены 1", "calm"), (second, "answered", "у прежней версии", "calm")]
        asked = (
            "SELECT calls.id, outcome, text, mood FROM calls JOIN call_notes ON call_id = calls.id ORDER BY started_at"
        )
        await until(lambda: rows(server.data, asked) == kept, why="both calls are kept, each with its note")
        report("calls lost by three changes of version", 0.0, "calls", limit="0")


def test_F_52_a_version_that_changes_what_is_there_is_not_worked_on_by_an_older_one(folder: Path) -> None:
    future = newer(folder / "future", breaks=True)
    (folder / "data").mkdir()
    server = Server(folder / "data", {}).prepare()
    server.program = future
    assert server.cti("db", "upgrade").returncode == 0
    assert rows(server.data, "SELECT version FROM schema_floor") == [(LATEST + 1,)]
    server.program = None
    done = server.cti("check", "--start")
    assert (done.returncode, "Install the newer program again" in done.stdout) == (1, True), done.stdout
