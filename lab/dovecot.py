"""Dovecot for the lab and the tests: a real mail server, unpacked beside the checkout and never installed as a service.

The package would start a server on the mail ports now and at every boot, so only its files are taken. Two paths that
are compiled into it do not exist here: that of its settings' reader, which is therefore run first and starts the
server itself, and that of its modules, which is made relative in the unpacked files, to the folder it runs in.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re
import signal
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.dovecot_settings import COMMON, INTROSPECTION, NEW, NEW_FIRST, NEW_TOKENS, OLD, OLD_TOKENS, UNPRIVILEGED
from lab.errors import LabError
from lab.free_ports import free_port
from lab.settings import CHECKOUT
from lab.system import bound, run, unpack_packages

ROOT = CHECKOUT / ".lab" / "dovecot"
PACKAGES = ("dovecot-core", "dovecot-imapd", "dovecot-lmtpd")
MODULES, MODULES_HERE = b"/usr/lib/dovecot/modules", b".//./././././././modules"  # of the same length
READY_S = 20.0


def unpack() -> None:
    """Fill ROOT; at once when it is filled."""
    if (ROOT / ".done").is_file():
        return
    unpack_packages(ROOT, PACKAGES)
    for file in ROOT.rglob("*"):
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            if content.startswith(b"\x7fELF") and MODULES in content:
                file.write_bytes(content.replace(MODULES, MODULES_HERE))
    (ROOT / ".done").touch()


@dataclass(kw_only=True)
class Dovecot:
    """A running server. imaps: port with TLS; imap: without, or STARTTLS; lmtp: where letters are delivered.

    certificate: to be trusted by whoever connects. introspection: where it asks whether a token is good (RFC 7662).
    is_old: before 2.4, whose settings are others. Ports stay the same when it is stopped and started again.
    """

    folder: Path
    certificate: Path
    imaps: int
    imap: int
    lmtp: int
    users: dict[str, str] = field(default_factory=dict)
    quota_mib: dict[str, int] = field(default_factory=dict)
    more: str = ""
    introspection: str = ""
    is_old: bool = True
    _writes: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it; it listens when this returns."""
        binaries = ROOT / "usr/bin"
        settings = str(self.folder / "dovecot.conf")
        server = [str(ROOT / "usr/sbin/dovecot"), "-F", "-c", settings]
        how = ["-f", "service=master", "-c", settings, "-m", "master", "-e"] if self.is_old else ["-c", settings, "-F"]
        reader = [str(binaries / "doveconf"), *how, *server]
        with (self.folder / "out").open("wb") as out:
            self._process = subprocess.Popen(
                bound(reader), env=_env(), cwd=self.folder / "base", stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + READY_S
        while not all(_listens(port) for port in (self.imap, self.imaps, self.lmtp)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise LabError(f"Dovecot does not start: {self.log()}{(self.folder / 'out').read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, as for an outage. Mailboxes stay."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)  # its polite end takes a second
            self._process.wait(10)
            group, deadline = self._process.pid, time.monotonic() + READY_S
            with contextlib.suppress(ProcessLookupError):  # a child that dies last holds its sockets: no start then
                while time.monotonic() < deadline:
                    os.killpg(group, 0)
                    time.sleep(0.005)
            self._process = None

    def add(self, user: str, password: str, *, quota_mib: int = 0) -> None:
        """A mailbox, or a new password of one. It counts with the next second: the file is looked at once in each."""
        self.users[user] = password
        self.quota_mib[user] = quota_mib
        self.write_users()

    def write_users(self) -> None:
        """What its passwords are read from."""
        uid, gid = _mail_owner()
        lines = []
        for user, password in self.users.items():
            quota = self.quota_mib.get(user)
            limit = f"rule=*:storage={quota}M" if self.is_old else f"storage_size={quota}M"
            more = f"userdb_quota_{limit}" if quota else ""
            lines.append(f"{user}:{{PLAIN}}{password}:{uid}:{gid}::{self.home(user)}::{more}\n")
        part = self.folder / "users.new"
        part.write_text("".join(lines))
        part.chmod(0o644)
        self._writes += 1
        os.utime(part, times=(time.time(), time.time() + self._writes))  # it is read anew when its second is another
        part.replace(self.folder / "users")

    def home(self, user: str) -> Path:
        """Where a user's mail lies: Maildir."""
        return self.folder / "mail" / user

    def deliver(self, raw: bytes, *to: str, sender: str = "somebody@elsewhere.example") -> None:
        """A letter from outside. It is in the mailbox when this returns; raises smtplib.SMTPException."""
        with smtplib.LMTP("127.0.0.1", self.lmtp) as link:
            for one in (
                to or list(self.users)[:1]
            ):  # several at once would have an answer each, which smtplib cannot read
                link.sendmail(sender, one, raw)

    def fill(self, user: str, letters: Iterable[bytes]) -> None:
        """Many letters at once, as if they had lain in the inbox for long."""
        new = self.home(user) / "Maildir" / "new"
        with smtplib.LMTP("127.0.0.1", self.lmtp) as link:
            if not new.is_dir():
                link.sendmail("nobody@elsewhere.example", user, b"Message-ID: <first@elsewhere.example>\r\n\r\n")
        uid, gid = _mail_owner()
        for number, raw in enumerate(letters):
            file = new / f"{1_700_000_000 + number}.F{number}.lab"
            file.write_bytes(raw)
            os.chown(file, uid, gid)

    def forget_uids(self, user: str, folder: str = "INBOX") -> None:
        """Let UIDVALIDITY of a folder change and every letter have another UID; while nobody has it open."""
        maildir = self.home(user) / "Maildir" / ("" if folder == "INBOX" else "." + folder.replace("/", "."))
        for name in ("dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.cache"):
            (maildir / name).unlink(missing_ok=True)
        for file in self.home(user).joinpath("Maildir").glob("dovecot.list.index*"):
            file.unlink()

    def log(self) -> str:
        """What it has said."""
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.is_file() else ""


@contextmanager
def running(folder: Path, users: Mapping[str, str], *, more: str = "", introspection: str = "") -> Iterator[Dovecot]:
    """A server with these mailboxes (login -> password) until the block ends. more: lines for its settings.

    folder: its own; as root it must lie where others may pass, for mail never belongs to root.
    """
    if not (ROOT / ".done").is_file():
        raise LabError("No mail server is unpacked: make setup")
    ports = [free_port() for _ in range(3)]
    made = Dovecot(
        folder=folder,
        certificate=folder / "cert.pem",
        imaps=ports[0],
        imap=ports[1],
        lmtp=ports[2],
        users=dict(users),
        more=more,
        introspection=introspection,
    )
    _lay_out(made)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _lay_out(made: Dovecot) -> None:
    folder = made.folder
    for name in ("base", "mail"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "mail").chmod(0o777)
    (folder / "base/modules").unlink(missing_ok=True)
    (folder / "base/modules").symlink_to(ROOT / "usr/lib/dovecot/modules")
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    keys = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    run(["openssl", "req", "-x509", *keys, *files, *subject], advice="openssl makes no certificate")
    version = _version()
    made.is_old = version < (2, 4)
    made.write_users()
    (folder / "dovecot.conf").write_text(_settings(made, version))


def _version() -> tuple[int, ...]:
    shown = subprocess.run([ROOT / "usr/sbin/dovecot", "--version"], env=_env(), capture_output=True, text=True)
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", shown.stdout)
    if not found:
        raise LabError(f"Dovecot does not run: {shown.stderr.strip()}")
    return tuple(map(int, found.groups()))


def _settings(made: Dovecot, version: tuple[int, ...]) -> str:
    form = COMMON + OLD if made.is_old else NEW_FIRST + COMMON + NEW
    if made.introspection:
        form += OLD_TOKENS if made.is_old else NEW_TOKENS
        (made.folder / "oauth2.conf").write_text(INTROSPECTION.replace("<URL>", made.introspection))
    if os.geteuid():  # no user may change its root or become another
        form += UNPRIVILEGED
    name = pwd.getpwuid(os.geteuid()).pw_name
    values = {
        "VERSION": ".".join(map(str, version)),
        "TOKENS": INTROSPECTION.replace("<URL>", made.introspection),
        "COUNT": "service_count = 0" if made.is_old else "restart_request_count = unlimited",
        "FOLDER": str(made.folder),
        "LIBEXEC": str(ROOT / "usr/lib/dovecot"),
        "INTERNAL": name,
        "LOGIN": "nobody" if not os.geteuid() else name,
        "GROUP": grp.getgrgid(os.getegid()).gr_name,
        "IMAPS": str(made.imaps),
        "IMAP": str(made.imap),
        "LMTP": str(made.lmtp),
    }
    for word, value in values.items():
        form = form.replace(f"<{word}>", value)
    return form + made.more


def _env() -> dict[str, str]:
    libraries = [ROOT / "usr/lib/dovecot", ROOT / "usr/lib/dovecot/modules"]
    libraries += sorted({file.parent for file in ROOT.glob("usr/lib/*/lib*.so.*")})
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}


def _mail_owner() -> tuple[int, int]:
    if os.geteuid():
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
