"""`make run`: the lab's Asterisk and phones where the settings name no PBX, and the server on top, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from lab.errors import LabError
from lab.install import VENV
from lab.mail import HOUSE, PASSWORD, WORLD, Post, post
from lab.pbx import Pbx
from lab.phones import Phone
from lab.settings import HOST, LabSettings
from lab.smsc import PASSWORD as SMS_PASSWORD
from lab.smsc import running as smsc_running
from lab.system import bound, say

DESKS = ("101", "102", "103", "105", "110")
STAGGER_MS = 700  # so that of two colleagues who ring together the first one gets the call
CLIENT_RINGS_MS = 3000


def up(settings: LabSettings) -> int:
    """Asterisk and phones alone, in the foreground."""
    with ExitStack() as stack:
        stack.enter_context(_pid_file(settings))
        pbx = stack.enter_context(lab(settings))
        say(f"the lab's Asterisk is up on SIP {pbx.ports.sip}, HTTP {pbx.ports.http}, AMI {pbx.ports.ami}")
        for name, text in (pbx.settings() | pbx.sip_settings()).items():
            print(f"export {name}={text}")
        _wait_for_signal()
    return 0


def run(settings: LabSettings) -> int:
    """The whole product; the status is the server's own."""
    _refuse_taken_panel(settings.panel_port)
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("CTI_LAB_", "LAB_"))}
    environment["CTI_DATA"] = str(settings.data)
    settings.data.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_pid_file(settings))
        if not settings.own_pbx:
            pbx = stack.enter_context(lab(settings))
            environment |= pbx.settings() | pbx.sip_settings()
            say(f"the lab's Asterisk is up on SIP {pbx.ports.sip}: python3 -m lab call 74950000001")
        office = stack.enter_context(post(settings))
        environment.setdefault("CTI_MAIL__INSIDE", '["127.0.0.0/8"]')
        say(f"the lab's post office is up: python3 -m lab letter 'Пришлите прайс-лист' writes to {HOUSE}")
        say(f"what is sent elsewhere: IMAP {HOST}:{office.imap} without TLS, login {WORLD}, password {PASSWORD}")
        smsc = stack.enter_context(smsc_running(settings))
        environment.setdefault("CTI_SMS__INSIDE", '["127.0.0.0/8"]')
        say(f"the lab's SMSC is up: python3 -m lab sms 'Перезвоните' writes to us; what we send: {smsc.sent}")
        return _serve(environment, office, smsc.port)


@contextlib.contextmanager
def lab(settings: LabSettings) -> Iterator[Pbx]:
    """A running Asterisk with members in its queue, phones at the desks (LAB_PHONES) and a client behind the trunk.

    Whoever listens at the trunk's port already is the client: somebody may want to play him.
    """
    with ExitStack() as stack:
        pbx = stack.enter_context(Pbx(settings.folder, settings.ports))
        pbx.add_members()
        for phone in desk_phones(settings) if settings.phones else []:
            stack.enter_context(phone)
        with contextlib.suppress(LabError):
            client = Phone("client", pbx.ports.sip, trunk=True, port=pbx.ports.trunk, ring_ms=CLIENT_RINGS_MS)
            stack.enter_context(client)
        yield pbx


def desk_phones(settings: LabSettings) -> list[Phone]:
    """The lab's people: each answers by himself after LAB_RING_MS."""
    sip = settings.ports.sip
    return [Phone(desk, sip, ring_ms=settings.ring_ms + STAGGER_MS * place) for place, desk in enumerate(DESKS)]


def stop(settings: LabSettings) -> int:
    """End the lab that runs on these settings, from another terminal."""
    pid = running(settings)
    if pid is None:
        print("no lab is running here")
        return 1
    os.kill(pid, signal.SIGTERM)
    return 0


def status(settings: LabSettings) -> int:
    """Print whether a lab runs here and which phones it has; 0 when it does."""
    pid = running(settings)
    if pid is None:
        print("no lab is running here")
        return 1
    shown = Pbx(settings.folder, settings.ports).console("pjsip show contacts")
    phones = [name for name in re.findall(r"(?m)^\s*Contact:\s+([\w-]+)/sip", shown) if name != "trunk"]
    print(f"running, process {pid}, SIP port {settings.ports.sip}; registered: {', '.join(phones) or 'nobody'}")
    return 0


def running(settings: LabSettings) -> int | None:
    """Process id of the running lab of this data folder, None when the file is stale or missing."""
    try:
        pid = int((settings.folder / "lab.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if b"lab" in command else None


def _serve(environment: dict[str, str], office: Post, smsc: int) -> int:
    cti = str(VENV / "bin/cti")
    mail = ["--mail", str(office.imap), str(office.smtp), "--mail-password", PASSWORD]
    sms = ["--sms", str(smsc), "--sms-password", SMS_PASSWORD]
    prepared = subprocess.run(bound([cti, "demo", "--prepare", *mail, *sms]), env=environment, check=False)
    if prepared.returncode:
        return prepared.returncode
    server = subprocess.Popen(bound([cti, "serve"]), env=environment, start_new_session=True)

    def stop(*_: object) -> None:
        """One way to end for every signal; in a session of its own the server hears of Ctrl-C only from here."""
        server.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    return max(server.wait(), 0)


@contextlib.contextmanager
def _pid_file(settings: LabSettings) -> Iterator[None]:
    other = running(settings)
    if other and other != os.getpid():
        raise LabError(f"a lab is running already on {settings.data} (process {other}): stop it, or set CTI_DATA")
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = settings.folder / "lab.pid"
    file.write_text(str(os.getpid()))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _refuse_taken_panel(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise LabError(f"port {port} is taken, perhaps by another `make run`: stop it, or set CTI_PORT") from None


def _wait_for_signal() -> None:
    """Until Ctrl-C or SIGTERM."""

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            signal.pause()


def phones(settings: LabSettings) -> int:
    """Desk phones alone, for a lab that runs without."""
    with ExitStack() as stack:
        for phone in desk_phones(settings):
            stack.enter_context(phone)
        say(f"{', '.join(DESKS)} are registered and answer after {settings.ring_ms} ms")
        _wait_for_signal()
    return 0
