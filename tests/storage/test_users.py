"""Devices of people: named after their PBX, on both databases."""

from __future__ import annotations

from cti.storage import directory, users
from cti.storage.database import Database
from cti.storage.users import DeviceDraft
from tests.storage.conftest import ANNA


async def test_devices_without_a_pbx_become_those_of_one_and_the_others_stay(db: Database) -> None:
    async with db.read() as conn:
        bare = [row.name for row in await directory.devices(conn) if row.user_id != ANNA]
    async with db.write() as conn:
        drafts = [
            DeviceDraft(name=name, extension="101", kind="desk", chosen=False)
            for name in ("PJSIP/101", "spb:PJSIP/101")
        ]
        assert await users.set_devices(conn, ANNA, drafts)
    async with db.write() as conn:
        assert await users.name_pbx(conn, "msk") == 1 + len(bare)
        assert await users.name_pbx(conn, "msk") == 0
    async with db.read() as conn:
        named = {row.name for row in await directory.devices(conn)}
    assert named == {"msk:PJSIP/101", "spb:PJSIP/101", *(f"msk:{name}" for name in bare)}
