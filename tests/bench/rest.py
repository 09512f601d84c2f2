"""The server at rest: memory with 100,000 clients, time of its imports."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from lab.free_ports import free_port
from tests.bench import report
from tests.bench.base import CLIENTS, filled


def main() -> None:
    report("imports of the server", min(_imports() for _ in range(3)), "s", limit="< 1.5")
    folder = filled()
    try:
        resident, started = _serve(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report(f"resident at rest, {CLIENTS} clients", resident, "MiB", limit="< 150")
    report("start to a serving panel", started, "s")


def _imports() -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import cti.server"], check=True)
    return time.perf_counter() - begin


def _serve(folder: Path) -> tuple[float, float]:
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CTI_")}
    environment |= {"CTI_DATA": str(folder), "CTI_PORT": str(port)}
    begin = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "cti", "serve"], env=environment, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).read()
                break
            except OSError:
                if time.perf_counter() - begin > 30:
                    raise
        started = time.perf_counter() - begin
        for _ in range(20):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5).read()
        status = Path(f"/proc/{server.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024, started
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)
