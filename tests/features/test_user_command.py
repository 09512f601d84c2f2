"""`cti user`, as the operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cti.cli import run

PASSWORD = "correct-horse-battery"


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with a password; the data folder is a new one."""
    for name in ("CTI_CONFIG", "CTI_PORT", "CTI_DEMO_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CTI_DATA", str(tmp_path / "data"))
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    return str(file)


def test_people_are_added_listed_blocked_and_let_in(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    add = ["user", "add", "Anna", "--name", "Анна", "--team", "Продажи", "--password-file", secret]
    assert run(add) == 0
    assert run(["user", "add", "pavel", "--role", "admin", "--password-file", secret]) == 0
    assert run(["user", "add", "ldap", "--ldap"]) == 0
    assert run(["user", "block", "ANNA"]) == 0
    assert run(["user", "list"]) == 0
    told = capsys.readouterr().out
    assert "blocked" in told
    assert "Продажи" in told
    assert "active+ldap" in told
    assert PASSWORD not in told
    assert run(["user", "unblock", "anna"]) == 0
    assert run(["user", "passwd", "anna", "--password-file", secret]) == 0
    assert run(["user", "totp-off", "anna"]) == 0


def test_a_token_is_the_only_thing_printed(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(["user", "add", "anna", "--password-file", secret])
    capsys.readouterr()
    assert run(["user", "token", "anna", "--note", "crm"]) == 0
    token = capsys.readouterr().out
    assert len(token.strip()) == 43
    assert "\n" not in token.strip()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["block", "nobody"], "There is no user nobody"),
        (["block", "pavel"], "last admin"),
        (["add", "pavel", "--password-file", "SECRET"], "taken"),
        (["add", "a b", "--password-file", "SECRET"], "A login has letters"),
        (["add", "x", "--password-file", "/nowhere"], "No such file"),
        (["add", "x", "--role", "god"], "'god' is not one of"),
    ],
)
def test_a_failure_is_told_on_stderr_with_a_status(
    secret: str, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    run(["user", "add", "pavel", "--role", "admin", "--password-file", secret])
    capsys.readouterr()
    assert run(["user", *(secret if word == "SECRET" else word for word in words)]) != 0
    heard = capsys.readouterr()
    assert told in heard.err
    assert heard.out == ""
    assert "Traceback" not in heard.err


def test_a_password_is_never_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("add", "passwd"):
        run(["user", command, "--help"])
        told = capsys.readouterr().out
        assert "--password-file" in told
        assert "--password " not in told
