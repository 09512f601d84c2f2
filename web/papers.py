"""Reports as files: one way out for each of them, for who may see it, with a line in the audit journal."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from aiohttp import web

from cti.errors import Refused
from cti.reports.paper import Paper, Words
from cti.sheets.papers import TYPES, SheetError, write_paper
from web.asking import Asker, asker_of
from web.i18n import N_
from web.render import VENDOR


def words(asker: Asker) -> Words:
    """What every file says beside its report."""
    now = datetime.fromtimestamp(asker.services.clock(), asker.services.zone)
    return Words(
        language=asker.language,
        total=asker.say(N_("Total")),
        difference=asker.say(N_("difference")),
        definitions=asker.say(N_("How it is reckoned")),
        seconds=asker.say(N_("s")),
        page=asker.say(N_("page")),
        made=asker.say(
            N_("Made {at} ({zone}) for {name}"),
            at=f"{now:%d.%m.%Y %H:%M}",
            zone=asker.services.zone.key,
            name=asker.person.name,
        ),
    )


async def made_file(asker: Asker, paper: Paper, kind: str) -> bytes:
    """The file's bytes. Raises Refused where it cannot be made."""
    said = words(asker)

    def made() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"report.{kind}"
            write_paper(path, paper, said, VENDOR)
            return path.read_bytes()

    try:
        return await asyncio.to_thread(made)
    except SheetError as error:
        raise Refused("report-too-long", str(error)) from None


async def give(request: web.Request, paper: Paper) -> web.Response:
    """The answer with the file that the address names. Raises HTTPNotFound, Refused."""
    kind = request.match_info["kind"]
    if kind not in TYPES:
        raise web.HTTPNotFound(text="There is no such file.")
    asker = asker_of(request)
    data = await made_file(asker, paper, kind)
    await asker.services.report_letters.took(asker.person, f"{paper.name}.{kind}")
    headers = {"Content-Disposition": f'attachment; filename="trubka-{paper.name}.{kind}"'}
    return web.Response(body=data, content_type=None, headers={"Content-Type": TYPES[kind], **headers})


def period_words(since: date, until: date) -> str:
    """Both days, or the one."""
    return f"{since:%d.%m.%Y}" if since == until else f"{since:%d.%m.%Y} – {until:%d.%m.%Y}"


def periods(asker: Asker) -> Sequence[tuple[str, str, str]]:
    """Periods by one press: name, first and last day."""
    today = asker.today
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    before = first - timedelta(days=1)
    told: list[tuple[str, date, date]] = [
        (N_("Today"), today, today),
        (N_("Yesterday"), today - timedelta(days=1), today - timedelta(days=1)),
        (N_("This week"), monday, today),
        (N_("Last week"), monday - timedelta(days=7), monday - timedelta(days=1)),
        (N_("This month"), first, today),
        (N_("Last month"), before.replace(day=1), before),
    ]
    return [(asker.say(name), since.isoformat(), until.isoformat()) for name, since, until in told]
