"""What a PBX has loaded of each file of ours: asked part by part, said as differences from what was written.

Over the ordinary link where that tells (dialplan, queues, penalties, mailboxes, parking, phones), by the console where
only that does (music, keys, lines, the account's rights). The account is tried by signing in once more: a session that
is open outlives its account. Many small questions are asked at a time, none waits for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from cti.channels.base import Answer, Switchboard, Visit
from cti.errors import ChannelError
from cti.telephony.commands import (
    Command,
    GetVariable,
    ListLots,
    ListMailboxes,
    Ping,
    ShowDialplan,
    ShowQueueRules,
    ShowQueues,
)
from dialplan import loaded_parts as parts
from dialplan.conf_read import Conf
from dialplan.files import FEATURES, MANAGER, MUSIC, PARKING, PJSIP, QUEUES, RULES, VOICEMAIL
from dialplan.loaded import Difference, Row, differences
from dialplan.model import Context

ANSWER_S = 5.0
AT_ONCE = 40
Visiting = Callable[[], AbstractAsyncContextManager[Visit]]


class NotTold(Exception):
    """The console did not answer a question; which, and why."""


class Asked:
    """Everything is asked anew. console: gives what a command prints, raises NotTold; account: the server's own."""

    def __init__(
        self, *, board: Switchboard, console: Callable[[str], Awaitable[str]], visit: Visiting, account: str
    ) -> None:
        self._board = board
        self._console = console
        self._visit = visit
        self._account = account

    async def differences(self, wanted: Sequence[Context], confs: Mapping[str, Conf]) -> AsyncIterator[Difference]:
        """All of them. Raises ChannelError, NotTold."""
        for section in (section for context in wanted for section in context.sections()):
            answer = await self._ask(ShowDialplan(context=section[0]))
            for one in await asyncio.to_thread(differences, section, answer.items if answer.ok else ()):
                yield one
        conf: Conf | None
        if conf := confs.get(QUEUES):
            for one in parts.queues(conf, (await self._ask(ShowQueues())).items):
                yield one
        if conf := confs.get(RULES):
            for one in parts.rules(conf, (await self._ask(ShowQueueRules())).headers):
                yield one
        if conf := confs.get(VOICEMAIL):
            for one in parts.mailboxes(conf, await self._mailboxes(conf)):
                yield one
        if (conf := confs.get(PARKING)) and conf.parts:
            for one in parts.parking(conf, (await self._ask(ListLots())).items):
                yield one
        if (conf := confs.get(MUSIC)) and conf.parts:
            for one in parts.music(conf, await self._console("moh show classes")):
                yield one
        if conf := confs.get(FEATURES):
            for one in parts.features(conf, await self._console("features show")):
                yield one
        if conf := confs.get(PJSIP):
            async for one in self._phones(conf):
                yield one
            async for one in self._lines(conf):
                yield one
        if conf := confs.get(MANAGER):
            for one in parts.account(conf, await self._console(f"manager show user {self._account}")):
                yield one
            if why := await self._locked_out():
                yield Difference(code="locked-out", where=why)

    async def _mailboxes(self, conf: Conf) -> Sequence[Row]:
        """None where the first is not there: a PBX without any mailbox begins a list and never ends it."""
        first = next((number for part in conf.parts for number, _ in part.pairs), "")
        if not first or await self._value(f"VM_INFO({first}@default,exists)") != "1":
            return ()
        return (await self._ask(ListMailboxes())).items

    async def _phones(self, conf: Conf) -> AsyncIterator[Difference]:
        asked = await asyncio.to_thread(lambda: list(parts.phone_values(conf)))
        for at in range(0, len(asked), AT_ONCE):
            some = asked[at : at + AT_ONCE]
            said = await asyncio.gather(*(self._value(one.variable) for one in some))
            for one, has in zip(some, said, strict=True):
                if found := one.difference(has):
                    yield found
        for kind, listed in (("aor", "aors"), ("auth", "auths"), ("identify", "identifies")):
            told = await self._console(f"pjsip list {listed}")
            for found in await asyncio.to_thread(parts.objects, conf, kind, told):
                yield found

    async def _lines(self, conf: Conf) -> AsyncIterator[Difference]:
        for name, uri in parts.contacts(conf).items():
            contact = await self._value(f"PJSIP_AOR({name},contact)")
            value = parts.Value(variable="", where=name, key="contact", wanted=uri)
            if found := value.difference(await self._value(f"PJSIP_CONTACT({contact},uri)") if contact else ""):
                yield found
        for name, wanted in parts.lines(conf).items():
            for found in parts.registered(name, wanted, await self._console(f"pjsip show registration {name}")):
                yield found

    async def _locked_out(self) -> str:
        """Why the account does not let us in any more, "" where it does."""
        try:
            async with self._visit() as visit:
                answer = await visit.ask(Ping())
        except ChannelError as error:
            return str(error)
        return "" if answer.ok else answer.message

    async def _ask(self, command: Command) -> Answer:
        return await self._board.ask(command, timeout_s=ANSWER_S)

    async def _value(self, name: str) -> str:
        answer = await self._ask(GetVariable(name=name))
        return str(answer.headers.get("Value", "")) if answer.ok else ""
