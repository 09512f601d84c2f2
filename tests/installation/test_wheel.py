"""What a wheel brings is enough: the environment of the checkout has more (tools, peers), which would hide a lack."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lab.settings import CHECKOUT

IMPORTS = """
import importlib, pkgutil, sys
kept = set(sys.argv[1].split(","))
class Lack:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in kept:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Lack())
for package in ("cti", "web", "dialplan"):
    for one in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not one.name.endswith("__main__") and ".migrations" not in one.name:
            importlib.import_module(one.name)
"""


def brought() -> set[str]:
    """All distributions that `pip install trubka` brings, without extras."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: set[str] = set()
    left = [(Requirement(one), "") for one in project["dependencies"]]
    seen = set()
    while left:
        asked, extra = left.pop()
        if asked.marker is not None and not asked.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(asked.name)
        found.add(name)
        for more in ("", *asked.extras):
            if (name, more) not in seen:
                seen.add((name, more))
                left += [(Requirement(one), more) for one in _requires(name)]
    return found


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def test_every_module_of_the_program_runs_on_what_its_wheel_brings() -> None:
    there = brought()
    others = [
        module
        for module, owners in packages_distributions().items()
        if not {canonicalize_name(one) for one in owners} & {*there, "trubka"}
    ]
    assert {"pytest", "playwright"} <= set(others)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, ",".join(others)], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
