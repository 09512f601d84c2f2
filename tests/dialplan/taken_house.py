"""An Asterisk that was taken over, with people at its telephones, and what it tells of a call."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from dialplan.flow import FLOW
from dialplan.plan import Plan
from lab.callers import call
from lab.pbx import Pbx, wait_until
from lab.phones import Phone
from tests.dialplan.registrar import Registrar
from tests.lab.ami import Ami

KEYED = ("Menu", "CallBack", "Score")


@dataclass
class House:
    """The PBX, its plan, and the phones that are registered all the time."""

    pbx: Pbx
    plan: Plan
    said: list[str]  # its log when it had read everything twice, and no call had come
    carrier: Registrar
    phones: dict[str, Phone] = field(default_factory=dict)

    def at(self, moment: datetime) -> None:
        self.pbx.console(f"dialplan set global TRUBKA_CLOCK {int(moment.timestamp())}")

    def press(self, channel: str, keys: str) -> None:
        with Ami(self.pbx) as ami:
            for key in keys:
                ami.action("PlayDTMF", Channel=channel, Digit=key, Receive="true")

    def channel(self, of: str) -> str:
        """The channel of an endpoint."""
        found = re.search(rf"(?m)^(PJSIP/{of}-[0-9a-f]+)!", self.pbx.console("core show channels concise"))
        return found[1] if found else ""

    def carried_out(self, linkedid: str) -> list[str]:
        """Steps of the flow that the PBX's own journal of events has of a call, when it has all of it."""
        journal = self.pbx.home / "log/cel-custom/steps.csv"

        def rows() -> list[list[str]]:
            lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
            return [row for row in (line.split(",") for line in lines) if row[1] == linkedid]

        wait_until(lambda: any(row[0] == "LINKEDID_END" for row in rows()), 10.0, "the journal does not end the call")
        steps = [row[3] for row in rows() if row[0] == "APP_START" and row[2] == FLOW]
        return [step for step, _ in groupby(steps)]

    def reads(self, channel: str) -> bool:
        return f"{channel}!" in "\n".join(
            line for line in self.pbx.console("core show channels concise").splitlines() if "!Read!" in line
        )


def told(house: House, number: str, keys: str, answers: bool) -> list[dict[str, str]]:
    """What the dialplan tells of a call from outside, until it is over or at a mailbox."""
    left, anna = list(keys), house.phones["101"]
    seen: list[dict[str, str]] = []
    with (
        Ami(house.pbx, events="user,call", within_s=20.0) as ami,
        call(number, house.pbx.ports.sip, echo=True) as client,
    ):
        while True:
            event = ami.message()
            if event.get("Event") == "Hangup" and seen and event["Channel"] == seen[0]["Channel"]:
                return seen
            if event.get("Event") != "UserEvent":
                continue
            seen.append(event)
            channel = event["Channel"]
            if event["UserEvent"] == "TrubkaVoicemail":
                client.hang_up()
            elif event.get("Kind") in KEYED and left:
                wait_until(lambda channel=channel: house.reads(channel), 10.0, "no key is waited for")  # type: ignore[misc]
                house.press(channel, left.pop(0))
            elif event.get("Kind") == "ToQueue" and answers:
                anna.wait("ringing")
                anna.answer()
                anna.wait("talking")
                anna.wait(lambda phone: phone.heard > 5)
                anna.hang_up()
