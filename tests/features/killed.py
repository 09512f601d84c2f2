"""The server as a process of its own, which is killed (kill -9) at a moment that a test chooses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab.free_ports import free_port


def serve_and_kill(folder: Path, reached: Callable[[], bool], *, port: int = 0, within_s: float = 60.0) -> None:
    """The server over the base in a folder, until this holds; killed at once then. port: 0: a free one."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CTI_")}
    inside = {f"CTI_{part}__INSIDE": '["127.0.0.0/8"]' for part in ("MAIL", "SMS", "ALERTS")}
    environment |= {"CTI_DATA": str(folder), "CTI_PORT": str(port or free_port()), **inside}
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen([sys.executable, "-m", "cti", "serve"], env=environment, stdout=log, stderr=log)
    deadline, came = time.monotonic() + within_s, False
    try:
        while not (came := reached()) and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.0005)
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
    assert came, (folder / "server.log").read_text()[-2000:]
