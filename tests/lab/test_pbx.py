"""The lab's Asterisk: the server's account has the least rights, nothing leaves loopback, nothing outlives the lab."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lab import plan, run
from lab.callers import call
from lab.errors import LabError
from lab.pbx import Pbx, wait_until
from lab.phones import Phone
from lab.settings import CHECKOUT, Ports, load
from tests.lab.ami import Ami

pytestmark = pytest.mark.lab


def test_SEC_30_the_account_has_the_rights_it_needs_and_no_more(pbx: Pbx) -> None:
    shown = pbx.console("manager show user trubka")
    rights = dict(re.findall(r"(read|write) perm: (.*)", shown))
    assert set(rights["read"].split(",")) == {"system", "call", "agent", "user"}
    assert set(rights["write"].split(",")) == {"call", "agent", "originate", "reporting", "user"}
    with Ami(pbx) as ami:
        for needed in (
            "CoreShowChannels",
            "QueueStatus",
            "DeviceStateList",
            "BridgeList",
            "ParkedCalls",
            "CoreSettings",
        ):
            assert ami.action(needed)["Response"] == "Success", needed
        for refused in ("PJSIPShowContacts", "Reload", "Command", "GetConfig", "MixMonitor"):
            answer = ami.action(refused, Channel="x", Command="core show version", Filename="manager.conf")
            assert answer["Response"] == "Error", refused


def test_SEC_30_originate_is_no_way_into_a_shell(pbx: Pbx) -> None:
    with Ami(pbx) as ami:
        for application, data in (("System", "touch x"), ("MixMonitor", "x.wav,,touch x"), ("ExternalIVR", "touch x")):
            answer = ami.action("Originate", Channel="Local/600@from-internal", Application=application, Data=data)
            assert answer["Response"] == "Error", application
    assert not {"app_system.so", "func_shell.so", "app_externalivr.so"} & set(pbx.console("module show").split())


def test_noise_stays_on_the_pbx_and_no_caller_can_hide_behind_the_filter(pbx: Pbx) -> None:
    with Phone("103", pbx.ports.sip, ring_ms=50), Ami(pbx) as ami:
        with call(plan.CLARA, pbx.ports.sip, name="Event: VarSet RTCP", talk_s=0.3) as client:
            client.wait_over()
        seen = ami.until("Hangup")
        names = {event.get("Event", "") for event in seen}
        assert {"Newchannel", "DialBegin", "Newstate"} <= names
        assert not [name for name in names if name.startswith(("VarSet", "TestEvent", "RTCP"))]
        assert any("Event: VarSet RTCP" in event.get("CallerIDName", "") for event in seen)


def test_the_secret_is_random_and_its_owners_alone(pbx: Pbx, tmp_path: Path) -> None:
    for file in (pbx.secret_file, pbx.home / "etc/manager.conf", pbx.home / "etc/pjsip.conf"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(pbx.secret_file.read_text()) >= 24
    with Pbx(tmp_path / "other") as other:
        assert other.secret_file.read_text() != pbx.secret_file.read_text()


def test_nothing_listens_beyond_loopback(pbx: Pbx) -> None:
    """The one exception is what every DNS client has: two UDP sockets on ports of the system's choice."""
    inodes = {os.readlink(link) for link in Path(f"/proc/{pbx.pid}/fd").iterdir() if link.is_symlink()}
    first_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    beyond = []
    for table in ("tcp", "udp", "tcp6", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if f"socket:[{fields[9]}]" in inodes and address != "0100007F":
                beyond.append((table, int(port, 16)))
    assert len(beyond) <= 2
    assert all(table.startswith("udp") and port >= first_ephemeral for table, port in beyond), beyond


def test_browser_phones_reach_sip_over_websocket(pbx: Pbx) -> None:
    with socket.create_connection(("127.0.0.1", pbx.ports.http), timeout=5) as link:
        link.sendall(
            b"GET /ws HTTP/1.1\r\nHost: lab\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        )
        assert link.recv(4096).startswith(b"HTTP/1.1 101")


def test_two_run_at_once_and_taken_ports_are_named(pbx: Pbx, tmp_path: Path) -> None:
    with Pbx(tmp_path / "two") as two:
        assert two.ports.sip != pbx.ports.sip
        two.console("core show version")
    with pytest.raises(LabError, match=f"SIP port {pbx.ports.sip} is taken.*CTI_LAB_PORTS"):
        Pbx(tmp_path / "three", pbx.ports).start()


def test_members_survive_a_power_cut(tmp_path: Path) -> None:
    with Pbx(tmp_path) as pbx:
        pbx.add_members()
        pbx.add_members()
        assert pbx.console("queue show sales").count("PJSIP/101") == 1
        pbx.console("queue pause member PJSIP/102 queue sales")
        pbx.console("queue add member PJSIP/104 to support")
        pbx.console("queue remove member PJSIP/101 from sales")
        pbx.reset_members()
        assert "paused" not in pbx.console("queue show sales")
        assert "PJSIP/101" in pbx.console("queue show sales")
        assert "PJSIP/" not in pbx.console("queue show support")
        wait_until(lambda: "PJSIP/102" in _stored_members(pbx), 30, "members are not on disk")
        pbx.kill()
        pbx.start_again()
        assert "PJSIP/101" in pbx.console("queue show sales")
        pbx.restart()
        assert "PJSIP/102" in pbx.console("queue show sales")


def _stored_members(pbx: Pbx) -> str:
    """What is on disk for good: Asterisk commits once a second, and forgets a commit that meets somebody's lock."""
    file = pbx.home / "lib/astdb.sqlite3"
    with contextlib.closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as database:  # takes no lock
        try:
            found = database.execute("select value from astdb where key = '/Queue/PersistentMembers/sales'").fetchall()
        except sqlite3.DatabaseError:  # in the middle of a commit
            return ""
    return "" if file.with_name("astdb.sqlite3-journal").exists() else str(found)


def test_paused_it_says_nothing_and_resumed_it_goes_on(pbx: Pbx) -> None:
    with Ami(pbx) as ami:
        pbx.pause()
        with pytest.raises(subprocess.TimeoutExpired):
            pbx.console("core show version", within_s=0.5)
        pbx.resume()
        assert ami.action("Ping")["Response"] == "Success"


def test_it_dies_with_the_lab_even_if_the_lab_is_killed(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "CTI_DATA": str(tmp_path),
        "CTI_LAB_PORTS": _free_ports(),
        "LAB_PHONES": "0",
    }
    lab = subprocess.Popen([sys.executable, "-m", "lab", "up"], cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE)
    try:
        assert lab.stdout is not None
        assert b"is up" in lab.stdout.readline()
        pid = int((tmp_path / "lab/run/asterisk.pid").read_text())
        lab.send_signal(signal.SIGKILL)
        lab.wait(5)
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), 5, "Asterisk outlived its lab")
    finally:
        lab.kill()
        lab.communicate()
    assert "lab" not in Path("/proc/mounts").read_text().split()


def test_a_folder_with_a_long_name_works(tmp_path: Path) -> None:
    with Pbx(tmp_path / ("long-" * 20)) as pbx:
        assert "Asterisk" in pbx.console("core show version")


def test_a_lab_without_desk_phones_still_has_a_client_outside(tmp_path: Path) -> None:
    settings = load({"LAB_PHONES": "0", "CTI_DATA": str(tmp_path), "CTI_LAB_PORTS": _free_ports()})
    with run.lab(settings) as pbx, Phone("101", pbx.ports.sip) as anna:
        assert not pbx.registered("102")
        anna.dial("79355550101")
        wait_until(lambda: "PJSIP/trunk-" in pbx.console("core show channels concise"), 5, "nobody was called outside")
        anna.hang_up()
        anna.wait("idle")
        assert anna.last_code == 487


def _free_ports() -> str:
    ports = Ports.free()
    return f"{ports.sip},{ports.http},{ports.ami}"
