"""What an admin defines for the client base: properties with their values, and the directories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cti.access import Person, may
from cti.clients.card import KINDS as CLIENT_KINDS
from cti.clients.properties import COLORS, KINDS, Property
from cti.clients.zones import is_zone
from cti.errors import NotAllowed, Refused
from cti.storage import directories, properties, sessions
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.directories import EVERY, Directory, Item

NAME_CHARS = 80
MOST_VALUES = 200
TREES = ("industry",)  # directories whose entries have parts
ZONED = ("region",)  # those whose entries have a time zone


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
            await self._drop_left_out(conn, prop)
            await properties.change(conn, prop)
            await self._note(conn, person, "property-change", f"property:{prop.id}", prop.name)

    async def _drop_left_out(self, conn: Connection, prop: Property) -> None:
        """Values that are not named any more go, where nobody has or had them. Raises Refused for the others."""
        before = next((one for one in await properties.every(conn, retired=True) if one.id == prop.id), None)
        if before is None:
            raise Refused("bad-property", "There is no such property.")
        kept = {one.id for one in prop.values}
        for value in before.values:
            if value.id not in kept and not await properties.drop_value(conn, value.id):
                raise Refused("value-in-use", "Clients have or had this value: retire it.", where=value.name)

    async def move_property(self, person: Person, property_id: int, *, up: bool) -> None:
        """One place up or down, on cards and in columns."""
        _allowed(person)
        async with self._db.write() as conn:
            ids = [one.id for one in await properties.every(conn, retired=True)]
            await properties.order(conn, _moved(ids, property_id, up=up))

    async def retire_property(self, person: Person, property_id: int, *, retired: bool) -> None:
        """Offer it no longer, or again. One that nobody ever had is deleted."""
        _allowed(person)
        async with self._db.write() as conn:
            if retired and not await properties.was_said(conn, property_id):
                await properties.remove(conn, property_id)
            else:
                await properties.retire(conn, property_id, self._clock() if retired else None)
            await self._note(conn, person, "property-retire", f"property:{property_id}", str(retired))

    async def add_item(
        self, person: Person, directory: Directory, name: str, parent_id: int | None = None, *, time_zone: str = ""
    ) -> int:
        """A new directory entry; returns its id."""
        _allowed(person)
        draft = Item(id=0, directory=directory, name=_name(name), parent_id=parent_id, time_zone=time_zone)
        if directory not in EVERY:
            raise Refused("bad-directory", "There is no such directory.")
        async with self._db.write() as conn:
            draft = await _fits(conn, draft)
            made = await directories.add(conn, directory, draft.name, draft.parent_id, time_zone=draft.time_zone)
            await self._note(conn, person, "directory-add", f"{directory}:{made}", draft.name)
        return made

    async def change_item(
        self, person: Person, item_id: int, name: str, parent_id: int | None = None, *, time_zone: str = ""
    ) -> None:
        """Another name, place in the tree or time zone of an entry."""
        _allowed(person)
        async with self._db.write() as conn:
            before = await _item(conn, item_id)
            item = replace(before, name=_name(name), parent_id=parent_id, time_zone=time_zone)
            await directories.change(conn, await _fits(conn, item))
            told = item.name if item.name == before.name else f"{before.name} -> {item.name}"
            await self._note(conn, person, "directory-rename", f"{item.directory}:{item_id}", told)

    async def move_item(self, person: Person, item_id: int, *, up: bool) -> None:
        """One place up or down among the entries it stands with."""
        _allowed(person)
        async with self._db.write() as conn:
            item = await _item(conn, item_id)
            mine = [one for one in await directories.every(conn, retired=True) if one.directory == item.directory]
            beside = [one.id for one in mine if one.parent_id == item.parent_id]
            await directories.order(conn, _moved(beside, item_id, up=up))

    async def retire_item(self, person: Person, item_id: int, *, retired: bool) -> None:
        """Offer it no longer, or again. An entry that nobody has is deleted."""
        _allowed(person)
        async with self._db.write() as conn:
            item = await _item(conn, item_id)
            if retired and not item.uses and not await _has_parts(conn, item):
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
            if item.id in await _above(conn, into):
                raise Refused("part-of-itself", "An entry is not merged into a part of it.")
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
    if prop.applies_to and not applies:
        raise Refused("no-kinds", "Choose at least one kind of client.")
    return replace(
        prop, name=_name(prop.name), values=values, applies_to=() if len(applies) == len(CLIENT_KINDS) else applies
    )


def _twice(names: Sequence[str]) -> bool:
    return len(set(names)) != len(names)


async def _free(conn: Connection, prop: Property) -> None:
    others = [one for one in await properties.every(conn, retired=True) if one.id != prop.id]
    if any(one.name.casefold() == prop.name.casefold() for one in others):
        raise Refused("taken", "This name is taken.")


def _moved(ids: Sequence[int], one: int, *, up: bool) -> list[int]:
    """The ids with one of them a place up or down."""
    if one not in ids:
        raise Refused("unknown", "There is no such thing here.")
    at = ids.index(one)
    others = [*ids[:at], *ids[at + 1 :]]
    to = max(0, at - 1) if up else at + 1
    return [*others[:to], one, *others[to:]]


async def _fits(conn: Connection, item: Item) -> Item:
    """An entry that may stand so: of a free name, under an entry of its own directory. Raises Refused."""
    same = await directories.named(conn, item.directory, item.name)
    if same is not None and same != item.id:
        raise Refused("taken", "This name is taken.")
    if item.time_zone and not is_zone(item.time_zone):
        raise Refused("bad-zone", "There is no such time zone: name it like Europe/Moscow.")
    parent = await directories.get(conn, item.parent_id) if item.parent_id and item.directory in TREES else None
    if parent is not None and parent.directory != item.directory:
        raise Refused("bad-directory", "There is no such entry.")
    if parent is not None and item.id in (parent.id, *await _above(conn, parent)):
        raise Refused("part-of-itself", "An entry cannot be a part of itself.")
    zone = item.time_zone if item.directory in ZONED else ""
    return replace(item, parent_id=parent.id if parent else None, time_zone=zone)


async def _above(conn: Connection, item: Item) -> list[int]:
    """The entries that an entry is a part of, the nearest first."""
    parents = {one.id: one.parent_id for one in await directories.every(conn, retired=True)}
    found: list[int] = []
    at = item.parent_id
    while at is not None and at not in found:
        found.append(at)
        at = parents.get(at)
    return found


async def _has_parts(conn: Connection, item: Item) -> bool:
    return any(one.parent_id == item.id for one in await directories.every(conn, retired=True))


async def _item(conn: Connection, item_id: int) -> Item:
    item = await directories.get(conn, item_id)
    if item is None:
        raise Refused("bad-directory", "There is no such entry.")
    return item
