"""Sounds of a plan: what they may be called, and where the PBX finds those that were brought.

A sound that was brought is `trubka/NAME`. Asterisk looks in the folder of the call's language first, then beside the
languages: there lies the first take, for calls in a language that has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from dialplan.plan import Plan, Sound

OWN = "trubka/"
ENDINGS = ("wav", "wav16")  # 8 and 16 kHz, as Asterisk calls them
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}(?:/[A-Za-z0-9][A-Za-z0-9_-]{0,60}){0,4}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_name(name: str) -> bool:
    """Whether a sound can be called so: words between slashes; no way out of the folder, no second file, no ending."""
    return _NAME.fullmatch(name) is not None


def is_own(sound: Sound) -> bool:
    """Whether it was brought, and is not a file that the PBX came with."""
    return sound.name.startswith(OWN)


def placed(plan: Plan) -> Mapping[str, str]:
    """Path below the PBX's folder of sounds -> file in the server's store. Raises ValueError for what is amiss."""
    found: dict[str, str] = {}
    for sound in plan.sounds:
        if not is_name(sound.name):
            raise ValueError(f"{sound.name!r} cannot be the name of a sound")
        for take in sound.takes:
            if not is_own(sound) or not _SHA256.fullmatch(take.sha256) or take.language not in ("ru", "en"):
                raise ValueError(f"{sound.name!r} has a take that is none")
        for folder, take in [("", one) for one in sound.takes[:1]] + [(f"{one.language}/", one) for one in sound.takes]:
            for ending in ENDINGS:
                found[f"{folder}{sound.name}.{ending}"] = f"{take.sha256}.{ending}"
    return found


def users_of(plan: Plan, name: str) -> tuple[str, ...]:
    """Ids of the steps that play a sound, in the order of the plan."""
    return tuple(node.id for node in plan.nodes if getattr(node, "sound", None) == name)


def named(title: str, taken: Iterable[str]) -> str:
    """A name for a sound that is titled so (in Latin letters), unlike those that are taken."""
    word = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-") or "sound"
    known, number, name = set(taken), 1, f"{OWN}{word}"
    while name in known:
        number += 1
        name = f"{OWN}{word}-{number}"
    return name
