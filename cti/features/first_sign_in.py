"""A newcomer's first way in: a link that is handed over, opens once, and lets him choose his password.

Nobody else ever knows the password. The link is 256 random bits of which the hash is stored; it works for some days,
until it is used, or until another one is made. Who is blocked does not get in by it.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.passwords import Passwords, digest, good_password
from cti.storage import newcomers, sessions, users
from cti.storage.database import Database

WORKS_S = 7 * 86_400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WayIn:
    """A link. token: shown once."""

    token: str
    until: float


class FirstSignIn:
    """signed_out: told when a new password has ended a person's sessions."""

    def __init__(
        self,
        *,
        db: Database,
        passwords: Passwords,
        signed_out: Callable[[int], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._passwords = passwords
        self._signed_out = signed_out
        self._clock = clock

    async def offer(self, actor: Person, user_id: int) -> WayIn:
        """A new link for a person; his password stays until he has chosen another. Raises Refused."""
        if not may(actor, "users.manage"):
            raise NotAllowed("Only an admin changes accounts.")
        way = WayIn(token=secrets.token_urlsafe(32), until=self._clock() + WORKS_S)
        async with self._db.write() as conn:
            user = await users.by_id(conn, user_id)
            if user is None or user.blocked_at is not None:
                raise Refused("unknown", "There is no such user.")
            await newcomers.offer_way_in(conn, user_id, digest(way.token), way.until)
            await sessions.note(conn, self._clock(), actor.id, "way-in", f"user:{user_id}")
        return way

    async def whose(self, token: str) -> tuple[str, str] | None:
        """Login and name of whom a link lets in; None where it does not work (any more)."""
        async with self._db.read() as conn:
            user_id = await newcomers.way_in(conn, digest(token), self._clock())
            user = await users.by_id(conn, user_id) if user_id else None
        return (user.login, user.name) if user and user.blocked_at is None else None

    async def choose(self, token: str, password: str) -> str:
        """Set the password, once; returns the login. Raises Refused."""
        if not good_password(password):
            raise Refused("short-password", "A password has at least 10 characters.")
        if await self.whose(token) is None:
            raise _used()
        hashed = await self._passwords.hash(password)
        async with self._db.write() as conn:
            user_id = await newcomers.take_way_in(conn, digest(token), self._clock())
            user = await users.by_id(conn, user_id) if user_id else None
            if user is None or user.blocked_at is not None:
                raise _used()
            await users.change(conn, user.id, password_hash=hashed)
            await sessions.close_all(conn, user.id)
            await sessions.note(conn, self._clock(), user.id, "password", f"user:{user.id}")
        await self._signed_out(user.id)
        return user.login


def _used() -> Refused:
    return Refused("way-in-used", "This link was used already, or is too old: ask for a new one.")
