"""Clients: SIPp calls one of our numbers from outside, as a carrier would deliver it.

SIPp is somebody else's SIP: what works with it does not merely work with ourselves. It cannot be told from outside to
end one call, so its scenario takes an INFO of this call from us as the order to hang up: CANCEL before the answer, BYE
after it.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from xml.sax.saxutils import escape

from lab.errors import LabError
from lab.free_ports import free_port
from lab.pbx import wait_until
from lab.settings import HOST
from lab.system import bound

Outcome = Literal["talked", "refused", "cancelled"]
LONGEST_S = 3600
ORDERS = 10

SCENARIO = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="client">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[call_id]
From: {name}<sip:{caller}@{domain}>;tag=[pid]lab[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:{caller}@[local_ip]:[local_port]>
Max-Forwards: 70
User-Agent: client
{extra}Content-Type: application/sdp
Content-Length: [len]

v=0
o=client 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="181" optional="true"/>
<recv response="183" optional="true"/>
<recv request="INFO" optional="true" next="cancel"/>
<recv response="200" rrs="true"><action><log message="answered"/></action></recv>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {name}<sip:{caller}@{domain}>;tag=[pid]lab[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
[routes]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0
]]></send>
<recv request="INFO" optional="true" next="bye" timeout="{talk_ms}" ontimeout="bye"/>
<recv request="BYE" timeout="{talk_ms}" ontimeout="bye"/>
<send next="end"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
]]></send>
<label id="bye"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {name}<sip:{caller}@{domain}>;tag=[pid]lab[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
[routes]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0
]]></send>
<recv response="200" next="end"/>
<label id="cancel"/>
<send retrans="500"><![CDATA[
CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[call_id]
From: {name}<sip:{caller}@{domain}>;tag=[pid]lab[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0
]]></send>
<recv response="200"/>
<recv response="487"/>
<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[call_id]
From: {name}<sip:{caller}@{domain}>;tag=[pid]lab[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0
]]></send>
<label id="end"/>
</scenario>
"""


class Caller:
    """A client's call in progress. A context manager: whatever is left of the call ends with the block."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, *, call_id: str, port: int) -> None:
        self._process = process
        self._folder = folder
        self._call_id = call_id
        self._port = port
        self._told = False

    @property
    def answered(self) -> bool:
        """Whether the PBX has picked up: for a queue that is its music, not an agent."""
        log = self._folder / "log"
        return log.exists() and "answered" in log.read_text(errors="replace")

    @property
    def over(self) -> bool:
        """Whether the call has ended, by whomever."""
        return self._process.poll() is not None

    def wait_answered(self, *, within_s: float = 30.0) -> None:
        """Block until the PBX picks up. Raises LabError after within_s."""
        wait_until(lambda: self.answered or self.over, within_s, "the call is not answered")
        if not self.answered:
            raise LabError(f"the call was refused: {self._reason()}")

    def wait_over(self, *, within_s: float = 30.0) -> Outcome:
        """Block until the call has ended and say how. Raises LabError after within_s."""
        wait_until(lambda: self.over, within_s, "the call goes on")
        if self.answered:
            return "talked"
        return "cancelled" if self._told else "refused"

    def hang_up(self) -> Outcome:
        """Hang up, or give up while it rings."""
        for _ in range(ORDERS):  # one that comes between two steps of SIPp's scenario is not read
            if not self.over:
                self._told = True
                self._order()
            with contextlib.suppress(LabError):
                return self.wait_over(within_s=2)
        self._process.kill()
        raise LabError("the call goes on, though SIPp was told to end it")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self.over:
                self.hang_up()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _order(self) -> None:
        """The INFO that means: hang up."""
        lines = [f"INFO sip:client@{HOST} SIP/2.0", f"Via: SIP/2.0/UDP {HOST}:9;branch=z9hG4bK-order"]
        lines += ["From: <sip:lab@lab>;tag=lab", "To: <sip:client@lab>", f"Call-ID: {self._call_id}", "CSeq: 99 INFO"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode(), (HOST, self._port))

    def _reason(self) -> str:
        errors = self._folder / "errors"
        lines = errors.read_text(errors="replace").splitlines() if errors.exists() else []
        return next((line.strip() for line in reversed(lines) if "SIP/2.0" in line), "no answer from the PBX")


def call(
    did: str,
    sip_port: int,
    *,
    caller: str = "79355550101",
    name: str = "",
    talk_s: float = LONGEST_S,
    anonymous: bool = False,
    echo: bool = False,
) -> Caller:
    """Start a call to one of our numbers; returns at once.

    talk_s: the client hangs up so long after the PBX picked up. name: shown name, any text. anonymous: number withheld
    (RFC 3323, 3325). echo: he says back what he hears, else he is silent.
    """
    if not shutil.which("sipp"):
        raise LabError("Install SIPp: apt-get install sip-tester")
    folder = Path(tempfile.mkdtemp(prefix="trubka-call-"))
    scenario = folder / "client.xml"
    scenario.write_text(_scenario(caller, name, talk_s, anonymous), encoding="utf-8")
    call_id, port = f"lab-{secrets.token_hex(8)}", free_port()
    command = ["sipp", f"{HOST}:{sip_port}", "-sf", str(scenario), "-s", did, "-i", HOST, "-p", str(port), "-m", "1"]
    command += ["-cid_str", call_id, "-nostdin", "-trace_logs", "-log_file", str(folder / "log")]
    command += ["-rtp_echo"] if echo else []
    command += ["-trace_err", "-error_file", str(folder / "errors")]
    with (folder / "screen").open("wb") as screen:
        process = subprocess.Popen(
            bound(command), stdin=subprocess.DEVNULL, stdout=screen, stderr=screen, cwd=folder, env={"TERM": "dumb"}
        )
    return Caller(process, folder, call_id=call_id, port=port)


def _scenario(caller: str, name: str, talk_s: float, anonymous: bool) -> str:
    shown = '"{}" '.format(name.replace("\\", "\\\\").replace('"', '\\"')) if name else ""
    if "]]>" in shown or "[" in shown or any(ord(letter) < 32 for letter in shown + caller):
        raise LabError(f"a caller cannot be called {name!r}: SIPp has words of its own in brackets")
    extra = ""
    if anonymous:
        extra = f"Privacy: id\nP-Asserted-Identity: <sip:{caller}@{HOST}>\n"
    return SCENARIO.format(
        name='"Anonymous" ' if anonymous else shown,
        caller="anonymous" if anonymous else escape(caller),
        domain="anonymous.invalid" if anonymous else "[local_ip]",
        extra=extra,
        talk_ms=int(talk_s * 1000),
    )
