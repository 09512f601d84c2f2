"""Recordings that are to be converted or to go to the archive, as rows, and what came of it.

Each is a mark first and then done on the disk: a file that has become another, or lies elsewhere, is named by
`left_file` until it is off the PBX's folder, so that what a crash cut off is found again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.recording_tables import recordings
from cti.storage.recordings import chain

AT_ONCE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Movable:
    """name: its file in the PBX's folder."""

    id: str
    pbx: str
    name: str
    size: int
    sha256: str
    duration_s: float | None
    started_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """How many recordings there are and of how many bytes: with the PBX, converted, in the archive."""

    count: int
    size: int
    converted: int
    archived: int
    archived_size: int
    to_convert: int
    to_move: int


_ROW = recordings.c
_NAME = func.coalesce(func.nullif(_ROW.kept_as, ""), _ROW.file)
_WITH_PBX = (_ROW.state == "there", _ROW.archived_at.is_(None))


def _convertible(before: float) -> tuple[Any, ...]:
    """What is held stays as it is: it is evidence."""
    return (*_WITH_PBX, _ROW.kept_as == "", _ROW.held_at.is_(None), _ROW.file.like("%.wav"), _ROW.started_at < before)


async def to_convert(conn: AsyncConnection, before: float, but: Collection[str]) -> list[Movable]:
    """Begun before then, oldest first. but: ids that could not be converted."""
    return await _movable(conn, (*_convertible(before), _ROW.id.not_in([*but])))


async def to_move(conn: AsyncConnection, before: float, but: Collection[str]) -> list[Movable]:
    """Begun before then, oldest first. but: ids that could not be moved now."""
    return await _movable(conn, (*_WITH_PBX, _ROW.left_file == "", _ROW.started_at < before, _ROW.id.not_in([*but])))


async def _movable(conn: AsyncConnection, those: tuple[Any, ...]) -> list[Movable]:
    asked = select(
        _ROW.id, _ROW.pbx, _NAME.label("name"), _ROW.size, _ROW.sha256, _ROW.duration_s, _ROW.started_at
    ).where(*those)
    return [Movable(**row._mapping) for row in await conn.execute(asked.order_by(_ROW.started_at).limit(AT_ONCE))]


async def converted(conn: AsyncConnection, one: Movable, *, name: str, size: int, sha256: str, day: str) -> bool:
    """Its file is another now; both hashes are kept. False: it went, was held or was changed meanwhile."""
    this = (_ROW.id == one.id, *_WITH_PBX, _ROW.kept_as == "", _ROW.held_at.is_(None), _ROW.sha256 == one.sha256)
    values = {"kept_as": name, "size": size, "sha256": sha256, "made_from": one.sha256, "left_file": one.name}
    if (await conn.execute(update(recordings).where(*this).values(values))).rowcount != 1:
        return False
    link = {"day": day, "recording_id": one.id, "size": size, "sha256": sha256, "made_from": one.sha256}
    await chain(conn, link)
    return True


async def moved(conn: AsyncConnection, one: Movable, now: float) -> bool:
    """It lies in the archive. False: it went meanwhile, or its file became another."""
    this = (_ROW.id == one.id, *_WITH_PBX, _ROW.sha256 == one.sha256)
    values = {"archived_at": now, "left_file": one.name}
    return (await conn.execute(update(recordings).where(*this).values(values))).rowcount == 1


async def left(conn: AsyncConnection) -> list[tuple[str, str, str]]:
    """Files that are to go from a PBX's folder: id, PBX, file. Of deleted ones `recordings.to_remove` tells."""
    asked = select(_ROW.id, _ROW.pbx, _ROW.left_file).where(_ROW.state != "deleted", _ROW.left_file != "")
    return [(id_, pbx, file) for id_, pbx, file in await conn.execute(asked.limit(AT_ONCE))]


async def cleared(conn: AsyncConnection, recording_id: str, file: str) -> None:
    """It is off the PBX's folder."""
    this = (_ROW.id == recording_id, _ROW.left_file == file)
    await conn.execute(update(recordings).where(*this).values(left_file=""))


async def room(conn: AsyncConnection, convert_before: float, move_before: float) -> Room:
    """What there is, and what is still to do. A time of 0: nothing is done."""
    is_archived = _ROW.archived_at.is_not(None)

    def those(condition: Any, value: Any = 1) -> Any:
        return func.coalesce(func.sum(case((condition, value), else_=0)), 0)

    to_do = [
        select(func.count()).select_from(recordings).where(*found).scalar_subquery()
        for found in (_convertible(convert_before), (*_WITH_PBX, _ROW.started_at < move_before))
    ]
    asked = select(
        func.count(), func.coalesce(func.sum(_ROW.size), 0), those(_ROW.made_from != ""), those(is_archived),
        those(is_archived, _ROW.size), *to_do,
    ).where(_ROW.state == "there")  # fmt: skip
    found = [int(one or 0) for one in (await conn.execute(asked)).one()]
    names = ("count", "size", "converted", "archived", "archived_size", "to_convert", "to_move")
    return Room(**dict(zip(names, found, strict=True)))
