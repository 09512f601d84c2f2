"""Messages that clients left on the PBX: app_voicemail's files, which it writes and nobody else changes.

FOLDER/CONTEXT/MAILBOX/{INBOX,Urgent,Old}/msg0000.txt tells of a message, msg0000.wav is it. Nothing is read but what
lies at such a place: neither links nor other names are followed. Source: app_voicemail of Asterisk 22.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from configparser import ConfigParser, Error
from pathlib import Path

from cti.channels.base import Voicemail

BOXES = ("INBOX", "Urgent", "Old")
NAME = re.compile(r"msg[0-9]{4,5}\.txt")
NUMBER = re.compile(r"<([^>]*)>\s*$")  # of `"Name" <79355550101>`
LONGEST = 16 * 1024  # bytes of what tells of a message
MOST = 20_000  # messages looked at


def messages(folder: Path, since: float, until: float) -> list[Voicemail]:
    """Messages that were begun between these times and can be played. Raises OSError where nothing can be read."""
    told = (_read(path) for path in _told(folder, since))
    return [one for one in told if one is not None and since <= one.at <= until and one.sound.is_file()]


def _told(folder: Path, since: float) -> Iterator[Path]:
    """What was written since then: a message is told of when it is over."""
    looked = 0
    for context in _folders(folder):
        for mailbox in _folders(context):
            for box in _folders(mailbox):
                if box.name not in BOXES:
                    continue
                with os.scandir(box) as entries:
                    for entry in entries:
                        looked += 1
                        if looked > MOST:
                            return
                        fits = NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
                        if fits and entry.stat(follow_symlinks=False).st_mtime >= since:
                            yield Path(entry.path)


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]


def _read(told: Path) -> Voicemail | None:
    parser = ConfigParser(interpolation=None, strict=False, comment_prefixes=(";",))
    try:
        with told.open("rb") as file:
            parser.read_string(file.read(LONGEST).decode("utf-8", "replace"))
        message = parser["message"]
        at = float(message.get("origtime", ""))
    except (OSError, Error, KeyError, ValueError):
        return None
    sound = told.with_suffix(".wav")
    if sound.is_symlink():
        return None
    caller = message.get("callerid", "")
    number = NUMBER.search(caller)
    return Voicemail(number=(number[1] if number else caller).strip(), at=at, sound=sound)
