"""A file of any length from rows that are read meanwhile: a part is in memory, never all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def fed(parts: AsyncIterator[Sequence[T]], write: Callable[[Iterable[T]], Any]) -> None:
    """Call `write` in a thread with what comes in parts; an empty part is the end."""
    loop = asyncio.get_running_loop()

    async def following() -> Sequence[T]:
        return await anext(parts, [])  # CPython 3.11 takes a tuple for arguments of StopIteration

    def found() -> Iterator[T]:
        while some := asyncio.run_coroutine_threadsafe(following(), loop).result():
            yield from some

    await asyncio.to_thread(write, found())
