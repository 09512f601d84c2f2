"""Passwords, tokens and one-time codes: hashed, compared and made in one place.

argon2id, off the event loop, two at a time (64 MiB each). An unknown login is checked against nobody's hash, so that
it costs the same time.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHES_AT_ONCE = 2
LONGEST = 1024
STEP_S = 30


class Passwords:
    """One process's hasher."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))
        self._turn = asyncio.Semaphore(HASHES_AT_ONCE)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; stored None: somebody unknown, never, in the same time."""
        async with self._turn:
            fits = await asyncio.to_thread(self._fits, stored or self._nobody, password[:LONGEST])
        return fits and stored is not None

    async def hash(self, password: str) -> str:
        """What is stored of a password."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def digest(token: str) -> str:
    """What is stored of a random token."""
    return hashlib.sha256(token.encode()).hexdigest()


def totp_step(secret: str, code: str, now: float) -> int | None:
    """The step of 30 s a code belongs to, one step of drift either way; None when it fits none."""
    totp, wanted = pyotp.TOTP(secret), code.strip().replace(" ", "")
    for step in (int(now) // STEP_S + drift for drift in (0, -1, 1)):
        if secrets.compare_digest(totp.at(step * STEP_S).encode(), wanted.encode()):
            return step
    return None
