"""Words by which a client says that he wants no messages any more, or wants them again. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

_NO_LETTERS = re.compile(r"[\W_]+")
START_WORDS = ("start", "старт")
# What thanks for it, once: in the alphabet that costs one part
STOPPED = "Вы больше не получите сообщений от нас. Вернуть: СТАРТ"
STARTED = "Вы снова получаете сообщения от нас. Отказаться: СТОП"


def wish(text: str, stop_words: Collection[str]) -> Literal["stop", "start", ""]:
    """What a whole message says: only such a word, however it is written and whatever stands around it."""
    said = _folded(text)
    if said in {_folded(one) for one in stop_words}:
        return "stop"
    return "start" if said in START_WORDS else ""


def _folded(text: str) -> str:
    return _NO_LETTERS.sub("", text).casefold().replace("ё", "е")
