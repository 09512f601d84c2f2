"""A real Asterisk whose dialplan is ours: its own files include ours, and the command line publishes into it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from cti.passwords import installation_key
from cti.settings import OwnerSettings, PbxSettings, Settings
from cti.storage import dialplans
from cti.storage.database import open_database
from dialplan import including, masks
from dialplan.files import EXTENSIONS, INCLUDED_BY, MANAGER
from dialplan.plan import Plan
from lab.errors import LabError
from lab.pbx import Pbx
from lab.settings import CHECKOUT, HOST

CLI = [sys.executable, "-m", "cti"]


class OwnedPbx(Pbx):
    """An Asterisk of the lab that an admin has prepared: his own files, with the lines that include ours."""

    @property
    def etc(self) -> Path:
        """Its configuration folder."""
        return self.home / "etc"

    @property
    def command(self) -> tuple[str, ...]:
        """Its console."""
        return (*self._asterisk.program("asterisk"), "-C", str(self.etc / "asterisk.conf"), "-rx")

    def _configure(self) -> None:
        super()._configure()
        for name, ours in (("pjsip.conf", "; Desk phones"), ("queues.conf", "[office]")):
            self._write(name, (self.etc / name).read_text(encoding="utf-8").partition(ours)[0])
        modules = (self.etc / "modules.conf").read_text(encoding="utf-8")
        self._write("modules.conf", modules.replace("noload=app_voicemail.so\n", ""))
        self._write("extensions.conf", "[general]\n[from-outside-custom]\nexten => 74950000099,1,Hangup(17)\n")
        for ours, theirs in INCLUDED_BY.items():
            if ours != MANAGER:
                with (self.etc / theirs).open("a", encoding="utf-8") as file:
                    file.write(f"\n{including.line(ours)}\n")

    def _ready(self) -> bool:
        """It has no phones yet."""
        try:
            self.console("core waitfullybooted")
            with socket.create_connection((HOST, self.ports.ami), timeout=2) as link:
                return link.recv(64).startswith(b"Asterisk Call Manager")
        except (OSError, LabError, subprocess.TimeoutExpired):
            return False

    def owned(self, data: Path, **more: object) -> Settings:
        """The settings of a server that owns it."""
        owner = OwnerSettings(folder=self.etc, command=self.command)
        pbx = PbxSettings(port=self.ports.ami, secret_file=self.secret_file, owner=owner)
        return Settings(data=data, pbx={"main": pbx}, **more)  # type: ignore[arg-type]

    def environment(self, data: Path, *command: str) -> dict[str, str]:
        """The same as variables; the command may be another."""
        told = {
            "CTI_DATA": str(data),
            "CTI_LANGUAGE": "en",
            "CTI_CONFIG": str(data / "none.toml"),
            "CTI_PBX__MAIN__PORT": str(self.ports.ami),
            "CTI_PBX__MAIN__SECRET_FILE": str(self.secret_file),
            "CTI_PBX__MAIN__OWNER__FOLDER": str(self.etc),
            "CTI_PBX__MAIN__OWNER__COMMAND": json.dumps(command or self.command),
        }
        (data / "none.toml").touch()
        return {**os.environ, **told}

    def ours(self) -> Mapping[str, tuple[bytes, int]]:
        """Our files as they are on the disk, each with its mode."""
        return {one.name: (one.read_bytes(), one.stat().st_mode & 0o777) for one in self.etc.glob("trubka_*.conf")}

    def theirs(self) -> Mapping[str, bytes]:
        """All that is not ours."""
        return {one.name: one.read_bytes() for one in self.etc.iterdir() if not one.name.startswith("trubka_")}

    def runs(self, number: str) -> bool:
        """Whether the PBX has a number in its dialplan."""
        return f"'{number}' =>" in self.console("dialplan show from-outside-own")


def cti(pbx: OwnedPbx, data: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`cti dialplan ...`."""
    return subprocess.run(
        [*CLI, "dialplan", *args],
        cwd=CHECKOUT, env=pbx.environment(data), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


async def with_passwords(data: Path, plan: Plan) -> None:
    """Passwords for all that a plan has, as provisioning gives them."""
    box = Fernet(installation_key(data))
    db = await open_database(Settings(data=data).database_url)
    async with db.write() as conn:
        secrets = {name: "4711" if name.startswith("box-") else f"secret-{name}" for name in masks.names(plan)}
        await dialplans.seal(conn, "main", {name: box.encrypt(one.encode()).decode() for name, one in secrets.items()})
    await db.close()


__all__ = ["CLI", "EXTENSIONS", "OwnedPbx", "cti", "with_passwords"]
