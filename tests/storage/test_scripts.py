"""Questionnaires on both engines."""

from __future__ import annotations

import asyncio

from cti.storage import scripts
from cti.storage.database import Database


async def test_of_two_who_add_one_for_a_queue_at_once_one_is_told_that_it_is_there(db: Database) -> None:
    async def add() -> int | None:
        async with db.write() as conn:
            return await scripts.add(conn, "sales", "Заявка")

    made = await asyncio.gather(add(), add())
    assert sorted(one is None for one in made) == [False, True]
