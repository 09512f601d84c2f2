"""MariaDB for the tests: a real server that a PBX's call detail records lie in, unpacked and never installed."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.errors import LabError
from lab.settings import CHECKOUT
from lab.system import bound, unpack_packages

ROOT = CHECKOUT / ".lab" / "mariadb"
READY_S = 60.0


def unpack() -> None:
    """Fill ROOT; at once when it is filled."""
    if (ROOT / ".done").is_file():
        return
    unpack_packages(ROOT, ("mariadb-server-core",))
    (ROOT / ".done").touch()


@contextmanager
def running(folder: Path, port: int) -> Iterator[None]:
    """A server on 127.0.0.1 with an empty database `asterisk`, for whoever knocks. Raises LabError."""
    if not (ROOT / ".done").is_file():
        raise LabError("No MariaDB is unpacked: make setup")
    libraries = ":".join({str(one.parent) for one in ROOT.glob("usr/lib/*/*.so.*")} | {str(ROOT / "usr/lib")})
    (folder / "data" / "asterisk").mkdir(parents=True)
    command = [
        str(ROOT / "usr/sbin/mariadbd"), "--no-defaults", "--user=root" if os.geteuid() == 0 else "--console",
        f"--datadir={folder / 'data'}", f"--socket={folder / 's'}", "--bind-address=127.0.0.1", f"--port={port}",
        f"--lc-messages-dir={ROOT / 'usr/share/mysql'}", "--skip-grant-tables", "--skip-networking=0",
        "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0",
        f"--character-sets-dir={ROOT / 'usr/share/mysql/charsets'}", "--character-set-server=utf8mb4",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            bound(command), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={"LD_LIBRARY_PATH": libraries}
        )
    try:
        _wait(server, port, folder / "log")
        yield
    finally:
        server.kill()
        server.wait()


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0) as one:
            if one.recv(1):  # its greeting
                return
        time.sleep(0.05)
    raise LabError(f"MariaDB does not start: {log.read_text(errors='replace')[-2000:]}")
