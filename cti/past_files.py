"""Files of a PBX's logs: what each is, which comes first, and their lines as those of one log."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, cast

from cti.errors import Refused
from cti.features.past import of_lines, texts_of
from cti.telephony import cdr, queue_log
from cti.telephony.past_logs import CDR, QUEUE_LOG, Course

LOOKED_AT = 200  # lines by which a file is known
ZIPPED = b"\x1f\x8b"
UNPACKED_MOST = 100  # times its size: a log unpacks to ten or twenty times of it
UNPACKED_ANYWAY = 64 << 20  # bytes that a small file may unpack to
LATE_S = {
    QUEUE_LOG: 0.0,
    CDR: 6 * 3600.0,
}  # records are written when calls end: the next may have begun so long before


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFile:
    """A file. kind: queue-log or cdr; begins: the time of its first line that can be read; size: bytes."""

    path: Path
    kind: str
    begins: float
    size: int


def known(path: Path, zone: tzinfo) -> LogFile:
    """What a file is. zone: of the PBX's clock. Raises Refused: it cannot be read, or is no log."""
    reader = cdr.Reader(zone)
    try:
        with plain(path) as lines:
            for raw in islice(_lines(lines), LOOKED_AT):
                text = cdr.decoded(raw)
                line = queue_log.read(text)
                row = reader.line(text) if line is None else None
                if line is not None or row is not None:
                    kind, begins = (QUEUE_LOG, line.at) if line else (CDR, row.began if row else 0.0)
                    return LogFile(path=path, kind=kind, begins=begins, size=path.stat().st_size)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(error) from error
    raise Refused("past-unknown", "This is neither a queue log nor call detail records: no line of it can be read.")


def unreadable(error: Exception) -> Refused:
    """What is said of a file that cannot be read."""
    return Refused("past-file", f"The file cannot be read: {error}.")


def plain(path: Path) -> IO[bytes]:
    """Its bytes, unpacked where it is packed."""
    with path.open("rb") as file:
        zipped = file.read(len(ZIPPED)) == ZIPPED
    return cast(IO[bytes], gzip.open(path)) if zipped else path.open("rb")


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Its lines; of one without an end, pieces: it would fill the memory."""
    return iter(partial(file.readline, cdr.LINE_MOST + 1), b"")


async def pages(
    files: Sequence[LogFile], course: Course, read: Callable[[int], None] = lambda size: None
) -> AsyncIterator[Sequence[str]]:
    """The lines of files of one kind, the older first; an empty page stands before one that does not follow on.

    course: of whoever reads them; read: is told how many bytes are read. Raises Refused.
    """
    before = 0
    for one in sorted(files, key=lambda file: file.begins):
        if course.last_at is not None and one.begins < course.last_at - LATE_S[one.kind]:
            yield []
        try:
            with plain(one.path) as lines:
                raw = lines.fileobj if isinstance(lines, gzip.GzipFile) else lines
                async for page in of_lines(texts_of(_lines(lines))):
                    read(before + raw.tell())
                    if raw is not lines and lines.tell() > max(UNPACKED_MOST * raw.tell(), UNPACKED_ANYWAY):
                        raise Refused("past-bomb", "It unpacks to more than a hundred times its size: it is no log.")
                    yield page
        except (OSError, EOFError, zlib.error, MemoryError) as error:
            raise unreadable(error) from error
        before += one.size
