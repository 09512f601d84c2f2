"""What stands in the two journals has words for people: each action and thing that the code writes there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from web.pages.settings import ACTIONS
from web.privacy_texts import THINGS, thing_text

ROOT = Path(__file__).parents[2]


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Calls of functions and methods in the code, by the last word of the name."""
    for folder in ("cti", "web"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call):
                    yield getattr(node.func, "attr", getattr(node.func, "id", "")), node


def words(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def test_whatever_the_journals_hold_is_said_in_words() -> None:
    things, actions = set(), set()
    for name, call in calls():
        if name in ("showed", "showed_callers"):
            things |= {word for key in call.keywords if key.arg == "thing" for word in words(key.value)}
        if name == "note" and len(call.args) > 3 and "sessions" in ast.unparse(call.func):
            actions |= words(call.args[3])
        if name in ("_note", "_noted"):
            actions |= {word for one in call.args for word in words(one) if word.startswith(("board-", "score-form-"))}
    named = {one.split(":")[0].strip(".,") for one in things} - {""}
    assert named >= {"sms", "letter", "desk"}, "nothing was found"
    assert actions >= {"board-tell", "phone", "board-pick"}, "nothing was found"
    assert named <= THINGS.keys()
    assert actions - {"list-"} <= ACTIONS.keys()  # of that one each list has its own


def test_how_somebody_listened_is_said_beside_the_call() -> None:
    assert thing_text("en", "call:17.1 whisper, anna", {}) == "call 17.1; anna: whispered"
    assert thing_text("en", "call:17.1", {}) == "call 17.1"
