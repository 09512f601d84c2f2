"""What an admin does to people: accounts, roles, teams, devices, queues, API tokens; also the command line's way.

Rules kept here: only who may manage people does, and everybody his own tokens; the last admin cannot be shut out; who
is blocked, or may suddenly do other things, is signed out at once; every change is one line of the audit journal. An
actor of None is the operator at the command line.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from cti.access import ROLES, Person, Role, may
from cti.desktop import AgentDesktop
from cti.errors import NotAllowed, Refused
from cti.passwords import Passwords, digest, good_login, good_name, good_password
from cti.storage import sessions, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.sessions import TokenRow
from cti.storage.users import DeviceDraft, QueueDraft, UserRow
from cti.telephony.auto_answer import MODELS
from cti.telephony.devices import is_device, is_word

MOST_TOKENS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class UserDraft:
    """A person as an admin sets him. team: by name, made when there is none; "" for no team."""

    login: str
    name: str
    role: str
    team: str = ""
    language: str = "ru"


class DirectoryAdmin:
    """All of it. desktop: whose sockets are cut; changed: told when devices or people changed.

    pbxes: names of the PBXes where there are several; then each device is named with its own.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Callable[[], float],
        passwords: Passwords,
        desktop: AgentDesktop | None = None,
        changed: Callable[[], Awaitable[None]] | None = None,
        pbxes: Sequence[str] = (),
    ) -> None:
        self._db = db
        self._clock = clock
        self._passwords = passwords
        self._desktop = desktop
        self._changed = changed
        self.pbxes = tuple(pbxes)

    # People ------------------------------------------------------------------------------------------------------
    async def add(self, actor: Person | None, draft: UserDraft, *, password: str) -> int:
        """A new person; returns his id. password "": he signs in by LDAP only. Raises Refused."""
        _manages(actor)
        role = _role(draft.role)
        values = {"login": _login(draft.login), "name": _name(draft.name), "language": _language(draft.language)}
        hashed = await self._passwords.hash(_password(password)) if password else None
        async with self._db.write() as conn:
            team_id = await users.team_id(conn, _team(draft.team))
            made = await users.add(conn, **values, role=role, team_id=team_id, password_hash=hashed, now=self._clock())
            if made is None:
                raise Refused("taken", "This login is taken.")
            await self._note(conn, actor, "user-add", made, f"{values['login']} {role}")
        await self._reload()
        return made

    async def change(self, actor: Person | None, user_id: int, draft: UserDraft) -> None:
        """Set what an admin sets of a person; a change of login, role or team signs him out. Raises Refused."""
        _manages(actor)
        role, login = _role(draft.role), _login(draft.login)
        async with self._db.write() as conn:
            user = await self._user(conn, user_id)
            if user.role == "admin" and role != "admin":
                await self._not_the_last(conn, user)
            team_id = await users.team_id(conn, _team(draft.team))
            other = await users.by_login(conn, login)
            if other is not None and other.id != user_id:
                raise Refused("taken", "This login is taken.")
            values = {"login": login, "name": _name(draft.name), "language": _language(draft.language)}
            await users.change(conn, user_id, **values, role=role, team_id=team_id)
            is_other = (login, role, team_id) != (user.login, user.role, user.team_id)
            if is_other:
                await sessions.close_all(conn, user_id)
            await self._note(conn, actor, "user-change", user_id, f"{login} {user.role} -> {role}")
        if is_other:
            await self._cut(user_id)
        await self._reload()

    async def set_password(self, actor: Person | None, user_id: int, password: str) -> None:
        """A new password for a person; he is signed out everywhere. Raises Refused."""
        _manages(actor)
        hashed = await self._passwords.hash(_password(password))
        async with self._db.write() as conn:
            await users.change(conn, (await self._user(conn, user_id)).id, password_hash=hashed)
            await sessions.close_all(conn, user_id)
            await self._note(conn, actor, "password", user_id)
        await self._cut(user_id)

    async def block(self, actor: Person | None, user_id: int, *, blocked: bool) -> None:
        """Shut a person out at once, or let him in again. The last admin stays. Raises Refused."""
        _manages(actor)
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

    async def sign_out(self, actor: Person | None, user_id: int, session: str | None = None) -> None:
        """End a person's sessions, or the one with this hash."""
        _manages(actor)
        async with self._db.write() as conn:
            if session is None:
                await sessions.close_all(conn, user_id)
            else:
                await sessions.close(conn, session)
            await self._note(conn, actor, "sign-out", user_id)
        if self._desktop:
            await self._desktop.sign_out(user_id, session)

    async def drop_totp(self, actor: Person | None, user_id: int) -> None:
        """Switch a person's second factor off: his phone is lost."""
        _manages(actor)
        async with self._db.write() as conn:
            await users.change(conn, (await self._user(conn, user_id)).id, totp_secret=None)
            await self._note(conn, actor, "totp-off", user_id)

    # Where they work -----------------------------------------------------------------------------------------------
    async def set_devices(self, actor: Person | None, user_id: int, drafts: Sequence[DeviceDraft]) -> None:
        """The person's devices. Raises Refused: `bad-device` for a name or extension, `no-such-pbx`, `device-taken`."""
        _manages(actor)
        for draft in drafts:
            pbx, colon, name = draft.name.partition(":") if self.pbxes else ("", "", draft.name)
            if self.pbxes and (not colon or pbx not in self.pbxes):
                named = ", ".join(f"{pbx}:PJSIP/101" for pbx in self.pbxes)
                raise Refused("no-such-pbx", f"There are several PBXes: a device is named with its own, like {named}.")
            known = (
                draft.kind in ("desk", "browser")
                and draft.model in MODELS
                and draft.extension.isascii()
                and draft.extension.isdigit()
            )
            if not known or not 1 <= len(draft.extension) <= 16 or not is_device(name) or len(draft.name) > 80:
                raise Refused("bad-device", "A device is named like PJSIP/101 and has an extension of digits.")
        async with self._db.write() as conn:
            if not await users.set_devices(conn, (await self._user(conn, user_id)).id, _one_chosen(drafts)):
                raise Refused("device-taken", "One of these devices belongs to somebody else or stands here twice.")
            await self._note(conn, actor, "devices", user_id, " ".join(draft.name for draft in drafts))
        await self._reload()

    async def name_pbx(self, actor: Person | None, pbx: str) -> int:
        """A second PBX came: all devices that name none are of this one; how many. Raises Refused: `no-such-pbx`."""
        _manages(actor)
        if pbx not in self.pbxes:
            known = ", ".join(self.pbxes) or "there is only one, which needs no name"
            raise Refused("no-such-pbx", f"There is no such PBX among several in the settings ({known}).")
        async with self._db.write() as conn:
            count = await users.name_pbx(conn, pbx)
            await sessions.note(conn, self._clock(), actor.id if actor else None, "devices", f"pbx:{pbx}", str(count))
        await self._reload()
        return count

    async def set_queues(self, actor: Person | None, user_id: int, drafts: Sequence[QueueDraft]) -> None:
        """The queues the person works in. Raises Refused: `bad-queue`."""
        _manages(actor)
        for draft in drafts:
            if not is_word(draft.name) or not 0 <= draft.penalty <= 1000:
                raise Refused("bad-queue", "A queue is named as on the PBX; its penalty is 0 to 1000.")
        async with self._db.write() as conn:
            await users.set_queues(conn, (await self._user(conn, user_id)).id, drafts)
            await self._note(conn, actor, "queues", user_id, " ".join(f"{d.name}:{d.penalty}" for d in drafts))
        await self._reload()

    async def add_team(self, actor: Person | None, name: str) -> None:
        """A new team; nothing happens when there is one of this name."""
        _manages(actor)
        async with self._db.write() as conn:
            made = await users.team_id(conn, _team(_name(name)))
            await sessions.note(conn, self._clock(), actor.id if actor else None, "team-add", f"team:{made}")

    async def rename_team(self, actor: Person | None, team_id: int, name: str) -> None:
        """Another name for a team. Raises Refused: `unknown`, `taken`."""
        _manages(actor)
        async with self._db.write() as conn:
            done = await users.rename_team(conn, team_id, _team(_name(name)))
            if done is not True:
                raise Refused("unknown" if done is None else "taken", "There is no such team, or the name is taken.")
            await sessions.note(conn, self._clock(), actor.id if actor else None, "team-rename", f"team:{team_id}")
        await self._reload()

    async def drop_team(self, actor: Person | None, team_id: int) -> None:
        """Delete a team; its people stay, without one. Raises Refused while somebody is in it."""
        _manages(actor)
        async with self._db.write() as conn:
            if (await users.team_sizes(conn)).get(team_id):
                raise Refused("team-in-use", "Somebody is in this team: give him another one first.")
            await users.drop_team(conn, team_id)
            await sessions.note(conn, self._clock(), actor.id if actor else None, "team-drop", f"team:{team_id}")

    # API tokens ----------------------------------------------------------------------------------------------------
    async def make_token(self, actor: Person | None, user_id: int, note: str = "") -> str:
        """A new API token of the person, told once. Raises Refused."""
        _manages_or_is(actor, user_id)
        token = secrets.token_urlsafe(32)
        async with self._db.write() as conn:
            user = await self._user(conn, user_id)
            if len(await sessions.tokens_of(conn, user.id)) >= MOST_TOKENS:
                raise Refused("too-many-tokens", f"A person has at most {MOST_TOKENS} tokens: revoke one first.")
            await sessions.add_token(conn, user.id, digest(token), " ".join(note.split()), self._clock())
            await self._note(conn, actor, "token-add", user_id, note)
        return token

    async def drop_token(self, actor: Person | None, user_id: int, token_id: int) -> None:
        """Revoke an API token; a program that is connected with it is cut. Raises Refused."""
        _manages_or_is(actor, user_id)
        async with self._db.write() as conn:
            if not await sessions.drop_token(conn, user_id, token_id):
                raise Refused("unknown", "There is no such token.")
            await self._note(conn, actor, "token-drop", user_id, str(token_id))
        await self._cut(user_id)

    async def tokens_of(self, user_id: int) -> list[TokenRow]:
        """A person's API tokens, without their values."""
        async with self._db.read() as conn:
            return await sessions.tokens_of(conn, user_id)

    # Inside --------------------------------------------------------------------------------------------------------
    async def _user(self, conn: Connection, user_id: int) -> UserRow:
        user = await users.by_id(conn, user_id)
        if user is None:
            raise Refused("unknown", "There is no such user.")
        return user

    async def _not_the_last(self, conn: Connection, user: UserRow) -> None:
        if user.blocked_at is None and await users.active_admins(conn) <= 1:
            raise Refused("last-admin", "This is the last admin: make another one first.")

    async def _note(self, conn: Connection, actor: Person | None, action: str, user_id: int, detail: str = "") -> None:
        await sessions.note(conn, self._clock(), actor.id if actor else None, action, f"user:{user_id}", detail)

    async def _cut(self, user_id: int) -> None:
        if self._desktop:
            await self._desktop.sign_out(user_id)

    async def _reload(self) -> None:
        if self._changed:
            await self._changed()


