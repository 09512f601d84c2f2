"""Files of a PBX that are ours: all new, or all as they were; a full disk, a cut-off, sounds that come and go."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from cti.owned_files import BEFORE, NEW, NotPlaced, OwnedFiles


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """Files may not grow above a limit of the kernel's: the second of two cannot be written."""
    folder = tmp_path / "etc"
    folder.mkdir()
    files = OwnedFiles(folder=folder, sounds=None, kept=tmp_path / "kept")
    with files.alone():
        assert sorted(files.put(1, {"trubka_a.conf": "a", "trubka_b.conf": "b"})) == ["trubka_a.conf", "trubka_b.conf"]
        files.stand()
        before = {one.name: (one.read_bytes(), one.stat().st_ino) for one in folder.glob("*.conf")}
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, limits[1]))
            with pytest.raises(NotPlaced, match="File too large"):
                files.put(2, {"trubka_a.conf": "aa", "trubka_b.conf": "b" * 100_000})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
        assert {one.name: (one.read_bytes(), one.stat().st_ino) for one in folder.glob("*.conf")} == before
        assert not list(folder.glob(f"*{NEW}"))
        assert files.on_the_way() is None


def test_the_old_files_come_back_as_they_were(tmp_path: Path) -> None:
    """Bytes, mode, and the very file; also what was not there; and again where going back was cut off too."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "trubka_a.conf").write_bytes(b"old \xff bytes")
    (folder / "trubka_a.conf").chmod(0o604)
    was = (folder / "trubka_a.conf").stat()
    files = OwnedFiles(folder=folder, sounds=None, kept=tmp_path / "kept")
    with files.alone():
        files.put(7, {"trubka_a.conf": "new", "trubka_b.conf": "b"})
        assert files.on_the_way() is not None
        os.replace(folder / f"trubka_a.conf{BEFORE}", folder / "trubka_a.conf")  # going back was cut off here
        assert sorted(files.back()) == ["trubka_a.conf", "trubka_b.conf"]
    now = (folder / "trubka_a.conf").stat()
    assert (folder / "trubka_a.conf").read_bytes() == b"old \xff bytes"
    assert (now.st_ino, now.st_mode, now.st_gid) == (was.st_ino, was.st_mode, was.st_gid)
    assert sorted(one.name for one in folder.iterdir()) == ["trubka_a.conf"]
    assert files.back() == []


def test_a_sound_that_no_plan_has_any_more_goes_and_comes_back(tmp_path: Path) -> None:
    """What we put there and is as we put it; never what is somebody else's, or what he changed."""
    store, folder = tmp_path / "store", tmp_path / "sounds"
    store.mkdir()
    sounds = {f"ru/trubka/{name}.wav": store / name for name in ("old", "new", "theirs")}
    for source in sounds.values():
        source.write_bytes(source.name.encode())
    files = OwnedFiles(folder=tmp_path, sounds=folder, kept=tmp_path / "kept")

    def put(*names: str) -> None:
        files.put(1, {}, {f"ru/trubka/{name}.wav": store / name for name in names})

    def there() -> list[str]:
        return sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())

    with files.alone():
        put("old", "theirs")
        files.stand()
        (folder / "ru/trubka/theirs.wav").write_bytes(b"another")
        (folder / "ru/trubka/foreign.wav").write_bytes(b"never ours")
        before = (folder / "ru/trubka/old.wav").stat().st_ino
        put("new")
        assert "ru/trubka/old.wav" not in there()
        assert files.differs({}, {"ru/trubka/new.wav": store / "new"}) == []
        assert files.differs({}, {"ru/trubka/old.wav": store / "old"}) == ["ru/trubka/old.wav"]
        files.back()  # it could not stay
        assert (folder / "ru/trubka/old.wav").stat().st_ino == before
        put("new")
        files.stand()
        assert there() == [f"ru/trubka/{name}.wav" for name in ("foreign", "new", "theirs")]
        put("old")  # a version of before is published again
        files.stand()
        assert there() == [f"ru/trubka/{name}.wav" for name in ("foreign", "old", "theirs")]


@pytest.mark.parametrize("name", ["extensions.conf", "../trubka_a.conf", "trubka_a.conf/x", "trubka_.conf", "x"])
def test_SEC_04_no_other_file_is_ever_written(tmp_path: Path, name: str) -> None:
    files = OwnedFiles(folder=tmp_path, sounds=tmp_path, kept=tmp_path / "kept")
    with pytest.raises(ValueError):
        files.put(1, {name: "x"})
    with pytest.raises(ValueError):
        files.put(1, {}, {f"../{name}": tmp_path / "a"})
