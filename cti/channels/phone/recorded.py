"""Files of recordings in a PBX's folder: looked at, measured and deleted, never outside of it and never by a link.

A file is ready when it is whole: app_mixmonitor writes the sizes into the head of a WAV when it closes it. Of a WAV of
plain samples the loudness is read too (the waveform); of other kinds it is not known. All of this waits for a disk and
belongs into a thread.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import warnings
from pathlib import Path

from cti.channels.base import Sound

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # from 3.13 on it is the package audioop-lts
    import audioop

PIECES = 400  # of a waveform
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  # 64 heights
HEAD, AT_ONCE = 44, 1 << 20
SILENT_S = 0.1  # what is shorter is a recording of nothing
WIDTH = 2


def path_of(folder: Path, file: str) -> Path | None:
    """Where a file is: a plain one inside the folder, reached without links. None: there is none."""
    try:
        root = folder.resolve(strict=True)
        path = root.joinpath(file)
        if path.resolve(strict=True) != path or not path.is_relative_to(root):
            return None
        return path if stat.S_ISREG(path.lstat().st_mode) else None
    except (OSError, ValueError, RuntimeError):
        return None


def size_of(folder: Path, file: str) -> int | None:
    """How many bytes there are now; None: no such file."""
    path = path_of(folder, file)
    try:
        return path.stat().st_size if path is not None else None
    except OSError:
        return None


def measure(folder: Path, file: str) -> Sound | None:
    """A file as it is now. None: it is not there, or went meanwhile."""
    path = path_of(folder, file)
    if path is None:
        return None
    try:
        with path.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            hashed = hashlib.sha256()
            while part := opened.read(AT_ONCE):
                hashed.update(part)
            opened.seek(0)
            rate, channels, begins, told = _head(opened.read(AT_ONCE))
            if not rate:
                return Sound(size=size, sha256=hashed.hexdigest(), is_empty=size == 0, is_whole=size > 0)
            frames = max(size - begins, 0) // (WIDTH * channels)
            opened.seek(begins)
            step = max(frames // PIECES, 1) * WIDTH * channels
            pieces = min(frames, PIECES)
            peaks = "".join(_letter(audioop.max(_whole(opened.read(step)), WIDTH)) for _ in range(pieces))
    except OSError:
        return None
    seconds = round(frames / rate, 2)
    return Sound(
        size=size, sha256=hashed.hexdigest(), duration_s=seconds, peaks=peaks, is_empty=seconds < SILENT_S,
        is_whole=told == size - begins,
    )  # fmt: skip


def remove(folder: Path, file: str) -> bool:
    """Delete a file: whether it is gone. One that is not there is; a folder that cannot be read says nothing."""
    path = path_of(folder, file)
    try:
        if path is not None:
            path.unlink()
            return True
        return folder.is_dir() and not os.path.lexists(folder / file)
    except OSError:
        return False


def _head(head: bytes) -> tuple[int, int, int, int]:
    """Rate, channels, where the samples begin and how many bytes they are said to be, of a WAV of 16-bit samples;
    zeros: it is none."""
    nothing = 0, 0, 0, 0
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return nothing
    at, rate, channels = 12, 0, 0
    while at + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, at)
        if name == b"fmt " and at + 24 <= len(head):
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at + 8)
            if kind != 1 or bits != 8 * WIDTH or not 1 <= channels <= 2 or not 1000 <= rate <= 192_000:
                return nothing
        if name == b"data":
            return rate, channels, at + 8, length
        at += 8 + length + length % 2
    return nothing


def _whole(piece: bytes) -> bytes:
    return piece[: len(piece) // WIDTH * WIDTH]


def _letter(peak: int) -> str:
    """A height; half of full scale fills three quarters of it, as it sounds."""
    return LETTERS[min(round((peak / 32768) ** 0.5 * 63), 63)]
