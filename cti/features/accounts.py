"""Doors: sign-in, sessions, the first admin, and what a person changes of his own account.

A session is a random token in a cookie and its hash in a row: it can be listed and ended at any moment. Who asks is
looked up at every request, so a block or a change of role counts from the next one. What an admin does to others
stands in `directory_admin`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import pyotp
from cryptography.fernet import Fernet, InvalidToken

from cti.access import Person
from cti.desktop import AgentDesktop
from cti.errors import Refused, StorageError
from cti.passwords import Guesses, Passwords, digest, good_login, good_name, good_password, totp_step
from cti.storage import sessions, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.sessions import SessionRow
from cti.storage.users import UserRow

CODE_S = 1800.0
SEEN_EVERY_S = 60.0

Directory = Callable[[str, str], Awaitable[bool]]  # login, password -> whether LDAP takes them
Write = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who a request comes from. session: the session's hash and csrf, None with an API token."""

    person: Person
    session: str | None = None
    csrf: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """A fresh session. token: the cookie's value, told once."""

    token: str
    csrf: str
    person: Person


class Accounts:
    """All of it. key: Fernet key for secrets at rest; ldap: a second way to check a password, None: off.

    later: takes writes that may wait (when a session was last used); None: they are written at once.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Callable[[], float],
        key: bytes,
        idle_s: float,
        absolute_s: float,
        ldap: Directory | None = None,
        later: Callable[[Write], object] | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._box = Fernet(key)
        self._idle_s, self._absolute_s = idle_s, absolute_s
        self._ldap = ldap
        self._later = later
        self.passwords = Passwords()
        self._guesses = Guesses(clock)
        self._seen: dict[str, float] = {}
        self.desktop: AgentDesktop | None = None
        self.changed: Callable[[], Awaitable[None]] | None = None  # a person changed his name or language

    # In and out --------------------------------------------------------------------------------------------------
    async def sign_in(
        self, login: str, password: str, *, code: str = "", ip: str = "", browser: str = "", before: str = ""
    ) -> SignedIn:
        """A new session; the one of the cookie value `before` ends.

        Raises Refused: `wrong` (login or password), `code-needed`, `wrong-code`, `wait`.
        """
        login = login.strip().casefold()[:64]
        self._guess(login, ip)
        async with self._db.read() as conn:
            user = await users.by_login(conn, login)
        if not await self._password_fits(user, login, password) or user is None or user.blocked_at is not None:
            raise Refused("wrong", "The login or the password is wrong.")
        if user.totp_secret and not code:
            self._guesses.undecided(login, ip)
            raise Refused("code-needed", "Enter the code from your authenticator app.")
        if user.totp_secret:
            await self._check_code(user, code)
        self._guesses.right(login, ip)
        return await self._open(user, ip, browser, before)

    async def identify(self, cookie: str | None, token: str | None) -> Identity | None:
        """Who a cookie's value or an API token belongs to; None for strangers, blocked people and old sessions."""
        if token:
            return await self._by_token(token)
        if not cookie:
            return None
        now, hashed = self._clock(), digest(cookie)
        async with self._db.read() as conn:
            found = await users.by_session(conn, hashed)
        if found is None or found[0].blocked_at is not None:
            return None
        user, session = found
        seen_at = max(session.seen_at, self._seen.get(hashed, 0.0))
        if now - seen_at > self._idle_s or now - session.created_at > self._absolute_s:
            return None
        if now - seen_at > SEEN_EVERY_S:
            await self._used(hashed, now, lambda conn: sessions.seen(conn, hashed, now))
        return Identity(person=user.person, session=hashed, csrf=session.csrf)

    async def doors(self) -> frozenset[str]:
        """Sessions and API tokens that count, each as `door`: asked by live wires now and then, all at once."""
        async with self._db.read() as conn:
            return await sessions.doors(conn, created_since=self._clock() - self._absolute_s)

    @staticmethod
    def door(identity: Identity, token: str | None) -> str:
        """By what somebody came in."""
        return identity.session or digest(token or "")

    async def alive(self, session: str) -> bool:
        """Whether a session still counts: asked by live wires now and then. An open wire is use, so no idle limit."""
        async with self._db.read() as conn:
            found = await sessions.find(conn, session)
        return found is not None and self._clock() - found.created_at <= self._absolute_s

    async def sign_out(self, person: Person, session: str) -> None:
        """End one of the person's own sessions."""
        async with self._db.write() as conn:
            await sessions.close(conn, session, user_id=person.id)
        if self.desktop:
            await self.desktop.sign_out(person.id, session)

    async def sign_out_others(self, identity: Identity) -> None:
        """End all the person's sessions but this one."""
        async with self._db.write() as conn:
            await sessions.close_all(conn, identity.person.id, but=identity.session)
            await self._note(conn, identity.person, "sign-out-others")
        await self._cut_others(identity)

    async def sessions_of(self, user_id: int | None) -> list[SessionRow]:
        """Open sessions of one person, or of all; those past their limits are not among them."""
        now = self._clock()
        async with self._db.read() as conn:
            rows = await sessions.of_user(conn, user_id)
        return [r for r in rows if now - r.seen_at <= self._idle_s and now - r.created_at <= self._absolute_s]

    # The first admin -----------------------------------------------------------------------------------------------
    async def first_code(self) -> str | None:
        """A code for making the first admin, valid for half an hour; None when there are people."""
        code = "-".join(secrets.token_hex(2) for _ in range(4))
        async with self._db.write() as conn:
            if await users.count(conn):
                return None
            await sessions.offer_code(conn, digest(code), self._clock() + CODE_S)
        return code

    async def first_admin(self, code: str, login: str, name: str, password: str, *, ip: str, browser: str) -> SignedIn:
        """The first person makes himself admin with the code. Raises Refused."""
        self._guess("", ip)
        good = good_login(login), good_name(name)
        if good[0] is None or good[1] is None:
            self._guesses.undecided("", ip)
            raise Refused("bad-login" if good[0] is None else "no-name", "A login and a name are needed.")
        hashed = await self.passwords.hash(_long_enough(password))
        async with self._db.write() as conn:
            if await users.count(conn) or not await sessions.take_code(conn, digest(code.strip()), self._clock()):
                raise Refused("wrong-code", "The code is wrong or too old; restart the server for a new one.")
            now, login = self._clock(), good[0]
            made = await users.add(conn, login=login, name=good[1], role="admin", password_hash=hashed, now=now)
            user = await users.by_id(conn, made or 0)
            await sessions.note(conn, now, made, "first-admin", f"user:{made}")
        if user is None:
            raise Refused("taken", "This login is taken.")
        self._guesses.right("", ip)
        return await self._open(user, ip, browser, "")

    # One's own -----------------------------------------------------------------------------------------------------
    async def change_own_password(self, identity: Identity, old: str, new: str) -> None:
        """A new password against the old one; the person's other sessions end. Raises Refused."""
        _long_enough(new)
        user = await self._prove(identity, old)
        if user.password_hash is None:
            raise Refused("directory-password", "Your password is the directory's: change it there.")
        hashed = await self.passwords.hash(new)
        async with self._db.write() as conn:
            await users.change(conn, user.id, password_hash=hashed)
            await sessions.close_all(conn, user.id, but=identity.session)
            await self._note(conn, identity.person, "password")
        await self._cut_others(identity)

    async def set_look(self, person: Person, *, language: str, theme: str) -> None:
        """The person's own language and theme."""
        shown = theme if theme in ("light", "dark") else "auto"
        async with self._db.write() as conn:
            await users.change(conn, person.id, language="en" if language == "en" else "ru", theme=shown)
        if self.changed:
            await self.changed()

    async def ways_in(self, user_id: int) -> tuple[bool, bool]:
        """Whether the person has a password here (else it is the directory's), and a second factor."""
        async with self._db.read() as conn:
            user = await users.by_id(conn, user_id)
        return (user.password_hash is not None, user.totp_secret is not None) if user else (False, False)

    def new_totp(self, person: Person) -> tuple[str, str]:
        """A fresh secret and its otpauth address; nothing is kept until a code confirms it."""
        secret = pyotp.random_base32()
        return secret, self.totp_address(person, secret)

    def totp_address(self, person: Person, secret: str) -> str:
        """What the square of a secret says to an authenticator app."""
        return pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name="Trubka")

    async def confirm_totp(self, person: Person, secret: str, code: str) -> None:
        """Switch the second factor on once its first code fits. Raises Refused."""
        step = totp_step(secret, code, self._clock()) if _is_base32(secret) else None
        if step is None:
            raise Refused("wrong-code", "The code is wrong; check the clock of your phone.")
        async with self._db.write() as conn:
            sealed = self._box.encrypt(secret.encode()).decode()
            await users.change(conn, person.id, totp_secret=sealed, totp_step=step)
            await self._note(conn, person, "totp-on")

    async def drop_own_totp(self, identity: Identity, password: str) -> None:
        """Switch one's own second factor off, against the password. Raises Refused."""
        user = await self._prove(identity, password)
        async with self._db.write() as conn:
            await users.change(conn, user.id, totp_secret=None)
            await self._note(conn, identity.person, "totp-off")

    # Inside --------------------------------------------------------------------------------------------------------
    async def _open(self, user: UserRow, ip: str, browser: str, before: str) -> SignedIn:
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), self._clock()
        async with self._db.write() as conn:
            await sessions.close_older(conn, created_before=now - self._absolute_s, seen_before=now - self._idle_s)
            if before:
                await sessions.close(conn, digest(before))
            hashed = digest(token)
            await sessions.open_session(
                conn, token_hash=hashed, user_id=user.id, csrf=csrf, ip=ip, browser=browser, now=now
            )
        self._seen = {key: at for key, at in self._seen.items() if now - at <= self._idle_s}
        return SignedIn(token=token, csrf=csrf, person=user.person)

    async def _by_token(self, token: str) -> Identity | None:
        now, hashed = self._clock(), digest(token)
        async with self._db.read() as conn:
            row = await sessions.find_token(conn, hashed)
            user = await users.by_id(conn, row.user_id) if row else None
        if row is None or user is None or user.blocked_at is not None:
            return None
        if now - max(row.used_at or 0.0, self._seen.get(hashed, 0.0)) > SEEN_EVERY_S:
            await self._used(hashed, now, lambda conn: sessions.token_used(conn, row.id, now))
        return Identity(person=user.person)

    async def _used(self, hashed: str, now: float, write: Write) -> None:
        """Remember the use; a database that cannot write now keeps nobody out."""
        self._seen[hashed] = now
        if self._later is not None:
            self._later(write)
            return
        with suppress(StorageError):
            async with self._db.write() as conn:
                await write(conn)

    async def _password_fits(self, user: UserRow | None, login: str, password: str) -> bool:
        """Against the stored hash, else the directory; whoever it is, it takes the time of a hash."""
        self._not_in_a_crowd()
        stored = user.password_hash if user else None
        if user is None or stored is not None or self._ldap is None or not password:
            return await self.passwords.verify(stored, password)
        _, fits = await asyncio.gather(self.passwords.verify(None, password), self._ldap(login, password))
        return fits

    async def _check_code(self, user: UserRow, code: str) -> None:
        """The second factor. Who knows the password and guesses codes waits, wherever he comes from."""
        self._guess(f"code:{user.id}", "")
        try:
            secret = self._box.decrypt((user.totp_secret or "").encode()).decode()
        except InvalidToken:
            raise Refused("totp-unreadable", "The second factor cannot be read: an admin switches it off.") from None
        step = totp_step(secret, code, self._clock())
        if step is not None:
            async with self._db.write() as conn:
                if await users.use_totp_step(conn, user.id, step):
                    self._guesses.right(f"code:{user.id}", "")
                    return
        raise Refused("wrong-code", "The code is wrong or was used; wait for the next one.")

    async def _prove(self, identity: Identity, password: str) -> UserRow:
        """The person behind an open session knows his password. Raises Refused."""
        async with self._db.read() as conn:
            user = await users.by_id(conn, identity.person.id)
        if user is None:
            raise Refused("unknown", "There is no such user.")
        self._guess(f"own:{user.id}", "")
        if not await self._password_fits(user, user.login, password):
            raise Refused("wrong-password", "The present password is wrong.")
        self._guesses.right(f"own:{user.id}", "")
        return user

    def _guess(self, login: str, ip: str) -> None:
        self._not_in_a_crowd()
        wait_s = self._guesses.begin(login, ip)
        if wait_s:
            raise Refused("wait", f"Too many attempts; wait {int(wait_s) + 1} s.")

    def _not_in_a_crowd(self) -> None:
        if self.passwords.crowded:
            raise Refused("crowd", "Many people sign in just now; try again in some seconds.")

    async def _note(self, conn: Connection, person: Person, action: str) -> None:
        await sessions.note(conn, self._clock(), person.id, action, f"user:{person.id}")

    async def _cut_others(self, identity: Identity) -> None:
        """All his browsers; the one that asked comes back by itself."""
        if self.desktop:
            await self.desktop.sign_out(identity.person.id)


def _long_enough(password: str) -> str:
    if not good_password(password):
        raise Refused("short-password", "A password has at least 10 characters.")
    return password


def _is_base32(secret: str) -> bool:
    return len(secret) == 32 and all(letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" for letter in secret)


__all__ = ["Accounts", "Identity", "SignedIn", "digest"]
