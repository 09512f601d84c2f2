"""Set-up says what is missing, is done once, and the Makefile holds names only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab import install, settings, unpack
from lab.__main__ import COMMANDS
from lab.errors import LabError
from lab.settings import CHECKOUT, Ports

DEB822 = """Types: deb
# URIs: https://old.example.org/debian
URIs: https://mirror.example.org/debian-security
Suites: bookworm-security

Types: deb deb-src
URIs: https://mirror.example.org/debian/
Suites: bookworm
"""


def test_make_targets_are_commands_of_the_lab() -> None:
    text = (CHECKOUT / "Makefile").read_text()
    targets = re.findall(r"(?m)^([a-z ]+):$", text)[0].split()
    assert set(targets) <= set(COMMANDS)
    assert re.findall(r"(?m)^\t(.*)$", text) == ["@sh lab/lab.sh $@ $(ARGS)"]


def test_the_lock_file_holds_no_addresses_and_exact_versions() -> None:
    lock = (CHECKOUT / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
    package = (CHECKOUT / "package.json").read_text()
    assert not re.search(r'": "[\^~*]', package)


@pytest.mark.parametrize(
    ("text", "mirror"),
    [
        (DEB822, "https://mirror.example.org/debian/"),
        ("deb [arch=amd64 signed-by=/x.gpg] http://a.example/debian bookworm main\n", "http://a.example/debian"),
        ("# deb http://no.example/debian x main\ndeb http://yes.example/debian x main\n", "http://yes.example/debian"),
    ],
)
def test_the_mirror_is_the_machines_own_in_either_format(text: str, mirror: str) -> None:
    assert unpack.mirror_in(text) == mirror


def test_no_mirror_is_none() -> None:
    assert unpack.mirror_in("deb http://a.example/ubuntu noble main\nURIs: http://a.example/debian-security\n") is None


def test_a_folder_without_a_complete_asterisk_is_not_one(tmp_path: Path) -> None:
    assert unpack.installed(tmp_path) is None
    (tmp_path / ".stamp").write_text(unpack.RECIPE)
    assert unpack.installed(tmp_path) is None


@pytest.mark.parametrize("text", ["5060", "5060,8088", "a,b,c", "5060,8088,0", "5060,8088,70000", "5060,8088,-1"])
def test_ports_that_cannot_be_read_are_named(text: str) -> None:
    with pytest.raises(LabError, match="CTI_LAB_PORTS="):
        settings.load({"CTI_LAB_PORTS": text})


def test_settings_come_from_the_environment() -> None:
    one = settings.load({"CTI_LAB_PORTS": "1060, 1088,1038", "LAB_PHONES": "0", "LAB_RING_MS": "10", "CTI_DATA": "/x"})
    assert one.ports == Ports.at(1060, 1088, 1038)
    assert (one.phones, one.ring_ms, one.data, one.own_pbx) == (False, 10, Path("/x"), False)
    plain = settings.load({})
    assert (plain.ports.sip, plain.ports.http, plain.ports.ami, plain.phones) == (5060, 8088, 5038, True)


def test_a_pbx_in_the_settings_means_no_lab(tmp_path: Path) -> None:
    assert settings.load({"CTI_PBX__MAIN__HOST": "10.0.0.1"}).own_pbx
    file = tmp_path / "cti.toml"
    file.write_text('[pbx.main]\nhost = "10.0.0.1"\n')
    assert settings.load({"CTI_CONFIG": str(file)}).own_pbx
    file.write_text('language = "en"\n')
    assert not settings.load({"CTI_CONFIG": str(file)}).own_pbx


def test_a_failing_step_ends_in_its_advice() -> None:
    with pytest.raises(LabError, match=r"(?s)no such thing.*Install x: apt-get install x"):
        install.run(["sh", "-c", "echo no such thing; exit 3"], advice="Install x: apt-get install x")
    with pytest.raises(LabError, match="Install y"):
        install.run(["/nonexistent/program"], advice="Install y")


def test_free_ports_differ() -> None:
    one = Ports.free()
    assert len({one.sip, one.http, one.ami, one.trunk}) == 4
    assert 10_000 <= one.rtp < 30_000
