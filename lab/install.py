"""Set-up: every step looks first whether its work is done, says what it does, and ends in advice when it cannot.

Stamps hold a hash of what a step was made from, so a change of pyproject.toml or of the lock file is noticed and
nothing else costs time. One set-up at a time: others wait for the lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import dovecot, ldap, mariadb, nginx
from lab.errors import LabError
from lab.settings import CHECKOUT, OLD
from lab.settings import load as load_settings
from lab.system import apt_get, as_root, run, say
from lab.unpack import installed, unpack

VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"


def prepare(command: str) -> None:
    """Make everything ready that `make <command>` needs; ".venv": that alone, with all that the tests put into it."""
    steps: dict[str, tuple[Callable[[], None], ...]] = {
        "lint": (venv,),
        ".venv": (venv, directory),
        "run": (sipp, venv, panel, pbx, dovecot.unpack),
        "setup": (sipp, venv, panel, pbx, dovecot.unpack),
        "wheel": (compiler, venv, panel),
        "test": (
            sipp,
            systemd,
            chromium,
            postgresql,
            venv,
            directory,
            panel,
            pbx,
            old_pbx,
            dovecot.unpack,
            nginx.unpack,
            mariadb.unpack,
        ),
    }
    with _alone():
        for step in steps.get(command, steps["test"]):
            step()


def sipp() -> None:
    """SIPp, the lab's clients."""
    if not shutil.which("sipp"):
        packages("sip-tester")


def systemd() -> None:
    """What judges the unit, and the library of its filter of system calls; nothing of it runs."""
    if not shutil.which("systemd-analyze"):
        packages("systemd")


def chromium() -> None:
    """A browser for the tests: the distribution's, or Playwright's where that is an empty shell (Ubuntu)."""
    if not any(Path("/usr/lib").glob("*/libatomic.so.1")):
        packages("libatomic1")  # Playwright's own Node needs it
    if shutil.which("chromium") and shutil.which("chromium-headless-shell"):
        return
    if _is_ubuntu():
        venv()
        stamp, made_from = CHECKOUT / ".lab/chromium", _hash([CHECKOUT / "pyproject.toml"])
        if not _says(stamp, made_from):
            say("Chromium: downloading")
            command = [str(PYTHON), "-m", "playwright", "install", "--with-deps", "chromium"]
            run(command, advice="Chromium cannot be downloaded: check the network")
            stamp.write_text(made_from)
    else:
        packages("chromium", "chromium-headless-shell")


def postgresql() -> None:
    """The server's programs; the tests make clusters of their own, so the package must not make one."""
    if any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return
    settings = Path("/etc/postgresql-common/createcluster.conf")
    if not settings.exists():
        script = f"mkdir -p {settings.parent} && echo create_main_cluster = false > {settings}"
        run(as_root(["sh", "-c", script]), advice=f"{settings} cannot be written")
    packages("postgresql")


def venv() -> None:
    """.venv with the server, its tools and its tests."""
    stamp = VENV / ".trubka"
    made_from = _hash([CHECKOUT / "pyproject.toml"], f"{sys.version_info[:2]}")
    if PYTHON.exists() and _says(stamp, made_from):
        return
    say("Python libraries: installing into .venv")
    if not _works(PYTHON):
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(VENV)], advice="Install venv: apt-get install python3-venv")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[dev]"]
    run(pip, cwd=CHECKOUT, advice="Python libraries cannot be installed: check the network and pip's settings")
    stamp.write_text(made_from)


def compiler() -> None:
    """A C compiler and Python's headers, for the wheel's compiled tracker."""
    if not shutil.which("gcc") or not Path(sysconfig.get_path("include"), "Python.h").exists():
        packages("gcc", "python3-dev")


def directory() -> None:
    """An LDAP server, and the extra `[ldap]` in .venv."""
    missing = ldap.missing_headers()
    if missing:
        packages(*missing)
    ldap.unpack()
    stamp, made_from = VENV / ".trubka-ldap", _hash([CHECKOUT / "pyproject.toml"])
    if _says(stamp, made_from):
        return
    say("LDAP library: building")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[dev,ldap]"]
    run(pip, cwd=CHECKOUT, advice="bonsai cannot be built: apt-get install gcc libldap2-dev libsasl2-dev python3-dev")
    stamp.write_text(made_from)


