"""`cti client`: what is exported comes in again unchanged; what is wrong is said in one line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_commands import cti


def test_out_and_in_again_changes_nothing(tmp_path: Path) -> None:
    assert cti("demo", "--prepare", data=tmp_path).returncode == 0
    for name in ("base.xlsx", "base.csv"):
        done = cti("client", "export", str(tmp_path / name), data=tmp_path)
        assert (done.returncode, done.stdout.split()[0]) == (0, "10"), done.stderr
        back = cti("client", "import", str(tmp_path / name), data=tmp_path)
        assert back.stdout == "0 created, 0 updated, 10 unchanged, 0 refused\n", back.stdout + back.stderr


def test_a_file_comes_in_and_is_taken_back(tmp_path: Path) -> None:
    assert cti("demo", "--prepare", data=tmp_path).returncode == 0
    text = "Фирма;Контактный;ИНН\nНовая;+7 935 555-77-01;\nКривая;;7707083894\n"
    (tmp_path / "in.csv").write_bytes(text.encode("cp1251"))
    words = ("client", "import", str(tmp_path / "in.csv"), "--map", "Фирма=name", "--map", "Контактный=phones")
    dry = cti(*words, "--dry-run", data=tmp_path)
    assert dry.stdout.startswith("1 would be created, 0 would be updated, 0 unchanged, 1 refused"), dry.stderr
    done = cti(*words, "--errors", str(tmp_path / "wrong.csv"), data=tmp_path)
    assert "row 2: inn: “7707083894” has a wrong check digit" in done.stdout
    assert "7707083894" in (tmp_path / "wrong.csv").read_text(encoding="utf-8-sig")
    batch = done.stdout.split()[-1]
    assert cti("client", "undo", batch, data=tmp_path).stdout == "Taken back: 1 clients\n"


def test_failures_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a;b\n1;2\n")
    for words, told in (
        (("export", "out.pdf"), ".xlsx or .csv"),
        (("import", str(tmp_path / "x.csv")), "--map"),
        (("import", str(tmp_path / "x.csv"), "--map", "z=name"), "no column"),
        (("import", str(tmp_path / "x.csv"), "--map", "a=zz"), "no field"),
        (("undo", "0000000000000000"), "no such import"),
    ):
        done = cti("client", *words, data=tmp_path)
        assert done.returncode != 0
        assert told in done.stderr
        assert "Traceback" not in done.stderr
