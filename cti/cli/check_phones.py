"""What `cti check` says of phones in the browser: their passwords, the PBX's WebSocket and what its dialplan has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp

from cti.channels.phone.ami import AmiLink
from cti.cli.finding import Finding
from cti.features.pbx_offers import PbxOffers
from cti.lines import Line
from cti.settings import PbxSettings
from cti.storage import directory
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan
from cti.telephony.web_secrets import passwords

CONNECT_S = 5.0
KEY = "web_secrets_file"
OPUS = ("codec_opus.so", "codec_opus_open_source.so")  # Digium's, and that of the distributions


async def phones(name: str, pbx: PbxSettings, link: AmiLink, db: Database, prefix: str) -> AsyncIterator[Finding]:
    """Nothing where nobody has such a phone on this PBX."""
    async with db.read() as conn:
        rows = await directory.devices(conn)
    users = [row.name.partition("/")[2] for row in rows if row.kind == "browser" and row.name.startswith(prefix)]
    if not users:
        return
    what = f"pbx {name} browser phones"
    file = pbx.web_secrets_file
    known = passwords(await asyncio.to_thread(file.read_text, encoding="utf-8")) if file else {}
    missing = [user for user in users if user not in known]
    if missing:
        text = f"no password for {', '.join(missing)}: write the file by `cti user phone-passwords`, name it in {KEY}"
        yield Finding(what=what, ok=False, warning=True, text=text)
    else:
        yield Finding(what=what, text=f"{len(users)} with passwords")
    yield await _websocket(what, pbx)
    line = Line(pbx=link, settings=pbx, plan=NumberPlan(), device="")
    async for finding in _codecs(what, line, users):
        yield finding
    offers = await PbxOffers(clock=time.time).of(line)
    has = [f"queue {queue} at {number}" for queue, number in offers.queues.items()]
    has += [f"echo at {offers.echo}" if offers.echo else "no echo to try a phone with"]
    has += ["conferences" if offers.conference else "no conferences (dialplan/recipes/conference.py)"]
    yield Finding(what=f"{what} dialplan", text=", ".join(has))


async def _codecs(what: str, line: Line, users: list[str]) -> AsyncIterator[Finding]:
    """Nothing, but where a PBX offers opus and cannot turn it into what telephone lines speak, as Debian's 16."""
    has = [await line.variable(f"IFMODULE({module})", within_s=CONNECT_S) for module in OPUS]
    if "1" in has or "0" not in has:
        return
    allowed = {user: await line.variable(f"PJSIP_ENDPOINT({user},allow)", within_s=CONNECT_S) for user in users}
    named = [user for user, codecs in allowed.items() if "opus" in codecs]
    if named:
        text = (
            f"{', '.join(named)} may speak opus, and the PBX has no codec_opus: calls with telephone lines end as they"
        )
        advice = f"{text} are answered; set allow=ulaw,alaw there"
        yield Finding(what=f"{what} codecs", ok=False, warning=True, text=advice)


async def _websocket(what: str, pbx: PbxSettings) -> Finding:
    url = pbx.sip_websocket()
    try:
        async with (
            asyncio.timeout(CONNECT_S),
            aiohttp.ClientSession() as http,
            http.ws_connect(url, protocols=("sip",)) as line,
        ):
            if line.protocol == "sip":
                return Finding(what=f"{what} {url}", text="speaks SIP")
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        text = f"does not answer ({type(error).__name__}): are http.conf and a ws transport set up?"
        return Finding(what=f"{what} {url}", ok=False, warning=True, text=text)
    return Finding(what=f"{what} {url}", ok=False, warning=True, text="is no SIP over WebSocket")
