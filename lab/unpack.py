"""The lab's Asterisk: the distribution's packages, downloaded with everything they need and unpacked into one folder.

Not installed: no root, no chroot, no mounts, no service that starts by itself, nothing changed on the machine. The
programs run by the folder's own loader with its own libraries (see `program`), so the folder may hold a newer suite
than the machine. Source: the machine's own apt sources if they offer Asterisk 20 or newer, else Debian's newer
suites from the same mirror, verified by the Debian archive keyring. An old Asterisk, as many PBXes still run it, comes
from an old suite the same way.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.settings import NEW, OLD
from lab.system import run, say

PACKAGES = ("asterisk", "asterisk-core-sounds-en-gsm", "asterisk-core-sounds-ru-gsm", "asterisk-moh-opsound-gsm")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
RECIPE = "3"  # raise when an unpacked folder must be made anew


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """An Asterisk to get. versions: majors that will do; here: the machine's own sources may have it."""

    versions: range
    suites: tuple[str, ...]
    here: bool


RELEASES = {
    NEW: Release(versions=range(20, 100), suites=("forky", "sid"), here=True),
    OLD: Release(versions=range(16, 17), suites=("bullseye",), here=False),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """An unpacked Asterisk."""

    root: Path
    loader: Path
    libraries: Path
    modules: Path

    @property
    def share(self) -> Path:
        return self.root / "usr/share/asterisk"

    def program(self, name: str) -> list[str]:
        """Command line that runs one of the folder's programs with the folder's libraries."""
        path = f"{self.libraries}:{self.root / 'lib' / self.libraries.name}:{self.root / 'usr/lib'}"
        return [str(self.loader), "--library-path", path, str(self.root / "usr/sbin" / name)]


def installed(root: Path) -> Installed | None:
    """The Asterisk in root, None when it has not been unpacked completely by this recipe."""
    stamp = root / ".stamp"
    if not stamp.is_file() or stamp.read_text() != RECIPE:
        return None
    modules = [*root.glob("usr/lib/*/asterisk/modules"), *root.glob("usr/lib/asterisk/modules")]
    loaders = sorted([*root.glob("usr/lib/*/ld-linux*.so.*"), *root.glob("lib/*/ld-linux*.so.*")])
    if not modules or not loaders:
        return None
    libraries = root / "usr/lib" / loaders[0].parent.name
    return Installed(root=root, loader=loaders[0], libraries=libraries, modules=modules[0])


def unpack(root: Path, *, version: int = NEW, mirror: str = "") -> Installed:
    """Make root hold an Asterisk; at once when it does. Raises LabError saying what to install or set."""
    found = installed(root)
    if found:
        return found
    say(f"the lab's Asterisk {version}: downloading (90 MB) and unpacking")
    work = root.with_name(root.name + ".new")
    shutil.rmtree(work, ignore_errors=True)
    apt = _Apt(work / "apt")
    _download(apt, RELEASES[version], mirror)
    tree = work / "tree"
    tree.mkdir()
    for package in sorted(apt.archives.glob("*.deb")):
        run(["dpkg-deb", "--extract", str(package), str(tree)], advice=f"{package.name} cannot be unpacked: disk full?")
    _settle(tree)
    (tree / ".stamp").write_text(RECIPE)
    shutil.rmtree(root, ignore_errors=True)
    tree.rename(root)
    shutil.rmtree(work, ignore_errors=True)
    found = installed(root)
    if not found:
        raise LabError(f"{root}: holds no Asterisk after unpacking; remove the folder and try again")
    return found


class _Apt:
    """apt-get with its own lists and cache and no installed packages, beside the machine's."""

    def __init__(self, folder: Path) -> None:
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        self.archives = folder / "cache/archives"
        self.sources = folder / "sources.list"
        self._options = [
            f"Dir::State={folder / 'state'}",
            f"Dir::State::status={folder / 'status'}",
            f"Dir::Cache={folder / 'cache'}",
            "Acquire::Languages=none",
            "APT::Sandbox::User=root",
            "Debug::NoLocking=1",
        ]

    def use(self, mirror: str, suite: str) -> None:
        """Read one suite of a mirror instead of the machine's sources. Signatures are checked as ever."""
        signed = f"[signed-by={KEYRING}] " if KEYRING.is_file() else ""
        self.sources.write_text(f"deb {signed}{mirror} {suite} main\n")
        self._options += [f"Dir::Etc::sourcelist={self.sources}", "Dir::Etc::sourceparts=/dev/null"]
        self._options += ["Dir::Etc::preferences=/dev/null", "Dir::Etc::preferencesparts=/dev/null"]

    def get(self, *arguments: str, advice: str) -> None:
        run([*self._command("apt-get"), "-y", *arguments], advice=advice)

    def version(self) -> int:
        """Major version of the Asterisk on offer, 0 when there is none."""
        shown = subprocess.run(
            [*self._command("apt-cache"), "policy", "asterisk"], capture_output=True, text=True, check=False
        ).stdout
        found = re.search(r"Candidate: (?:\d+:)?(\d+)", shown)
        return int(found[1]) if found else 0

    def _command(self, program: str) -> list[str]:
        return [program, "-q", *(part for option in self._options for part in ("-o", option))]


def _download(apt: _Apt, release: Release, mirror: str) -> None:
    offline = "The package lists cannot be read: check the network and /etc/apt, or set CTI_LAB_MIRROR"
    if release.here:  # one broken repository among the machine's own must not stop us while Debian's mirror works
        with contextlib.suppress(LabError):
            apt.get("update", advice=offline)
    if not release.here or apt.version() not in release.versions:
        for suite in release.suites:
            apt.use(mirror or debian_mirror(), suite)
            apt.get("update", advice=f"{offline}; Debian's keys: apt-get install debian-archive-keyring")
            if apt.version() in release.versions:
                break
        else:
            wanted = release.versions.start
            raise LabError(f"No Asterisk {wanted} on offer: set CTI_LAB_MIRROR to a full Debian mirror")
    apt.get("install", "--no-install-recommends", "--download-only", *PACKAGES, advice="Asterisk cannot be downloaded")


def debian_mirror() -> str:
    """The Debian mirror in the machine's own sources. Raises LabError when they name none."""
    found = mirror_in("\n".join(file.read_text(errors="replace") for file in _source_files()))
    if not found:
        raise LabError("No Debian mirror in /etc/apt: set CTI_LAB_MIRROR to the address of one")
    return found


def mirror_in(sources: str) -> str | None:
    """The first Debian mirror in apt sources of either format (one line each, or deb822)."""
    addresses: list[str] = re.findall(r"(?m)^(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(\S+)", sources)
    return next((address for address in addresses if re.search(r"/debian/?$", address)), None)


def _source_files() -> list[Path]:
    apt = Path("/etc/apt")
    parts = [*apt.glob("sources.list.d/*.sources"), *apt.glob("sources.list.d/*.list")]
    return [file for file in (apt / "sources.list", *sorted(parts)) if file.is_file()]


def _settle(tree: Path) -> None:
    """What the packages' installation scripts would have done and the lab needs: sounds by language."""
    sounds = tree / "usr/share/asterisk/sounds"
    for language in ("en", "ru"):
        voices = sorted(sounds.glob(f"{language}_*"))
        if voices and not (sounds / language).exists():
            (sounds / language).symlink_to(voices[0].name)
    shutil.rmtree(tree / "usr/share/doc", ignore_errors=True)
