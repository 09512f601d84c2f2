"""One running Asterisk of the lab: its folder, its ports, its console. Several may run at once from one unpacked root.

Everything it writes is under its folder; it dies with the process that started it, however that ends. Start it from
the main thread: the kernel ties its life to the thread that made it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from dialplan.conf import render_conf
from dialplan.model import Context, Step
from dialplan.recipes.responsible import ASK_S, waited
from dialplan.render import render
from dialplan.services import manager
from dialplan.site import Site
from lab import plan
from lab.errors import LabError
from lab.settings import CHECKOUT, HOST, RTP_WINDOW, Ports
from lab.settings import load as load_settings
from lab.system import bound
from lab.unpack import Installed, unpack

START_S = 60.0
TEMPLATES = CHECKOUT / "config" / "asterisk"
BARE = ("asterisk.conf", "logger.conf", "modules.conf", "rtp.conf")
LONGEST_SOCKET_PATH = 100  # the kernel's limit for a local socket is 108


def device_secret(endpoint: str) -> str:
    """The lab's phones have known passwords, so that anybody may bring a phone of his own: all stays on loopback."""
    return f"lab-{endpoint.lower().replace('_', '-')}"


class Pbx:
    """Asterisk in `folder` on `ports`. A context manager: started on entry, stopped on exit.

    version: of Asterisk, by default that of CTI_LAB_ASTERISK. own: configuration files by name in place of the lab's,
    which then gives only what an Asterisk is nowhere without (BARE); `@SIP_PORT@` and the like are filled in. known: an
    endpoint of theirs: it is ready when it has read that. patience_ms: of the dialplan and the
    server with each other, for tests of what they say whatever else the machine does; 0: as they have it by themselves.
    """

    def __init__(
        self,
        folder: Path,
        ports: Ports | None = None,
        *,
        version: int = 0,
        own: Mapping[str, str] | None = None,
        known: str = "101-web",
        patience_ms: int = 0,
    ) -> None:
        self.home = folder.absolute()
        self.ports = ports or Ports.free()
        self.version = version or load_settings().asterisk
        self._process: subprocess.Popen[bytes] | None = None
        self._run = self._run_folder()
        self._own, self._known = own, known
        self._patience_ms = patience_ms

    @property
    def secret_file(self) -> Path:
        """File with the AMI secret, readable by its owner only."""
        return self.home / "ami.secret"

    @property
    def sounds(self) -> Path:
        """Its folder of sounds."""
        return self.home / "share/sounds"

    @property
    def recordings(self) -> Path:
        """Its folder of recordings."""
        return self.home / "recordings"

    @property
    def pid(self) -> int:
        """Process id of the running Asterisk."""
        return self._alive().pid

    def settings(self) -> dict[str, str]:
        """The server's settings for this PBX, as environment variables."""
        patient = {"CTI_AGI__BUDGET_MS": str(self._patience_ms), "CTI_PBX__MAIN__ANSWER_MS": str(self._patience_ms)}
        return {
            **(patient if self._patience_ms else {}),
            "CTI_PBX__MAIN__HOST": HOST,
            "CTI_PBX__MAIN__PORT": str(self.ports.ami),
            "CTI_PBX__MAIN__USERNAME": "trubka",
            "CTI_PBX__MAIN__SECRET_FILE": str(self.secret_file),
            "CTI_AGI__PORT": str(self.ports.agi),
            "CTI_PBX__MAIN__RECORDINGS": str(self.recordings),
            "CTI_PBX__MAIN__SIP_WS": f"ws://{HOST}:{self.ports.http}/ws",
            "CTI_PBX__MAIN__WEB_SECRETS_FILE": str(self.home / "etc/pjsip_browsers.conf"),
        }

    def sip_settings(self, *, number: str = "103", agent: str = "clara") -> dict[str, str]:
        """The settings of a test call to an agent's phone."""
        return {
            "CTI_SIP__MAIN__HOST": HOST,
            "CTI_SIP__MAIN__PORT": str(self.ports.sip),
            "CTI_SIP__MAIN__TEST__EXTENSION": "199",
            "CTI_SIP__MAIN__TEST__SECRET": device_secret("199"),
            "CTI_SIP__MAIN__TEST__NUMBER": number,
            "CTI_SIP__MAIN__TEST__AGENT": agent,
        }

    def watch_settings(self, *agents: str) -> dict[str, str]:
        """The settings of a watch line that gives people its cards."""
        line = "CTI_SIP__MAIN__WATCH__FRONT__"
        return {
            "CTI_SIP__MAIN__HOST": HOST,
            "CTI_SIP__MAIN__PORT": str(self.ports.sip),
            f"{line}EXTENSION": "190",
            f"{line}SECRET": device_secret("190"),
            f"{line}CALLED": "+74950000009",
            f"{line}AGENTS": json.dumps(agents),
        }

    @property
    def agi(self) -> str:
        """Where the dialplan asks the server."""
        return f"{HOST}:{self.ports.agi}"

    @property
    def ask_s(self) -> float:
        """How long the dialplan waits for it."""
        return waited(self._patience_ms) if self._patience_ms else ASK_S

    def contexts(self, more: Mapping[str, tuple[Step, ...]] | None = None) -> tuple[Context, ...]:
        """The lab's dialplan as it is here. more: further numbers that clients may dial."""
        return plan.contexts(more, agi=self.agi, ask_s=self.ask_s, recordings=str(self.recordings))

    def start(self) -> Pbx:
        """Configure, start and wait until calls can be made. Raises LabError with the log's errors."""
        self._refuse_taken_ports()
        self._configure()
        self._spawn()
        return self

    def stop(self) -> None:
        """End it, gently first. Safe to repeat."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        if self._run != self.home / "run":
            shutil.rmtree(self._run, ignore_errors=True)

    def kill(self) -> None:
        """As a power cut does it: no goodbye to anybody. start_again() brings it back with its memory."""
        if self._process:
            self._process.kill()
            self._process.wait(5)

    def start_again(self) -> None:
        """Start after kill(), with the configuration, members and secret it had."""
        self._spawn()

    def restart(self) -> None:
        """Stop and start, same configuration and secret; calls are lost, queue members are not."""
        self.stop()
        self._spawn()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers. resume() ends it."""
        self._alive().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._alive().send_signal(signal.SIGCONT)

    def console(self, command: str, *, within_s: float = 30.0) -> str:
        """What the Asterisk console answers to a command."""
        done = subprocess.run(
            [*self._asterisk.program("asterisk"), "-C", str(self.home / "etc/asterisk.conf"), "-rx", command],
            capture_output=True,
            timeout=within_s,
            check=False,
        )
        text = done.stdout.decode(errors="replace")
        if done.returncode:
            raise LabError(f"asterisk -rx {command!r}: {text.strip() or done.stderr.decode(errors='replace').strip()}")
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    def reload_dialplan(self, text: str) -> str:
        """Put another extensions.conf in place and load it."""
        (self.home / "etc/extensions.conf").write_text(text, encoding="utf-8")
        return self.console("dialplan reload")

    def add_members(self, members: Mapping[str, tuple[str, ...]] = plan.MEMBERS) -> None:
        """Devices into queues, by queue name; who is in already stays."""
        for queue, devices in members.items():
            present = self.console(f"queue show {queue}")
            for device in devices:
                if f"({device}" not in present and f"{device} " not in present:
                    self.console(f"queue add member {device} to {queue}")

    def reset_members(self, members: Mapping[str, tuple[str, ...]] = plan.MEMBERS) -> None:
        """Exactly these devices in the queues, none of them paused."""
        for queue in plan.QUEUES.values():
            for device in sorted(set(re.findall(r"\bPJSIP/[\w-]+", self.console(f"queue show {queue}")))):
                self.console(f"queue remove member {device} from {queue}")
        self.add_members(members)

    def hang_up_all(self, *, within_s: float = 30.0) -> None:
        """End every call and wait until none is left: the clean slate between tests."""
        self.console("channel request hangup all")
        self.wait_quiet(within_s=within_s)

    def wait_quiet(self, *, within_s: float = 30.0) -> None:
        """Block until there is no call. Raises LabError after within_s."""
        wait_until(lambda: "0 active channels" in self.console("core show channels count"), within_s, "calls still up")

    def registered(self, endpoint: str) -> bool:
        """Whether a phone is registered at the endpoint."""
        return bool(re.search(rf"(?m)^\s*Contact:\s+{re.escape(endpoint)}/", self.console("pjsip show contacts")))

    def __enter__(self) -> Pbx:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            raise LabError("the lab's Asterisk is not running")
        return self._process

    @cached_property
    def _asterisk(self) -> Installed:
        settings = load_settings()
        return unpack(settings.root(self.version), version=self.version, mirror=settings.mirror)

    def _run_folder(self) -> Path:
        """Where the control socket lives: in the home unless its path would be too long for a socket."""
        if len(str(self.home / "run/asterisk.ctl")) <= LONGEST_SOCKET_PATH:
            return self.home / "run"
        mark = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"trubka-lab-{os.getuid()}-{mark}"

    def _refuse_taken_ports(self) -> None:
        wanted = (("SIP", self.ports.sip, socket.SOCK_DGRAM), ("HTTP", self.ports.http, socket.SOCK_STREAM))
        for name, port, kind in (*wanted, ("AMI", self.ports.ami, socket.SOCK_STREAM)):
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError:
                    advice = "stop the other lab or PBX, or set CTI_LAB_PORTS=SIP,HTTP,AMI"
                    raise LabError(f"{name} port {port} is taken: {advice}") from None

    def _configure(self) -> None:
        for name in ("etc", "lib/keys", "log", "spool", "cache"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        self._run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._own_share()
        music = self.home / "lib/moh"
        music.unlink(missing_ok=True)
        music.symlink_to(self._asterisk.share / "moh")
        values = self._values()
        speaks_opus = any(self._asterisk.modules.glob("codec_opus*.so"))
        samples = {one.name: one.read_text(encoding="utf-8") for one in TEMPLATES.glob("*.conf")}
        if self._own is None:
            made = {"extensions.conf": render(self.contexts())}
        else:
            samples, made = {name: samples[name] for name in BARE}, {**self._own}
        for name, text in {**samples, **made}.items():
            self._write(name, _filled(text if speaks_opus else _without_opus(text), values))

    def _own_share(self) -> None:
        """The data folder is its own, of links: sounds may be put into it, as on a PBX that stands alone."""
        links = [one for one in self._asterisk.share.iterdir() if one.name != "sounds"]
        for language in ("en", "ru"):
            links += (self._asterisk.share / "sounds" / language).iterdir()
        for one in links:
            link = self.home / "share" / one.relative_to(self._asterisk.share)
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(one)

    def _values(self) -> dict[str, str]:
        return {
            "SIP_PORT": str(self.ports.sip),
            "HTTP_PORT": str(self.ports.http),
            "AMI_PORT": str(self.ports.ami),
            "AMI_SECRET": self._secret(),
            "TRUNK_HOST": HOST,
            "TRUNK_PORT": str(self.ports.trunk),
            "RTP_FIRST": str(self.ports.rtp),
            "RTP_LAST": str(self.ports.rtp + RTP_WINDOW - 1),
            "HOME": str(self.home),
            "RUN": str(self._run),
            "MODULES": str(self._asterisk.modules),
            "SHARE": str(self.home / "share"),
        }

    def _secret(self) -> str:
        """Random, kept over restarts."""
        if not self.secret_file.exists():
            descriptor = os.open(self.secret_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(24))
        return self.secret_file.read_text().strip()

    def _write(self, name: str, text: str) -> None:
        file = self.home / "etc" / name
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")

    def _spawn(self) -> None:
        self._run.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._run / "asterisk.ctl").unlink(missing_ok=True)
        command = [*self._asterisk.program("asterisk"), "-f", "-C", str(self.home / "etc/asterisk.conf")]
        with (self.home / "log/console").open("ab") as log:
            self._process = subprocess.Popen(
                bound(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home, start_new_session=True
            )
        try:
            wait_until(self._ready, START_S, "Asterisk does not answer")
        except LabError as error:
            self.stop()
            raise LabError(f"{error}\n{self.errors()}") from None

    def errors(self) -> str:
        """The errors in Asterisk's own log."""
        log = self.home / "log/messages"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join([line for line in lines if "ERROR" in line][-10:]) or f"see {self.home / 'log/console'}"

    def _ready(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise LabError("Asterisk ended at once")
        try:
            with socket.create_connection((HOST, self.ports.ami), timeout=2) as link:
                if not link.recv(64).startswith(b"Asterisk Call Manager"):
                    return False
            self.console("core waitfullybooted")
            return self._known in self.console("pjsip show endpoints")
        except (OSError, LabError, subprocess.TimeoutExpired):
            return False


def _account(sample: str) -> str:
    """The sample with the account that a published plan has: whatever runs on the lab runs with no right more."""
    site = Site(agi="", caller_id="", secrets={}, ami_secret="@AMI_SECRET@")
    return sample.partition("[trubka]")[0] + render_conf(manager(site))


def _without_opus(text: str) -> str:
    """A sample as it is set on a PBX that cannot turn opus into what telephone lines speak: Debian's Asterisk 16."""
    return text.replace("allow=opus,ulaw", "allow=ulaw,alaw").replace("allow=ulaw,alaw,opus", "allow=ulaw,alaw")


def wait_until(true: Callable[[], bool], within_s: float, otherwise: str) -> None:
    """Return as soon as true() is; raises LabError(otherwise) when within_s have passed."""
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            raise LabError(f"{otherwise} after {within_s:g} s")
        time.sleep(0.05)


def _filled(template: str, values: dict[str, str]) -> str:
    """The template with each @NAME@ replaced; @SECRET_101_WEB@ is the secret of device 101-web."""

    def put(found: re.Match[str]) -> str:
        name = found[1]
        return device_secret(name.removeprefix("SECRET_")) if name.startswith("SECRET_") else values[name]

    return re.sub(r"@([A-Z][A-Z0-9_]*)@", put, template)
