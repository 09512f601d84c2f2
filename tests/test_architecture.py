"""The house rules of imports and size: who may know whom, held by reading the code's own imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIMIT_LINES = 400
PURE_BANNED = {
    "asyncio", "socket", "os", "time", "logging", "structlog", "threading", "subprocess", "io", "pathlib", "sqlalchemy",
    "aiohttp", "panoramisk", "random", "tempfile", "shutil", "signal", "ssl", "select", "urllib", "http", "sqlite3",
}  # fmt: skip

# package -> what of our own it may import (longest prefix wins); its own package is always allowed
MAY: dict[str, tuple[str, ...]] = {
    "cti.telephony": (),
    "cti.access": (),
    "cti.errors": (),
    "cti.settings": ("cti.errors",),
    "cti.metrics": (),
    "cti.sheets": ("cti.errors", "cti.limits", "cti.processes", "cti.reports.paper"),
    "cti.sound": ("cti.errors", "cti.limits", "cti.processes"),
    "cti.processes": (),
    "cti.limits": (),
    "cti.jobs": ("cti.errors", "cti.processes"),
    "cti.looking": ("cti.errors",),
    "cti.plan_json": ("cti.errors", "dialplan"),
    "cti.owned_files": ("cti.errors",),
    "cti.owned_look": ("cti.channels.base", "cti.errors", "cti.telephony", "dialplan"),
    "cti.owned_pbx": ("cti.channels.base", "cti.errors", "cti.owned_look", "cti.telephony", "dialplan"),
    "cti.passwords": (),
    "cti.trust": (),
    "cti.ldap": ("cti.errors", "cti.processes", "cti.settings"),
    "cti.ldap_bind": (),
    "cti.lookups": (),
    "cti.logs": ("cti.settings",),
    "cti.holidays_ru": ("cti.errors", "dialplan"),
    "cti.clients": ("cti.telephony.numbering", "cti.desktop", "cti.storage.clients"),
    "cti.messages": ("cti.clients.filters", "cti.clients.masking", "cti.clients.zones"),
    "cti.sights": ("cti.access", "cti.clients", "cti.errors", "cti.telephony.numbering"),
    "cti.desktop": ("cti.clients.brief", "cti.clients.masking"),
    "cti.board": ("cti.clients.masking",),
    "cti.board_rows": ("cti.board", "cti.desktop", "cti.directory", "cti.telephony"),
    "cti.reports": ("cti.clients",),
    "cti.storage": (
        "cti.telephony", "cti.clients", "cti.messages", "cti.reports", "cti.errors", "cti.desktop", "cti.access",
        "cti.board",
    ),
    "cti.directory": ("cti.storage",),
    "cti.lines": ("cti.channels.base", "cti.settings", "cti.telephony", "cti.errors"),
    "cti.queue_places": ("cti.storage", "cti.telephony", "cti.errors", "cti.directory", "cti.lines"),
    "cti.channels": (
        "cti.telephony", "cti.messages", "cti.errors", "cti.channels", "cti.clients.masking", "cti.limits",
        "cti.lookups", "cti.processes",
    ),
    "cti.features": (
        "cti.telephony", "cti.clients", "cti.messages", "cti.access", "cti.errors", "cti.desktop", "cti.directory",
        "cti.storage", "cti.channels.base", "cti.channels.letters", "cti.channels.folders",
        "cti.channels.texts",
        "cti.lines", "cti.settings", "cti.passwords",
        "cti.sheets", "cti.sound", "cti.jobs", "cti.looking", "cti.sights",
        "cti.board", "cti.board_rows",
        "cti.queue_places", "cti.reports", "dialplan", "cti.plan_json", "cti.owned_files", "cti.owned_pbx",
    ),
    "cti.dispatch": ("cti.telephony.events", "cti.channels.base", "cti.features"),
    "web": (
        "cti.features", "cti.desktop", "cti.access", "cti.telephony", "cti.clients", "cti.messages", "cti.reports",
        "cti.errors",
        "cti.storage", "cti.settings", "cti.metrics", "cti.channels.base", "cti.channels.letters", "cti.directory",
        "cti.sheets.papers", "cti.sheets.write",
        "cti.sights", "cti.holidays_ru", "cti.board", "cti.processes",
        "dialplan", "cti.plan_json",
    ),
    "dialplan": (),
}  # fmt: skip
PURE = (
    "cti.telephony",
    "cti.clients",
    "cti.messages",
    "cti.reports",
    "cti.access",
    "cti.desktop",
    "cti.board",
    "dialplan",
)
ANYTHING = (
    "cti.server", "cti.client_parts", "cti.desk_parts", "cti.work_parts", "cti.mail_parts", "cti.sms_parts",
    "cti.campaign_parts", "cti.dialplan_parts", "cti.alert_parts",
    "cti.board_parts", "cti.newcomer_parts", "cti.recording_parts", "cti.sending_parts", "cti.following_parts",
    "cti.reactions", "cti.cli", "cti.__main__", "cti.past_files", "cti.past_parts", "cti.pbx", "cti.switch",
    "cti.watch", "cti.service_manager", "cti.memory", "lab",
)  # fmt: skip
ONLY_SERVER_IMPORTS_WEB = ("cti.server", "cti.cli")


def modules() -> Iterator[tuple[str, Path]]:
    for package in ("cti", "web", "dialplan", "lab"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports; `from a import b` counts as a and a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the full name"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def home(name: str) -> str | None:
    return max((p for p in MAY if within(name, p)), key=len, default=None)


MODULES = list(modules())


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_a_module_imports_only_what_its_room_may(name: str, path: Path) -> None:
    if any(within(name, free) for free in ANYTHING) or name == "cti":
        return
    package = home(name)
    assert package is not None, f"{name} stands in no room of the house: add it to MAY with its rule"
    own = {m for m, _ in MODULES}
    for imported in imports(path):
        if imported not in own or within(imported, package) or imported == "cti":
            continue
        assert any(within(imported, allowed) for allowed in MAY[package]), f"{name} may not import {imported}"


@pytest.mark.parametrize(("name", "path"), [(n, p) for n, p in MODULES if any(within(n, pure) for pure in PURE)])
def test_a_pure_module_has_no_clock_no_io_no_log(name: str, path: Path) -> None:
    for imported in imports(path):
        assert imported.split(".")[0] not in PURE_BANNED, f"{name} imports {imported}"


def test_no_feature_imports_another() -> None:
    for name, path in MODULES:
        if name.startswith("cti.features."):
            others = [i for i in imports(path) if i.startswith("cti.features.") and not within(i, name)]
            assert not others, f"{name} imports {others}"


def test_only_the_composition_root_imports_web_and_nobody_imports_it() -> None:
    for name, path in MODULES:
        for imported in imports(path):
            if not name.startswith(("web", "lab")) and within(imported, "web"):
                assert any(within(name, root) for root in ONLY_SERVER_IMPORTS_WEB), f"{name} imports {imported}"
            if within(imported, "cti.server") or within(imported, "cti.cli"):
                roots = ("cti.cli", "cti.server", "cti.__main__", "lab")
                assert any(within(name, root) for root in roots), f"{name} imports {imported}"


def test_pyvoip_lives_in_its_child_process_and_nowhere_else() -> None:
    child = {name for name, path in MODULES if any(within(i, "pyVoIP") for i in imports(path))}
    assert child == {f"cti.channels.phone.sip_{one}" for one in ("call", "line", "message", "rtp")}
    child |= {"cti.channels.phone.sip_registration", "cti.channels.phone.sip_child"}
    for name, path in MODULES:
        if name not in child:
            assert not child & set(imports(path)), f"{name} would bring pyVoIP into the server's process"


def test_only_settings_reads_the_environment() -> None:
    for name, path in MODULES:
        if name.startswith(("cti", "web", "dialplan")) and name != "cti.settings":
            text = path.read_text(encoding="utf-8")
            assert "os.environ" not in text, f"{name} reads the environment"
            assert "getenv" not in text, f"{name} reads the environment"


def test_no_file_has_outgrown_its_room() -> None:
    for name, path in MODULES:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= LIMIT_LINES, f"{name} has {lines} lines: rebuild the room"


def test_every_module_says_what_it_is() -> None:
    for name, path in MODULES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{name} has no docstring"
