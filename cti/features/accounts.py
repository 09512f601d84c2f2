"""People and doors: sign-in, sessions, tokens, one-time codes, and what an admin does to accounts.

After five failures a (login, address) pair waits 1, 2, 4 ... 60 s: a stranger cannot lock anybody
out from elsewhere. Tokens are stored as hashes. Every change writes the audit journal and signs out who must be.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import pyotp
from cryptography.fernet import Fernet

from cti.access import ROLES, Person, Role, may
from cti.desktop import AgentDesktop
from cti.errors import NotAllowed, Refused
from cti.passwords import Passwords, digest, totp_step
from cti.storage import sessions, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.sessions import SessionRow
from cti.storage.users import DeviceDraft, UserRow

FREE_TRIES = 5
LONGEST_WAIT_S = 60.0
REMEMBER_S = 3600.0
CODE_S = 1800.0
SHORTEST_PASSWORD = 10
SEEN_EVERY_S = 60.0

Directory = Callable[[str, str], Awaitable[bool]]  # login, password -> whether LDAP takes them


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


@dataclass(kw_only=True, slots=True)
class _Tries:
    count: int = 0
    not_before: float = 0.0
    last: float = 0.0


class Accounts:
    """All of it. key: Fernet key for secrets at rest; ldap: a second way to check a password, None: off."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Callable[[], float],
        key: bytes,
        idle_s: float,
        absolute_s: float,
        ldap: Directory | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._box = Fernet(key)
        self._idle_s, self._absolute_s = idle_s, absolute_s
        self._ldap = ldap
        self._passwords = Passwords()
        self._tries: dict[tuple[str, str], _Tries] = {}
        self.desktop: AgentDesktop | None = None
        self.changed: Callable[[], Awaitable[None]] | None = None  # devices or people changed: the directory reloads

    # Doors ---------------------------------------------------------------------------------------------------------
    async def sign_in(self, login: str, password: str, *, code: str = "", ip: str = "", browser: str = "") -> SignedIn:
        """A new session. Raises Refused: `wrong` (login or password), `code-needed`, `wrong-code`, `wait`."""
        login = login.strip().casefold()[:64]
        self._may_try(login, ip)
        async with self._db.read() as conn:
            user = await users.by_login(conn, login)
        if not await self._password_fits(user, login, password) or user is None or user.blocked_at is not None:
            self._failed(login, ip)
            raise Refused("wrong", "The login or the password is wrong.")
        if user.totp_secret:
            if not code:
                raise Refused("code-needed", "Enter the code from your authenticator app.")
            if not await self._code_fits(user, code):
                self._failed(login, ip)
                raise Refused("wrong-code", "The code is wrong or was used; wait for the next one.")
        self._tries.pop((login, ip), None)
        return await self._open(user, ip, browser)

    async def identify(self, cookie: str | None, token: str | None) -> Identity | None:
        """Who a cookie's value or an API token belongs to; None for strangers, blocked people and old sessions."""
        if token:
            return await self._by_token(token)
        if not cookie:
            return None
        now = self._clock()
        async with self._db.read() as conn:
            session = await sessions.find(conn, digest(cookie))
            user = await users.by_id(conn, session.user_id) if session else None
        if session is None or user is None or user.blocked_at is not None:
            return None
        if now - session.seen_at > self._idle_s or now - session.created_at > self._absolute_s:
            return None
        if now - session.seen_at > SEEN_EVERY_S:
            async with self._db.write() as conn:
                await sessions.seen(conn, session.token_hash, now)
        return Identity(person=user.person, session=session.token_hash, csrf=session.csrf)

    async def sign_out(self, person: Person, session: str) -> None:
        """End one session."""
        async with self._db.write() as conn:
            await sessions.close(conn, session)
        if self.desktop:
            await self.desktop.sign_out(person.id, session)

    async def sign_out_everywhere(self, actor: Person, user_id: int, *, but: str | None = None) -> None:
        """End all sessions of a person (his own, or an admin anybody's)."""
        if actor.id != user_id:
            self._manages(actor)
        async with self._db.write() as conn:
            await sessions.close_all(conn, user_id, but=but)
            await sessions.note(conn, self._clock(), actor.id, "sign-out-everywhere", f"user:{user_id}")
        await self._cut(user_id)

    async def sessions_of(self, user_id: int | None) -> list[SessionRow]:
        """Open sessions of one person, or of all."""
        async with self._db.read() as conn:
            return await sessions.of_user(conn, user_id)

    async def alive(self, session: str) -> bool:
        """Whether a session still counts: asked by live wires now and then."""
        async with self._db.read() as conn:
            found = await sessions.find(conn, session)
        return found is not None and self._clock() - found.created_at <= self._absolute_s

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
        self._may_try("", ip)
        hashed = await self._passwords.hash(self._good(password))
        async with self._db.write() as conn:
            if await users.count(conn) or not await sessions.take_code(conn, digest(code.strip()), self._clock()):
                self._failed("", ip)
                raise Refused("wrong-code", "The code is wrong or too old; restart the server for a new one.")
            made = await users.add(
                conn,
                login=_login(login),
                name=_name(name),
                role="admin",
                password_hash=hashed,
                now=self._clock(),
            )
            user = await users.by_id(conn, made or 0)
        if user is None:
            raise Refused("taken", "This login is taken.")
        return await self._open(user, ip, browser)

    # People ----------------------------------------------------------------------------------------------------------
    async def add(
        self,
        actor: Person | None,
        *,
        login: str,
        name: str,
        role: str,
        password: str,
        team: str = "",
        language: str = "ru",
    ) -> int:
        """A new person; returns his id. actor None: the command line."""
        self._manages(actor)
        if role not in ROLES:
            raise Refused("no-role", f"The role is one of {', '.join(ROLES)}.")
        hashed = await self._passwords.hash(self._good(password)) if password else None
        async with self._db.write() as conn:
            team_id = await users.team_id(conn, team[:80])
            made = await users.add(
                conn,
                login=_login(login),
                name=_name(name),
                role=role,
                password_hash=hashed,
                now=self._clock(),
                language="en" if language == "en" else "ru",
                team_id=team_id,
            )
            if made is None:
                raise Refused("taken", "This login is taken.")
            await self._note(conn, actor, "user-add", made)
        await self._reload()
        return made

    async def change(
        self, actor: Person | None, user_id: int, *, name: str, role: str, team: str, language: str
    ) -> None:
        """Set what an admin sets of a person; a change of role or team ends his sessions."""
        self._manages(actor)
        if role not in ROLES:
            raise Refused("no-role", f"The role is one of {', '.join(ROLES)}.")
        async with self._db.write() as conn:
            user = await self._user(conn, user_id)
            if user.role == "admin" and role != "admin":
                await self._not_the_last(conn, user)
            team_id = await users.team_id(conn, team[:80])
            values = {"name": _name(name), "role": role, "team_id": team_id}
            await users.change(conn, user_id, **values, language="en" if language == "en" else "ru")
            if (role, team_id) != (user.role, user.team_id):
                await sessions.close_all(conn, user_id)
            await self._note(conn, actor, "user-change", user_id)
        if (role, team_id) != (user.role, user.team_id):
            await self._cut(user_id)
        await self._reload()

    async def set_password(self, actor: Person | None, user_id: int, password: str, *, keep: str | None = None) -> None:
        """A new password; all his sessions end, but `keep`."""
        if actor is not None and actor.id != user_id:
            self._manages(actor)
        hashed = await self._passwords.hash(self._good(password))
        async with self._db.write() as conn:
            await users.change(conn, (await self._user(conn, user_id)).id, password_hash=hashed)
            await sessions.close_all(conn, user_id, but=keep)
            await self._note(conn, actor, "password", user_id)
        if keep is None:
            await self._cut(user_id)

    async def change_own_password(self, identity: Identity, old: str, new: str) -> None:
        """The person's own new password, against the old one. Raises Refused."""
        async with self._db.read() as conn:
            user = await self._user(conn, identity.person.id)
        if not await self._passwords.verify(user.password_hash, old):
            raise Refused("wrong", "The old password is wrong.")
        await self.set_password(identity.person, user.id, new, keep=identity.session)

    async def block(self, actor: Person | None, user_id: int, *, blocked: bool) -> None:
        """Shut a person out at once, or let him in again. The last admin stays."""
        self._manages(actor)
        async with self._db.write() as conn:
            user = await self._user(conn, user_id)
            if blocked and user.role == "admin":
                await self._not_the_last(conn, user)
            await users.change(conn, user_id, blocked_at=self._clock() if blocked else None)
            if blocked:
                await sessions.close_all(conn, user_id)
            await self._note(conn, actor, "block" if blocked else "unblock", user_id)
        if blocked:
            await self._cut(user_id)

    async def set_devices(
        self, actor: Person, user_id: int, drafts: Iterable[DeviceDraft], queues: Iterable[str]
    ) -> None:
        """The person's devices and queues. Raises Refused when a device is somebody else's."""
        self._manages(actor)
        async with self._db.write() as conn:
            if not await users.set_devices(conn, (await self._user(conn, user_id)).id, drafts):
                raise Refused("taken", "One of these devices belongs to somebody else.")
            await users.set_queues(conn, user_id, [queue[:80] for queue in queues])
            await self._note(conn, actor, "devices", user_id)
        await self._reload()

    async def set_look(self, person: Person, *, language: str, theme: str) -> None:
        """The person's own language and theme."""
        values = {
            "language": "en" if language == "en" else "ru",
            "theme": theme if theme in ("light", "dark") else "auto",
        }
        async with self._db.write() as conn:
            await users.change(conn, person.id, **values)

    # Tokens and codes -------------------------------------------------------------------------------------------------
    async def make_token(self, login: str, note: str = "") -> str:
        """A new API token of the person, told once. Raises Refused for an unknown login."""
        token = secrets.token_urlsafe(32)
        async with self._db.write() as conn:
            user = await users.by_login(conn, login)
            if user is None:
                raise Refused("unknown", f"There is no user {login}.")
            await sessions.add_token(conn, user.id, digest(token), note, self._clock())
        return token

    def new_totp(self, person: Person) -> tuple[str, str]:
        """A fresh secret and its otpauth address; nothing is kept until a code confirms it."""
        secret = pyotp.random_base32()
        return secret, pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name="Trubka")

    async def confirm_totp(self, person: Person, secret: str, code: str) -> None:
        """Switch the second factor on once its first code fits. Raises Refused."""
        step = totp_step(secret, code, self._clock())
        if step is None:
            raise Refused("wrong-code", "The code is wrong; check the clock of your phone.")
        async with self._db.write() as conn:
            sealed = self._box.encrypt(secret.encode()).decode()
            await users.change(conn, person.id, totp_secret=sealed, totp_step=step)
            await self._note(conn, person, "totp-on", person.id)

    async def drop_totp(self, actor: Person, user_id: int) -> None:
        """Switch the second factor off: one's own, or an admin anybody's (a lost phone)."""
        if actor.id != user_id:
            self._manages(actor)
        async with self._db.write() as conn:
            await users.change(conn, user_id, totp_secret=None)
            await self._note(conn, actor, "totp-off", user_id)

    # Inside -----------------------------------------------------------------------------------------------------------
    async def _open(self, user: UserRow, ip: str, browser: str) -> SignedIn:
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), self._clock()
        async with self._db.write() as conn:
            await sessions.close_older(conn, created_before=now - self._absolute_s, seen_before=now - self._idle_s)
            row = {"token_hash": digest(token), "user_id": user.id, "csrf": csrf, "ip": ip, "browser": browser}
            await sessions.open_session(conn, **row, now=now)  # type: ignore[arg-type]
        return SignedIn(token=token, csrf=csrf, person=user.person)

    async def _by_token(self, token: str) -> Identity | None:
        async with self._db.read() as conn:
            user_id = await sessions.user_of_token(conn, digest(token))
            user = await users.by_id(conn, user_id) if user_id is not None else None
        return Identity(person=user.person) if user and user.blocked_at is None else None

    async def _password_fits(self, user: UserRow | None, login: str, password: str) -> bool:
        """Against the stored hash, else the directory. Unknown logins are checked against nobody's hash."""
        if user and user.password_hash is None and self._ldap and password:
            return await self._ldap(login, password)
        return await self._passwords.verify(user.password_hash if user else None, password)

    async def _code_fits(self, user: UserRow, code: str) -> bool:
        secret = self._box.decrypt((user.totp_secret or "").encode()).decode()
        step = totp_step(secret, code, self._clock())
        if step is None:
            return False
        async with self._db.write() as conn:
            return await users.use_totp_step(conn, user.id, step)

    def _may_try(self, login: str, ip: str) -> None:
        tries = self._tries.get((login, ip))
        if tries and self._clock() < tries.not_before:
            wait = int(tries.not_before - self._clock()) + 1
            raise Refused("wait", f"Too many attempts; wait {wait} s.")

    def _failed(self, login: str, ip: str) -> None:
        now = self._clock()
        self._tries = {key: one for key, one in self._tries.items() if now - one.last < REMEMBER_S}
        tries = self._tries.setdefault((login, ip), _Tries())
        tries.count, tries.last = tries.count + 1, now
        if tries.count >= FREE_TRIES:
            tries.not_before = now + min(2.0 ** (tries.count - FREE_TRIES), LONGEST_WAIT_S)

    def _good(self, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= 1024:
            raise Refused("short-password", f"A password has at least {SHORTEST_PASSWORD} characters.")
        return password

    def _manages(self, actor: Person | None) -> None:
        if actor is not None and not may(actor, "users.manage"):
            raise NotAllowed("Only an admin changes accounts.")

    async def _user(self, conn: Connection, user_id: int) -> UserRow:
        user = await users.by_id(conn, user_id)
        if user is None:
            raise Refused("unknown", "There is no such user.")
        return user

    async def _not_the_last(self, conn: Connection, user: UserRow) -> None:
        if user.blocked_at is None and await users.active_admins(conn) <= 1:
            raise Refused("last-admin", "This is the last admin: make another one first.")

    async def _note(self, conn: Connection, actor: Person | None, action: str, user_id: int) -> None:
        await sessions.note(conn, self._clock(), actor.id if actor else None, action, f"user:{user_id}")

    async def _cut(self, user_id: int) -> None:
        if self.desktop:
            await self.desktop.sign_out(user_id)

    async def _reload(self) -> None:
        if self.changed:
            await self.changed()


def _login(login: str) -> str:
    found = login.strip().casefold()
    if not 1 <= len(found) <= 64 or not all(letter.isalnum() or letter in "._-@" for letter in found):
        raise Refused("bad-login", "A login has letters, digits and . _ - @ only.")
    return found


def _name(name: str) -> str:
    found = " ".join(name.split())
    if not 1 <= len(found) <= 120:
        raise Refused("no-name", "A person needs a name.")
    return found


__all__ = ["Accounts", "DeviceDraft", "Identity", "Role", "SignedIn", "digest"]
