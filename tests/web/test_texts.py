"""Every text has its Russian: taken from the code as the extraction takes it, compared with the catalogue."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from aiohttp import web_exceptions
from aiohttp.web import HTTPError
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from web import texts
from web.i18n import LOCALE, catalogue, say, say_many
from web.render import FOLDER

ROOT = FOLDER.parent
REFUSALS = [  # their texts are told as they stand
    name for name, kind in vars(web_exceptions).items() if isinstance(kind, type) and issubclass(kind, HTTPError)
]
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "t": None, "tn": (1, 2), "_n": (1, 2), **dict.fromkeys(REFUSALS)}
METHODS = [
    ("web/**.py", "python"),
    ("cti/**.py", "python"),
    ("web/templates/**.html", "jinja2"),
    ("web/static/js/**.js", "javascript"),
]
FIELD = re.compile(r"\{\w+\}")


@cache
def used() -> dict[object, str]:
    """Every text in the code -> the file it stands in."""
    found = extract_from_dir(
        ROOT,
        METHODS,
        keywords=KEYWORDS,
        directory_filter=lambda folder: (
            Path(folder).name not in ("node_modules", "vendor", "tests", "locale")
            and not Path(folder).name.startswith(".")
        ),
    )
    return {message: file for file, _line, message, _comments, _context in found}


@cache
def russian() -> Catalog:
    with (LOCALE / "ru" / "LC_MESSAGES" / "messages.po").open("rb") as po:
        return read_po(po, locale="ru")


def test_numbers_of_things_are_grouped_in_sentences_and_names_are_not() -> None:
    assert say_many("ru", "{n} call", "{n} calls", 1356) == "1\u00a0356 звонков"
    assert say_many("en", "{n} call", "{n} calls", 1_128_129) == "1,128,129 calls"
    assert say("en", "{n} of {all}, {year}", n=999, all=12345, year=2026) == "999 of 12,345, 2026"


def test_a_catalogue_is_read_once_and_not_for_each_text() -> None:
    assert catalogue("ru") is catalogue("ru")


def test_every_text_has_its_russian() -> None:
    assert len(used()) > 200, "the extraction finds nothing"
    missing = []
    for message, file in used().items():
        entry = russian().get(message if isinstance(message, str) else message[0])
        forms = [] if entry is None else [entry.string] if isinstance(entry.string, str) else list(entry.string)
        if not forms or not all(forms):
            missing.append(f"{file}: {message!r}")
    assert not missing, "run web/locale/extract.sh and translate:\n" + "\n".join(missing)


def test_the_catalogue_holds_nothing_that_is_not_said() -> None:
    wanted = {message if isinstance(message, str) else message[0] for message in used()}
    known = {entry.id if isinstance(entry.id, str) else entry.id[0] for entry in russian() if entry.id}
    assert known <= wanted


def test_no_translation_is_fuzzy_or_loses_a_field() -> None:
    for entry in russian():
        if not entry.id:
            continue
        ids = [entry.id] if isinstance(entry.id, str) else list(entry.id)
        strings = [entry.string] if isinstance(entry.string, str) else list(entry.string)
        assert not entry.fuzzy, entry.id
        for string in strings:
            assert set(FIELD.findall(string)) == set(FIELD.findall(ids[-1])), (ids, string)


def test_no_text_stands_where_the_extraction_does_not_look() -> None:
    """It does not look into template strings of scripts."""
    inside = re.compile(r"`[^`\n]*\$\{\s*tn?\(")
    scripts = [
        path for path in (FOLDER / "static" / "js").rglob("*.js") if inside.search(path.read_text(encoding="utf-8"))
    ]
    assert scripts == []


def test_every_script_text_is_given_to_scripts() -> None:
    from web.render import js_texts

    given = json.loads(js_texts("ru"))
    for message, file in used().items():
        if file.startswith("web/static/js/") or "static/js/" in file:
            key = message if isinstance(message, str) else message[0]
            assert key in given["texts"] or key in given["plurals"], message


@pytest.mark.parametrize(
    ("n", "told"),
    [(1, "1 клиент"), (2, "2 клиента"), (5, "5 клиентов"), (11, "11 клиентов"), (21, "21 клиент"), (0, "0 клиентов")],
)
def test_russian_counts_as_russians_do(n: int, told: str) -> None:
    assert say_many("ru", "{n} client", "{n} clients", n) == told


def test_english_is_the_text_itself() -> None:
    assert say("en", "queue “{queue}”", queue="sales") == "queue “sales”"
    assert say_many("en", "{n} client", "{n} clients", 1) == "1 client"
    assert say_many("en", "{n} client", "{n} clients", 2) == "2 clients"


def refusals() -> Iterator[tuple[str, Path]]:
    """Every code that is refused with somewhere in the code."""
    for package in ("cti", "web"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                    first = node.args[0] if node.args else None
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value, path


def test_every_refusal_has_a_sentence() -> None:
    assert not [(code, path.name) for code, path in refusals() if code not in texts.REFUSALS]


def test_the_icons_of_the_sprite_are_those_that_are_used() -> None:
    listed = set(json.loads((FOLDER / "static" / "icons.json").read_text(encoding="utf-8")))
    templates = "".join(file.read_text(encoding="utf-8") for file in (FOLDER / "templates").rglob("*.html"))
    named = set(re.findall(r"""icon\("([a-z0-9-]+)"\)""", templates))
    assert named <= listed, named - listed
    assert {name for name in listed if f'"{name}"' not in templates} == set()
