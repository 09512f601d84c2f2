"""Files that are no logs, or were made to harm: refused in words, and nothing of them stays."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from tests.storage.test_past_tables import run
from tests.web.panel import panel
from tests.web.test_past import bring, call
from tests.web.visitor import Visitor

ZEROS = gzip.compress(b"\0" * (1 << 20))


async def test_what_is_no_log_is_refused_where_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, damaged = tmp_path / "data/past", gzip.compress("".join(call(n) for n in range(900)).encode())
    async with panel(tmp_path / "data") as running, Visitor(running, "vera") as vera:
        for name, text in {
            "photo.gz": b"PK\3\4" + bytes(range(256)) * 9, "queue_log": b"\0" * 9_000, "empty.gz": gzip.compress(b""),
            "queue_log.gz": damaged[:9] + b"\xff" * 400, "cut.gz": damaged[:12],
        }.items():  # fmt: skip
            assert await bring(vera, text, name) == 409, name
        full = type(shutil.disk_usage("/"))(total=1 << 40, used=1 << 40, free=1 << 30)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: full)
        assert await bring(vera, call(1), "queue_log") == 409
        assert not list(there.iterdir())


def test_a_command_takes_nothing_of_a_wrong_file_in(tmp_path: Path) -> None:
    (tmp_path / "queue_log").write_text(call(1))
    (tmp_path / "queue_log.1").touch()
    log = str(tmp_path / "queue_log")
    code, said = run(tmp_path, "", "cdr", log)
    assert (code, "another kind of log: cti past queue-log" in said) == (1, True), said
    (tmp_path / "queue_log.2.gz").write_bytes(gzip.compress(call(2).encode())[:-12])
    code, said = run(tmp_path, "", "queue-log", log, log + ".1", log + ".2.gz")
    assert (code, "queue_log.1: nothing in it" in said, "cannot be read" in said) == (1, True, True), said
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(call(1).encode()) + ZEROS * 80)
    code, said = run(tmp_path, "", "queue-log", "--dry-run", str(tmp_path / "bomb.gz"))
    assert (code, "more than a hundred times its size" in said) == (1, True), said
