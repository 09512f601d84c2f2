"""The lab's nginx: the distribution's package, unpacked into a folder. Tests start it on a port of their own."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.settings import CHECKOUT
from lab.system import unpack_packages

ROOT = CHECKOUT / ".lab" / "nginx"


@dataclass(frozen=True, kw_only=True, slots=True)
class Nginx:
    """Its program, and what it needs around it."""

    program: Path
    env: dict[str, str]


def nginx() -> Nginx:
    """This machine's, or the unpacked one. Raises LabError when there is neither."""
    here = shutil.which("nginx")
    if here:
        return Nginx(program=Path(here), env={})
    if not (ROOT / ".done").is_file():
        raise LabError("No nginx is unpacked: make setup")
    libraries = [str(one) for one in sorted({found.parent for found in ROOT.glob("usr/lib/**/*.so*")})]
    path = ":".join([*libraries, os.environ.get("LD_LIBRARY_PATH", "")]).rstrip(":")
    return Nginx(program=ROOT / "usr/sbin/nginx", env={"LD_LIBRARY_PATH": path})


def unpack() -> None:
    """Fill ROOT; at once when it is filled, or when the machine has one."""
    if shutil.which("nginx") or (ROOT / ".done").is_file():
        return
    unpack_packages(ROOT, ("nginx",))
    (ROOT / ".done").touch()