def _manages(actor: Person | None) -> None:
    if actor is not None and not may(actor, "users.manage"):
        raise NotAllowed("Only an admin changes accounts.")


def _manages_or_is(actor: Person | None, user_id: int) -> None:
    if actor is None or actor.id != user_id:
        _manages(actor)


def _role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise Refused("no-role", f"The role is one of {', '.join(ROLES)}.")


def _login(login: str) -> str:
    found = good_login(login)
    if found is None:
        raise Refused("bad-login", "A login has letters, digits and . _ - @ only.")
    return found


def _name(name: str) -> str:
    found = good_name(name)
    if found is None:
        raise Refused("no-name", "A name is needed, of at most 120 characters.")
    return found


def _password(password: str) -> str:
    if not good_password(password):
        raise Refused("short-password", "A password has at least 10 characters.")
    return password


def _team(name: str) -> str:
    return " ".join(name.split())[:80]


def _language(language: str) -> str:
    return "en" if language == "en" else "ru"


def _one_chosen(drafts: Iterable[DeviceDraft]) -> list[DeviceDraft]:
    """At most one device is the chosen one: the first that is marked."""
    found: list[DeviceDraft] = []
    for draft in drafts:
        chosen = draft.chosen and not any(one.chosen for one in found)
        found.append(replace(draft, chosen=chosen))
    return found


__all__ = ["DeviceDraft", "DirectoryAdmin", "QueueDraft", "UserDraft"]
