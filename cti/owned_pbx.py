"""A PBX whose dialplan is ours: told to read its files again, and asked what it has then.

It is told by the command of the settings (an argument list, no shell), and asked (owned_look.py) over the ordinary
link, whose account may change nothing of its configuration, and by the same command where the link tells nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cti.channels.base import Switchboard
from cti.errors import ChannelError
from cti.owned_look import Asked, NotTold, Visiting
from cti.telephony.commands import CoreSettings, GetVariable
from dialplan import conf_read
from dialplan.conf_read import Conf
from dialplan.files import EXTENSIONS, FEATURES, MANAGER, MUSIC, PARKING, PJSIP, QUEUES, RULES, VOICEMAIL, contexts
from dialplan.loaded import Difference
from dialplan.plan import Plan
from dialplan.site import Site

READ_S, LOOK_S, ANSWER_S, AGAIN_S = 15.0, 6.0, 5.0, 0.2
OPUS = ("codec_opus.so", "codec_opus_open_source.so")
VOICEMAILS = ("app_voicemail.so", "app_voicemail_imap.so", "app_voicemail_odbc.so")
NAME_COLUMN = 15  # the console cuts longer names
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
READ_BY: Mapping[str, str] = {  # in this order: what is named has to be there when it is named
    MUSIC: "moh reload",
    RULES: "queue reload rules",
    QUEUES: "queue reload all",
    PJSIP: "module reload res_pjsip.so",
    VOICEMAIL: "voicemail reload",
    FEATURES: "module reload features",
    PARKING: "module reload res_parking.so",
    EXTENSIONS: "dialplan reload",
    MANAGER: "manager reload",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Has:
    """What a PBX is. version: its major one, 0 where it does not say; opus, voicemail: whether it has them.

    sees_us_at: the address that our account comes from, "" unknown.
    """

    version: int = 0
    opus: bool = True
    voicemail: bool = True
    sees_us_at: str = ""


class OwnedPbx:
    """command: its console, a console's command is added; board: the link to it; visit: one more, signed in anew.

    account: the server's own at the PBX.
    """

    def __init__(self, command: Sequence[str], board: Switchboard, visit: Visiting, account: str) -> None:
        self._command = tuple(command)
        self._board = board
        self._visit = visit
        self._account = account

    @property
    def is_there(self) -> bool:
        """Whether it can be asked."""
        return self._board.health().state == "up"

    async def says(self) -> Has:
        """What it is, as far as it says."""
        try:
            about = await self._board.ask(CoreSettings(), timeout_s=ANSWER_S)
            major = str(about.headers.get("AsteriskVersion", "")).partition(".")[0]
            opus = [await self._value(f"IFMODULE({name})") for name in OPUS]
            boxes = [await self._value(f"IFMODULE({name})") for name in VOICEMAILS]
        except ChannelError:
            return Has()
        version = int(major) if major.isdecimal() else 0
        return Has(version=version, opus="1" in opus, voicemail="1" in boxes, sees_us_at=await self._our_address())

    async def _our_address(self) -> str:
        """As the PBX has it, whatever stands between."""
        _, said = await _run([*self._command, "manager show connected"])
        rows = [line.split() for line in said.splitlines()]
        found = [row[1] for row in rows if len(row) > 2 and row[0] == self._account[:NAME_COLUMN]]
        return found[0] if found and _is_address(found[0]) else ""

    async def read_again(self, names: Iterable[str] = READ_BY) -> str:
        """It reads files of ours; what it said where it did not, else ""."""
        wanted = set(names)
        for name, asked in READ_BY.items():
            failed, _ = await _run([*self._command, asked]) if name in wanted else ("", "")
            if failed:
                return f"{asked}: {failed}"
        return ""

    async def look(self, plan: Plan, site: Site, written: Mapping[str, str]) -> list[Difference]:
        """How what it has differs from the plan; it is given a moment to get there. written: files it reads."""
        asked = Asked(board=self._board, console=self._console, visit=self._visit, account=self._account)
        loop = asyncio.get_running_loop()
        until = loop.time() + LOOK_S
        wanted = await asyncio.to_thread(contexts, plan, site)
        confs = await asyncio.to_thread(_read, written)
        while True:
            try:
                found = [one async for one in asked.differences(wanted, confs)]
            except NotTold as error:
                return [Difference(code="not-told", where=str(error))]
            except ChannelError as error:
                return [Difference(code="pbx-gone", where=str(error))]
            if not found or found[-1].code == "locked-out" or loop.time() > until:
                return found
            await asyncio.sleep(AGAIN_S)

    async def _console(self, command: str) -> str:
        failed, said = await _run([*self._command, command])
        if failed:
            raise NotTold(f"{command}: {failed}")
        return said

    async def _value(self, name: str) -> str:
        answer = await self._board.ask(GetVariable(name=name), timeout_s=ANSWER_S)
        return str(answer.headers.get("Value", "")) if answer.ok else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _read(written: Mapping[str, str]) -> Mapping[str, Conf]:
    return {name: conf_read.read(name, {name: text}) for name, text in written.items() if name != EXTENSIONS}


async def _run(command: Sequence[str]) -> tuple[str, str]:
    """Run it; why it failed, else "", and what it said."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}", ""
    try:
        async with asyncio.timeout(READ_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return f"no answer in {READ_S:g} s", ""
    text = _COLOURS.sub("", said.decode(errors="replace"))
    if process.returncode:
        return " ".join(text.split())[:300] or f"status {process.returncode}", ""
    return "", text
