"""The whole installation in one file: made while it is used, proven, put back onto a machine that has nothing."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest
from cryptography.fernet import Fernet

from cti.cli.backup_archive import unpack, write
from cti.cli.backup_seal import CHUNK, Seal, Unseal
from cti.errors import StorageError
from cti.passwords import installation_key
from tests.cli.test_commands import cti
from tests.storage.postgres import running_cluster

PASSWORD = "длинный пароль копий"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sample data, made once."""
    data = tmp_path_factory.mktemp("sample") / "house"
    assert cti("demo", "--prepare", data=data).returncode == 0
    return data


@pytest.fixture
def house(tmp_path: Path, sample: Path) -> Path:
    """An installation with sample data and files, a password of backups and a recording."""
    data = Path(shutil.copytree(sample, tmp_path / "house"))
    (data / "files").mkdir(exist_ok=True)
    (data / "files/0f").write_bytes(b"contract")
    key = installation_key(data)
    with sqlite3.connect(data / "trubka.db") as conn:
        conn.execute("UPDATE users SET totp_secret = ? WHERE id = 1", (Fernet(key).encrypt(b"x").decode(),))
        conn.execute(
            "INSERT INTO client_files (client_id, name, media_type, size, sha256, stored, created_at)"
            " VALUES (1, 'договор.pdf', 'application/pdf', 8, 'x', '0f', 1)"
        )
    conn.close()
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "sound/2026").mkdir(parents=True)
    (tmp_path / "sound/2026/call.wav").write_bytes(b"RIFF" * 1000)
    return data


def settings(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"CTI_PBX__MAIN__SECRET": "x", "CTI_PBX__MAIN__RECORDINGS": str(tmp_path / "sound"), **more}


def made(tmp_path: Path, house: Path, *words: str, **env: str) -> Path:
    """A sealed backup of the house."""
    file = tmp_path / "copies/one.backup"
    sealed = ("--password-file", str(tmp_path / "password"))
    done = cti("backup", "make", *sealed, *words, str(file), data=house, **settings(tmp_path), **env)
    assert done.returncode == 0, done.stderr
    assert "found whole" in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["one.backup"]
    return file


def test_a_backup_comes_back_on_an_empty_machine(tmp_path: Path, house: Path) -> None:
    (tmp_path / "cti.toml").write_text('language = "en"\n')
    file = made(tmp_path, house, CTI_CONFIG=str(tmp_path / "cti.toml"))
    assert b"SQLite format" not in file.read_bytes()
    sealed = ("--password-file", str(tmp_path / "password"))
    shown = cti("backup", "verify", *sealed, str(file))
    assert (shown.returncode, "whole. Made" in shown.stdout) == (0, True), shown.stderr
    assert cti("backup", "settings", *sealed, str(file)).stdout == 'language = "en"\n'
    other, env = tmp_path / "other", settings(tmp_path, CTI_PBX__MAIN__RECORDINGS=str(tmp_path / "there"))
    back = cti("backup", "restore", *sealed, str(file), data=other, **env)
    assert back.returncode == 0, back.stderr
    for name in ("secrets.key", "files/0f"):
        assert (other / name).read_bytes() == (house / name).read_bytes()
    assert {one.name for one in (other / "letters").rglob("*")} == {one.name for one in (house / "letters").rglob("*")}
    assert (tmp_path / "there/2026/call.wav").read_bytes() == b"RIFF" * 1000
    counts = []
    for data in (house, other):
        with contextlib.closing(sqlite3.connect(data / "trubka.db")) as conn:
            counts.append(conn.execute("SELECT count(*), max(name) FROM clients").fetchone())
    assert counts[0] == counts[1]
    assert not list(other.glob(".*"))
    again = cti("backup", "restore", *sealed, str(file), data=other, **env)
    assert (again.returncode, "--replace" in again.stderr) == (1, True)
    over = cti("backup", "restore", "--replace", *sealed, str(file), data=other, **env)
    assert (over.returncode, "is kept as" in over.stdout) == (0, True), over.stderr


