"""People who sign in, their teams, devices and queues. Logins are stored casefolded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person, Role
from cti.storage import role_rights
from cti.storage.tables import devices, sessions, shared_desks, teams, user_queues, users
from cti.storage.tables import role_rights as rights_table


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRow:
    """A person as stored. blocked_at: UNIX s, None while he may sign in. rights: his role's row of changes, or ""."""

    id: int
    login: str
    name: str
    role: Role
    team_id: int | None
    team: str
    language: str
    theme: str
    password_hash: str | None
    totp_secret: str | None
    totp_step: int
    blocked_at: float | None
    rights: str
    keys: str

    @property
    def person(self) -> Person:
        """What rights are checked on."""
        theme = self.theme if self.theme in ("light", "dark") else "auto"
        return Person(
            id=self.id,
            login=self.login,
            name=self.name,
            role=self.role,
            team_id=self.team_id,
            language=self.language,
            theme=theme,  # type: ignore[arg-type]
            changed=role_rights.read(self.role, self.rights),
            keys=own_keys(self.keys),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenSession:
    """Of a signed-in browser, what its requests are checked against. UNIX s."""

    csrf: str
    created_at: float
    seen_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceDraft:
    """A device as an admin sets it. model: of telephony/auto_answer.py."""

    name: str
    extension: str
    kind: str = "desk"
    chosen: bool = False
    model: str = "auto"


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueDraft:
    """A queue a person works in. penalty: the PBX rings lower ones first."""

    name: str
    penalty: int = 0


_COLUMNS = (
    users.c.id,
    users.c.login,
    users.c.name,
    users.c.role,
    users.c.team_id,
    func.coalesce(teams.c.name, "").label("team"),
    users.c.language,
    users.c.theme,
    users.c.password_hash,
    users.c.totp_secret,
    users.c.totp_step,
    users.c.blocked_at,
    users.c.own_keys.label("keys"),
    func.coalesce(rights_table.c.changed, "").label("rights"),
)
_ALL = select(*_COLUMNS).select_from(
    users.outerjoin(teams, teams.c.id == users.c.team_id).outerjoin(rights_table, rights_table.c.role == users.c.role)
)
_BY_ID = _ALL.where(users.c.id == bindparam("user"))  # written once: each request asks for one of these
_OPEN_SESSION = ("csrf", "created_at", "seen_at")
_BY_SESSION = (
    _ALL.join(sessions, sessions.c.user_id == users.c.id)
    .add_columns(*(sessions.c[name] for name in _OPEN_SESSION))
    .where(sessions.c.token_hash == bindparam("hash"))
)


def own_keys(stored: str) -> dict[str, str]:
    """Keys that the person set otherwise, by action."""
    found = json.loads(stored) if stored else {}
    return {str(action): str(key) for action, key in found.items()} if isinstance(found, dict) else {}


async def every(conn: AsyncConnection) -> list[UserRow]:
    """Everybody, by name."""
    return [UserRow(**row._mapping) for row in await conn.execute(_ALL.order_by(users.c.name))]


async def by_login(conn: AsyncConnection, login: str) -> UserRow | None:
    """A person by login, whatever its case."""
    row = (await conn.execute(_ALL.where(users.c.login == login.casefold()))).one_or_none()
    return UserRow(**row._mapping) if row else None


async def by_id(conn: AsyncConnection, user_id: int) -> UserRow | None:
    """A person by id."""
    row = (await conn.execute(_BY_ID, {"user": user_id})).one_or_none()
    return UserRow(**row._mapping) if row else None


async def by_session(conn: AsyncConnection, token_hash: str) -> tuple[UserRow, OpenSession] | None:
    """Whose a session is, and what is asked of it at each request."""
    row = (await conn.execute(_BY_SESSION, {"hash": token_hash})).one_or_none()
    if row is None:
        return None
    found = dict(row._mapping)
    session = OpenSession(**{name: found.pop(name) for name in _OPEN_SESSION})
    return UserRow(**found), session


async def count(conn: AsyncConnection) -> int:
    """How many people there are."""
    return int((await conn.execute(select(func.count()).select_from(users))).scalar_one())


async def active_admins(conn: AsyncConnection) -> int:
    """How many admins may sign in."""
    admins = select(func.count()).select_from(users).where(users.c.role == "admin", users.c.blocked_at.is_(None))
    return int((await conn.execute(admins)).scalar_one())


async def add(
    conn: AsyncConnection,
    *,
    login: str,
    name: str,
    role: Role,
    password_hash: str | None,
    now: float,
    language: str = "ru",
    team_id: int | None = None,
) -> int | None:
    """A new person; None when the login is taken."""
    values = {
        "login": login.casefold(),
        "name": name,
        "role": role,
        "password_hash": password_hash,
        "language": language,
        "team_id": team_id,
        "created_at": now,
    }
    try:
        async with conn.begin_nested():
            made = await conn.execute(insert(users).values(**values))
    except IntegrityError:
        return None
    return int(made.inserted_primary_key[0]) if made.inserted_primary_key else None


async def change(conn: AsyncConnection, user_id: int, **values: object) -> None:
    """Set some of the person's columns."""
    await conn.execute(update(users).where(users.c.id == user_id).values(**values))


async def use_totp_step(conn: AsyncConnection, user_id: int, step: int) -> bool:
    """Take a one-time code's step; False when it (or a later one) was used: no code works twice."""
    taken = update(users).where(users.c.id == user_id, users.c.totp_step < step).values(totp_step=step)
    return (await conn.execute(taken)).rowcount == 1


async def devices_of(conn: AsyncConnection, user_id: int) -> list[DeviceDraft]:
    """A person's devices."""
    columns = (devices.c.name, devices.c.extension, devices.c.kind, devices.c.chosen, devices.c.model)
    rows = await conn.execute(select(*columns).where(devices.c.user_id == user_id).order_by(devices.c.id))
    return [DeviceDraft(**{**row._mapping, "chosen": bool(row.chosen)}) for row in rows]


async def set_devices(conn: AsyncConnection, user_id: int, drafts: Iterable[DeviceDraft]) -> bool:
    """Replace a person's devices; False when a device belongs to somebody else, or to everybody."""
    rows = list(drafts)
    shared = select(shared_desks.c.id).where(shared_desks.c.name.in_([row.name for row in rows])).limit(1)
    if (await conn.execute(shared)).first() is not None:
        return False
    try:
        async with conn.begin_nested():
            await conn.execute(delete(devices).where(devices.c.user_id == user_id))
            for draft in rows:
                await conn.execute(insert(devices).values(user_id=user_id, **asdict(draft)))
    except IntegrityError:
        return False
    return True


async def choose_device(conn: AsyncConnection, user_id: int, name: str) -> None:
    """The person is rung at this device of his, and at no other."""
    own = update(devices).where(devices.c.user_id == user_id)
    await conn.execute(own.values(chosen=False))
    await conn.execute(own.where(devices.c.name == name).values(chosen=True))


async def name_pbx(conn: AsyncConnection, pbx: str) -> int:
    """Devices that name no PBX become those of this one; how many there were."""
    count = 0
    for table in (devices, shared_desks):
        bare = update(table).where(table.c.name.not_like("%:%")).values(name=f"{pbx}:" + table.c.name)
        count += int((await conn.execute(bare)).rowcount)
    return count


async def queues_of(conn: AsyncConnection, user_id: int) -> list[QueueDraft]:
    """The queues a person works in."""
    columns = (user_queues.c.queue.label("name"), user_queues.c.penalty)
    rows = await conn.execute(select(*columns).where(user_queues.c.user_id == user_id).order_by(user_queues.c.queue))
    return [QueueDraft(**row._mapping) for row in rows]


async def set_queues(conn: AsyncConnection, user_id: int, drafts: Iterable[QueueDraft]) -> None:
    """Replace the queues a person works in; of two rows with one name the last counts."""
    await conn.execute(delete(user_queues).where(user_queues.c.user_id == user_id))
    for draft in {draft.name: draft for draft in drafts}.values():
        await conn.execute(insert(user_queues).values(user_id=user_id, queue=draft.name, penalty=draft.penalty))


async def devices_of_all(conn: AsyncConnection) -> dict[int, list[str]]:
    """Device names by person."""
    found: dict[int, list[str]] = {}
    for row in await conn.execute(select(devices.c.user_id, devices.c.name).order_by(devices.c.id)):
        found.setdefault(row.user_id, []).append(row.name)
    return found


async def members_of_queues(conn: AsyncConnection) -> dict[str, list[tuple[int, str, int]]]:
    """Who works in each queue, lowest penalty first: account, name, penalty."""
    asked = select(user_queues.c.queue, users.c.id, users.c.name, user_queues.c.penalty).join_from(user_queues, users)
    rows = await conn.execute(
        asked.where(users.c.blocked_at.is_(None)).order_by(user_queues.c.penalty, users.c.name)
    )  # fmt: skip
    found: dict[str, list[tuple[int, str, int]]] = {}
    for row in rows:
        found.setdefault(row.queue, []).append((row.id, row.name, row.penalty))
    return found


async def queue_names(conn: AsyncConnection) -> list[str]:
    """Every queue somebody works in."""
    return list((await conn.execute(select(user_queues.c.queue).distinct().order_by(user_queues.c.queue))).scalars())


async def team_names(conn: AsyncConnection) -> dict[int, str]:
    """Teams by id."""
    rows = await conn.execute(select(teams.c.id, teams.c.name).order_by(teams.c.name))
    return {row.id: row.name for row in rows}


async def team_id(conn: AsyncConnection, name: str) -> int | None:
    """The team of this name, made when there is none; None for an empty name."""
    if not name.strip():
        return None
    found = (await conn.execute(select(teams.c.id).where(teams.c.name == name.strip()))).scalar()
    if found is None:
        made = await conn.execute(insert(teams).values(name=name.strip()))
        found = made.inserted_primary_key[0] if made.inserted_primary_key else None
    return found


async def team_sizes(conn: AsyncConnection) -> dict[int, int]:
    """How many people each team has; teams without people are absent."""
    counted = select(users.c.team_id, func.count().label("people")).where(users.c.team_id.is_not(None))
    return {row.team_id: row.people for row in await conn.execute(counted.group_by(users.c.team_id))}


async def rename_team(conn: AsyncConnection, id_: int, name: str) -> bool | None:
    """Give a team another name; None when there is no such team, False when the name is taken."""
    try:
        async with conn.begin_nested():
            done = await conn.execute(update(teams).where(teams.c.id == id_).values(name=name))
    except IntegrityError:
        return False
    return True if done.rowcount else None


async def drop_team(conn: AsyncConnection, id_: int) -> None:
    """Delete a team; its people stay, without one."""
    await conn.execute(delete(teams).where(teams.c.id == id_))
