"""The server killed (kill -9) amid an import of the past, and amid its undo: nothing twice, nothing left."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cti.passwords import digest
from cti.storage import sessions
from lab.free_ports import free_port
from tests.features.killed import serve_and_kill
from tests.made import copied, new_database
from tests.web.panel import VERA, cast
from tests.web.test_past import call

MANY = 4_500


class Program:
    """Who drives the panel by its API. Several servers come after one another at the same port."""

    def __init__(self, folder: Path, token: str) -> None:
        self.port, self._token = free_port(), token
        self.base = sqlite3.connect(folder / "trubka.db", check_same_thread=False, timeout=30)

    def ask(self, method: str, path: str, body: bytes = b"") -> Any:
        """The answer; None while nobody listens."""
        kind = "application/octet-stream" if path.endswith("/files") else "application/json"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        url = f"http://127.0.0.1:{self.port}/api/v1/past{path}"
        request = urllib.request.Request(url, data=body or None, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read()) from error
        except OSError:
            time.sleep(0.05)  # it is asked again
            return None

    def one(self, asked: str) -> Any:
        return self.base.execute(asked).fetchone()[0]

    def killed_when(self, folder: Path, begin: Callable[[], Any], until: Callable[[], bool]) -> None:
        """A server that is asked to begin something as soon as it can, and killed at once when this holds."""
        begun = False

        def reached() -> bool:
            nonlocal begun
            begun = begun or bool(begin())
            return begun and until()

        serve_and_kill(folder, reached, port=self.port, within_s=180)


def _begin(program: Program, log: bytes) -> Any:
    """A log sent and looked at; None while nobody listens."""
    file = program.ask("POST", "/files", log)
    if file is None:
        return None
    work = program.ask("POST", "/looks", json.dumps({"files": [file["id"]]}).encode())
    while work["state"] == "running":
        time.sleep(0.05)
        work = program.ask("GET", "/work")
    assert (work["state"], work["course"]["made"]) == ("done", MANY), work
    return program.ask("POST", "/imports")


async def test_an_import_and_its_undo_outlive_a_kill_of_the_server(tmp_path: Path) -> None:
    copied(cast, tmp_path)
    db = await new_database(tmp_path)
    async with db.write() as conn:
        await sessions.add_token(conn, VERA, digest("a-token-of-vera"), "", time.time())
    await db.close()
    program = Program(tmp_path, "a-token-of-vera")
    log = "".join(call(n, agent="Anna") for n in range(MANY)).encode()

    def made() -> int:
        return int(program.one("SELECT count(*) FROM calls"))

    def row() -> Any:
        return program.base.execute("SELECT state, made, known, tries FROM past_imports").fetchone()

    await asyncio.to_thread(program.killed_when, tmp_path, lambda: _begin(program, log), lambda: made() > 0)
    assert 0 < made() < MANY
    assert row()[0] == "running"
    whole = ("done", MANY, 0, 1)

    def undone() -> Any:  # the row is done a moment before the panel has heard of it
        done = row() == whole and program.ask("GET", "/work")["state"] == "done"
        return done and program.ask("POST", "/imports/1/undo")

    await asyncio.to_thread(program.killed_when, tmp_path, undone, lambda: made() < MANY)
    assert 0 < made() < MANY
    assert row()[0] == "undoing"
    left = " + ".join(f"(SELECT count(*) FROM {one})" for one in ("calls", "legs", "call_waits"))
    await asyncio.to_thread(program.killed_when, tmp_path, lambda: True, lambda: row()[0] == "undone")
    assert program.one(f"SELECT {left}") == 0
    assert not list((tmp_path / "past").iterdir())
    program.base.close()