def test_what_is_not_whole_is_refused_and_nothing_is_touched(tmp_path: Path, house: Path) -> None:
    file = made(tmp_path, house)
    whole, sealed = file.read_bytes(), ("--password-file", str(tmp_path / "password"))
    (tmp_path / "wrong").write_text("another password")
    for name, data in {
        "cut": whole[:-100],
        "changed": whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
        "longer": whole + b"x",
        "rubbish": b"no backup at all",
    }.items():
        (tmp_path / name).write_bytes(data)
        done = cti("backup", "restore", *sealed, str(tmp_path / name), data=tmp_path / "empty")
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), (name, done.stderr)
        assert not (tmp_path / "empty/trubka.db").exists()
    for words in ((), ("--password-file", str(tmp_path / "wrong"))):
        assert cti("backup", "verify", *words, str(file)).returncode == 1
    (house / "files/0f").unlink()
    plain = cti("backup", "make", str(tmp_path / "two.backup"), data=house)
    assert (plain.returncode, "files/0f: named by the database, and not there" in plain.stderr) == (1, True)
    assert [one.suffix for one in tmp_path.glob("two.*")] == [".unproven"]
    (house / "files/0f").write_bytes(b"contract")
    (house / "secrets.key").write_bytes(Fernet.generate_key())
    keyless = cti("backup", "make", str(tmp_path / "three.backup"), data=house)
    assert not list(tmp_path.glob("*.part"))
    assert (keyless.returncode, "secrets.key" in keyless.stderr) == (1, True)


def test_a_postgresql_is_dumped_proven_and_put_back(tmp_path: Path) -> None:
    with running_cluster() as cluster:
        env = {"CTI_STORAGE__URL_FILE": str(tmp_path / "url")}
        (tmp_path / "url").write_text(cluster.create() + "\n")
        house = tmp_path / "house"
        assert cti("demo", "--prepare", data=house, **env).returncode == 0
        done = cti("backup", "make", str(tmp_path / "copies"), data=house, **env)
        assert done.returncode == 0, done.stderr
        (file,) = (tmp_path / "copies").iterdir()
        assert re.search(r", [1-9]\d{3,} rows\.", cti("backup", "verify", str(file), data=house, **env).stdout)
        torn = cti("backup", "verify", str(_with_a_client_more(file, tmp_path)), data=house, **env)
        assert (torn.returncode, bool(re.search(r"clients: \d+ rows of \d+", torn.stderr))) == (1, True)
        (tmp_path / "url").write_text(cluster.create())
        back = cti("backup", "restore", str(file), data=tmp_path / "other", **env)
        assert back.returncode == 0, back.stderr
        exported = cti("client", "export", str(tmp_path / "all.csv"), data=tmp_path / "other", **env)
        assert exported.returncode == 0, exported.stderr
        assert "Алхимов" in (tmp_path / "all.csv").read_text(encoding="utf-8-sig")


def _with_a_client_more(file: Path, tmp_path: Path) -> Path:
    """A backup that says of itself that one client more was put in than there is."""
    folder, torn = tmp_path / "unpacked", tmp_path / "torn.backup"
    said = unpack(file, "", folder, lambda _count, _size: None)
    rows = said.rows | {"clients": said.rows["clients"] + 1}
    write(
        torn,
        password="",
        files=((name, folder / name) for name in said.members),
        manifest=lambda members: msgspec.structs.replace(said, rows=rows, members=members),
        told=lambda _count, _size: None,
    )
    return torn


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_seal_opens_to_what_was_closed_and_no_chunk_can_be_left_out(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    with (tmp_path / "f").open("wb") as raw, Seal(raw, PASSWORD) as seal:
        seal.write(data[:size])
    with (tmp_path / "f").open("rb") as raw:
        opened, got = Unseal(raw, PASSWORD), b""
        while piece := opened.read(100_000):
            got += piece
    assert got == data[:size]
    if size > CHUNK:
        sealed = (tmp_path / "f").read_bytes()
        (tmp_path / "f").write_bytes(sealed[: 39 + CHUNK + 16])
        with (tmp_path / "f").open("rb") as raw, pytest.raises(StorageError, match="cut off"):
            Unseal(raw, PASSWORD).read(1)
