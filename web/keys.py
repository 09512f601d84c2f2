"""What the keys of the panel do, in words and in the order of the list under `?`."""

from __future__ import annotations

from collections.abc import Mapping

from cti.features.own_keys import USUAL, keys_of
from web.texts import N_

NAMES: Mapping[str, str] = {
    "answer": N_("Answer"),
    "hang-up": N_("Hang up"),
    "mute": N_("Mute the microphone"),
    "hold": N_("Hold, or take back"),
    "keypad": N_("Tones"),
    "tones": N_("Send the extension as tones"),
    "hand-over": N_("Transfer; after the call: 30 seconds more"),
    "join": N_("Connect the two others"),
    "swap": N_("Switch over to the other call"),
    "three": N_("Talk with both together"),
    "move": N_("Go on at another phone"),
    "call": N_("Call the client of the card"),
    "write": N_("Write to the client of the card; in the letters: a new letter"),
    "dial": N_("Dial a number"),
    "next-phone": N_("Make the next call from another phone"),
    "note": N_("Note to the call"),
    "card": N_("Show the card of the call"),
    "mark": N_("Mark this moment of the call"),
    "question": N_("To the next question"),
    "state": N_("Ready, not ready, leave the queues"),
    "done": N_("The work after the call is done"),
    "due-dial": N_("Call whom the reminder is about"),
    "due-later": N_("Remind of it again in 10 minutes"),
    "due-done": N_("What the reminder is about is done; in the letters: the conversation"),
    "next": N_("Choose the next thing to do; once more: call"),
    "take": N_("Take what the row of the work list is about; in the letters: I answer"),
    "go": N_("Go: then D to the desk, W to the work list, M to the letters, C to the clients, J to the calls"),
}


def listed(own: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """Action, its key, its usual key, and what it does."""
    keys = keys_of(own)
    return [(action, keys[action], USUAL[action], name) for action, name in NAMES.items()]


def letter(key: str) -> str:
    """`C` of `KeyC`, as it stands on the keyboard."""
    return key.removeprefix("Key")
