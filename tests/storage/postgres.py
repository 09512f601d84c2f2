"""A real PostgreSQL of our own for the tests: a private cluster on a socket, no port, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "PostgreSQL is missing for the storage tests: apt-get install postgresql"


class Cluster:
    """A running cluster; `create` makes a database and returns its URL."""

    def __init__(self, binaries: Path, folder: Path, user: str | None) -> None:
        self._binaries = binaries
        self._folder = folder
        self._user = user
        self._count = 0

    def tables(self) -> Path:
        """Where the files of tables and indexes lie, with all in them that is committed."""
        self.run("psql", "-h", str(self._folder), "-U", "trubka", "-c", "CHECKPOINT", "postgres")
        return self._folder / "data" / "base"

    def run(self, program: str, *args: str) -> None:
        """Run one of PostgreSQL's own programs as the cluster's owner (it refuses root)."""
        command = [str(self._binaries / program), *args]
        if self._user:
            command = ["runuser", "-u", self._user, "--", *command]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{program}: {done.stderr or done.stdout}"

    def create(self, *options: str) -> str:
        """A new database; options of createdb."""
        self._count += 1
        self.run("createdb", "-h", str(self._folder), "-U", "trubka", *options, self.newest)
        return f"postgresql+asyncpg://trubka@/{self.newest}?host={self._folder}"

    @property
    def newest(self) -> str:
        """The name of the database made last."""
        return f"trubka_{self._count}"


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a cluster in a folder of its own; stop and remove it at the end."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parent.parent.name))
    on_path = shutil.which("initdb")
    assert found or on_path, MISSING
    binaries = found[-1].parent if found else Path(on_path or "").parent
    folder = Path(tempfile.mkdtemp(prefix="trubka-pg-"))
    user = _unprivileged() if os.geteuid() == 0 else None
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    cluster = Cluster(binaries, folder, user)
    data = str(folder / "data")
    try:
        cluster.run("initdb", "-D", data, "-U", "trubka", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=60"
        cluster.run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield cluster
    finally:
        cluster.run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
