"""What a gateway on the web tells us by itself: whether it is the gateway's, and what it says. Pure.

Who calls knows the address, whose token nobody can guess. Where the service signs as well, the signature must be right
(compared in constant time), not older than five minutes, and good for once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from cti.messages.deliveries import Told
from cti.messages.http_gateways import Callback, Signature, document, find, holds, said

WINDOW_S = 300.0
MOST = 500  # things told at once
TEXT_MOST = 4000


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call as it came. fields: of its query and form, in their order; headers by small letters."""

    body: bytes = b""
    fields: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "Call(...)"


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt."""

    far_id: str
    state: Told
    said: str = ""


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """A message to us."""

    number: str
    sender: str
    text: str
    key: str


def node_of(callback: Callback, call: Call) -> Any:
    """What the call holds; None where it is not what it should be."""
    if callback.form == "json":
        return document(call.body, "json")
    return dict(call.fields)


def signed(signature: Signature, call: Call, node: Any, secret: str, now: float) -> Literal["good", "forged", "old"]:
    """Whether a call is the gateway's own."""
    given = said(find(node, signature.place)) if signature.in_field else call.headers.get(signature.place.lower(), "")
    at = call.headers.get(signature.timestamp.lower(), "") if signature.timestamp else ""
    if not secret or not hmac.compare_digest(given.encode(), _expected(signature, call, node, secret, at).encode()):
        return "forged"
    if signature.timestamp and not (at.isascii() and at.isdigit() and abs(now - int(at[:12])) <= WINDOW_S):
        return "old"
    return "good"


def _expected(signature: Signature, call: Call, node: Any, secret: str, at: str) -> str:
    known = {"@body": call.body, "@timestamp": at.encode(), "@secret": secret.encode()}
    over = signature.join.encode().join(known[one] if one in known else said(find(node, one)).encode()
                                        for one in signature.over)  # fmt: skip
    if signature.kind == "hmac-sha256":
        raw = hmac.new(secret.encode(), over, hashlib.sha256).digest()
    else:
        raw = hashlib.new(signature.kind, over, usedforsecurity=False).digest()
    return signature.prefix + (raw.hex() if signature.encoding == "hex" else base64.b64encode(raw).decode())


def told(callback: Callback, call: Call, node: Any) -> list[Heard | Came]:
    """What a call says, in its order; states that are not described, and what is something else, are left away."""
    found = [_read(callback, one) for one in _each(callback, call, node)[:MOST]]
    return [one for one in found if one is not None]


def _each(callback: Callback, call: Call, node: Any) -> Sequence[Any]:
    if callback.fields:  # `data[]`, and `data[0]`, `data[1]`, as a form writes a list
        stem = callback.fields.removesuffix("[]")
        several = [value for name, value in call.fields if name == callback.fields or name.startswith(f"{stem}[")]
        return [one.splitlines() for one in several] if callback.lines else several
    found = find(node, callback.each)
    every = found if isinstance(found, list) else [found]
    return [one.splitlines() if callback.lines and isinstance(one, str) else one for one in every]


def _read(callback: Callback, node: Any) -> Heard | Came | None:
    coming = callback.incoming
    if callback.receipt is None or holds(node, callback.receipt):
        far_id = said(find(node, callback.id))[:64]
        state = callback.states.get(said(find(node, callback.state)))
        words = said(find(node, callback.said)) if callback.said else ""
        return Heard(far_id=far_id, state=state, said=words) if far_id and state is not None else None
    if coming is None or not holds(node, coming.when):
        return None
    text = find(node, coming.text)
    if not isinstance(text, str):
        return None
    number, sender = said(find(node, coming.number)), said(find(node, coming.sender)) if coming.sender else ""
    key = said(find(node, coming.id))[:64] if coming.id else ""
    return Came(number=number[:32], sender=sender[:20], text=text[:TEXT_MOST], key=key) if number else None
