"""Letters that no person wrote, told by their heads: answers of absent people, mailings, and what came back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cti.messages.letter import Automatic

# What is read of a head even when it stands behind hundreds of others.
NEEDED = frozenset(
    ("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
     "thread-index", "return-path", "x-auto-response-suppress", "auto-submitted", "precedence",
     "list-id", "content-type")
)  # fmt: skip
_AWAY = re.compile(
    r"^(?:re: *)?(?:auto(?:matic)?[ -]?(?:reply|response|answer)|out of (?:the )?office|автоответ|автоматический ответ"
    r"|меня нет в офисе|я (?:в отпуске|вне офиса))",
    re.IGNORECASE,
)
_REPLIES = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply")
_SUPPRESSED = ("all", "oof", "autoreply")  # the others are of receipts
_MAILINGS = ("list-id", "list-unsubscribe", "list-post", "feedback-id", "x-mailru-msgtype", "x-campaign-id")


def wants_no_answer(heads: Mapping[str, Sequence[str]]) -> bool:
    """Whether no program may answer it, whoever wrote it: it comes from nobody (RFC 3834, 2), or Exchange says so.

    It says no more than that: a form of a web site may come from nobody and have to be answered by a person.
    """
    from_nobody = any(not one.strip().strip("<>").strip() for one in heads.get("return-path", ()))
    suppressed = {one.strip() for one in _first(heads, "x-auto-response-suppress").split(",")}
    return from_nobody or not suppressed.isdisjoint(_SUPPRESSED)


def kind(heads: Mapping[str, Sequence[str]], subject: str, *, bounced: bool) -> Automatic:
    """What kind of automatic letter it is; "" for one that a person wrote. bounced: it says so itself."""
    if bounced or "report-type=delivery-status" in _first(heads, "content-type").replace('"', "").replace(" ", ""):
        return "bounce"
    submitted = re.split(r"[;(\s]", _first(heads, "auto-submitted").strip())[0]
    precedence = _first(heads, "precedence").strip()
    if submitted == "auto-replied" or precedence == "auto_reply" or _AWAY.match(subject):
        return "reply"
    if any(name in heads and _first(heads, name) not in ("no", "") for name in _REPLIES):
        return "reply"
    if (
        submitted not in ("", "no")
        or precedence in ("bulk", "list", "junk")
        or any(name in heads for name in _MAILINGS)
    ):
        return "list"
    return ""


def _first(heads: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(heads.get(name, ())), "").lower()
