"""Ports for programs that are started with one and listen on it a moment later, or again after they were killed.

A port that the kernel named as free is given to the next connection that somebody opens: a server that binds it a
second later finds it taken, once in some hundred starts. These lie outside the range of outgoing connections, and each
process has a block of its own for as long as it lives, so that no other test, nor another lab, is given the same.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lab.errors import LabError

BLOCK = 128
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_ONE_AT_A_TIME = threading.Lock()


def free_port() -> int:
    """A port of loopback on which nobody listens or waits, by TCP and by UDP. Raises LabError when there is none."""
    with _ONE_AT_A_TIME:
        for port in itertools.islice(_own(), BLOCK):
            if _is_free(port):
                return port
    raise LabError("All ports of this process are in use")


@cache
def _own() -> Iterator[int]:
    """Round and round this process's ports, so that one that was just let go is the last to be given again."""
    folder = Path(tempfile.gettempdir()) / f"trubka-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for first in _firsts():
        lock = os.open(folder / str(first), os.O_RDWR | os.O_CREAT, 0o600)  # open, and so locked, until we end
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return itertools.cycle(range(first, first + BLOCK))
        os.close(lock)
    raise LabError(f"Too many labs and tests run at once: see {folder}")


def _firsts() -> range:
    """Where blocks begin: under the ports of outgoing connections and over those of the lab's voice, else over them."""
    low, high = (int(text) for text in OUTGOING.read_text().split())
    return range(30_000, low - BLOCK + 1, BLOCK) or range(high + 1, 65_536 - BLOCK, BLOCK)


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: not kept by old links
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
