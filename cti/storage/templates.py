"""Templates and the library of files as rows. What was used is retired, never deleted: letters were made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.letter import Attachment
from cti.storage.sending_tables import library_files, template_files, templates
from cti.storage.tables import users


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryFile:
    """A file that templates and letters may take. user: who put it there."""

    id: int
    title: str
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: float
    retired_at: float | None = None
    user: str = ""

    @property
    def attachment(self) -> Attachment:
        """As a letter has it."""
        return Attachment(name=self.name, media_type=self.media_type, size=self.size, sha256=self.sha256)


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A template. channel: email or sms; body: HTML of a letter, plain text of an SMS."""

    id: int
    name: str
    channel: str
    language: str
    subject: str
    body: str
    version: int
    changed_at: float
    retired_at: float | None = None
    files: tuple[LibraryFile, ...] = ()


async def every_file(conn: AsyncConnection, *, retired: bool = False) -> list[LibraryFile]:
    """The library by title."""
    wanted = _files() if retired else _files().where(library_files.c.retired_at.is_(None))
    rows = await conn.execute(wanted.order_by(library_files.c.title, library_files.c.id))
    return [_file(row) for row in rows]


async def file(conn: AsyncConnection, file_id: int) -> LibraryFile | None:
    """One file. An id from an address may be any number."""
    if not 0 < file_id < 2**31:
        return None
    row = (await conn.execute(_files().where(library_files.c.id == file_id))).one_or_none()
    return _file(row) if row else None


async def add_file(conn: AsyncConnection, title: str, file: Attachment, now: float, user_id: int) -> int:
    """A file for the library; its id."""
    row = {
        "title": title,
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
        "user_id": user_id,
        "created_at": now,
    }
    return int((await conn.execute(insert(library_files).values(row).returning(library_files.c.id))).scalar_one())


async def change_file(conn: AsyncConnection, file_id: int, **values: Any) -> bool:
    """Another title, another content, retired or not."""
    return (await conn.execute(update(library_files).where(library_files.c.id == file_id).values(values))).rowcount == 1


async def stored(conn: AsyncConnection) -> set[str]:
    """Hashes of the library's files."""
    return set((await conn.execute(select(library_files.c.sha256).distinct())).scalars())


async def every(conn: AsyncConnection, *, channel: str = "", retired: bool = False) -> list[Template]:
    """Templates by name, each with its files."""
    wanted = select(templates)
    if channel:
        wanted = wanted.where(templates.c.channel == channel)
    if not retired:
        wanted = wanted.where(templates.c.retired_at.is_(None))
    rows = (await conn.execute(wanted.order_by(templates.c.name, templates.c.language, templates.c.id))).all()
    files = await _files_of(conn, [row.id for row in rows])
    return [_template(row, files.get(row.id, ())) for row in rows]


async def get(conn: AsyncConnection, template_id: int) -> Template | None:
    """One template. An id from an address may be any number."""
    if not 0 < template_id < 2**31:
        return None
    row = (await conn.execute(select(templates).where(templates.c.id == template_id))).one_or_none()
    return _template(row, (await _files_of(conn, [template_id])).get(template_id, ())) if row else None


async def is_taken(conn: AsyncConnection, channel: str, language: str, name: str, besides: int) -> bool:
    """Whether another template has this name."""
    same = (templates.c.channel == channel) & (templates.c.language == language)
    folded = select(templates.c.id, templates.c.name).where(same, templates.c.id != besides)
    return any(row.name.casefold() == name.casefold() for row in await conn.execute(folded))


async def add(conn: AsyncConnection, values: dict[str, Any], files: Sequence[int], now: float, user_id: int) -> int:
    """A new template; its id."""
    row = values | {"user_id": user_id, "created_at": now, "changed_at": now}
    made = int((await conn.execute(insert(templates).values(row).returning(templates.c.id))).scalar_one())
    await _take_files(conn, made, files)
    return made


async def change(
    conn: AsyncConnection, template_id: int, values: dict[str, Any], files: Sequence[int], *, version: int, now: float
) -> bool:
    """All that is said of a template; False where somebody saved it meanwhile."""
    mine = (templates.c.id == template_id) & (templates.c.version == version)
    set_ = values | {"version": version + 1, "changed_at": now}
    if (await conn.execute(update(templates).where(mine).values(set_))).rowcount != 1:
        return False
    await conn.execute(delete(template_files).where(template_files.c.template_id == template_id))
    await _take_files(conn, template_id, files)
    return True


async def retire(conn: AsyncConnection, template_id: int, at: float | None) -> bool:
    """Offered no more, or again."""
    mine = update(templates).where(templates.c.id == template_id)
    return (await conn.execute(mine.values(retired_at=at))).rowcount == 1


async def _take_files(conn: AsyncConnection, template_id: int, files: Sequence[int]) -> None:
    known = set((await conn.execute(select(library_files.c.id).where(library_files.c.id.in_(list(files))))).scalars())
    rows = [
        {"template_id": template_id, "file_id": one, "position": place}
        for place, one in enumerate(dict.fromkeys(files))
        if one in known
    ]
    if rows:
        await conn.execute(insert(template_files), rows)


async def _files_of(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, tuple[LibraryFile, ...]]:
    found: dict[int, tuple[LibraryFile, ...]] = {}
    mine = _files().join(template_files, template_files.c.file_id == library_files.c.id)
    mine = mine.add_columns(template_files.c.template_id).where(template_files.c.template_id.in_(list(ids)))
    for row in await conn.execute(mine.order_by(template_files.c.position)):
        found[row.template_id] = (*found.get(row.template_id, ()), _file(row))
    return found


def _files() -> Any:
    name = func.coalesce(users.c.name, "").label("user")
    return select(library_files, name).select_from(
        library_files.outerjoin(users, users.c.id == library_files.c.user_id)
    )


def _file(row: Any) -> LibraryFile:
    return LibraryFile(**{name: getattr(row, name) for name in LibraryFile.__dataclass_fields__})


def _template(row: Any, files: Sequence[LibraryFile]) -> Template:
    plain = {name: getattr(row, name) for name in Template.__dataclass_fields__ if name != "files"}
    return Template(**plain, files=tuple(files))
