"""Letters that come back: what mail servers say of a letter they could not deliver.

Most speak RFC 3464 (Postfix, Exchange, Gmail): fields for each recipient. Others write to people: qmail, Exim, and what
Yandex and Mail.ru say in Russian. A server that still tries says so with Action: delayed; that is no bounce.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from cti.messages.letter import ADDRESS_CHARS, ID_CHARS, Bounce
from cti.messages.texts import one_line

WHY_CHARS = 300
MOST = 100  # recipients told of in one letter
Fields = Mapping[str, str]  # of one recipient, names in lower case
_ADDRESS = re.compile(r"[^\s<>\"'():;,@]{1,64}@[^\s<>\"'():;,@]{1,189}")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<!\d)([45])\d\d(?=[ -])")
_ID = re.compile(r"^\s*message-id:\s*<([^<>]{1,998})>", re.IGNORECASE | re.MULTILINE)
_SENDER = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon|mdaemon|noreply-dsn|double-bounce)@", re.IGNORECASE)
_SUBJECT = re.compile(
    r"undeliver|not delivered|delivery (?:status|fail|has failed)|failure notice|returned (?:mail|to sender)"
    r"|could ?n[o']t be (?:sent|delivered)|mail delivery (?:failed|system)"
    r"|недоставлен|не\s?доставлен|не удалось доставить"
    r"|ошибка доставки|невозможно доставить|не может быть доставлен",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"(?:this is the qmail-send program|following address(?:es|\(es\))? failed|could not be delivered to"
    r"|wasn't able to deliver your message|delivery has failed to|your message could(?: not|n't) be"
    r"|following recipients? (?:failed|could not)|permanent fatal errors"
    r"|письмо не может быть (?:отправлено|доставлено)|не (?:было |может быть )?доставлено"
    r"|не удалось (?:выполнить доставку|доставить)|невозможно доставить|доставка .{0,60}не выполнена)",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^(?:-{2,}.{0,100}(?:copy of|original message|копия|исходн|заголов).*|(?:return-path|received):.*"
    r"|original message headers:.*)$",
    re.IGNORECASE | re.MULTILINE,
)
# What may be over tomorrow, or is not the address's fault: a full box, a letter too large, a letter taken for spam.
_PASSING_STATUS = {("2", "2"), ("2", "3"), ("3", "4"), ("4", "7")}
_PASSING = re.compile(
    r"quota|mailbox (?:is )?full|over limit|spam|blacklist|block ?list|blocked|rejected due to|policy|too large"
    r"|переполнен|спам|превышен|слишком больш",
    re.IGNORECASE,
)

# Yandex says 5.7.1, which is a policy's, of addresses that there are not.
_NOBODY = re.compile(r"no such (?:user|mailbox)|(?:user|recipient) (?:unknown|not found)|unknown user", re.IGNORECASE)


def returned(fields: Sequence[Fields], original_id: str) -> tuple[Bounce, ...]:
    """What a report in RFC 3464 says: one for each recipient it failed for."""
    found: dict[str, Bounce] = {}
    for one in fields[:MOST]:
        told = one.get("final-recipient") or one.get("original-recipient") or ""
        address = _ADDRESS.search(told.partition(";")[2] or told)
        if address is None or one.get("action", "failed").strip().lower() != "failed":
            continue
        said = one.get("diagnostic-code", "").partition(";")[2] or one.get("status", "")
        why = one_line(said, WHY_CHARS)
        lasting = _lasting(f"{one.get('status', '')} {why}")
        folded = address[0].casefold()[:ADDRESS_CHARS]
        found[folded] = Bounce(address=folded, lasting=lasting, why=why, message_id=original_id)
    return tuple(found.values())


def told(sender: str, subject: str, text: str, named: Iterable[str] = ()) -> tuple[Bounce, ...]:
    """What a server wrote in words. sender: "" for none; named: addresses of an X-Failed-Recipients."""
    if not ((not sender or _SENDER.match(sender)) and (_SAID.search(text) or _SUBJECT.search(subject))):
        return ()
    copy = _COPY.search(text)
    said, below = (text[: copy.start()], text[copy.start() :]) if copy else (text, "")
    begin = _SAID.search(said)
    said = said[begin.start() :] if begin else said
    original = _ID.search(below) or _ID.search(text)
    message_id = re.sub(r"\s+", "", original[1])[:ID_CHARS] if original else ""
    addresses = [one.casefold() for each in named for one in _ADDRESS.findall(each)] or _addresses(said)
    return tuple(
        Bounce(address=one[:ADDRESS_CHARS], lasting=_lasting(why), why=why, message_id=message_id)
        for one in dict.fromkeys(addresses[:MOST])
        for why in [_why(said, one)]
    )


def _addresses(said: str) -> list[str]:
    """Addresses that stand at the beginning of a line: those inside it are of who says why."""
    lines = (re.match(r"\s*[<*•-]?\s*(?:<|mailto:)?", line) and line.lstrip(" \t<*•-") for line in said.splitlines())
    found = [match[0].casefold() for line in lines if line and (match := _ADDRESS.match(line))]
    return [one.rstrip(".>") for one in found] or [one.casefold().rstrip(".") for one in _ADDRESS.findall(said)[:1]]


def _why(said: str, address: str) -> str:
    """What follows an address, up to the next empty line."""
    place = said.casefold().find(address)
    after = said[place + len(address) :] if place >= 0 else said
    return one_line(re.split(r"\n\s*\n", after.lstrip(">: \t\r\n"), maxsplit=1)[0], WHY_CHARS)


def _lasting(said: str) -> bool:
    """Whether the address itself is no good."""
    status = _STATUS.search(said)
    if status is not None:
        kind, subject, detail = status.groups()
        policy = subject == "7" and _NOBODY.search(said) is None
        passing = kind != "5" or policy or (subject, detail) in _PASSING_STATUS
    else:
        reply = _REPLY.search(said)
        passing = reply is not None and reply[1] == "4"
    return not passing and _PASSING.search(said) is None
