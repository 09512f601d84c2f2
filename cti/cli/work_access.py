"""What the process behind `cti/jobs.py` does with the access journal: count it, check it, write it into a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cti.clients.masking import Sight
from cti.features import access_review
from cti.storage import access_log
from cti.storage.access_log import Asked
from cti.storage.database import Database
from cti.storage.view import View

Job = Mapping[str, Any]


async def review(db: Database, job: Job) -> Any:
    """Lines counted by person and by client."""
    return (await access_review.count(db, msgspec.convert(job["asked"], Asked))).review()


async def check(db: Database, _job: Job) -> Any:
    """Whether all lines are as they were written."""
    async with db.read() as conn:
        return await access_log.check(conn)


async def write(db: Database, job: Job) -> Any:
    """Lines, or clients, as a file."""
    asked, path = msgspec.convert(job["asked"], Asked), Path(job["path"])
    said = {"headings": job["headings"], "mark": job["mark"]}
    if job["of"] == "clients":
        seen = View(db, Sight(hides=job["hides"]))
        return {"rows": await access_review.write_clients(seen, asked, path, **said)}
    words, zone = job["words"], ZoneInfo(job["zone"])
    return {"rows": await access_review.write_lines(db, asked, path, words=words, zone=zone, **said)}
