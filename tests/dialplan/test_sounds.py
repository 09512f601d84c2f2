"""Sounds of a plan: their names, their places at the PBX, who plays them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialplan.faults import faults
from dialplan.plan import Sound, Take
from dialplan.sounds import is_name, named, placed, users_of
from tests.dialplan.house import HOUSE

RU, EN = Take(language="ru", sha256="a" * 64), Take(language="en", sha256="b" * 64)


def test_each_take_lies_in_the_folder_of_its_language_and_the_first_one_beside_them() -> None:
    plan = replace(HOUSE, sounds=(*HOUSE.sounds, Sound(name="trubka/hello", takes=(RU, EN))))
    assert placed(plan) == {
        "trubka/hello.wav": f"{RU.sha256}.wav",
        "trubka/hello.wav16": f"{RU.sha256}.wav16",
        "ru/trubka/hello.wav": f"{RU.sha256}.wav",
        "ru/trubka/hello.wav16": f"{RU.sha256}.wav16",
        "en/trubka/hello.wav": f"{EN.sha256}.wav",
        "en/trubka/hello.wav16": f"{EN.sha256}.wav16",
    }


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../b", "a&b", "a|b", "a b", "a.wav", "a\nb", "${X}", "звук", "a/", "x" * 300]
)
def test_a_name_that_leads_elsewhere_is_none(name: str) -> None:
    assert not is_name(name)
    plan = replace(HOUSE, sounds=(*HOUSE.sounds, Sound(name=name, takes=(RU,))))
    assert ("bad-name", name) in {(one.code, one.at) for one in faults(plan)}
    with pytest.raises(ValueError, match="cannot be the name"):
        placed(plan)


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "A" * 64])
def test_a_take_is_a_hash_and_belongs_to_a_sound_that_was_brought(sha256: str) -> None:
    for sound in (
        Sound(name="trubka/x", takes=(Take(language="ru", sha256=sha256),)),
        Sound(name="beep", takes=(RU,)),
    ):
        with pytest.raises(ValueError, match="take"):
            placed(replace(HOUSE, sounds=(sound,)))


def test_who_plays_a_sound_and_what_it_lacks() -> None:
    assert users_of(HOUSE, "beep") == ("menu", "back", "feast")
    plan = replace(HOUSE, sounds=(*HOUSE.sounds, Sound(name="trubka/a"), Sound(name="trubka/b", takes=(RU, RU))))
    assert {(one.code, one.at) for one in faults(plan)} >= {("no-take", "trubka/a"), ("take-twice", "trubka/b")}


def test_names_are_made_of_titles() -> None:
    assert named("Privet, mir!", ()) == "trubka/privet-mir"
    assert named("Privet, mir!", ["trubka/privet-mir"]) == "trubka/privet-mir-2"
    assert named("***", ()) == "trubka/sound"
