"""A recording made smaller: opus or mp3, in a process of its own, its length compared before it is believed.

Run as `python -m cti.sound.squeeze SOURCE TARGET KIND`: says in one line of JSON how many seconds it has read and
written, or what was wrong.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

import msgspec

from cti.errors import ChannelError
from cti.processes import ended
from cti.sound.convert import ROOT

WITHIN_S = 900.0
APART_S = 0.25  # opus begins with some silence of its own
BITS = {"opus": 24_000, "mp3": 32_000}  # a second, of one voice
CODECS = {"opus": ("ogg", "libopus"), "mp3": ("mp3", "libmp3lame")}
NAMED = {1: "mono", 2: "stereo"}  # a WAV of Asterisk names no layout, and lame takes none without a name


class Said(msgspec.Struct, frozen=True):
    """Seconds of sound that were read, and that what was written holds. wrong: why there is nothing."""

    read_s: float = 0.0
    wrote_s: float = 0.0
    wrong: str = ""


async def squeeze(source: Path, target: Path, kind: str) -> None:
    """Write a recording anew. Raises ChannelError; then there is no target."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cti.sound.squeeze", str(source), str(target), kind,
        stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, cwd=ROOT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN_S):
            line, _ = await process.communicate()
        said = msgspec.json.decode(line, type=Said)
    except (TimeoutError, msgspec.MsgspecError):
        said = Said(wrong="it took too long, or the process ended")
    finally:
        await ended(process)
    if said.wrong or abs(said.read_s - said.wrote_s) > APART_S:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise ChannelError(f"A recording cannot be converted: {said.wrong or 'its length became another'}")


def main(source: Path, target: Path, kind: str) -> Said:
    """Convert and measure."""
    import av  # here: its memory is this process's alone

    form, codec = CODECS[kind]
    read = 0.0
    try:
        with av.open(str(source), format="wav") as old, av.open(str(target), "w", format=form) as new:
            sound = old.streams.audio[0]
            layout = NAMED.get(sound.channels, sound.layout.name)
            out: Any = new.add_stream(codec, rate=sound.rate, layout=layout)
            out.bit_rate = BITS[kind] * sound.channels
            for frame in old.decode(sound):
                read += frame.samples / frame.sample_rate
                frame.pts = None
                for packet in out.encode(frame):
                    new.mux(packet)
            for packet in out.encode(None):
                new.mux(packet)
        with av.open(str(target)) as made:
            wrote = sum(frame.samples / frame.sample_rate for frame in made.decode(made.streams.audio[0]))
        with target.open("rb+") as file:
            os.fsync(file.fileno())
    except (av.FFmpegError, ValueError, IndexError, OSError) as error:
        return Said(wrong=type(error).__name__)
    return Said(read_s=read, wrote_s=wrote)


if __name__ == "__main__":
    os.nice(10)  # calls first
    sys.stdout.buffer.write(msgspec.json.encode(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
