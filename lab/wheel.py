"""The distribution as a call centre installs it: one wheel, its tracker compiled by mypyc (decision 0008).

It is built from a copy of the sources: compiled modules beside them would hide every later change of the code.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path

from lab.install import PYTHON
from lab.settings import CHECKOUT
from lab.system import run, say

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "cti", "web", "dialplan")
UNPACKED = CHECKOUT / ".lab" / "compiled"
QUICK = """
[tool.hatch.build.targets.wheel.hooks.mypyc.options]
opt_level = "0"
debug_level = "0"
"""


def build(into: Path, *, is_quick: bool = False) -> Path:
    """A wheel with a compiled tracker, in the folder. is_quick: compiled at once by .venv's compiler, to run slowly.

    Raises LabError.
    """
    say("wheel: compiling the tracker")
    with tempfile.TemporaryDirectory() as folder:
        copy, made = Path(folder, "copy"), Path(folder, "made")
        copy.mkdir()
        for name in SOURCES:
            source = CHECKOUT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
            else:
                shutil.copy2(source, copy / name)
        if is_quick:
            with (copy / "pyproject.toml").open("a") as file:
                file.write(QUICK)
        pip = [str(PYTHON), "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pip += ["--no-build-isolation"] if is_quick else []
        run(
            [*pip, "--wheel-dir", str(made), "."],
            cwd=copy,
            env={"HATCH_BUILD_HOOK_ENABLE_MYPYC": "1"},
            advice="The wheel cannot be compiled: apt-get install gcc python3-dev",
        )
        wheel = next(made.glob("*.whl"))
        into.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(wheel, into / wheel.name))


def unpacked(*, is_quick: bool = False) -> Path:
    """The compiled wheel's contents for PYTHONPATH, made anew when the code changed. is_quick: as in `build`."""
    stamp, made_from = UNPACKED / ".trubka", f"{_hash()} {'quick' if is_quick else ''}"
    if stamp.exists() and stamp.read_text() == made_from:
        return UNPACKED
    shutil.rmtree(UNPACKED, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(build(Path(folder), is_quick=is_quick)) as wheel:
        wheel.extractall(UNPACKED)
    stamp.write_text(made_from)
    return UNPACKED


def _hash() -> str:
    digest = hashlib.sha256((CHECKOUT / "pyproject.toml").read_bytes())
    for file in sorted((CHECKOUT / "cti").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
