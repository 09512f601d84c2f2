"""What an admin defines for the client base: properties with their values, and the directories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cti.access import Person, may
from cti.clients.card import KINDS as CLIENT_KINDS
from cti.clients.properties import COLORS, KINDS, Property
from cti.errors import NotAllowed, Refused
from cti.storage import directories, properties, sessions
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.directories import EVERY, Directory, Item

NAME_CHARS = 80
MOST_VALUES = 200


class ClientCatalogue:
    """Properties and directories. Every change is a line of the audit journal."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    async def add_property(self, person: Person, prop: Property) -> int:
        """A new property; returns its id."""
        prop = _sound(person, prop)
        async with self._db.write() as conn:
            await _free(conn, prop)
            made = await properties.add(conn, prop)
            await self._note(conn, person, "property-add", f"property:{made}", prop.name)
        return made

    async def change_property(self, person: Person, prop: Property) -> None:
        """Name, values, marks. Its kind stays: what was said would not fit another."""
        prop = _sound(person, prop)
        async with self._db.write() as conn:
            await _free(conn, prop)
            await properties.change(conn, prop)
            await self._note(conn, person, "property-change", f"property:{prop.id}", prop.name)

    async def retire_property(self, person: Person, property_id: int, *, retired: bool) -> None:
        """Offer it no longer, or again. One that nobody ever had is deleted."""
        _allowed(person)
        async with self._db.write() as conn:
            if retired and await properties.uses(conn, property_id) == 0:
                await properties.remove(conn, property_id)
            else:
                await properties.retire(conn, property_id, self._clock() if retired else None)
            await self._note(conn, person, "property-retire", f"property:{property_id}", str(retired))

    async def add_item(self, person: Person, directory: Directory, name: str, parent_id: int | None = None) -> int:
        """A new directory entry; returns its id."""
        _allowed(person)
        name = _name(name)
        if directory not in EVERY:
            raise Refused("bad-directory", "There is no such directory.")
        async with self._db.write() as conn:
            if await directories.named(conn, directory, name) is not None:
                raise Refused("taken", "This name is taken.")
            parent = await directories.get(conn, parent_id) if parent_id else None
            made = await directories.add(conn, directory, name, parent.id if parent else None)
            await self._note(conn, person, "directory-add", f"{directory}:{made}", name)
        return made

    async def rename_item(self, person: Person, item_id: int, name: str) -> None:
        """Another name of an entry."""
        _allowed(person)
        name = _name(name)
        async with self._db.write() as conn:
            item = await _item(conn, item_id)
            same = await directories.named(conn, item.directory, name)
            if same is not None and same != item_id:
                raise Refused("taken", "This name is taken.")
            await directories.rename(conn, item_id, name)
            await self._note(conn, person, "directory-rename", f"{item.directory}:{item_id}", name)

    async def retire_item(self, person: Person, item_id: int, *, retired: bool) -> None:
        """Offer it no longer, or again. An entry that nobody has is deleted."""
        _allowed(person)
        async with self._db.write() as conn:
            item = await _item(conn, item_id)
            if retired and not item.uses:
                await directories.remove(conn, item_id)
            else:
                await directories.retire(conn, item_id, self._clock() if retired else None)
            await self._note(conn, person, "directory-retire", f"{item.directory}:{item_id}", item.name)

    async def merge_items(self, person: Person, item_id: int, into_id: int) -> int:
        """All who have one entry get the other, and it goes; returns how many clients that were."""
        _allowed(person)
        async with self._db.write() as conn:
            item, into = await _item(conn, item_id), await _item(conn, into_id)
            if item.directory != into.directory or item.id == into.id:
                raise Refused("bad-directory", "Choose another entry of the same directory.")
            moved = await directories.merge(conn, item, into.id)
            await self._note(
                conn, person, "directory-merge", f"{item.directory}:{item_id}", f"{item.name} -> {into.name}"
            )
        return moved

    async def _note(self, conn: Connection, person: Person, action: str, thing: str, detail: str) -> None:
        await sessions.note(conn, self._clock(), person.id, action, thing, detail)


def _allowed(person: Person) -> None:
    if not may(person, "settings.manage"):
        raise NotAllowed("Only an admin may change properties and directories.")


def _name(name: str) -> str:
    name = " ".join(name.split())[:NAME_CHARS]
    if not name:
        raise Refused("no-name", "A name is needed.")
    return name


def _sound(person: Person, prop: Property) -> Property:
    """The property with clean names. Raises Refused for what cannot be."""
    _allowed(person)
    if prop.kind not in KINDS:
        raise Refused("bad-property", "There is no such kind of property.")
    values = tuple(
        replace(one, name=_name(one.name), color=one.color if one.color in COLORS else "") for one in prop.values
    )
    if prop.kind not in ("list", "several"):
        values = ()
    elif not values:
        raise Refused("no-values", "A list needs at least one value.")
    if len(values) > MOST_VALUES or _twice([one.name.casefold() for one in values]):
        raise Refused("bad-values", f"Values are at most {MOST_VALUES} and each stands once.")
    applies = tuple(kind for kind in CLIENT_KINDS if kind in prop.applies_to)
    return replace(
        prop, name=_name(prop.name), values=values, applies_to=() if len(applies) == len(CLIENT_KINDS) else applies
    )


def _twice(names: Sequence[str]) -> bool:
    return len(set(names)) != len(names)


async def _free(conn: Connection, prop: Property) -> None:
    others = [one for one in await properties.every(conn, retired=True) if one.id != prop.id]
    if any(one.name.casefold() == prop.name.casefold() for one in others):
        raise Refused("taken", "This name is taken.")


async def _item(conn: Connection, item_id: int) -> Item:
    item = await directories.get(conn, item_id)
    if item is None:
        raise Refused("bad-directory", "There is no such entry.")
    return item
