"""Sounds that people bring become what an Asterisk plays, equally loud; what is none is refused in words."""

from __future__ import annotations

import math
import os
import random
import time
from pathlib import Path

import pytest

from cti.errors import Refused
from cti.sound.convert import REFUSALS, convert
from cti.sound.kinds import HEAD_BYTES, kind_of
from tests.sound.made_sounds import CODECS, as_file, as_wav, hertz, read, tone


def level_db(sound: bytes) -> float:
    samples = memoryview(sound).cast("h")
    return 10 * math.log10(sum(one * one for one in samples) / len(samples) / 32768**2)


@pytest.mark.parametrize("ending", CODECS)
async def test_every_format_becomes_the_same_sound(tmp_path: Path, ending: str) -> None:
    source = as_file(tmp_path / "brought", ending, tone(quiet_s=1.0, loud=0.02))
    made = await convert(source, tmp_path, trim=True)
    assert made.kind == kind_of(source.read_bytes()[:HEAD_BYTES])
    assert 0.95 < made.seconds < 1.5, "silence before and after is cut off"
    for name, rate in (("wav", 8000), ("wav16", 16000)):
        sound, known = read(tmp_path / f"{made.sha256}.{name}")
        assert known == rate
        assert abs(len(sound) / 2 / rate - made.seconds) < 0.02
        middle = sound[len(sound) // 3 & ~1 : len(sound) // 3 * 2 & ~1]
        assert abs(hertz(middle, rate) - 440) < 2
        assert abs(level_db(middle) - -20) < 1.5


async def test_whole_leaves_the_silence(tmp_path: Path) -> None:
    source = tmp_path / "brought"
    source.write_bytes(as_wav(tone(quiet_s=1.0)))
    assert (await convert(source, tmp_path, trim=False)).seconds == 3.0


def hostile() -> dict[str, tuple[bytes, str]]:
    """Name -> bytes, code of the refusal ("" for any of them)."""
    good = as_wav(tone(seconds=0.2))
    noise = random.Random(1).randbytes(20_000)
    return {
        "empty": (b"", "not-a-sound"),
        "a page": (b"<html><script>alert(1)</script></html>", "not-a-sound"),
        "a picture": (b"\x89PNG\r\n\x1a\n" + noise, "not-a-sound"),
        "a call file": (b"Channel: PJSIP/101\nApplication: System\nData: id\n", "not-a-sound"),
        "a play list": (b"#EXTM3U\nhttp://127.0.0.1/\nfile:///etc/passwd\n", "not-a-sound"),
        "a list of files": (b"ffconcat version 1.0\nfile /etc/passwd\n", "not-a-sound"),
        "a program": (b"\x7fELF" + noise, "not-a-sound"),
        "head alone": (good[:40], ""),
        "noise behind a head": (good[:12] + noise, ""),
        "flac that is noise": (b"fLaC" + noise, ""),
        "ogg that is noise": (b"OggS" + noise, ""),
        "mp3 that is noise": (b"ID3" + noise, ""),
        "mov that is noise": (b"\0\0\0\x18ftypM4A " + noise, ""),
        "silence": (as_wav(b"\0\0" * 8000, 8000), "sound-silent"),
        "no samples": (as_wav(b""), ""),
    }


@pytest.mark.parametrize("name", hostile())
async def test_SEC_38_what_is_no_sound_is_refused_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    content, code = hostile()[name]
    source = tmp_path / "brought.call"
    source.write_bytes(content)
    with pytest.raises(Refused) as refused:
        await convert(source, tmp_path, trim=True)
    assert refused.value.code == code or (not code and refused.value.code in REFUSALS)
    assert os.listdir(tmp_path) == ["brought.call"]


async def test_a_sound_of_hours_in_few_bytes_is_refused_soon(tmp_path: Path) -> None:
    source = as_file(tmp_path / "brought", "flac", bytes(2 * 8000 * 3600), 8000)
    assert source.stat().st_size < 700_000
    began = time.monotonic()
    with pytest.raises(Refused, match="at most 5 minutes"):
        await convert(source, tmp_path, trim=True)
    assert time.monotonic() - began < 10


async def test_a_file_that_is_a_page_behind_a_sound_leaves_its_sound_alone(tmp_path: Path) -> None:
    source = tmp_path / "brought"
    source.write_bytes(as_wav(tone(quiet_s=0.1)) + b"<script>alert(1)</script>" + os.urandom(64))
    made = await convert(source, tmp_path, trim=True)
    assert b"script" not in (tmp_path / f"{made.sha256}.wav").read_bytes()


async def test_a_file_of_the_pbx_without_a_head_is_read_by_its_ending(tmp_path: Path) -> None:
    source = tmp_path / "beep.sln"
    source.write_bytes(tone(rate=8000, quiet_s=0.1))
    assert (await convert(source, tmp_path, trim=True, raw="sln")).kind == "s16le"
