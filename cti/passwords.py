"""Passwords, tokens and one-time codes: what is good enough, hashed and compared in one place.

argon2id, off the event loop, two at a time (64 MiB each). An unknown login is checked against nobody's hash, so that
it costs the same time. Guessing is slowed down per (login, address), so that a stranger elsewhere locks nobody out,
and per address, so that one machine cannot try everybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet

HASHES_AT_ONCE = 2
SHORTEST, LONGEST = 10, 1024
STEP_S = 30
MOST_WAITING = 64  # checks in the queue: about 4 s of work; more are refused instead of waited for
FREE_TRIES = 5
LONGEST_WAIT_S = 60.0
REMEMBER_S = 3600.0
MOST_REMEMBERED = 20_000
ADDRESS_TRIES, ADDRESS_TRIES_PER_S = 60.0, 0.5  # wrong ones, per address: an office behind one address still gets in


def installation_key(data: Path) -> bytes:
    """The key of secrets at rest, made once, readable by its owner only, outside the database."""
    file = data / "secrets.key"
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as new:
            new.write(Fernet.generate_key())
    return file.read_bytes()


@cache
def _nobodys() -> str:
    """A hash that no password fits, and that takes as long to check as any."""
    return PasswordHasher().hash(secrets.token_hex(16))


class Passwords:
    """One process's hasher."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._nobody = _nobodys()
        self._turn = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0

    @property
    def crowded(self) -> bool:
        """Whether too many checks wait already."""
        return self._waiting >= MOST_WAITING

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; stored None: somebody unknown, never, in the same time."""
        self._waiting += 1
        try:
            async with self._turn:
                fits = await asyncio.to_thread(self._fits, stored or self._nobody, password[:LONGEST])
        finally:
            self._waiting -= 1
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


@dataclass(kw_only=True, slots=True)
class _Tries:
    count: int = 0
    not_before: float = 0.0
    last: float = 0.0


class Guesses:
    """How often somebody may guess. A guess counts as wrong from its begin, so that guessing in parallel gains nothing.

    After FREE_TRIES wrong ones a (login, address) pair waits 1, 2, 4 ... 60 s.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pairs: dict[tuple[str, str], _Tries] = {}
        self._addresses: dict[str, tuple[float, float]] = {}  # tries left, as of when

    def begin(self, login: str, address: str) -> float:
        """0: guess; else how many seconds to wait first."""
        now, place = self._clock(), _network(address)
        tries = self._pairs.get((login, place))
        if tries and now < tries.not_before:
            return tries.not_before - now
        left = self._left(place, now)
        if left < 1:
            return (1 - left) / ADDRESS_TRIES_PER_S
        if place:  # "": whoever it is, wherever from
            self._addresses[place] = (left - 1, now)
        if tries is None:
            self._forget_old(now)
            tries = self._pairs[login, place] = _Tries()
        tries.count, tries.last = tries.count + 1, now
        if tries.count >= FREE_TRIES:
            tries.not_before = now + min(2.0 ** (tries.count - FREE_TRIES), LONGEST_WAIT_S)
        return 0.0

    def right(self, login: str, address: str) -> None:
        """It was right: nothing is held against him."""
        self._pairs.pop((login, _network(address)), None)
        self._give_back(address)

    def undecided(self, login: str, address: str) -> None:
        """It was neither (the second factor is still missing): as if he had not guessed."""
        tries = self._pairs.get((login, _network(address)))
        if tries:
            tries.count, tries.not_before = max(tries.count - 1, 0), 0.0
        self._give_back(address)

    def _give_back(self, address: str) -> None:
        now, place = self._clock(), _network(address)
        self._addresses[place] = (min(self._left(place, now) + 1, ADDRESS_TRIES), now)

    def _left(self, place: str, now: float) -> float:
        left, at = self._addresses.get(place, (ADDRESS_TRIES, now))
        return min(left + (now - at) * ADDRESS_TRIES_PER_S, ADDRESS_TRIES)

    def _forget_old(self, now: float) -> None:
        if len(self._pairs) > MOST_REMEMBERED:
            self._pairs = {key: one for key, one in self._pairs.items() if now - one.last < REMEMBER_S}
            while len(self._pairs) > MOST_REMEMBERED:
                del self._pairs[next(iter(self._pairs))]
        if len(self._addresses) > MOST_REMEMBERED:
            self._addresses = {k: v for k, v in self._addresses.items() if self._left(k, now) < ADDRESS_TRIES}


def _network(address: str) -> str:
    """The address that counts: an IPv6 customer has a whole /64 of them."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else address


def good_login(login: str) -> str | None:
    """The login as stored; None when it has other characters than letters, digits and . _ - @."""
    found = login.strip().casefold()
    fits = 1 <= len(found) <= 64 and all(letter.isalnum() or letter in "._-@" for letter in found)
    return found if fits else None


def good_name(name: str) -> str | None:
    """A name with single spaces; None when it is empty, too long or has control characters."""
    found = " ".join(name.split())
    return found if 1 <= len(found) <= 120 and found.isprintable() else None


def good_password(password: str) -> bool:
    """Long enough; length alone keeps guessing out."""
    return SHORTEST <= len(password) <= LONGEST


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
