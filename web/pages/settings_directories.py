"""Settings of one directory, for admins: entries named, ordered, moved in the tree, merged, retired, deleted."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from aiohttp import web

from cti.clients.filters import Condition
from cti.errors import Refused
from cti.features.client_catalogue import TREES, ZONED
from cti.storage import directories
from cti.storage.directories import DIRECTORIES, EVERY, Directory
from web.auth import person_of
from web.pages.client_form import zone_name, zones_of
from web.pages.settings import at, number, said
from web.pages.settings_properties import HERE, id_of
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import told


async def show(request: web.Request) -> web.Response:
    """One directory."""
    return await _page(request, _directory(request.match_info["directory"]))


async def _page(request: web.Request, directory: Directory, *, status: int = 200, error: str = "") -> web.Response:
    async with services_of(request).db.read() as conn:
        every = await directories.every(conn, retired=True, counted=True)
    items = [item for item in every if item.directory == directory]
    zones = {item.id: [(zone, zone_name(request, zone)) for zone in zones_of(item.time_zone)] for item in items}
    shown = page(
        request,
        "settings/directory.html",
        status=status,
        title=directory,
        directory=directory,
        items=items,
        names={item.id: item.name for item in items},
        is_tree=directory in TREES,
        zones=zones if directory in ZONED else None,
        new_zones=[(zone, zone_name(request, zone)) for zone in zones_of("")] if directory in ZONED else None,
        found={item.id: _who_has(directory, item.id) for item in items},
        error=error,
        said=said(request),
    )
    return at(request, shown, f"/settings/directories/{directory}")


def _who_has(directory: Directory, item_id: int) -> str:
    """The list of clients who have an entry; "" for entries that clients do not have themselves."""
    if directory not in DIRECTORIES:
        return ""
    asked = [Condition(field=directory, op="any-of", value=[item_id])]
    return "/clients?" + urlencode({"filters": msgspec.json.encode(asked).decode()})


async def add(request: web.Request) -> web.StreamResponse:
    """A new entry."""
    directory, form = _directory(request.match_info["directory"]), await request.post()
    parent, zone = id_of(str(form.get("parent_id", ""))), str(form.get("time_zone", ""))[:40]
    try:
        await services_of(request).catalogue.add_item(
            person_of(request), directory, str(form.get("name", ""))[:200], parent or None, time_zone=zone
        )
    except Refused as error:
        return await _page(request, directory, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/settings/directories/{directory}?said=saved")


async def change(request: web.Request) -> web.StreamResponse:
    """Rename an entry, move it, retire it, offer it again, or merge it into another."""
    form, work, person = await request.post(), services_of(request).catalogue, person_of(request)
    directory, item_id, act = _directory(request.match_info["directory"]), number(request), str(form.get("act", "save"))
    try:
        if act == "merge":
            await work.merge_items(person, item_id, id_of(str(form.get("into", ""))))
        elif act in ("up", "down"):
            await work.move_item(person, item_id, up=act == "up")
        elif act in ("retire", "again"):
            await work.retire_item(person, item_id, retired=act == "retire")
        else:
            name, parent = str(form.get("name", ""))[:200], id_of(str(form.get("parent_id", "")))
            zone = str(form.get("time_zone", ""))[:40]
            await work.change_item(person, item_id, name, parent or None, time_zone=zone)
    except Refused as error:
        return await _page(request, directory, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/settings/directories/{directory}{'' if act in ('up', 'down') else '?said=saved'}")


async def show_first(_request: web.Request) -> web.Response:
    """The directories stand beside the properties."""
    raise web.HTTPSeeOther(HERE)


def _directory(text: str) -> Directory:
    found = next((one for one in EVERY if one == text), None)
    if found is None:
        raise web.HTTPNotFound(text="There is no such directory.")
    return found


ROUTES = (
    Route("GET", "/settings/directories", show_first, "settings.manage", "nothing"),
    Route("GET", "/settings/directories/{directory}", show, "settings.manage", "nothing"),
    Route("POST", "/settings/directories/{directory}", add, "settings.manage", "nothing"),
    Route("POST", "/settings/directories/{directory}/{id}", change, "settings.manage", "nothing"),
)
