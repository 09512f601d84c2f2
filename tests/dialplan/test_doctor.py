"""The doctor's rules by tables: what makes a line red, yellow or unseen, and what it says to paste."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dialplan.conf_read import read
from dialplan.doctor.account import all_of, passes, section
from dialplan.doctor.advisories import ADVISORIES, holes, version
from dialplan.doctor.examine import examine
from dialplan.doctor.facts import Config, Door, Facts, Finding, Folder, Member, Phone
from dialplan.doctor.snippets import KINDS, RELOADS, SNIPPETS, place
from dialplan.paste import pastes
from dialplan.services import WRITE
from dialplan.site import Site
from tests.dialplan import strict

ACCOUNT = """\
[general]
bindaddr=127.0.0.1
[trubka]
read=system,call,agent,user
write=call,agent,originate,reporting,user
deny=0.0.0.0/0
permit=10.0.0.2/32
eventfilter=!^Event: RTCP
"""
GOOD = {
    "manager.conf": ACCOUNT,
    "http.conf": "[general]\nenabled=yes\nbindaddr=127.0.0.1\n",
    "asterisk.conf": "[options]\nlive_dangerously=no\n",
    "queues.conf": "[general]\npersistentmembers=yes\nshared_lastcall=yes\n[sales]\nstrategy=ringall\nringinuse=no\n",
    "rtp.conf": "[general]\nrtpstart=10000\nrtpend=10199\n",
    "features.conf": "[featuremap]\natxfer=*2\n",
}
SITE = Site(agi="127.0.0.1:4573", caller_id="0", secrets={})
ACTIONS = frozenset(("hangup", "queueadd", "originate", "coreshowchannels", "userevent"))


def row(context: str, extension: str, app: str, data: str = "", **more: str) -> dict[str, str]:
    return {"Context": context, "Extension": extension, "Priority": "1", "Application": app, "AppData": data, **more}


ROWS = (
    row("from-internal", "101", "PJSIP/101", Priority="hint"),
    {"Context": "from-internal", "IncludeContext": "parkedcalls"},
    row("parkedcalls", "701", "ParkedCall", "default,701"),
    row("in", "74950000001", "AGI", "agi://127.0.0.1:4573/route"),
    row("in", "74950000001", "Set", "TIMEOUT(absolute)=0.5"),
    row("in", "T", "Goto", "asked"),
    row("in", "74950000001", "UserEvent", "TrubkaStep,Node: a"),
    row("in", "74950000001", "Queue", "sales,tk"),
    row("in", "74950000001", "UserEvent", "TrubkaQueue,Queue: sales"),
    row("in", "74950000001", "UserEvent", "TrubkaCallback,Queue: sales"),
    row("in", "74950000001", "UserEvent", "TrubkaRecording,File: a.wav"),
    row("trubka-callback", "s", "Queue", "${TRUBKA_BACK_TO},tk,,,600"),
    row("x", "600", "Echo"),
    row("x", "*11", "AGI", "agi://127.0.0.1:4573/desk/sit"),
    row("x", "101", "Dial", "${TRUBKA_RING_101}"),
    row("trubka-conference", "_XXXXXXXXXX", "ConfBridge", "${EXTEN}"),
)


def config(**changed: str) -> Config:
    texts = GOOD | {f"{name}.conf": text for name, text in changed.items()}
    return Config(files={name: read(name, texts) for name in texts})


WELL = Facts(
    version="22.10.1", actions=ACTIONS, booted=True, heard=True, ahead_s=0.1, config=config(), rows=ROWS,
    queues={"sales": (Member(interface="PJSIP/101", dynamic=True),)}, states={"PJSIP/101": "NOT_INUSE"},
    phones=(Phone(device="PJSIP/101"),), modules={"codec_opus.so": True, "res_parking.so": True},
)  # fmt: skip
WEB = Phone(device="PJSIP/101-web", browser=True, webrtc="yes")


def bad(facts: Facts) -> list[Finding]:
    return [one for those in examine(facts).values() for one in those if one.level != "ok"]


def test_a_pbx_that_is_well_has_no_line_to_do() -> None:
    assert bad(WELL) == []
    assert bad(replace(WELL, phones=(*WELL.phones, WEB), states={**(WELL.states or {}), "PJSIP/101-web": "NOT_INUSE"},
                       door=Door(url="wss://x/ws", answers=True, days=90))) == []  # fmt: skip


def account(text: str, *more: str) -> dict[str, Any]:
    return {"config": config(manager=ACCOUNT.replace(*more) if more else text)}


def queues(text: str) -> dict[str, Any]:
    return {"config": config(queues=GOOD["queues.conf"] + text)}


def rows(*more: dict[str, str]) -> dict[str, Any]:
    return {"rows": (*ROWS, *more)}


def member(interface: str, *, dynamic: bool = True) -> dict[str, Any]:
    return {"queues": {"sales": (Member(interface=interface, dynamic=dynamic),)}}


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"actions": ACTIONS - {"originate"}}, "write-originate wrong originate"),
        ({"actions": ACTIONS | {"command"}}, "write-shell warning command"),
        ({"booted": False, **account("", "read=system,", "read=")}, "read-system wrong system"),
        (account("", "read=system", "read=dialplan,system"), "read-more warning dialplan"),
        ({"heard": False}, "event-filter wrong "),
        (account("", "!^Event: RTCP", "!Event: Newchannel"), "event-filter wrong "),
        (account("", "!^Event: RTCP", "^Event: User"), "event-filter wrong "),
        (account(f"{ACCOUNT}[trubka]\nread=system,call,agent,user\n"), "account-twice warning trubka"),
        (account("", "bindaddr=127.0.0.1", "bindaddr=0.0.0.0"), "ami-bound warning "),
        (account("", "permit=10.0.0.2/32", "permit=0.0.0.0/0.0.0.0"), "ami-permit warning "),
        (account("", "deny=0.0.0.0/0\n", ""), "ami-permit warning "),
        (account("", "[general]", "[general]\nwebenabled=yes"), "ami-web warning "),
        ({"config": config(http="[general]\nenabled=yes\n")}, "http-bound warning "),
        ({"config": config(asterisk="[options]\nlive_dangerously=yes\n")}, "live-dangerously wrong "),
        ({"config": config(rtp="[general]\nrtpstart=10000\nrtpend=10009\n")}, "rtp-range warning "),
        ({"config": config(features="[featuremap]\n")}, "transfers warning "),
        ({"version": "15.7.1"}, "version-strange wrong 15.7.1"),
        ({"version": "22.4.0"}, "holes warning 22.4.0"),
        ({"version": "Asterisk 22.8.2~dfsg-1"}, ""),
        ({"ahead_s": -3.0}, "clock warning "),
        ({"rows": tuple(one for one in ROWS if one.get("Extension") != "T")}, "late-extension wrong in"),
        ({"rows": tuple(one for one in ROWS if one.get("Application") != "Set")}, "late-limit warning in"),
        (rows(row("y", "_.", "Dial")), "hang-up-extension warning y"),
        (rows(row("y", "_.", "Dial"), row("y", "h", "NoOp")), ""),
        (rows(row("y", "1", "VoiceMail", "100@default")), "snippet-voicemail warning "),
        (
            {"rows": tuple(one for one in ROWS if one["Context"] != "trubka-callback")},
            "snippet-callback warning ",
        ),
        ({"rows": ROWS[1:]}, "hints warning "),
        ({"rows": (ROWS[0], *ROWS[2:])}, "parking warning "),
        ({"modules": {"codec_opus.so": True, "res_parking.so": False}}, "parking warning "),
        ({"rows": tuple(one for one in ROWS if one.get("Application") != "ConfBridge")}, "snippet-conference warning "),
        ({"dial_context": "nowhere", "rows": (*ROWS, {"Context": "x", "IncludeContext": "parkedcalls"})}, "*"),
        (queues("ringinuse=yes\n"), "queue-ringinuse wrong sales"),
        ({"config": config(queues=GOOD["queues.conf"].replace("ringinuse=no", "a=b"))}, "queue-ringinuse wrong sales"),
        (queues("autopause=all\n"), "queue-autopause wrong sales"),
        ({"config": config(queues=GOOD["queues.conf"].replace("persistent", "x"))}, "queue-persistent warning "),
        (member("Local/101@from-internal"), "queue-local warning sales"),
        (member("Local/101@from-internal/n"), ""),
        (member("PJSIP/101", dynamic=False), "queue-static warning sales"),
        ({"queues": {}}, "queues warning "),
        ({"states": {"PJSIP/101": "INVALID"}}, "phone-known warning "),
        ({"states": {"PJSIP/101": "UNAVAILABLE"}}, "phone-registered warning "),
        ({"states": {"PJSIP/101": "UNAVAILABLE"}, "phones": tuple(replace(one, used=False) for one in WELL.phones)},
         "phone-never warning "),
        ({"states": {"PJSIP/101": "INUSE", "PJSIP/150": "INUSE", "PJSIP/a": "INUSE"}}, "phone-nobodys warning "),
        (rows(row("x", "1", "MixMonitor", "a.wav")), "recordings not-visible "),
        ({**rows(row("x", "1", "MixMonitor")), "recordings": Folder(path="/r", free=0.02, writes=True)},
         "recordings warning "),
        ({**rows(row("x", "1", "MixMonitor")), "recordings": Folder(path="/r", free=0.9, writes=False)},
         "recordings-refused wrong "),
    ],
)  # fmt: skip
def test_one_thing_that_is_wrong_is_one_line(changed: dict[str, Any], line: str) -> None:
    found = bad(replace(WELL, **changed))
    told = [f"{one.code} {one.level} {one.of}" for one in found]
    if line == "*":
        assert "dial-context wrong nowhere" in told
        return
    assert told == ([line] if line else [])
    for one in found:
        assert one.file in (*RELOADS, "modules.conf") or not one.snippet


def test_phones_in_the_browser_have_lines_of_their_own() -> None:
    web = replace(WELL, phones=(*WELL.phones, WEB), states={"PJSIP/101": "INUSE", "PJSIP/101-web": "UNAVAILABLE"},
                  door=Door(url="ws://x/ws", answers=True))  # fmt: skip
    no_opus = {"codec_opus.so": False, "codec_opus_open_source.so": False, "res_parking.so": True}
    table: list[tuple[dict[str, Any], str]] = [
        ({}, ""),
        ({"phones": (*WELL.phones, replace(WEB, password=False))}, "browser-password"),
        ({"phones": (*WELL.phones, replace(WEB, webrtc="no"))}, "browser-webrtc"),
        ({"phones": (*WELL.phones, replace(WEB, allow="(opus|ulaw)")), "modules": no_opus}, "codecs"),
        ({"phones": (*WELL.phones, replace(WEB, allow="(ulaw)")), "modules": no_opus}, ""),
        ({"door": Door(url="ws://x/ws", answers=False, why="refused")}, "websocket"),
        ({"door": Door(url="wss://x/ws", answers=True, days=5)}, "certificate"),
        ({"config": config(rtp="[general]\nicesupport=no\n")}, "rtp-ice"),
    ]
    for changed, code in table:
        assert [one.code for one in bad(replace(web, **changed))] == ([code] if code else []), changed


def test_what_is_not_seen_is_never_a_guess() -> None:
    blind = examine(Facts())
    told = [one for those in blind.values() for one in those]
    assert {one.level for one in told} <= {"not-visible", "ok"}
    assert all(one.file for one in told if one.level == "not-visible")
    assert [one.code for one in told if one.level == "ok"] == []


def test_a_plan_of_ours_must_be_taken_in_by_the_pbx() -> None:
    texts = {one.file: GOOD.get(one.file, "") + one.text() for one in pastes(SITE)} | {"asterisk.conf": "[options]\n"}
    files = {name: read(name, {name: texts.get(name, GOOD.get(name, ""))}) for name in {*GOOD, *texts}}
    owner = replace(WELL, owner=True, config=Config(files=files))
    assert bad(owner) == []
    less = Config(files={**files, "queues.conf": read("queues.conf", {"queues.conf": GOOD["queues.conf"]})})
    (line,) = bad(replace(owner, config=less))
    assert (line.code, line.level, line.of) == ("owner-lines", "wrong", "queues.conf")
    assert line.snippet == '#tryinclude "trubka_queues.conf"\n'
    assert {one.level for one in bad(replace(owner, config=Config(asked={})))} == {"not-visible"}


def test_every_snippet_reads_as_asterisk_reads_and_has_its_place() -> None:
    asks = tuple(row("in", "1", app) for app in ("Queue", "VoiceMail", "MixMonitor"))
    empty = replace(WELL, rows=asks, phones=(*WELL.phones, WEB), agi="10.0.0.2:4573")
    lines = {one.code: one for one in examine(empty)["snippets"]}
    assert set(lines) == {one.code for one in SNIPPETS}
    for one in lines.values():
        assert one.level == "warning"
        strict.read(one.snippet if one.snippet.startswith(("[", ";")) else f"[x]\nexten => 1,1,NoOp()\n{one.snippet}")
        assert all(place(kind, one.file) for kind in KINDS)
    assert "agi://10.0.0.2:4573/route" in lines["snippet-route"].snippet
    assert f"write = {WRITE}" in section(WELL)


def test_filters_are_read_as_the_pbx_reads_them() -> None:
    assert passes("Newchannel", ())
    assert passes("Newchannel", ("!^Event: VarSet", "!^Event: RTCP"))
    assert not passes("Newchannel", ("^Event: Queue",))
    assert not passes("Newchannel", ("!^Event: New",))
    assert passes("Newchannel", ("!(a+)+$", "![", "!" + "x" * 500)), "what cannot be read takes nothing away"


def test_SEC_31_versions_are_compared_within_their_branch() -> None:
    assert {one.id for one in holes(version("Asterisk 18.24.1"))} >= {"CVE-2024-42365", "CVE-2025-47779"}
    for branch, first in ((18, (18, 24, 2)), (20, (20, 9, 2)), (21, (21, 4, 2))):
        assert "CVE-2024-42365" not in {one.id for one in holes(first)}
        assert "CVE-2024-42365" in {one.id for one in holes((branch, 0, 0))}
    assert holes((23, 9, 0)) == ()
    assert len(holes((16, 28, 0))) == len(ADVISORIES) - 1
    assert version("20.7-cert9") == ()
    assert all_of("0.0.0.0/0.0.0.0")
    assert not all_of("10.0.0.0/255.0.0.0")
    assert not all_of("nonsense")
