"""What the PBX says of each phone: who looks sees those that are away first, and nobody waits for a mute PBX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cti.channels.base import Health
from cti.errors import ChannelError
from cti.features.phone_watch import PhoneWatch
from cti.lines import Line
from cti.settings import PbxSettings
from cti.telephony.commands import Command, GetVariable
from cti.telephony.events import DeviceStatus
from cti.telephony.numbering import NumberPlan
from tests.features.cast import ANNA, BORIS, Cast

PHONE, OTHER = "PJSIP/101", "PJSIP/102"
CONTACT = "101;@1f0c"
SAID = {
    "PJSIP_AOR(101,contact)": CONTACT,
    f"PJSIP_CONTACT({CONTACT},uri)": "sip:101@10.0.0.7:5060",
    f"PJSIP_CONTACT({CONTACT},user_agent)": "Yealink SIP-T46S 66.85",
}


@dataclass(frozen=True)
class Said:
    headers: Mapping[str, str | list[str]]
    ok: bool = True
    message: str = ""
    items: Sequence[Mapping[str, str | list[str]]] = ()


@dataclass
class Pbx:
    """Says its variables, or nothing at all."""

    mute: bool = False
    asked: list[str] = field(default_factory=list)

    def health(self) -> Health:
        return Health(state="up", since=0.0)

    async def ask(self, command: Command, *, timeout_s: float) -> Said:
        assert isinstance(command, GetVariable)
        self.asked.append(command.name)
        if self.mute:
            raise ChannelError("too late", unknown=True)
        return Said({"Value": SAID.get(command.name, "")})


def watch(pbx: Pbx, now: list[float], states: dict[str, tuple[DeviceStatus, float]]) -> PhoneWatch:
    def line_of(device: str) -> Line:
        settings = PbxSettings()
        return Line(pbx=pbx, settings=settings, plan=NumberPlan(), device=device)  # type: ignore[arg-type]

    def status_of(device: str) -> tuple[DeviceStatus, float]:
        return states.get(device, ("unknown", 0.0))

    return PhoneWatch(directory=Cast(), line_of=line_of, status_of=status_of, clock=lambda: now[0])


async def test_a_phone_has_its_address_and_model_and_is_asked_once_a_minute() -> None:
    pbx, now = Pbx(), [100.0]
    states: dict[str, tuple[DeviceStatus, float]] = {PHONE: ("idle", 50.0), OTHER: ("unreachable", 70.0)}
    phones = watch(pbx, now, states)
    seen = await phones.seen((ANNA, BORIS))
    assert [one.row.name for one in seen] == [OTHER, PHONE]
    assert (seen[0].since, seen[0].contact.address) == (70.0, "")
    assert seen[1].contact.address == "sip:101@10.0.0.7:5060"
    assert seen[1].contact.model.startswith("Yealink")
    await phones.seen((ANNA,))
    assert len(pbx.asked) == 3
    states[PHONE] = ("idle", 120.0)
    now[0] = 121.0
    await phones.seen((ANNA,))
    assert len(pbx.asked) == 6, "it registered anew: somewhere else, maybe"


async def test_a_mute_pbx_leaves_the_list_without_addresses() -> None:
    phones = watch(Pbx(mute=True), [100.0], {PHONE: ("idle", 50.0)})
    seen = await phones.seen((ANNA,))
    assert [(one.status, one.contact.address) for one in seen] == [("idle", "")]
