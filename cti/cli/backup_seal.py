"""A stream that is read with a password alone: chunks under AES-256-GCM, each bound to its place and to being the last.

The scheme is STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015): a nonce is prefix, number of the chunk, whether it is
the last. So a chunk that was changed, moved, left out or cut off at the end is found. The key comes of the password by
scrypt.
"""

from __future__ import annotations

import hashlib
import io
import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cti.errors import StorageError

MAGIC = b"TRUBKA-SEALED-1\n"
SALT, PREFIX, TAG = 16, 7, 16
CHUNK = 1 << 20
SCRYPT_N = 1 << 16  # 64 MiB and a quarter of a second for each guess
SHORTEST = 12  # characters of a password


def _key(password: str, salt: bytes) -> AESGCM:
    made = hashlib.scrypt(password.encode(), salt=salt, n=SCRYPT_N, r=8, p=1, maxmem=1 << 27, dklen=32)
    return AESGCM(made)


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def is_sealed(file: IO[bytes]) -> bool:
    """Whether a file begins as a sealed one does; it stands at its beginning afterwards."""
    head = file.read(len(MAGIC))
    file.seek(0)
    return head == MAGIC


class Seal(io.RawIOBase):
    """What is written comes out sealed; whole only after close()."""

    def __init__(self, to: IO[bytes], password: str) -> None:
        if len(password) < SHORTEST:
            raise StorageError("The password of backups is too short", advice=f"Take at least {SHORTEST} characters.")
        salt, self._prefix = os.urandom(SALT), os.urandom(PREFIX)
        self._to, self._box, self._held, self._number = to, _key(password, salt), bytearray(), 0
        to.write(MAGIC + salt + self._prefix)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._held += data
        while len(self._held) > CHUNK:
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._put(bytes(self._held), last=True)
        super().close()

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._to.write(self._box.encrypt(_nonce(self._prefix, self._number, last), piece, None))
        self._number += 1


class Unseal(io.RawIOBase):
    """Reads what a Seal wrote. Raises StorageError: another password, or the file is damaged."""

    def __init__(self, source: IO[bytes], password: str) -> None:
        source.read(len(MAGIC))
        salt, self._prefix = source.read(SALT), source.read(PREFIX)
        self._source, self._box = source, _key(password, salt)
        self._next, self._number, self._held = source.read(CHUNK + TAG), 0, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if not self._held and self._next:
            piece, self._next = self._next, self._source.read(CHUNK + TAG)
            try:
                self._held = self._box.decrypt(_nonce(self._prefix, self._number, not self._next), piece, None)
            except InvalidTag:
                raise StorageError(
                    "The backup cannot be opened: another password, or it is damaged or cut off",
                    advice="Give the password that it was made with, or take another backup.",
                ) from None
            self._number += 1
        size = len(self._held) if size < 0 else size
        given, self._held = self._held[:size], self._held[size:]
        return given