def panel() -> None:
    """Browser libraries by lock file, bundled; texts compiled."""
    _texts()
    script, vendor = CHECKOUT / "web/build.mjs", CHECKOUT / "web/static/vendor"
    if not script.is_file():
        return
    lock = CHECKOUT / "package-lock.json"
    sources = [file for file in sorted((CHECKOUT / "web/static").rglob("*")) if vendor not in file.parents]
    made_from = _hash([CHECKOUT / "package.json", lock, script, *(file for file in sources if file.is_file())])
    stamp = vendor / ".trubka"
    if _says(stamp, made_from):
        return
    _node()
    modules = CHECKOUT / "node_modules/.trubka"
    locked = _hash([lock])
    if not _says(modules, locked):
        say("browser libraries: downloading by package-lock.json")
        run(
            ["npm", "ci", "--no-progress"],
            cwd=CHECKOUT,
            advice="npm cannot download: check the network and its registry",
        )
        modules.write_text(locked)
    say("panel: bundling")
    run(["npm", "run", "--silent", "build"], cwd=CHECKOUT, advice="web/build.mjs failed")
    vendor.mkdir(parents=True, exist_ok=True)
    stamp.write_text(made_from)


def pbx() -> None:
    """The lab's Asterisk, unless the settings name a PBX."""
    _unpack_pbx(load_settings().asterisk)


def old_pbx() -> None:
    """The oldest Asterisk that is supported: tests run on it too."""
    _unpack_pbx(OLD)


def _unpack_pbx(version: int) -> None:
    settings = load_settings()
    root = settings.root(version)
    if not installed(root):
        packages_present = shutil.which("dpkg-deb") and shutil.which("apt-get")
        if not packages_present:
            raise LabError(
                "The lab unpacks Debian packages: use Debian or Ubuntu, or name your PBX in CTI_PBX__MAIN__HOST"
            )
        unpack(root, version=version, mirror=settings.mirror)


def packages(*names: str) -> None:
    """Install packages of the distribution, as root or through sudo."""
    say(f"{', '.join(names)}: installing")
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]
    options = ["-y", "-q", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"]
    install = as_root([*environment, "apt-get", "install", *options, *names])
    advice = f"Install {', '.join(names)}: apt-get install {' '.join(names)}"
    apt_get(install, advice=advice)


def _node() -> None:
    missing = [name for name, program in (("nodejs", "node"), ("npm", "npm")) if not shutil.which(program)]
    if missing:
        packages(*missing)


def _texts() -> None:
    """Compile the translations that are newer than what was compiled from them."""
    for source in sorted((CHECKOUT / "web/locale").glob("*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime_ns < source.stat().st_mtime_ns:
            command = [str(VENV / "bin/pybabel"), "-q", "compile", "-i", str(source), "-o", str(compiled)]
            run(command, advice=f"{source} cannot be compiled")


@contextmanager
def _alone() -> Iterator[None]:
    folder = CHECKOUT / ".lab"
    folder.mkdir(exist_ok=True)
    with (folder / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _hash(files: Iterable[Path], *more: str) -> str:
    digest = hashlib.sha256("\0".join(more).encode())
    for file in files:
        digest.update(str(file.relative_to(CHECKOUT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _says(stamp: Path, expected: str) -> bool:
    try:
        return stamp.read_text() == expected
    except OSError:
        return False


def _works(python: Path) -> bool:
    """Whether the environment's Python still runs and is the version we run: a new system brings a new Python."""
    try:
        shown = subprocess.run(
            [str(python), "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True
        )
    except OSError:
        return False
    return shown.returncode == 0 and shown.stdout.strip() == f"{sys.version_info[:2]}"


def _is_ubuntu() -> bool:
    release = Path("/etc/os-release")
    return release.exists() and "ID=ubuntu" in release.read_text().splitlines() and os.name == "posix"
