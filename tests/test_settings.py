"""Settings: the example tells the truth, faults are listed together, secrets are guarded."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from cti import settings
from cti.errors import SettingsError
from cti.settings import OAuthSettings, PbxSettings, RegistrarSettings, Settings, TestCallSettings, WatchLineSettings

EXAMPLE = Path(__file__).resolve().parent.parent / "config" / "cti.example.toml"


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= keys(inner, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def uncommented() -> dict[str, Any]:
    text = EXAMPLE.read_text(encoding="utf-8")
    return tomllib.loads(re.sub(r"(?m)^# (?=\[pbx|\[sip|\[mail|[a-z_]+ = )", "", text))


def test_the_example_names_every_setting_and_no_other() -> None:
    shown = {re.sub(r"^(pbx|sip)\.main\.(watch\.(?=front))?(front)?", r"\1.\2", key) for key in flat(uncommented())}
    shown = {key.replace("..", ".").replace("mail.oauth.microsoft.", "mail.oauth.") for key in shown}
    real = {k for k in keys(Settings) if k not in ("pbx", "sip", "mail.oauth")} | {
        f"pbx.{k}" for k in keys(PbxSettings)
    }
    real |= {f"sip.{k}" for k in keys(RegistrarSettings) if k not in ("watch", "test")}
    real |= {f"sip.watch.{k}" for k in keys(WatchLineSettings)} | {f"sip.test.{k}" for k in keys(TestCallSettings)}
    real |= {f"mail.oauth.{k}" for k in keys(OAuthSettings)}
    assert shown == real


def test_the_example_shows_the_defaults() -> None:
    values = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert Settings(**values) == Settings()


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "cti.toml"
    file.write_text('[http]\nport = 1000\nhost = "127.0.0.2"\n', encoding="utf-8")
    monkeypatch.setenv("CTI_HTTP__PORT", "2000")
    loaded = settings.load(file)
    assert (loaded.http.port, loaded.http.host) == (2000, "127.0.0.2")


def test_all_faults_are_listed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "cti.toml"
    file.write_text('[http]\nport = 70000\n[log]\nlevel = "loud"\nvolume = 3\n', encoding="utf-8")
    monkeypatch.setenv("CTI_NOSUCH", "1")
    with pytest.raises(SettingsError) as caught:
        settings.load(file)
    told = "\n".join(caught.value.faults)
    assert all(word in told for word in ("http.port", "log.level", "log.volume", "CTI_NOSUCH"))


def test_SEC_32_a_secret_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cti.toml"
    file.write_text('[pbx.main]\nsecret = "x"\n', encoding="utf-8")
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 0640"):
        settings.load(file)
    file.chmod(0o640)
    assert "x" not in repr(settings.load(file).pbx["main"].secret)


def test_a_pbx_without_a_secret_is_told(tmp_path: Path) -> None:
    file = tmp_path / "cti.toml"
    file.write_text('[pbx.main]\nhost = "127.0.0.1"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"pbx\.main\.secret"):
        settings.load(file)


def test_a_pbx_named_twice_and_a_pattern_that_is_none_are_told(tmp_path: Path) -> None:
    file = tmp_path / "cti.toml"
    file.write_text('[pbx.a]\nsecret = "x"\n[pbx.b]\nsecret = "x"\n[pbx.c]\nsecret = "x"\nport = 1\n', encoding="utf-8")
    file.chmod(0o640)
    with pytest.raises(SettingsError) as caught:
        settings.load(file)
    assert caught.value.faults == ["pbx.b: is at the same host and port as pbx.a; each PBX has one section"]
    file.write_text('[pbx.b.numbers]\ninternal = "[0-9"\n[pbx."B:1"]\n[pbx.c]\ncaller_id = "abc"\n', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        settings.load(file)
    told = "\n".join(caught.value.faults)
    assert all(word in told for word in ("pbx.b.numbers.internal", "pbx.B:1", "pbx.c.caller_id"))


def test_a_pbx_differs_where_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "cti.toml"
    file.write_text('[pbx.spb]\nsecret = "x"\n[pbx.spb.numbers]\narea_code = "812"\n', encoding="utf-8")
    file.chmod(0o640)
    monkeypatch.setenv("CTI_PBX__SPB__NUMBERS__INTERNAL", "[0-9]{3}")
    numbers = settings.load(file).pbx["spb"].numbers
    assert (numbers.region, numbers.area_code, numbers.internal) == (None, "812", "[0-9]{3}")


def test_a_mail_provider_without_addresses_is_told(tmp_path: Path) -> None:
    file = tmp_path / "cti.toml"
    file.write_text('[mail.oauth.google]\nclient_id = "x"\n[mail.oauth.own]\nclient_id = "x"\n', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        settings.load(file)
    assert caught.value.faults == [
        "mail.oauth.own: needs authorize_url and token_url; google and microsoft have their own"
    ]
