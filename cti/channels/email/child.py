"""The process that reads letters: its limits, its questions in the order they come, and the folder of letters' files.

It may use a gigabyte of memory, and as many seconds for a letter as `reader.py` gives it; the system ends it a little
later by itself, should nobody be left who does. It answers A, L where it has grown and is to be replaced, D where the
disk fails, E for a letter it cannot read: a code, and nothing of the letter.
"""

from __future__ import annotations

import gc
import hashlib
import os
import resource
import secrets
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from cti.channels.email.codec import read_letter
from cti.channels.email.frames import LETTER_BYTES, Asked, framed, next_frame
from cti.channels.email.showing import shown
from cti.limits import limited

MEMORY_MOST = 1 << 30
GROWN_BYTES = 200 << 20
ALONE_S = 12


class Files:
    """The folder of letters' files: aa/<sha256>, written beside and put in place at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> str:
        """Keep a file; its sha256. One that is there already is marked as used now."""
        sha256 = hashlib.sha256(content).hexdigest()
        place = self._folder / sha256[:2] / sha256
        with suppress(FileNotFoundError):
            os.utime(place)
            return sha256
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = place.with_name(f".{secrets.token_hex(8)}")
        try:
            with beside.open("xb") as file:
                file.write(content)
            beside.replace(place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        return sha256


def main(folder: Path, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until nobody asks any more."""
    _bound()
    files = Files(folder)
    answers.write(b"!")
    answers.flush()
    while (frame := next_frame(questions)) is not None:
        signal.alarm(ALONE_S)
        kind, body = _answer(msgspec.msgpack.decode(frame[1], type=Asked), files)
        signal.alarm(0)
        if kind == b"A" and _resident() > GROWN_BYTES:
            kind = b"L"
        answers.write(framed(kind, body))
        answers.flush()


def _resident() -> int:
    """Bytes of memory now. (ru_maxrss would begin with what the server had when it started this process.)"""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def _bound() -> None:
    """Limits that the system keeps."""
    os.umask(0o077)
    os.nice(5)  # calls first
    limited(memory=MEMORY_MOST)
    gc.freeze()


def _answer(asked: Asked, files: Files) -> tuple[bytes, bytes]:
    """What came of a question. Whatever a letter does to the code that reads it ends here."""
    try:
        if asked.show is not None:
            return b"A", msgspec.msgpack.encode(shown(**msgspec.structs.asdict(asked.show)))
        with Path(asked.read).open("rb") as file:
            raw = file.read(LETTER_BYTES + 1)
            size = os.fstat(file.fileno()).st_size
        return b"A", msgspec.msgpack.encode(read_letter(raw, files.keep, size=size, now=time.time()))
    except MemoryError:
        code = "memory"
    except OSError as error:
        return b"D", msgspec.msgpack.encode(str(error.strerror))
    except Exception as error:  # noqa: BLE001 - letters make bugs show that nobody knew of
        code = f"letter:{type(error).__name__}"
    return b"E", msgspec.msgpack.encode(code)


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
