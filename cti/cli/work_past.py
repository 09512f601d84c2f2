"""The PBX's logs of a time that nobody watched, read in the process behind `cti/jobs.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cti.features.past import of_lines, texts_of
from cti.past_parts import log_of, past_of, sources, zone_of
from cti.settings import Settings
from cti.storage import past_source
from cti.storage.database import Database
from cti.telephony import queue_log
from cti.telephony.cdr import Reader, decoded
from cti.telephony.past_logs import CDR, QUEUE_LOG

BEFORE_S = 6 * 3600.0  # a call that ended in a time may have begun so long before
NEAR_BYTES = 64 * 1024


async def fill(db: Database, job: Mapping[str, Any]) -> int | None:
    """Calls found; None where no source could be read."""
    settings = Settings.model_validate(job["settings"])
    pbx, since, until = job["pbx"], job["since"], job["until"]
    own, found, read = settings.pbx[pbx].past, 0, 0
    for kind, path in ((QUEUE_LOG, own.queue_log), (CDR, own.cdr)):
        for file in _files(path, since):
            lines = texts_of(_since(file, since - BEFORE_S, _time_of(settings, pbx, kind)))
            past, log = past_of(db, settings, pbx), log_of(settings, pbx, kind)
            _, course = await past.take_in(log, file.name, of_lines(lines), span=(since, until))
            found, read = found + course.made + course.filled, read + 1
    for one in sources(settings, pbx):
        past, log = past_of(db, settings, pbx), log_of(settings, pbx, one.kind)
        pages = past_source.pages(one, since - BEFORE_S, until + BEFORE_S)
        _, course = await past.take_in(log, one.name, pages, span=(since, until))
        found, read = found + course.made + course.filled, read + 1
    return found if read else None


def _files(path: Path | None, since: float) -> list[Path]:
    """The log and the one before it, where that was still written to in this time; the older first."""
    if path is None:
        return []
    both = (path.with_name(path.name + ".1"), path)
    return [one for one in both if one.is_file() and one.stat().st_mtime >= since]


def _time_of(settings: Settings, pbx: str, kind: str) -> Callable[[bytes], float | None]:
    reader = Reader(zone_of(settings, pbx))

    def time_of(line: bytes) -> float | None:
        if kind == QUEUE_LOG:
            found = queue_log.read(decoded(line))
            return found.at if found else None
        row = reader.line(decoded(line))
        return row.ended if row else None

    return time_of


def _since(file: Path, since: float, time_of: Callable[[bytes], float | None]) -> Iterator[bytes]:
    """Lines of a file that is in the order of time, from about this time on: it is not read from its beginning."""
    with file.open("rb") as lines:
        low, high = 0, file.stat().st_size
        while high - low > NEAR_BYTES:
            middle = (low + high) // 2
            lines.seek(middle)
            lines.readline()
            at = next((at for line in lines if (at := time_of(line)) is not None), None)
            low, high = (middle, high) if at is not None and at < since else (low, middle)
        lines.seek(low)
        if low:
            lines.readline()
        yield from lines
