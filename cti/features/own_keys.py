"""Keys of the panel: what each does as a rule, and what a person set otherwise for himself.

A key is a place on the keyboard (`KeyC`, as browsers name it), so it is the same with a Russian layout. One key does
one thing. Enter, Esc, `/`, `?` and Ctrl-K are everybody's and cannot be changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from cti.access import Person
from cti.errors import Refused
from cti.storage import users
from cti.storage.database import Database

KEY: Final = re.compile(r"Key[A-Z]|F(?:2|4|7|8|9)")
USUAL: Final[Mapping[str, str]] = {
    "call": "KeyC",
    "write": "F2",
    "note": "KeyN",
    "mark": "KeyL",
    "card": "KeyI",
    "question": "KeyY",
    "hang-up": "KeyQ",
    "answer": "KeyA",
    "mute": "KeyM",
    "hold": "KeyH",
    "keypad": "KeyK",
    "hand-over": "KeyT",
    "join": "KeyJ",
    "swap": "KeyS",
    "three": "KeyX",
    "tones": "KeyD",
    "dial": "KeyP",
    "move": "KeyO",
    "next-phone": "KeyV",
    "state": "KeyR",
    "done": "KeyF",
    "due-dial": "KeyB",
    "due-later": "KeyZ",
    "due-done": "KeyE",
    "next": "KeyW",
    "take": "KeyU",
    "go": "KeyG",
}


class OwnKeys:
    """A person's own."""

    def __init__(self, *, db: Database) -> None:
        self._db = db

    async def set(self, person: Person, keys: Mapping[str, str]) -> None:
        """All keys that the person has otherwise; none: as they are as a rule. Raises Refused: bad-key, key-taken."""
        if any(action not in USUAL or not KEY.fullmatch(key) for action, key in keys.items()):
            raise Refused("bad-key", "A key is a letter or F2, F4, F7, F8, F9.")
        whole = {**USUAL, **keys}
        twice = {key for key in whole.values() if list(whole.values()).count(key) > 1}
        if twice:
            raise Refused("key-taken", "One key cannot do two things.")
        own = {action: key for action, key in keys.items() if key != USUAL[action]}
        async with self._db.write() as conn:
            await users.change(conn, person.id, own_keys=json.dumps(own) if own else "")


def keys_of(own: Mapping[str, str]) -> dict[str, str]:
    """Every action's key, for a person who has some otherwise; what a newer version took for something else goes."""
    kept = {action: key for action, key in own.items() if action in USUAL}
    while lost := [action for action, key in kept.items() if key in {USUAL[one] for one in USUAL.keys() - kept.keys()}]:
        del kept[lost[0]]
    return {**USUAL, **kept}
