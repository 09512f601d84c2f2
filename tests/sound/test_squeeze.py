"""Recordings as Asterisk writes them, whose WAV names no layout, become opus and mp3 of the same length."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import pytest

from cti.sound.squeeze import main
from tests.sound.made_sounds import tone


@pytest.mark.parametrize("kind", ["opus", "mp3"])
@pytest.mark.parametrize(("channels", "layout"), [(1, "mono"), (2, "stereo")])
def test_a_recording_is_as_long_as_it_was_and_at_most_half_its_size(
    tmp_path: Path, kind: str, channels: int, layout: str
) -> None:
    source, target = tmp_path / "old.wav", tmp_path / f"new.{kind}"
    with wave.open(str(source), "wb") as file:
        file.setparams((channels, 2, 8000, 0, "NONE", ""))
        file.writeframes(tone(hz=440, seconds=3 * channels, rate=8000))
    said = main(source, target, kind)
    assert (said.wrong, said.read_s) == ("", pytest.approx(3))
    assert said.wrote_s == pytest.approx(3, abs=0.1)
    assert target.stat().st_size < source.stat().st_size / 2
    with av.open(str(target)) as made:
        assert made.streams.audio[0].layout.name == layout
