"""Links by which a television or another screen shows a live board without a person who signs in.

Rules kept here: a link opens its board and nothing else; it shows no more than its maker may see at this moment, and
nothing once he may not; its token is told once, a hash of it is kept. Making, naming and revoking are audit lines.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cti.access import Person, may, scope
from cti.board import ScreenLook
from cti.errors import NotAllowed, Refused
from cti.passwords import digest
from cti.storage import board_links, sessions, users
from cti.storage.board_links import LinkRow
from cti.storage.database import Database
from cti.storage.desktop_events import Connection

DAY_S = 86_400.0
DAYS = (1, 7, 30, 90, 365)
MOST = 50  # of one maker


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What a token opens: its link, and with whose eyes."""

    id: int
    name: str
    look: ScreenLook
    maker: Person


class BoardLinks:
    """clock: UNIX seconds."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    async def every(self, actor: Person) -> list[LinkRow]:
        """One's own, or all, as the right reaches."""
        async with self._db.read() as conn:
            return await board_links.every(conn, None if scope(actor, "board.share") == "all" else actor.id)

    async def make(self, actor: Person, name: str, look: ScreenLook, days: int) -> str:
        """A new one; its token, told this once. Raises Refused, NotAllowed."""
        name = _named(name)
        if scope(actor, "board.share") == "none" or scope(actor, "board.read") == "none":
            raise NotAllowed("Your role may not do this; ask an admin.")
        if days not in DAYS:
            raise Refused("bad-days", "Choose how long the link is to last.")
        if not look.tiles or len(set(look.tiles)) < len(look.tiles):
            raise Refused("no-tiles", "A board shows one part at least, each once.")
        token, now = secrets.token_urlsafe(32), self._clock()
        async with self._db.write() as conn:
            if len(await board_links.every(conn, actor.id)) >= MOST:
                raise Refused("many-links", "You have 50 links: revoke one that is not used.")
            made = await board_links.add(
                conn,
                token_hash=digest(token),
                user_id=actor.id,
                name=name,
                look=look,
                created_at=now,
                expires_at=now + days * DAY_S,
            )
            said = f"{name}, {days} d, {'with' if look.clients else 'without'} clients"
            await sessions.note(conn, now, actor.id, "board-link", f"board-link:{made}", said)
        return token

    async def rename(self, actor: Person, link_id: int, name: str) -> None:
        """Call it otherwise. Raises Refused."""
        name = _named(name)
        async with self._db.write() as conn:
            before = await self._own(conn, actor, link_id)
            await board_links.change(conn, link_id, name=name)
            said = f"{before.name} -> {name}"
            await sessions.note(conn, self._clock(), actor.id, "board-link-name", f"board-link:{link_id}", said)

    async def revoke(self, actor: Person, link_id: int) -> None:
        """It opens nothing any more. Raises Refused."""
        async with self._db.write() as conn:
            before = await self._own(conn, actor, link_id)
            await board_links.change(conn, link_id, revoked_at=self._clock())
            thing = f"board-link:{link_id}"
            await sessions.note(conn, self._clock(), actor.id, "board-link-end", thing, before.name)

    async def open(self, token: str) -> Opened | None:
        """What a token opens now; None: nothing (any more)."""
        async with self._db.read() as conn:
            link = await board_links.by_token(conn, digest(token))
            user = await users.by_id(conn, link.user_id) if link else None
        if link is None or user is None or user.blocked_at is not None or link.expires_at <= self._clock():
            return None
        if "none" in (scope(user.person, "board.share"), scope(user.person, "board.read")):
            return None
        return Opened(id=link.id, name=link.name, look=link.look, maker=user.person)

    async def seen(self, link_id: int) -> None:
        """A screen came by it."""
        async with self._db.write() as conn:
            await board_links.change(conn, link_id, seen_at=self._clock())

    async def _own(self, conn: Connection, actor: Person, link_id: int) -> LinkRow:
        link = await board_links.by_id(conn, link_id)
        if link is None or not may(actor, "board.share", owner_id=link.user_id):
            raise Refused("no-link", "There is no such link.")
        return link


def _named(name: str) -> str:
    said = " ".join(name.split())[:80]
    if not said:
        raise Refused("no-name", "Give it a name.")
    return said
