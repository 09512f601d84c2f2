"""Running programs: with one clear line when they fail, and never outliving the lab."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.errors import LabError


def say(text: str) -> None:
    """Progress for the person who waits."""
    print(f"== {text}", flush=True)


def as_root(command: Sequence[str]) -> list[str]:
    """The command as root: as it is, or through sudo. Raises LabError naming the command to run by hand."""
    if os.geteuid() == 0:
        return list(command)
    if shutil.which("sudo"):
        return ["sudo", *command]
    raise LabError(f"Needs root once. Run as root: {' '.join(command)}")


def run(command: Sequence[str], *, advice: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Run to the end, quietly; on failure raises LabError with advice and the last lines of output."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise LabError(f"{advice} ({command[0]}: {error.strerror})") from None
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise LabError(f"{tail}\n{advice}" if tail else advice)


def apt_get(command: Sequence[str], *, advice: str) -> None:
    """Run an apt-get; lists may be old or empty, so when it fails they are read once and it is tried again."""
    try:
        run(command, advice=advice)
    except LabError:
        offline = "The package lists cannot be read: check the network and /etc/apt"
        run(as_root(["apt-get", "update", "-q"]), advice=offline)
        run(command, advice=advice)


def unpack_packages(root: Path, names: Sequence[str]) -> None:
    """Fill root with the files of the distribution's packages and of all they need that this machine lacks."""
    say(f"{names[0]}: downloading and unpacking")
    shutil.rmtree(root, ignore_errors=True)
    archives = root / "archives"
    (archives / "partial").mkdir(parents=True)
    options = ["-o", f"Dir::Cache::archives={archives}", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"]
    download = ["apt-get", "-y", "-q", *options, "--reinstall", "--no-install-recommends", "--download-only", "install"]
    apt_get([*download, *names], advice=f"{names[0]} cannot be downloaded: check the network and /etc/apt")
    for package in sorted(archives.glob("*.deb")):
        run(["dpkg-deb", "--extract", str(package), str(root)], advice=f"{package.name} cannot be unpacked: disk full?")
    shutil.rmtree(archives)


def bound(command: Sequence[str]) -> list[str]:
    """The command so that the kernel kills it when the calling thread (keep it the main one) is gone, however."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]
