"""Old recordings in a store that speaks S3.

It is spoken in a thread with a loop of its own (miniopy-async signs and reads in pieces that would hold the server up).
Files are brought back into a folder of the server to be heard, by their hash, and go from there after a day.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
from miniopy_async.api import Minio
from miniopy_async.error import MinioException, S3Error

from cti.errors import ChannelError
from cti.lookups import Loop

AT_ONCE = 1 << 20
KEPT_S = 24 * 3600.0
WITHIN_S = 120.0
THREADS = 4
T = TypeVar("T")


class S3Archive:
    """A bucket, and what stands before names in it. cache: a folder of our own for what is heard."""

    def __init__(self, *, url: str, region: str, key: str, secret: str, bucket: str, prefix: str, cache: Path) -> None:
        parts = urlsplit(url)
        self._endpoint, self._is_secure = parts.netloc, parts.scheme == "https"
        self._region, self._key, self._secret = region or "us-east-1", key, secret
        self._bucket, self._prefix, self._cache = bucket, prefix.strip("/"), cache
        self._threads = ThreadPoolExecutor(THREADS, "archive")  # a store that is silent holds nobody else up

    async def put(self, source: Path, name: str, sha256: str) -> None:
        """A file is there, and reads back as it was. Raises ChannelError."""

        async def work(client: Minio) -> None:
            await client.fput_object(self._bucket, self._object(name), str(source))
            if await self._read(client, name, None) != sha256:
                await client.remove_object(self._bucket, self._object(name))
                raise ChannelError("What was stored is not what was sent, or it was changed before.", permanent=True)

        await self._ask(work)

    async def path(self, name: str, sha256: str) -> Path | None:
        """A copy of the file here; None: it is not in the store. Raises ChannelError."""
        kept = self._kept(name, sha256)
        if await asyncio.to_thread(_touched, kept):
            return kept

        async def work(client: Minio) -> Path | None:
            self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            _forget(self._cache)
            part = kept.with_name(f"{kept.name}.{os.urandom(4).hex()}.part")
            try:
                if await self._read(client, name, part) != sha256:
                    raise ChannelError("What the store gave is not what was put there.", permanent=True)
                part.replace(kept)
            except S3Error as error:
                if error.code in ("NoSuchKey", "NoSuchObject"):
                    return None
                raise
            finally:
                part.unlink(missing_ok=True)
            return kept

        return await self._ask(work)

    async def remove(self, name: str, sha256: str) -> bool:
        """Whether it is gone, here too."""

        async def work(client: Minio) -> None:
            self._kept(name, sha256).unlink(missing_ok=True)
            await client.remove_object(self._bucket, self._object(name))

        try:
            await self._ask(work)
        except ChannelError:
            return False
        return True

    def _object(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _kept(self, name: str, sha256: str) -> Path:
        return self._cache / f"{sha256}{Path(name).suffix[:8]}"

    async def _read(self, client: Minio, name: str, into: Path | None) -> str:
        """Its hash, and the file where one is wanted."""
        hashed = hashlib.sha256()
        answer = await client.get_object(self._bucket, self._object(name))
        try:
            with (into or Path(os.devnull)).open("wb") as file:
                async for piece in answer.content.iter_chunked(AT_ONCE):
                    hashed.update(piece)
                    file.write(piece)
        finally:
            answer.release()
        return hashed.hexdigest()

    async def _ask(self, work: Callable[[Minio], Awaitable[T]]) -> T:
        """Do something with the store, in a thread. Raises ChannelError."""

        async def asked() -> T:
            async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession() as session:
                client = Minio(
                    self._endpoint, self._key, self._secret, secure=self._is_secure, region=self._region,
                    session=session,
                )  # fmt: skip
                return await work(client)

        def run() -> T:
            with asyncio.Runner(loop_factory=Loop) as runner:
                return runner.run(asked())

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, run)
        except S3Error as error:
            raise ChannelError(f"The archive refused: {error.code}") from None
        except (MinioException, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise ChannelError(f"The archive does not answer: {type(error).__name__}") from None


def _touched(path: Path) -> bool:
    """Whether it is there; who was heard lately stays."""
    try:
        os.utime(path)
    except OSError:
        return False
    return True


def _forget(folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - KEPT_S:
                path.unlink()
