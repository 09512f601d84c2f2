"""What `cti check` says of a PBX: the doctor's findings, one line each, with what to paste under what is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from cti.cli.finding import Finding
from cti.dialplan_parts import doctor_of
from cti.features.doctor import read_folder
from cti.settings import Settings
from cti.storage.database import Database
from dialplan.doctor.facts import Finding as Found
from dialplan.doctor.snippets import RELOADS
from web.doctor_texts import costs, title, wrong

LANGUAGE = "en"


async def pbx_findings(settings: Settings, db: Database, folder: Path | None) -> AsyncIterator[Finding]:
    """Every PBX. folder: with its configuration files, where the settings name none."""
    doctor = doctor_of(settings, db, clock=time.time)
    for name, pbx in settings.pbx.items():
        files = await asyncio.to_thread(read_folder, folder) if folder else {}
        seen = await doctor.look(name, files)
        if seen.refused:
            yield Finding(what=f"pbx {name}", ok=False, text=seen.refused)
            continue
        yield Finding(what=f"pbx {name}", text=f"signed in at {pbx.host}:{pbx.port} as {pbx.username}")
        for found in seen.findings:
            yield _line(name, found)


def _line(pbx: str, found: Found) -> Finding:
    sentences = [one for one in (wrong(LANGUAGE, found), costs(LANGUAGE, found)) if one]
    bad = found.level in ("wrong", "warning")
    paste = f"{found.file} ({RELOADS[found.file]})" if found.file in RELOADS else found.file
    return Finding(
        what=f"pbx {pbx} {title(LANGUAGE, found)}",
        ok=found.level == "ok",
        warning=found.level in ("warning", "not-visible"),
        text=" ".join(sentences) or ("" if found.level == "not-visible" else found.of),
        code=found.code,
        snippet=found.snippet if bad else "",
        file=paste if bad and found.snippet else "",
    )
