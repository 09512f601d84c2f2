"""Sounds that a PBX came with: their names and languages, as its folder has them. Read in a thread, bounded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from cti.sound.kinds import RAW

LANGUAGES = ("ru", "en")
ENDINGS = ("wav", "wav16", *RAW)
MOST = 4000
OURS = ("trubka", "trubka-takes")


def stock(folder: Path) -> Mapping[str, Mapping[str, Path]]:
    """Name -> language -> file, by name; "" is the language of what lies beside the languages.

    Folders inside a language (`digits/1`) come with it, folders beside them do not: those are the admin's own.
    """
    folder, found = folder.absolute(), dict[str, dict[str, Path]]()
    for language, place in (("", folder), *((one, folder / one) for one in LANGUAGES)):
        for name, file in _files(place, deep=bool(language)):
            if len(found) >= MOST and name not in found:
                break
            found.setdefault(name, {}).setdefault(language, file)
    return {name: found[name] for name in sorted(found)}


def _files(folder: Path, *, deep: bool, before: str = "") -> Iterator[tuple[str, Path]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError:
        return
    for entry in entries:
        stem, _, ending = entry.name.rpartition(".")
        if entry.is_dir():
            if deep and not before and entry.name not in OURS:
                yield from _files(Path(entry.path), deep=False, before=f"{entry.name}/")
        elif ending in ENDINGS and stem and entry.is_file():
            yield f"{before}{stem}", Path(entry.path)
