"""Files of sound as people bring them: a tone between silences, in every format."""

from __future__ import annotations

import array
import io
import math
import wave
from pathlib import Path

import av

CODECS = {"wav": "pcm_s16le", "mp3": "mp3", "ogg": "vorbis", "opus": "libopus", "flac": "flac", "m4a": "aac"}


def tone(
    *, hz: float = 440.0, seconds: float = 1.0, loud: float = 0.1, rate: int = 48000, quiet_s: float = 0.0
) -> bytes:
    """Samples of 16 bits, mono; quiet_s: of silence before and after."""
    quiet = b"\0\0" * int(quiet_s * rate)
    top, turn = loud * 32767, 2 * math.pi * hz / rate
    sung = array.array("h", (int(top * math.sin(turn * n)) for n in range(int(seconds * rate))))
    return quiet + sung.tobytes() + quiet


def as_wav(sound: bytes, rate: int = 48000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(sound)
    return file.getvalue()


def as_file(path: Path, ending: str, sound: bytes, rate: int = 48000) -> Path:
    """The sound in the format of an ending of CODECS."""
    layout = "stereo" if ending == "ogg" else "mono"  # the vorbis that writes here knows no other
    container = {"m4a": "ipod", "opus": "ogg"}.get(ending, ending)
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(CODECS[ending], rate=rate, layout=layout)
        stream.codec_context.options = {"strict": "experimental"}
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(sound) // 2)
        frame.sample_rate = rate
        frame.planes[0].update(sound.ljust(frame.planes[0].buffer_size, b"\0"))
        fifo = av.AudioFifo()
        to = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
        for piece in to.resample(frame):
            fifo.write(piece)
        size = stream.codec_context.frame_size or 1024
        while (piece := fifo.read(size, partial=True)) is not None:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return path


def hertz(sound: bytes, rate: int) -> float:
    """The pitch of a tone, by how often it passes zero upwards."""
    samples = array.array("h", sound)
    ups = [n for n in range(1, len(samples)) if samples[n - 1] < 0 <= samples[n]]
    return (len(ups) - 1) * rate / (ups[-1] - ups[0])


def read(path: Path) -> tuple[bytes, int]:
    """Samples and rate of a file that was made."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.readframes(file.getnframes()), file.getframerate()
