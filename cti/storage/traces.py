"""Why a card came, or not: the steps of each decision, kept with the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import ARGS
from cti.storage.sight import seen

_ADD = text("INSERT INTO trace (call_id, at, step, user_id, args) VALUES (:call_id, :at, :step, :user_id, :args)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step: a code of web/texts.py with its arguments. user_id: whom it concerns, None: everybody."""

    call_id: str
    at: float
    step: str
    user_id: int | None = None
    args: Annotated[Mapping[str, str], ARGS] = field(default_factory=dict)


async def add(conn: AsyncConnection, rows: Sequence[Step]) -> None:
    """Keep steps, in the order given."""
    if rows:
        await conn.execute(
            _ADD,
            [
                {
                    "call_id": row.call_id,
                    "at": row.at,
                    "step": row.step,
                    "user_id": row.user_id,
                    "args": msgspec.json.encode(row.args).decode(),
                }
                for row in rows
            ],
        )


async def of_call(conn: AsyncConnection, call_id: str) -> list[Step]:
    """A call's steps in order."""
    rows = await conn.execute(
        text("SELECT call_id, at, step, user_id, args FROM trace WHERE call_id = :call ORDER BY at, id"),
        {"call": call_id},
    )
    steps = [
        Step(
            call_id=row.call_id,
            at=row.at,
            step=row.step,
            user_id=row.user_id,
            args=msgspec.json.decode(row.args, type=dict[str, str]),
        )
        for row in rows
    ]
    return seen(conn, steps)
