"""OpenLDAP for the tests of the extra `[ldap]`: unpacked beside the checkout, never installed as a service.

The package would start a server on the directory port now and at every boot, so only its files are taken; libraries
that the machine lacks come with it. The client's headers are ordinary packages.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.settings import CHECKOUT
from lab.system import unpack_packages

ROOT = CHECKOUT / ".lab" / "slapd"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slapd:
    """An OpenLDAP server's files. env: what its programs need around them."""

    programs: Path
    modules: Path
    schema: Path
    env: Mapping[str, str]


def slapd() -> Slapd:
    """The unpacked server. Raises LabError when it has not been unpacked."""
    found = sorted(ROOT.glob("usr/lib/*/libltdl.so.*")) or [ROOT / "usr/lib/none"]
    if not (ROOT / ".done").is_file():
        raise LabError("No LDAP server is unpacked: make setup")
    libraries = f"{found[0].parent}:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
    return Slapd(
        programs=ROOT / "usr/sbin",
        modules=ROOT / "usr/lib/ldap",
        schema=ROOT / "etc/ldap/schema",
        env={"LD_LIBRARY_PATH": libraries},
    )


def unpack() -> None:
    """Fill ROOT; at once when it is filled."""
    if (ROOT / ".done").is_file():
        return
    # As if nothing of it were here, so that its own libraries come too, whatever this machine has by chance.
    unpack_packages(ROOT, ("slapd", "libltdl7", "libodbc2", "libwrap0"))
    (ROOT / ".done").touch()


def missing_headers() -> list[str]:
    """Packages that the client library is built with and this machine lacks."""
    needed = {
        "gcc": Path(shutil.which("gcc") or "/usr/bin/gcc"),
        "libc6-dev": Path("/usr/include/stdio.h"),
        "libldap2-dev": Path("/usr/include/ldap.h"),
        "libsasl2-dev": Path("/usr/include/sasl/sasl.h"),
        "python3-dev": Path(sysconfig.get_path("include"), "Python.h"),
    }
    return [package for package, file in needed.items() if not file.exists()]
