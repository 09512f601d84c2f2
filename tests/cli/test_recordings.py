"""`cti recordings verify`: a file changed by one byte, one lost, a hash that somebody set right afterwards."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cti.channels.phone.recorded import measure
from cti.cli import cti
from cti.storage import recordings
from cti.storage.recording_tables import recording_chain
from cti.storage.recording_tables import recordings as table
from tests.made import new_database


async def kept(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four recordings as the registry has found them, the last of them erased since."""
    db = await new_database(tmp_path)
    async with db.write() as conn:
        for place, name in enumerate(("a.wav", "b.wav", "c.wav", "gone.wav")):
            (folder / name).write_bytes(f"sound {name}".encode())
            await recordings.begin(conn, f"c{place}", "main", name, float(place), announced=True, demanded=False)
            (row,) = await recordings.of_call(conn, f"c{place}")
            sound = measure(folder, name)
            assert sound is not None
            told = {"size": sound.size, "sha256": sound.sha256, "duration_s": None, "peaks": "", "ended_at": 9.0}
            await recordings.found(conn, row.id, **told, day=f"2026-11-2{place}")
        await conn.execute(table.update().where(table.c.file == "gone.wav").values(state="deleted", why="erased"))
    (folder / "gone.wav").unlink()
    await db.close()
    for name, value in (("DATA", tmp_path), ("PBX__MAIN__RECORDINGS", folder), ("PBX__MAIN__SECRET", "x")):
        monkeypatch.setenv(f"CTI_{name}", str(value))


async def put_away(folder: Path, tmp_path: Path, name: str) -> Path:
    """One lies in the archive from now on; the PBX's folder in it."""
    away = tmp_path / "away/main"
    away.mkdir(parents=True)
    (folder / name).rename(away / name)
    db = await new_database(tmp_path)
    async with db.write() as conn:
        await conn.execute(table.update().where(table.c.file == name).values(archived_at=9.0))
    await db.close()
    return away


async def test_what_was_changed_or_lost_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "monitor"
    folder.mkdir()
    await kept(folder, tmp_path, monkeypatch)

    async def verify(*more: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner().invoke, cti, ["recordings", "verify", *more])
        return done.exit_code, done.output

    status, said = await verify()
    assert status == 0
    assert re.fullmatch(
        r"3 recordings compared, 0 faults; the chain ends with No. 4 of 2026-11-23: [0-9a-f]{64}.\n", said
    )
    away = await put_away(folder, tmp_path, "c.wav")
    assert "2026-11-22: main: c.wav: is in the archive, which is not in the settings" in (await verify())[1]
    monkeypatch.setenv("CTI_RECORDINGS__MOVE_TO", str(away.parent))
    assert (await verify())[1] == said
    (away / "c.wav").write_bytes(b"sound C.wav")
    assert "2026-11-22: main: c.wav: was changed" in (await verify())[1]
    (away / "c.wav").write_bytes(b"sound c.wav")
    (folder / "a.wav").write_bytes(b"sound A.wav")
    (folder / "b.wav").unlink()
    status, said = await verify()
    assert status == 1
    assert "2026-11-20: main: a.wav: was changed" in said
    assert "2026-11-21: main: b.wav: is lost" in said
    assert (await verify("--since", "2026-11-22"))[0] == 0
    db = await new_database(tmp_path)
    sound = measure(folder, "a.wav")
    assert sound is not None
    async with db.write() as conn:  # somebody makes the changed file right
        for one in (
            recording_chain.update().where(recording_chain.c.id == 1),
            table.update().where(table.c.call_id == "c0"),
        ):
            await conn.execute(one.values(sha256=sound.sha256))
    await db.close()
    assert "the chain is broken at No. 1" in (await verify())[1]
