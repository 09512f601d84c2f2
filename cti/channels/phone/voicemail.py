"""Messages that clients left on the PBX: app_voicemail's files. It writes them; of who is erased they are deleted here.

FOLDER/CONTEXT/MAILBOX/{INBOX,Urgent,Old}/msg0000.txt tells of a message, msg0000.wav is it. Nothing is read but what
lies at such a place: neither links nor other names are followed. A gap in the numbers of messages is closed by the PBX
when the mailbox is opened next. Source: app_voicemail of Asterisk 22.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser, Error
from functools import partial
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
    return [one for one in told if one is not None and since <= one.at <= until and _is_sound(one.sound)]


def removals(folders: Mapping[str, Path]) -> dict[str, Callable[[Callable[[str], bool]], tuple[int, list[str]]]]:
    """`remove` of each PBX's folder, by the PBX's name."""
    return {name: partial(remove, folder) for name, folder in folders.items()}


def remove(folder: Path, his: Callable[[str], bool]) -> tuple[int, list[str]]:
    """Delete the messages, in any box, of callers' numbers that `his` says yes to: how many, and those that could not
    be, as CONTEXT/MAILBOX/BOX/MESSAGE. Raises OSError where nothing can be read."""
    gone, left = 0, []
    for box in _boxes(folder):
        told = [path for path in sorted(box.iterdir()) if NAME.fullmatch(path.name) and not path.is_symlink()]
        for path in told:
            one = _read(path)
            if one is None or not his(one.number):
                continue
            try:
                for file in sorted(box.glob(f"{path.stem}.*"), key=lambda file: file.suffix == ".txt"):
                    file.unlink()  # what tells of it goes last: cut off, it is found again
                gone += 1
            except OSError:
                left.append(str(path.with_suffix("").relative_to(folder)))
    return gone, left


def _told(folder: Path, since: float) -> Iterator[Path]:
    """What was written since then: a message is told of when it is over."""
    looked = 0
    for box in _boxes(folder):
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


def _boxes(folder: Path) -> Iterator[Path]:
    """INBOX and the others of all mailboxes."""
    for context in _folders(folder):
        for mailbox in _folders(context):
            yield from _folders(mailbox)


def _is_sound(sound: Path) -> bool:
    return sound.is_file() and not sound.is_symlink()


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
    caller = message.get("callerid", "")
    number = NUMBER.search(caller)
    return Voicemail(number=(number[1] if number else caller).strip(), at=at, sound=told.with_suffix(".wav"))
