"""The process that converts (convert.py): decode, cut, make equally loud, write. Nothing of the source is kept.

Loudness is the mean power of what is spoken: windows of 0.4 s, of which those that are nearly silent do not count
(the gates of ITU-R BS.1770, without its weighting, which telephones do not have). Peaks stay below full scale.
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
import warnings
import wave
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from cti.limits import limited
from cti.sound.convert import LONGEST_S, Made, Said
from cti.sound.kinds import HEAD_BYTES, RAW, kind_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # from 3.13 on it is the package audioop-lts
    import audioop

MEMORY, CPU_S, LARGEST = 1 << 30, 40, 32 << 20
RATES = {"wav": 8000, "wav16": 16000}  # as Asterisk calls the files
WIDE, WIDTH = 16000, 2
LOUD_DB, PEAK_DB, MOST_GAIN_DB = -20.0, -2.0, 24.0  # of full scale
SILENT, GATE_DB, BELOW_DB = 40, -50.0, 10.0
WINDOW, EDGE = WIDE * 2 // 5 * WIDTH, WIDE // 100 * WIDTH  # bytes of 0.4 s and of 10 ms
EDGE_DB, MARGIN = 36.0, 15  # what is so far below the loudest 10 ms is no speech; 10 ms pieces that stay before it
SPOILT = 0.1  # of its packets may be unreadable: players' own marks at the ends of files are


class Unfit(Exception):
    """The code of a refusal."""


def main(source: Path, folder: Path, how: str, raw: str) -> Said:
    """What came of it."""
    try:
        with source.open("rb") as file:
            kind = RAW[raw][0] if raw else kind_of(file.read(HEAD_BYTES))
            file.seek(0)
            if kind is None:
                raise Unfit("not-a-sound")
            sound = _decoded(file, kind, RAW[raw][1] if raw else 0)
        if len(sound) < EDGE or audioop.max(sound, WIDTH) < SILENT:
            raise Unfit("sound-silent")
        whole = len(sound)
        if how == "trim":
            sound = _trimmed(sound)
        sound, gain_db = _as_loud(sound)
    except Unfit as error:
        return Said(refused=str(error))
    sha256 = hashlib.sha256(sound).hexdigest()
    for ending, rate in RATES.items():
        _write(folder / f"{sha256}.{ending}", sound if rate == WIDE else _resampled(sound, rate), rate)
    seconds, cut = len(sound) / WIDE / WIDTH, (whole - len(sound)) / WIDE / WIDTH
    return Said(made=Made(sha256=sha256, seconds=round(seconds, 2), kind=kind, gain_db=gain_db, cut_s=round(cut, 2)))


def _decoded(file: Any, kind: str, rate: int) -> bytes:
    import av  # here: its memory is this process's alone

    most, found = LONGEST_S * WIDE * WIDTH, bytearray()
    options = {"sample_rate": str(rate)} if kind in ("mulaw", "alaw", "s16le") else {}
    try:
        with av.open(file, format=kind, options=options) as container:
            if not container.streams.audio:
                raise Unfit("not-a-sound")
            to = av.AudioResampler(format="s16", layout="mono", rate=WIDE)
            for frame in _frames(container, av.FFmpegError):
                for piece in to.resample(frame):
                    found += bytes(piece.planes[0])[: piece.samples * WIDTH]
                if len(found) > most:
                    raise Unfit("sound-too-long")
            for piece in to.resample(None):
                found += bytes(piece.planes[0])[: piece.samples * WIDTH]
    except (av.FFmpegError, ValueError, MemoryError, OSError) as error:
        raise Unfit("sound-damaged") from error
    return bytes(found)


def _frames(container: Any, spoilt: type[Exception]) -> Iterator[Any]:
    """Frames of the first stream of sound; a few packets may be unreadable."""
    packets = bad = 0
    for packet in container.demux(container.streams.audio[0]):
        packets += 1
        try:
            yield from packet.decode()
        except spoilt:
            bad += 1
            if bad > 20 + packets * SPOILT:
                raise
    if bad > 1 + packets * SPOILT:
        raise Unfit("sound-damaged")


def _trimmed(sound: bytes) -> bytes:
    """Without silence before and after; a little stays, so that nothing begins abruptly."""
    powers = [audioop.rms(sound[at : at + EDGE], WIDTH) for at in range(0, len(sound), EDGE)]
    least = max(max(powers) * 10 ** (-EDGE_DB / 20), SILENT / 4)
    heard = [place for place, power in enumerate(powers) if power >= least]
    return sound[max(heard[0] - MARGIN, 0) * EDGE : (heard[-1] + 1 + MARGIN) * EDGE]


def _as_loud(sound: bytes) -> tuple[bytes, float]:
    """As loud as every other sound, and by how many dB it was changed."""
    levels = [_db(audioop.rms(sound[at : at + WINDOW], WIDTH)) for at in range(0, len(sound), WINDOW)]
    spoken = [level for level in levels if level > GATE_DB] or levels
    mean = _mean(spoken)
    level = _mean([one for one in spoken if one > mean - BELOW_DB] or spoken)
    gain = min(LOUD_DB - level, PEAK_DB - _db(audioop.max(sound, WIDTH)), MOST_GAIN_DB)
    return audioop.mul(sound, WIDTH, 10 ** (gain / 20)), round(gain, 1)


def _db(amplitude: float) -> float:
    return 20 * math.log10(max(amplitude, 1) / 32768)


def _mean(levels: list[float]) -> float:
    """Of powers, not of decibels."""
    return 10 * math.log10(sum(10 ** (level / 10) for level in levels) / len(levels))


def _resampled(sound: bytes, rate: int) -> bytes:
    import av

    frame = av.AudioFrame(format="s16", layout="mono", samples=len(sound) // WIDTH)
    frame.sample_rate = WIDE
    frame.planes[0].update(sound.ljust(frame.planes[0].buffer_size, b"\0"))
    to = av.AudioResampler(format="s16", layout="mono", rate=rate)
    pieces = [*to.resample(frame), *to.resample(None)]
    return b"".join(bytes(piece.planes[0])[: piece.samples * WIDTH] for piece in pieces)


def _write(path: Path, sound: bytes, rate: int) -> None:
    """Whole or not at all; a file of this name is this sound already."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(WIDTH)
        file.setframerate(rate)
        file.writeframes(sound)
    part.replace(path)


def _bound() -> None:
    """Limits that the system keeps."""
    os.umask(0o077)
    os.nice(5)  # calls first
    limited(memory=MEMORY, cpu_s=CPU_S, largest=LARGEST)


if __name__ == "__main__":
    _bound()
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(msgspec.json.encode(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:5])))
