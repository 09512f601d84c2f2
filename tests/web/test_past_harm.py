"""Files that are no logs, or were made to harm, and a command that takes the past in at the same time as the panel."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

from cti.past_parts import turn_of
from tests.storage.test_past_tables import run
from tests.web.panel import panel, until
from tests.web.test_past import bring, call, choose, over, stored
from tests.web.visitor import Visitor
from web.pages.settings_past import HERE

ZEROS = gzip.compress(b"\0" * (1 << 20))


async def test_what_is_no_log_is_refused_in_words_and_one_import_waits_for_another(tmp_path: Path) -> None:
    there, damaged = tmp_path / "data/past", gzip.compress("".join(call(n) for n in range(900)).encode())
    async with panel(tmp_path / "data") as running, Visitor(running, "vera") as vera:
        for name, text in {
            "photo.gz": b"PK\3\4" + bytes(range(256)) * 9, "queue_log": b"\0" * 9_000, "empty.gz": gzip.compress(b""),
            "queue_log.gz": damaged[:9] + b"\xff" * 400, "cut.gz": damaged[:12],
        }.items():  # fmt: skip
            assert await bring(vera, text, name) == 409, name
        assert not list(there.iterdir())
        runs = running.services.past_runs
        assert await bring(vera, gzip.compress(call(1).encode()) + ZEROS * 80, "bomb.gz") == 201  # it begins as a log
        await choose(vera, [one.id for one in runs.waiting_of(4)])
        await until(lambda: not runs.running, within_s=180, why="it is looked at")
        assert (await vera.get(HERE)).says("more than a hundred times its size"), runs.work
        assert (await vera.post(HERE + "/take")).status == 409
        await vera.post(f"{HERE}/files/{runs.waiting_of(4)[0].id}/delete")
        assert (await stored(running), list(there.iterdir())) == ([], [])

        (tmp_path / "queue_log").write_text(call(2))
        words = ("queue-log", str(tmp_path / "queue_log"))
        await bring(vera, call(1), "queue_log")
        await choose(vera, [one.id for one in runs.waiting_of(4)])
        await over(running)
        async with turn_of(running.services.database, there):
            await vera.post(HERE + "/take")
            await until(lambda: runs.work and runs.work.waits, within_s=180, why="it waits")
            assert (await vera.get(HERE)).says("It waits")
            code, said = await asyncio.to_thread(run, tmp_path / "data", "", *words)
            assert (code, "is taken in just now" in said, said.count("\n")) == (1, True, 1), said
        assert (await over(running))["made"] == 1
        code, said = await asyncio.to_thread(run, tmp_path / "data", "", *words)
        assert (code, "1 calls taken in" in said) == (0, True), said
        assert len(await stored(running)) == 2


def test_a_command_takes_nothing_of_a_wrong_file_in(tmp_path: Path) -> None:
    (tmp_path / "queue_log").write_text(call(1))
    (tmp_path / "queue_log.1").touch()
    log = str(tmp_path / "queue_log")
    code, said = run(tmp_path, "", "cdr", log)
    assert (code, "another kind of log: cti past queue-log" in said) == (1, True), said
    (tmp_path / "queue_log.2.gz").write_bytes(gzip.compress(call(2).encode())[:-12])
    code, said = run(tmp_path, "", "queue-log", log, log + ".1", log + ".2.gz")
    assert (code, "queue_log.1: nothing in it" in said, "cannot be read" in said) == (1, True, True), said
