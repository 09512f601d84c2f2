"""Conversion in a process of its own: the event loop stays free, a file made to harm harms only that process.

The process may use memory, seconds and disk as BOUNDS says and is ended by the system above; it has no way to the
network in what it opens (the file is handed over as bytes, its format is named). It says one line of JSON: what it
made, or which refusal it was.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cti.errors import Refused
from cti.processes import ended

WITHIN_S = 60.0
LONGEST_S = 300
ROOT = Path(__file__).resolve().parent.parent.parent  # the process takes its code from where this comes from
REFUSALS = {
    "not-a-sound": "This is no sound: bring a WAV, MP3, OGG, FLAC or M4A file.",
    "sound-damaged": "The file of sound is damaged, or made so that it cannot be read: save it again.",
    "sound-too-long": "A sound lasts at most 5 minutes.",
    "sound-silent": "Nothing is heard in this sound.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A sound that lies in the folder as SHA256.wav and SHA256.wav16. gain_db: how much louder it was made."""

    sha256: str
    seconds: float
    kind: str
    gain_db: float
    cut_s: float


class Said(msgspec.Struct, frozen=True):
    refused: str = ""
    made: Made | None = None


async def convert(source: Path, folder: Path, *, trim: bool, raw: str = "") -> Made:
    """Make a file what the PBX plays, in `folder`. Raises Refused.

    trim: silence before and after is cut off. raw: the ending of a PBX's own file that has no head.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cti.sound.child", str(source), str(folder), "trim" if trim else "whole", raw,
        stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, cwd=ROOT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN_S):
            line, _ = await process.communicate()
        said = msgspec.json.decode(line, type=Said)
    except (TimeoutError, msgspec.DecodeError):
        said = Said(refused="sound-damaged")
    finally:
        await ended(process)
    if said.made is None:
        code = said.refused if said.refused in REFUSALS else "sound-damaged"
        raise Refused(code, REFUSALS[code])
    return said.made
