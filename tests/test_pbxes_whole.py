"""The whole server with two PBXes that number their calls alike, under load: nobody sees what is the other's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text

from cti.features.directory_admin import UserDraft
from cti.server import Parts, build
from cti.settings import PbxSettings, Settings
from cti.storage.database import open_database
from cti.storage.users import DeviceDraft
from tests.bench.stream import call
from tests.channels.fake_ami import FakeAmi
from tests.channels.links import SOAK
from tests.e2e.server import until

CALLS = 300 if SOAK else 100
PEOPLE = {"anna": "msk:PJSIP/101", "boris": "spb:PJSIP/101"}


@asynccontextmanager
async def serving(folder: Path, **pbxes: FakeAmi) -> AsyncIterator[Parts]:
    settings = Settings(
        data=folder,
        pbx={name: PbxSettings(host="127.0.0.1", port=one.port, secret=one.secret) for name, one in pbxes.items()},
    )
    db = await open_database(settings.database_url)
    parts = await build(settings, db)
    people = parts.services.people
    for login, device in PEOPLE.items():
        made = await people.add(None, UserDraft(login=login, name=login, role="agent"), password="")
        await people.set_devices(None, made, [DeviceDraft(name=device, extension="101", kind="desk", chosen=True)])
    tasks = [asyncio.create_task(work, name=name) for name, work in parts.work.items()]
    try:
        await until(lambda: parts.services.link().state == "up", why="both links are up")
        yield parts
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await db.close()


async def rows(parts: Parts, query: str) -> list[tuple[object, ...]]:
    async with parts.services.db.read() as conn:
        return [tuple(row) for row in await conn.execute(text(query))]


async def test_equal_calls_on_two_pbxes_at_once_are_two_journals_and_no_cross_talk(tmp_path: Path) -> None:
    async with FakeAmi() as msk, FakeAmi() as spb, serving(tmp_path, msk=msk, spb=spb) as parts:
        await until(lambda: msk.told("DeviceStateList") and spb.told("DeviceStateList"), why="both were asked")
        streams = [call(number, caller=f"7935555{number:04d}")[0] for number in range(CALLS)]
        for place in range(max(map(len, streams))):  # all calls at once, each event at both
            frames = b"".join(frames[place] for frames in streams if place < len(frames))
            msk.send(frames)
            spb.send(frames)
            await asyncio.gather(msk.flush(), spb.flush())

        async def over() -> bool:
            found = await rows(parts, "SELECT count(*) FROM calls WHERE outcome = 'answered' AND ended_at IS NOT NULL")
            return found == [(2 * CALLS,)]

        await until(over, within_s=60, why="every call of both is in the journal")
        crossed = "SELECT count(*) FROM desktop_events e JOIN users u ON u.id = e.agent_id WHERE NOT"
        assert await rows(
            parts,
            f"{crossed} ((u.login = 'anna' AND e.call_id LIKE 'msk:%') OR"
            " (u.login = 'boris' AND e.call_id LIKE 'spb:%'))",
        ) == [(0,)]
        cards = (
            "SELECT u.login, count(*), max(e.seq) FROM desktop_events e JOIN users u ON u.id = e.agent_id GROUP BY 1"
        )
        assert sorted(await rows(parts, cards)) == [("anna", CALLS, CALLS), ("boris", CALLS, CALLS)]
        legs = "SELECT DISTINCT substr(call_id, 1, 4), device FROM legs WHERE device IS NOT NULL"
        assert sorted(await rows(parts, legs)) == [("msk:", PEOPLE["anna"]), ("spb:", PEOPLE["boris"])]
        users = "SELECT DISTINCT substr(c.id, 1, 4), u.login FROM calls c JOIN users u ON u.id = c.user_id"
        assert sorted(await rows(parts, users)) == [("msk:", "anna"), ("spb:", "boris")]
