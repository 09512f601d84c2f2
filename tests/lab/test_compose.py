"""docker-compose.yml cannot be run where there is no Docker; what can be known from its text is held here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cti import settings
from lab.__main__ import COMMANDS
from lab.settings import CHECKOUT


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    text = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text)["services"])


def test_it_has_the_server_the_pbx_and_a_database_by_profile(services: dict[str, Any]) -> None:
    assert set(services) == {"cti", "asterisk", "postgres"}
    assert services["postgres"]["profiles"] == ["postgres"]
    assert "profiles" not in services["cti"]
    assert "profiles" not in services["asterisk"]


def test_only_the_panel_is_published_and_only_on_loopback(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published == ["127.0.0.1:8080:8080"]


def test_it_runs_commands_that_exist(services: dict[str, Any]) -> None:
    assert services["asterisk"]["command"] == ["python3", "-m", "lab", "up"]
    assert "up" in COMMANDS
    assert services["cti"]["command"] == [".venv/bin/cti", "serve"]
    assert "RUN make setup" in (CHECKOUT / services["cti"]["build"]["dockerfile"]).read_text()


def test_its_settings_are_settings_of_the_server(services: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "ami.secret").write_text("x")
    secret_file = str(tmp_path / "ami.secret")
    browsers = tmp_path / "pjsip_browsers.conf"
    browsers.touch(mode=0o640)
    environment = {
        **services["cti"]["environment"],
        "CTI_STORAGE__URL": "",
        "CTI_PBX__MAIN__SECRET_FILE": secret_file,
        "CTI_PBX__MAIN__WEB_SECRETS_FILE": str(browsers),
    }
    with pytest.MonkeyPatch.context() as patch:  # nested settings are read from the process's environment only
        for name, text in environment.items():
            patch.setenv(name, text)
        loaded = settings.load(environ=environment)
    assert loaded.pbx["main"].host == "127.0.0.1"
    assert loaded.http.host == "0.0.0.0"
    assert loaded.storage.url == ""
