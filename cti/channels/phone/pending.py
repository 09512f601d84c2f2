"""Questions the PBX has not answered yet: who asked, what came so far, and how it ends - always, and once.

Rule kept: an entry lives as long as somebody waits for it. Each ends by its answer, by its list's last item, by the
asker's own time limit or by the link's end; no text of the PBX can raise here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from cti.channels.phone.codec import Headers
from cti.errors import ChannelError

_GOOD = {"Success", "Follows", "Goodbye", "Pong"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the PBX said to an action. items: the events of a list."""

    ok: bool
    message: str = ""
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    items: tuple[Mapping[str, str | list[str]], ...] = ()


@dataclass(kw_only=True, slots=True)
class _Question:
    lists: bool
    future: asyncio.Future[Answer]
    answer: Headers = field(default_factory=dict)
    items: list[Headers] = field(default_factory=list)


class Pending:
    """The open questions of one link, by ActionID."""

    def __init__(self) -> None:
        self._open: dict[str, _Question] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, action_id: str, *, lists: bool) -> asyncio.Future[Answer]:
        """Wait for the answer to action_id. Raises ChannelError when the same is already asked."""
        if action_id in self._open:
            raise ChannelError("The PBX is already asked to do this.")
        question = _Question(lists=lists, future=asyncio.get_running_loop().create_future())
        self._open[action_id] = question
        return question.future

    def forget(self, action_id: str) -> None:
        """Nobody waits any more: whatever comes is not ours."""
        self._open.pop(action_id, None)

    def takes(self, headers: Headers) -> bool:
        """Whether a message belongs to an open question; it is then used up."""
        question = self._open.get(_text(headers, "ActionID"))
        if question is None:
            return False
        if "Event" not in headers:
            question.answer = headers
            if not question.lists or _text(headers, "Response") != "Success":
                _settle(question)
        elif not question.lists:
            return False  # OriginateResponse, which has a `Response` too and may come first, is news, not the answer
        elif _is_last(headers):
            _settle(question)
        else:
            question.items.append(headers)
        return True

    def end(self, reason: str) -> None:
        """The link is gone: nobody will hear an answer, what was asked may have been done."""
        for question in self._open.values():
            if not question.future.done():
                question.future.set_exception(ChannelError(reason, unknown=True))
        self._open.clear()


def _is_last(headers: Headers) -> bool:
    return _text(headers, "EventList").casefold().startswith(("complete", "cancelled")) or _text(
        headers, "Event"
    ).endswith("Complete")


def _settle(question: _Question) -> None:
    if question.future.done():
        return
    word = _text(question.answer, "Response")
    answer = Answer(
        ok=word in _GOOD,
        message=_text(question.answer, "Message") or word,
        headers=question.answer,
        items=tuple(question.items),
    )
    question.future.set_result(answer)


def _text(headers: Headers, name: str) -> str:
    """A header that ought to stand once: its first value where a broken PBX repeats it."""
    value = headers.get(name, "")
    return value[0] if isinstance(value, list) else value
