"""A PBX whose dialplan is ours: told to read its files again, and asked what it has then.

It is told by the command of the settings (an argument list, no shell), and asked over the ordinary link, whose account
may change nothing of its configuration.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from cti.channels.base import Switchboard
from cti.errors import ChannelError
from cti.telephony.commands import CoreSettings, GetVariable, ShowDialplan, ShowQueues
from dialplan.files import EXTENSIONS, FEATURES, MANAGER, MUSIC, PARKING, PJSIP, QUEUES, RULES, VOICEMAIL, contexts
from dialplan.loaded import Difference, Row, Section, differences, queues_missing
from dialplan.plan import Plan
from dialplan.site import Site

READ_S, LOOK_S, ANSWER_S, AGAIN_S = 15.0, 6.0, 5.0, 0.2
OPUS = ("codec_opus.so", "codec_opus_open_source.so")
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


class OwnedPbx:
    """command: its console, a console's command is added; board: the link to it."""

    def __init__(self, command: Sequence[str], board: Switchboard) -> None:
        self._command = tuple(command)
        self._board = board

    @property
    def is_there(self) -> bool:
        """Whether it can be asked."""
        return self._board.health().state == "up"

    async def says(self) -> tuple[int, bool]:
        """Its major version, 0 where it does not say, and whether it has opus."""
        try:
            about = await self._board.ask(CoreSettings(), timeout_s=ANSWER_S)
            major = str(about.headers.get("AsteriskVersion", "")).partition(".")[0]
            has = [await self._value(f"IFMODULE({name})") for name in OPUS]
        except ChannelError:
            return 0, True
        return int(major) if major.isdecimal() else 0, "1" in has

    async def read_again(self, names: Iterable[str] = READ_BY) -> str:
        """It reads files of ours; what it said where it did not, else ""."""
        wanted = set(names)
        for name, asked in READ_BY.items():
            failed = await _run([*self._command, asked]) if name in wanted else ""
            if failed:
                return f"{asked}: {failed}"
        return ""

    async def look(self, plan: Plan, site: Site) -> list[Difference]:
        """How what it has differs from the plan; it is given a moment to get there."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LOOK_S
        while True:
            try:
                found = await self._differences(plan, site)
            except ChannelError as error:
                return [Difference(code="pbx-gone", where=str(error))]
            if not found or loop.time() > until:
                return found
            await asyncio.sleep(AGAIN_S)

    async def _differences(self, plan: Plan, site: Site) -> list[Difference]:
        wanted = await asyncio.to_thread(_sections, plan, site)
        listed = [await self._board.ask(ShowDialplan(context=one[0]), timeout_s=ANSWER_S) for one in wanted]
        rows = [answer.items if answer.ok else () for answer in listed]
        found = await asyncio.to_thread(_compared, wanted, rows)
        queues = await self._board.ask(ShowQueues(), timeout_s=ANSWER_S)
        found += queues_missing([one.name for one in plan.queues], queues.items)
        for end in (end for one in plan.people for end in (*one.devices, *one.browsers)):
            try:
                has = await self._value(f"PJSIP_ENDPOINT({end},allow)")
            except ValueError:  # a name that no command may carry: it is not looked at
                continue
            if not has:
                found.append(Difference(code="no-phone", where=end))
        return found

    async def _value(self, name: str) -> str:
        answer = await self._board.ask(GetVariable(name=name), timeout_s=ANSWER_S)
        return str(answer.headers.get("Value", "")) if answer.ok else ""


def _sections(plan: Plan, site: Site) -> list[Section]:
    return [section for context in contexts(plan, site) for section in context.sections()]


def _compared(wanted: Sequence[Section], rows: Sequence[Sequence[Row]]) -> list[Difference]:
    return [one for section, has in zip(wanted, rows, strict=True) for one in differences(section, has)]


async def _run(command: Sequence[str]) -> str:
    """Run it; what it said where it failed, else ""."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    try:
        async with asyncio.timeout(READ_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return f"no answer in {READ_S:g} s"
    if process.returncode:
        return " ".join(said.decode(errors="replace").split())[:300] or f"status {process.returncode}"
    return ""
