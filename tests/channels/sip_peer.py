"""A PBX that does what no real one does on demand, over UDP; and the child of the SIP lines as the server runs it."""

from __future__ import annotations

import json
import queue
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cti.channels.phone.sip import CHILD

WITHIN_S = 10.0


@dataclass(kw_only=True)
class Packet:
    """A message as it came. at: monotonic."""

    text: str
    sender: tuple[str, int]
    at: float = field(default_factory=time.monotonic)

    @property
    def start(self) -> str:
        return self.text.split("\r\n", 1)[0]

    @property
    def method(self) -> str:
        """INVITE, ACK, ...; of a response its code."""
        words = self.start.split(" ")
        return words[1] if words[0] == "SIP/2.0" else words[0]

    def get(self, header: str) -> str:
        found = re.search(rf"(?mi)^{header}:\s*(.*?)\r?$", self.text)
        return found[1] if found else ""


class Peer:
    """The registrar at a port of its own. `script`: answers what comes; None keeps silent."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = int(self.socket.getsockname()[1])
        self.script: Callable[[Packet], str | None] = lambda packet: None
        self.got: list[Packet] = []
        self.changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._stopping:
            try:
                data, sender = self.socket.recvfrom(65_535)
            except TimeoutError:
                continue
            except OSError:
                return
            packet = Packet(text=data.decode(errors="replace"), sender=sender)
            with self.changed:
                self.got.append(packet)
                self.changed.notify_all()
            answer = self.script(packet)
            if answer is not None:
                self.send(answer, sender)

    def send(self, text: str | bytes, to: tuple[str, int]) -> None:
        self.socket.sendto(text if isinstance(text, bytes) else text.encode(), to)

    def all(self, method: str) -> list[Packet]:
        """All messages of a method, or all responses with a code."""
        return [packet for packet in self.got if packet.method == method]

    def wait(self, method: str, count: int = 1, *, within_s: float = WITHIN_S) -> Packet:
        """The count-th message of a method, or response with a code."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.all(method)) >= count, within_s), (
                f"{method} {count} did not come; what came: {[packet.start for packet in self.got]}"
            )
        return self.all(method)[count - 1]

    def close(self) -> None:
        self._stopping = True
        self._thread.join(2)
        self.socket.close()


def answer(packet: Packet, code: int, *more: str, tag: str = "peer", body: str = "") -> str:
    """A response to a request."""
    to = packet.get("To")
    lines = [
        f"SIP/2.0 {code} Whatever",
        f"Via: {packet.get('Via')}",
        f"From: {packet.get('From')}",
        f"To: {to if 'tag=' in to or code == 100 else f'{to};tag={tag}'}",
        f"Call-ID: {packet.get('Call-ID')}",
        f"CSeq: {packet.get('CSeq')}",
        *more,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def challenge(packet: Packet, *, algorithm: str = "MD5", nonce: str = "n1") -> str:
    value = f'Digest realm="pbx",nonce="{nonce}",algorithm={algorithm},qop="auth"'
    return answer(packet, 401, f"WWW-Authenticate: {value}")


def registrar(packet: Packet, *, granted: int = 60) -> str | None:
    """Takes everybody who signs in."""
    if packet.method != "REGISTER":
        return None
    if not packet.get("Authorization"):
        return challenge(packet)
    contact = packet.get("Contact").split(";")[0].rstrip(">") + ">"
    return answer(packet, 200, f"Contact: {contact};expires={granted}", f"Expires: {3600}")


def invite(call_id: str, *, to: str = "190", caller: str = '"Client" <sip:79355550101@pbx>', branch: str = "") -> str:
    """A call to the line."""
    lines = (
        f"INVITE sip:{to}@x SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{branch or call_id};rport",
        f"From: {caller};tag=caller",
        f"To: <sip:{to}@x>",
        f"Call-ID: {call_id}",
        "CSeq: 7 INVITE",
        "Contact: <sip:pbx@127.0.0.1:5060>",
        "Content-Type: application/sdp",
        "Content-Length: 4",
    )
    return "\r\n".join(lines) + "\r\n\r\nv=0\n"


def request(method: str, call_id: str, *more: str, branch: str = "", to: str = "<sip:190@x>", cseq: int = 7) -> str:
    """Another request of the same call."""
    lines = (
        f"{method} sip:190@x SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{branch or call_id};rport",
        'From: "Client" <sip:79355550101@pbx>;tag=caller',
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        *more,
        "Content-Length: 0",
    )
    return "\r\n".join(lines) + "\r\n\r\n"


class Child:
    """The child process with a watch line `front` and a line `test` at a peer."""

    def __init__(self, port: int, *, watch: bool = True, **timing: float) -> None:
        self.told: list[dict[str, Any]] = []
        self._queue: queue.Queue[dict[str, Any]] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"MALLOC_ARENA_MAX": "1"},
        )
        common = {"host": "127.0.0.1", "port": port}
        accounts = [{"name": "test", "extension": "199", "secret": "s", "watch": False, **common}]
        if watch:
            accounts.append({"name": "front", "extension": "190", "secret": "s", "watch": True, **common})
        self.order(accounts=accounts, timing=timing)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._queue.put(json.loads(line))

    def order(self, **what: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()

    def call(self, number: str, *, ring_s: float = 20.0, talk_s: float = 1.0, id_: str = "a") -> None:
        self.order(line="test", do="call", id=id_, number=number, ring_s=ring_s, talk_s=talk_s)

    def wait(self, kind: str, *, within_s: float = WITHIN_S, **fields: Any) -> dict[str, Any]:
        """The next thing it tells of this kind."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                one = self._queue.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise AssertionError(f"not within {within_s:g} s: {kind} {fields}; told: {self.told}") from None
            self.told.append(one)
            if one["kind"] == kind and all(one.get(key) == value for key, value in fields.items()):
                return one

    def count(self, kind: str) -> int:
        """How often it told so, with what stands unread."""
        while not self._queue.empty():
            self.told.append(self._queue.get())
        return sum(one["kind"] == kind for one in self.told)

    def status(self, name: str) -> int:
        """A figure of the process: VmRSS in KiB, Threads."""
        found = re.search(rf"(?m)^{name}:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found
        return int(found[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(5)
        finally:
            self.process.kill()
            self._thread.join(5)
            self.process.stdout.close()
