"""Who is signed in where, API tokens, one-time set-up codes, and the journal of what admins did.

Only hashes of tokens are stored: a stolen database opens no door.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.tables import audit, sessions, setup_codes, tokens, users


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRow:
    """One signed-in browser."""

    token_hash: str
    user_id: int
    login: str
    csrf: str
    ip: str
    browser: str
    created_at: float
    seen_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRow:
    """One API token."""

    id: int
    user_id: int
    note: str
    created_at: float
    used_at: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRow:
    """One line of the audit journal. login: who did it, "" for the command line; object: e.g. user:7."""

    id: int
    at: float
    login: str
    action: str
    object: str
    detail: str


_SESSIONS = select(
    sessions.c.token_hash,
    sessions.c.user_id,
    users.c.login,
    sessions.c.csrf,
    sessions.c.ip,
    sessions.c.browser,
    sessions.c.created_at,
    sessions.c.seen_at,
).select_from(sessions.join(users, users.c.id == sessions.c.user_id))


async def open_session(
    conn: AsyncConnection, *, token_hash: str, user_id: int, csrf: str, ip: str, browser: str, now: float
) -> None:
    """A browser signed in."""
    row = {"token_hash": token_hash, "user_id": user_id, "csrf": csrf, "ip": ip[:45], "browser": browser[:200]}
    await conn.execute(insert(sessions).values(**row, created_at=now, seen_at=now))


async def find(conn: AsyncConnection, token_hash: str) -> SessionRow | None:
    """A session by its token's hash."""
    row = (await conn.execute(_SESSIONS.where(sessions.c.token_hash == token_hash))).one_or_none()
    return SessionRow(**row._mapping) if row else None


async def doors(conn: AsyncConnection, *, created_since: float) -> frozenset[str]:
    """Hashes of all sessions that were opened since, and of all API tokens of people who may sign in."""
    every = union_all(
        select(sessions.c.token_hash).where(sessions.c.created_at >= created_since),
        select(tokens.c.token_hash).join(users, users.c.id == tokens.c.user_id).where(users.c.blocked_at.is_(None)),
    )
    return frozenset((await conn.execute(every)).scalars())


async def of_user(conn: AsyncConnection, user_id: int | None = None) -> list[SessionRow]:
    """Open sessions, newest first; of one person or of all."""
    statement = _SESSIONS.order_by(sessions.c.seen_at.desc()).limit(500)
    if user_id is not None:
        statement = statement.where(sessions.c.user_id == user_id)
    return [SessionRow(**row._mapping) for row in await conn.execute(statement)]


async def seen(conn: AsyncConnection, token_hash: str, now: float) -> None:
    """The session was used."""
    await conn.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(seen_at=now))


async def close(conn: AsyncConnection, token_hash: str, *, user_id: int | None = None) -> None:
    """Sign one browser out. user_id: only when it is this person's."""
    statement = delete(sessions).where(sessions.c.token_hash == token_hash)
    if user_id is not None:
        statement = statement.where(sessions.c.user_id == user_id)
    await conn.execute(statement)


async def close_all(conn: AsyncConnection, user_id: int, *, but: str | None = None) -> None:
    """Sign a person out everywhere, but in one browser."""
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if but:
        statement = statement.where(sessions.c.token_hash != but)
    await conn.execute(statement)


async def close_older(conn: AsyncConnection, *, created_before: float, seen_before: float) -> None:
    """End sessions past their limits."""
    old = (sessions.c.created_at < created_before) | (sessions.c.seen_at < seen_before)
    await conn.execute(delete(sessions).where(old))


async def add_token(conn: AsyncConnection, user_id: int, token_hash: str, note: str, now: float) -> None:
    """A new API token."""
    await conn.execute(insert(tokens).values(user_id=user_id, token_hash=token_hash, note=note[:120], created_at=now))


async def find_token(conn: AsyncConnection, token_hash: str) -> TokenRow | None:
    """An API token by its hash."""
    columns = (tokens.c.id, tokens.c.user_id, tokens.c.note, tokens.c.created_at, tokens.c.used_at)
    row = (await conn.execute(select(*columns).where(tokens.c.token_hash == token_hash))).one_or_none()
    return TokenRow(**row._mapping) if row else None


async def token_used(conn: AsyncConnection, token_id: int, now: float) -> None:
    """The API token was used."""
    await conn.execute(update(tokens).where(tokens.c.id == token_id).values(used_at=now))


async def tokens_of(conn: AsyncConnection, user_id: int) -> list[TokenRow]:
    """A person's API tokens."""
    columns = (tokens.c.id, tokens.c.user_id, tokens.c.note, tokens.c.created_at, tokens.c.used_at)
    rows = await conn.execute(select(*columns).where(tokens.c.user_id == user_id).order_by(tokens.c.id))
    return [TokenRow(**row._mapping) for row in rows]


async def drop_token(conn: AsyncConnection, user_id: int, token_id: int) -> bool:
    """Revoke an API token of this person; False when he has none of this number."""
    gone = delete(tokens).where(tokens.c.id == token_id, tokens.c.user_id == user_id)
    return (await conn.execute(gone)).rowcount == 1


async def offer_code(conn: AsyncConnection, code_hash: str, expires_at: float) -> None:
    """The one valid set-up code."""
    await conn.execute(delete(setup_codes))
    await conn.execute(insert(setup_codes).values(code_hash=code_hash, expires_at=expires_at))


async def take_code(conn: AsyncConnection, code_hash: str, now: float) -> bool:
    """Use the set-up code; False when it is wrong, used or too old."""
    used = delete(setup_codes).where(setup_codes.c.code_hash == code_hash, setup_codes.c.expires_at > now)
    return (await conn.execute(used)).rowcount == 1


async def note(
    conn: AsyncConnection, at: float, user_id: int | None, action: str, thing: str = "", detail: str = ""
) -> None:
    """One line of the audit journal. detail: what was set, never a secret."""
    row = {"at": at, "user_id": user_id, "action": action, "object": thing[:120], "detail": detail[:1000]}
    await conn.execute(insert(audit).values(**row))


async def notes(conn: AsyncConnection, *, before_id: int | None = None, limit: int = 100) -> list[AuditRow]:
    """The audit journal, newest first. before_id: go on after that line."""
    who = func.coalesce(users.c.login, "").label("login")
    columns = (audit.c.id, audit.c.at, who, audit.c.action, audit.c.object, audit.c.detail)
    joined = audit.outerjoin(users, users.c.id == audit.c.user_id)
    statement = select(*columns).select_from(joined).order_by(audit.c.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(audit.c.id < before_id)
    return [AuditRow(**row._mapping) for row in await conn.execute(statement)]
