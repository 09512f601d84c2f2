"""How much memory the server has and may have; when it gets tight, what is only kept handy is let go.

The limit is the smallest of the control group's (systemd's MemoryMax= and MemoryHigh=), of every group above it, and of
RLIMIT_AS; with none there is nothing to do. Source: cgroup v2, Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
import gc
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog

LOOK_S = 5.0
TIGHT = 0.8  # of the limit
SAY_EVERY_S = 600.0
OURS = ("cti", "web", "dialplan")
PAGE = resource.getpagesize()
GROUPS = Path("/sys/fs/cgroup")
M_ARENA_MAX = -8  # of mallopt(3), glibc's alone
ARENAS = 2

log = structlog.get_logger()


def few_arenas() -> None:
    """Before threads are begun: glibc would give each of them a heap of its own (64 MiB reserved) and
    keep what was freed in it. Python's threads take turns anyway, so that few heaps cost no time.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(M_ARENA_MAX, ARENAS)


def used(*, address_space: bool = False) -> int:
    """Bytes of memory in use (resident), or all that is mapped."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0 if address_space else 1]) * PAGE


def limits(groups: Path = GROUPS, own: Path = Path("/proc/self/cgroup")) -> tuple[int, int]:
    """(bytes resident, bytes mapped) that this process may have; 0: no limit."""
    found = []
    try:
        name = next(line for line in own.read_text(encoding="ascii").splitlines() if line.startswith("0::"))[3:].strip(
            "/"
        )
    except (OSError, StopIteration):
        name = ""
    group = groups / name
    for folder in (group, *group.parents):
        for file in ("memory.max", "memory.high"):
            try:
                text = (folder / file).read_text(encoding="ascii").strip()
            except OSError:
                continue
            found += [int(text)] if text.isdecimal() else []
        if folder == groups:
            break
    mapped = resource.getrlimit(resource.RLIMIT_AS)[0]
    return min(found, default=0), 0 if mapped == resource.RLIM_INFINITY else mapped


def shed() -> int:
    """Empty every cache of functions of ours, collect garbage, give free memory back to the system; returns how many
    entries went. About 0.1 s: off the loop. Caches without a limit stay: the program cannot do without what they hold.
    """
    count = 0
    for name, module in list(sys.modules.items()):  # the collector lists none: what was built is frozen
        for one in list(vars(module).values()) if name.partition(".")[0] in OURS else ():
            if isinstance(one, functools._lru_cache_wrapper) and one.cache_parameters()["maxsize"] is not None:
                count += one.cache_info().currsize
                one.cache_clear()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return count


class Memory:
    """Watches the process. shed_count: how often it had to let go."""

    def __init__(self, *, limits: Callable[[], tuple[int, int]] = limits) -> None:
        self._limits = limits
        self.shed_count = 0
        self._said_at = float("-inf")

    def tight(self) -> bool:
        """Whether more than four fifths of what it may have is taken."""
        resident, mapped = self._limits()
        return bool(resident and used() > TIGHT * resident) or bool(
            mapped and used(address_space=True) > TIGHT * mapped
        )

    async def watch(self) -> None:
        """Look, and let go when it is tight, until cancelled."""
        while True:
            if self.tight():
                before = used()
                entries = await asyncio.to_thread(shed)
                self.shed_count += 1
                if time.monotonic() - self._said_at > SAY_EVERY_S:
                    self._said_at = time.monotonic()
                    log.warning(
                        "memory is tight: caches were emptied", entries=entries, mib=before >> 20, now_mib=used() >> 20
                    )
            await asyncio.sleep(LOOK_S)


def for_many_rows() -> None:
    """Of a process that reads or writes rows by the thousand: they leave no circles, and looking for them would cost a
    third of its time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
