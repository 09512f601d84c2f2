"""One key does one thing, whatever a person chose and whatever a newer version brought."""

from __future__ import annotations

from cti.features.own_keys import KEY, USUAL, keys_of


def test_every_usual_key_does_one_thing() -> None:
    assert len(set(USUAL.values())) == len(USUAL)
    assert all(KEY.fullmatch(key) for key in USUAL.values())


def test_a_key_that_a_newer_version_took_for_something_else_is_usual_again() -> None:
    assert keys_of({})["dial"] == USUAL["dial"]
    swapped = {"dial": USUAL["note"], "note": USUAL["dial"]}
    assert keys_of(swapped) == {**USUAL, **swapped}
    assert keys_of({"dial": USUAL["mute"]}) == USUAL
    assert keys_of({"gone": "F2", "dial": "F4"}) == {**USUAL, "dial": "F4"}
    chain = {"dial": USUAL["mute"], "note": USUAL["dial"]}
    assert keys_of(chain) == USUAL, "the first gives its own key back, which the second had"
