"""The two commands on a machine that has nothing: a bare Debian in a folder, git, make and this checkout in it.

Made by debootstrap once per suite and copied for each trial. The trial has its own mount and process namespaces, so
nothing stays mounted or running, however it ends. Needs root; it is not part of any other command.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from lab.errors import LabError
from lab.install import packages
from lab.settings import CHECKOUT
from lab.settings import load as load_settings
from lab.system import bound, run, say
from lab.unpack import debian_mirror

PROJECT = "root/project"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
INSIDE = {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb"}


def try_out(suite: str, target: str) -> int:
    """Run `make <target>` of the committed state inside a bare root of the suite; its status is ours."""
    if os.geteuid() != 0:
        raise LabError("A bare root needs root: sudo python3 -m lab bare " + suite)
    folder = CHECKOUT / ".lab" / "bare"
    template, root = folder / f"{suite}.clean", folder / suite
    if not (template / ".done").exists():
        _bootstrap(template, suite)
    say(f"{suite}: a fresh copy")
    shutil.rmtree(root, ignore_errors=True)
    run(
        ["cp", "--archive", "--reflink=auto", str(template), str(root)],
        advice="The bare root cannot be copied: disk full?",
    )
    _carry_over(root)
    run(["git", "clone", "--quiet", str(CHECKOUT), str(root / PROJECT)], advice="The checkout cannot be cloned")
    say(f"{suite}: make {target}")
    return subprocess.run(bound(_inside(root, target)), env=INSIDE, check=False).returncode


def _bootstrap(template: Path, suite: str) -> None:
    if not shutil.which("debootstrap"):
        packages("debootstrap")
    say(f"{suite}: debootstrap")
    shutil.rmtree(template, ignore_errors=True)
    template.mkdir(parents=True)
    mirror = load_settings().mirror or debian_mirror()
    command = ["debootstrap", "--variant=minbase", "--include=git,make,ca-certificates", suite, str(template), mirror]
    run(command, advice=f"{suite} cannot be made: check the network, or set CTI_LAB_MIRROR")
    (template / ".done").touch()


def _carry_over(root: Path) -> None:
    """What a network needs and every real machine has of its own: names, certificates, proxies, package indexes."""
    for name in (CERTIFICATES, "etc/resolv.conf", "etc/pip.conf"):
        if Path("/", name).is_file():
            shutil.copyfile(Path("/", name), root / name)
    shown = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=False).stdout
    kept = [line for line in shown.splitlines() if re.match(r'Acquire::(https?(::\S+)?|Check-\S+) "[^"]', line)]
    (root / "etc/apt/apt.conf.d/99-carried-over").write_text("\n".join([*kept, ""]))


def _inside(root: Path, target: str) -> list[str]:
    """Namespaces of its own, then the command; the kernel ends everything with the first process."""
    script = 'mount --bind /dev "$1/dev" && mount -t proc proc "$1/proc" && exec chroot "$1" sh -c "cd $2 && make $3"'
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    return [*isolated, "sh", "-c", script, "sh", str(root), f"/{PROJECT}", target]
