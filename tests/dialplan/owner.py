"""An Asterisk with nothing on it, taken over: our files, and in its own the lines that an admin pastes, no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dialplan.faults import faults
from dialplan.files import files
from dialplan.office import Box, Group, Music, Penalty, Trunk
from dialplan.paste import pastes
from dialplan.plan import (
    ByHours,
    CallBack,
    Day,
    End,
    Hours,
    Menu,
    Number,
    Person,
    Plan,
    Queue,
    Route,
    Say,
    Score,
    Sound,
    Span,
    ToGroup,
    ToOutside,
    ToPeople,
    ToQueue,
    ToVoicemail,
)
from dialplan.site import Site
from dialplan.site_faults import site_faults
from lab.pbx import BARE, TEMPLATES, Pbx, device_secret
from lab.settings import HOST, OLD, Ports
from tests.dialplan.house import MOSCOW

CEL = {  # what the PBX itself writes down of a call: which step of which extension it carries out
    "cel.conf": "[general]\nenable = yes\napps = userevent,queue,dial,voicemail,playback,read,hangup\n"
    "events = APP_START,LINKEDID_END\n",
    "cel_custom.conf": "[mappings]\nsteps.csv => ${eventtype},${CHANNEL(linkedid)},${CHANNEL(context)},"
    "${CHANNEL(exten)}\n",
}
HIS = """\
[trubka-codes-custom]
exten => 600,1,UserEvent(His)
 same => n,Hangup(16)
[trubka-flow-custom]
exten => own,1,UserEvent(His)
 same => n,Hangup(16)
"""
CARRIER, CARRIERS = "127.0.0.3", "the-carrier-knows"
DID, SECOND = "74950000010", "74950000012"
WORKDAYS = Hours(
    id="day",
    title="Рабочие часы",
    zone=MOSCOW.key,
    spans=(Span(days=(0, 1, 2, 3, 4), begins="09:00", ends="18:00"),),
    days=(
        Day(date="2027-01-01", title="Новый год", holiday=True),
        Day(date="2026-12-31", title="Короткий день", open=("09:00-16:00",)),
    ),
)


def plan(trunk_port: int, carrier_port: int) -> Plan:
    """Numbers, hours, a menu, two queues, a group, the way out, two agents and their head."""
    return Plan(
        numbers=(
            Number(digits=DID, first="when", title="Общий"),
            Number(digits=SECOND, first="mobile", title="Прямой", language="en", record=True),
        ),
        nodes=(
            ByHours(id="when", hours="day", open="menu", closed="box", holiday="feast"),
            Menu(
                id="menu", sound="beep", otherwise="box", wait_s=2, tries=1,
                choices=(("1", "sales"), ("2", "support"), ("3", "anna"), ("4", "all"), ("5", "own")),
            ),
            ToQueue(id="sales", queue="sales", otherwise="back", after="mark", wait_s=3),
            ToQueue(id="support", queue="support", otherwise="back", wait_s=3),
            ToPeople(id="anna", people=("101",), otherwise="all", ring_s=1),
            ToGroup(id="all", group="office", otherwise="box"),
            ToOutside(id="mobile", number="79355550101", otherwise="box", ring_s=3),
            CallBack(id="back", sound="beep", queue="sales", then="bye", otherwise="box", wait_s=2),
            Score(id="mark", sound="beep", then="bye"),
            Say(id="feast", sound="vm-goodbye", then="box"),
            ToVoicemail(id="box", box="100"),
            End(id="bye"),
            End(id="own"),
        ),
        hours=(WORKDAYS,),
        queues=(
            Queue(
                name="sales", title="Продажи", number="601", ring_s=10, record=True, music="office",
                penalties=(Penalty(after_s=5, most=9),),
            ),
            Queue(name="support", title="Поддержка", number="602", join_empty=False),
        ),
        groups=(Group(id="office", people=("101", "102"), number="650", ring_s=1),),
        people=(
            Person(extension="101", name="Анна", devices=("101",), browsers=("101-web",), voicemail=True),
            Person(extension="102", name="Борис", devices=("102",), browsers=("102-web",), caller_id=SECOND),
            Person(extension="110", name="Вера", devices=("110",)),
        ),
        routes=(
            Route(prefix="8", digits=11, trunk="carrier", strip=1, add="7", limit=1),
            Route(prefix="7", digits=11, trunk="carrier", longest_min=60, record=True),
            Route(prefix="7809", digits=11, trunk="carrier", allowed=False),
            Route(prefix="810", trunk="carrier", who=("101",), hours="day"),
        ),
        boxes=(Box(number="100", title="Общий ящик"),),
        trunks=(
            Trunk(name="carrier", host=HOST, port=trunk_port),
            Trunk(name="second", host=CARRIER, port=carrier_port, username="office", registers=True),
        ),
        music=(Music(name="office"),),
        sounds=(Sound(name="beep"), Sound(name="vm-goodbye")),
        spies=("110",),
        announcement="beep",
    )  # fmt: skip


def site(home: Path, ports: Ports, version: int) -> Site:
    """Where it is at home."""
    devices = ("101", "101-web", "102", "102-web", "110")
    return Site(
        agi=f"{HOST}:{ports.agi}",
        caller_id=DID,
        secrets={
            **{one: device_secret(one) for one in devices},
            "trunk-second": CARRIERS,
            "box-100": "4321",
            "box-101": "1234",
        },
        ami_secret="@AMI_SECRET@",
        recordings=f"{home}/recordings",
        music=f"{home}/moh",
        version=version,
        opus=version != OLD,
        voicemail=version != OLD,  # a package of its own there, which the lab has not
    )


@contextmanager
def taken_over(home: Path, version: int, carrier_port: int = 9) -> Iterator[tuple[Pbx, Plan]]:
    """It runs, with the plan published on it."""
    ports = Ports.free()
    made, where = plan(ports.trunk, carrier_port), site(home, ports, version)
    assert faults(made) == ()
    assert [one.code for one in site_faults(made, where)] == ([] if where.voicemail else ["no-voicemail"])
    music = Path(f"{home}/moh/office")
    music.mkdir(parents=True)
    (home / "log/cel-custom").mkdir(parents=True)
    (music / "quiet.alaw").write_bytes(b"\xd5" * 8000)
    with Pbx(
        home,
        ports,
        version=version,
        own={**at_home(where), **files(made, where), "modules.conf": modules(), "extensions_custom.conf": HIS, **CEL},
    ) as pbx:
        yield pbx, made


def at_home(where: Site) -> Mapping[str, str]:
    """Asterisk's own files with what is pasted into them."""
    return {one.file: _at(one.text()) for one in pastes(where)}


def _at(text: str) -> str:
    """What an admin puts in for his own: addresses and ports."""
    local = text.replace("bind = 0.0.0.0", f"bind = {HOST}:@SIP_PORT@", 1).replace("bind = 0.0.0.0", f"bind = {HOST}")
    return local.replace("bindport = 8088", "bindport = @HTTP_PORT@").replace("port = 5038", "port = @AMI_PORT@")


def modules() -> str:
    """The lab's modules, and voicemail."""
    assert "modules.conf" in BARE
    lines: Mapping[str, None] = dict.fromkeys((TEMPLATES / "modules.conf").read_text(encoding="utf-8").splitlines())
    wanted = [f"noload={one}.so" for one in ("app_voicemail", "cel_custom", "res_cdrel_custom")]
    return "\n".join(line for line in lines if line not in wanted) + "\n"
