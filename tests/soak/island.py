"""A network of its own for one program, joined to this machine by a cable that can be pulled. Needs root."""

from __future__ import annotations

import secrets
import shutil
import stat
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


class Island:
    """host: our end of the cable, by which the island reaches us. program: what starts a program there."""

    def __init__(self, folder: Path) -> None:
        self._name = f"trubka-{secrets.token_hex(3)}"
        self._here, self._there = f"{self._name[-6:]}-a", f"{self._name[-6:]}-b"
        number = secrets.randbelow(250) + 1
        self.host, self._address = f"10.213.{number}.1", f"10.213.{number}.2"
        self._folder = folder

    def __enter__(self) -> Self:
        ip("netns", "add", self._name)
        ip("link", "add", self._here, "type", "veth", "peer", "name", self._there, "netns", self._name)
        ip("addr", "add", f"{self.host}/24", "dev", self._here)
        ip("link", "set", self._here, "up")
        ip("-n", self._name, "addr", "add", f"{self._address}/24", "dev", self._there)
        ip("-n", self._name, "link", "set", self._there, "up")
        ip("-n", self._name, "link", "set", "lo", "up")
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        ip("link", "del", self._here)
        ip("netns", "del", self._name)

    def pull(self) -> None:
        """Take the cable out: not a packet passes, and the browser is told that it is offline."""
        ip("-n", self._name, "link", "set", self._there, "down")

    def plug(self) -> None:
        ip("-n", self._name, "link", "set", self._there, "up")

    def program(self, path: str) -> Path:
        """A file that runs a program of this machine on the island."""
        file = self._folder / "on-the-island"
        file.write_text(f'#!/bin/sh\nexec ip netns exec {self._name} {shutil.which(path) or path} "$@"\n')
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return file
