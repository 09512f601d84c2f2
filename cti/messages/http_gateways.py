"""An SMS gateway on the web as it is described: what is asked of it, and what each of its answers means.

A description is data (JSON in the gateway's row, or one of messages/gateways_ready.py); nothing of it is ever run.
Fields of a closed list, `{{number}}`, are put in once, each escaped by its place: a query by yarl, JSON by its rules.
A message is accepted only by an answer that was described as acceptance (F-46): an answer that is known as a refusal
is one, whatever its status; one that is not understood means that nobody knows.

A path leads through JSON: `sms.*.status`; `*` is the first of a list or an object. A text is `words` and `lines`;
XML is read as JSON (messages/xml_answers.py).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from cti.messages.deliveries import Told
from cti.messages.xml_answers import read_xml

Code = Literal[
    "throttled", "full", "balance", "bad-number", "bad-sender", "bad-text", "refused-bind", "http", "not-ours", "other"
]  # fmt: skip
Form = Literal["json", "text", "xml"]
Path = Annotated[str, Meta(max_length=120, pattern=r"^[\w$@*-]*(\.[\w$@*-]+)*$")]
Short = Annotated[str, Meta(max_length=200)]
Template = Annotated[str, Meta(max_length=4000)]
Pairs = Annotated[dict[Annotated[str, Meta(min_length=1, max_length=80)], Template], Meta(max_length=40)]
Values = Annotated[tuple[Short, ...], Meta(max_length=60)]
FIELDS = (
    "number", "number_plain", "number_int", "sender", "text", "key", "short_key", "login", "password", "basic",
    "callback_url", "far_id",
)  # fmt: skip
SECRET = ("login", "password", "basic", "callback_url")
_FIELD = re.compile(r"\{\{ ?([a-z_]{1,20}) ?\}\}")
_URL = r"^https?://[^\s@{}]{1,400}$"
_WORDS = re.compile(r"[\s,;:=|]+")


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One request. form or json (a text of JSON) is its body; a field that comes out empty is left away."""

    url: Annotated[str, Meta(max_length=400, pattern=_URL)]
    method: Literal["GET", "POST"] = "POST"
    headers: Pairs = {}
    query: Pairs = {}
    form: Pairs = {}
    json: Annotated[str, Meta(max_length=8000)] = ""


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something stands at a path: one of the values, or, without any, whatever is not empty."""

    path: Path
    values: Values = ()


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An answer that is a refusal. permanent: of this message for good."""

    path: Path
    values: Values = ()
    code: Code = "other"
    permanent: bool = False


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What answers mean. id: where a message's name stands, one or a list of its parts'; again: it has it already."""

    form: Form = "json"
    status: tuple[int, ...] = (200, 201, 202)
    cases: Annotated[tuple[Case, ...], Meta(max_length=40)] = ()
    accepted: Annotated[tuple[Condition, ...], Meta(max_length=8)] = ()
    again: Condition | None = None
    id: Path | None = None
    said: Path = ""


class Polling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Asking what became of a message, `{{far_id}}`, where a gateway tells nothing by itself."""

    asked: Asked
    form: Form = "json"
    state: Path
    states: dict[str, Told]
    said: Path = ""


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a call-back is signed. place: a header, or a field by its path where in_field.

    over: what is signed, in its order, joined: @body, @timestamp, @secret, or fields by their paths. timestamp: the
    header with the time of signing, UNIX seconds; with it a call-back is good for five minutes, once.
    """

    kind: Literal["hmac-sha256", "sha256", "sha1", "md5"] = "hmac-sha256"
    place: Short
    in_field: bool = False
    prefix: Short = ""
    over: Annotated[tuple[Short, ...], Meta(min_length=1, max_length=12)] = ("@timestamp", "@body")
    join: Short = "."
    encoding: Literal["hex", "base64"] = "hex"
    timestamp: Short = ""


class Incoming(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a message to us stands in a call-back. when: what tells it from a receipt."""

    when: Condition
    number: Path
    text: Path
    sender: Path = ""
    id: Path = ""


class Callback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a gateway tells us by itself. each: where the list of it is, "": it is one. lines: each is a text of lines.

    fields: under which name of a form there are several (`data[]`); receipt: what tells a receipt. reply: what it
    waits for.
    """

    form: Literal["json", "form"] = "form"
    each: Path = ""
    fields: Short = ""
    lines: bool = False
    receipt: Condition | None = None
    id: Path = "id"
    state: Path = "status"
    states: dict[str, Told] = {}
    said: Path = ""
    incoming: Incoming | None = None
    reply: Short = "OK"
    signed: Signature | None = None


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A gateway."""

    send: Asked
    answer: Reading
    polling: Polling | None = None
    callback: Callback | None = None


class HttpGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a row of a gateway holds. ready: a code of gateways_ready.py; else its own description."""

    ready: Annotated[str, Meta(max_length=20)] = ""
    description: Description | None = None


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed with a row. callback_token: of the address that it calls; callback_secret: of its signature."""

    login: str = ""
    password: str = ""
    callback_token: str = ""
    callback_secret: str = ""

    def __repr__(self) -> str:
        return "Secrets(...)"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer means. refused: with a code of SmsTrouble."""

    state: Literal["accepted", "refused", "unknown"]
    ids: tuple[str, ...] = ()
    said: str = ""
    code: Code = "other"
    permanent: bool = False


# Putting in -----------------------------------------------------------------------------------------------------------
def filling(
    *, number: str, sender: str, text: str, key: str, secrets: Secrets, callback_url: str, far_id: str = ""
) -> dict[str, str]:
    """The values of all fields. number: E.164 with +."""
    basic = base64.b64encode(f"{secrets.login}:{secrets.password}".encode()).decode()
    digits = number.removeprefix("+")
    return {
        "number": number,
        "number_plain": digits,
        "number_int": digits,
        "sender": sender,
        "text": text,
        "key": key,
        "short_key": short_key(key),
        "login": secrets.login,
        "password": secrets.password,
        "basic": basic,
        "callback_url": callback_url,
        "far_id": far_id,
    }


def short_key(key: str) -> str:
    """A key as sixteen signs, for gateways that take no longer one."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def strangers(*texts: str) -> tuple[str, ...]:
    """What stands in braces and is no field."""
    found = dict.fromkeys(one for text in texts for one in re.findall(r"\{\{.{0,40}?\}\}", text, re.DOTALL))
    return tuple(one for one in found if (known := _FIELD.fullmatch(one)) is None or known[1] not in FIELDS)


def put_in(template: str, values: Mapping[str, str]) -> str:
    """A text with its fields put in, once."""
    return _FIELD.sub(lambda found: values.get(found[1], ""), template)


def pairs_of(pairs: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Fields of a query or a form, as they are: who writes them escapes them. Empty ones are left away."""
    filled = {name: put_in(template, values) for name, template in pairs.items()}
    return {name: value for name, value in filled.items() if value}


def headers_of(pairs: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Headers, each on one line."""
    return {name: " ".join(value.split()) for name, value in pairs_of(pairs, values).items()}


def json_of(template: str, values: Mapping[str, str]) -> bytes:
    """A JSON body: put in where its texts are. Raises ValueError where the template is no JSON."""
    return json.dumps(_filled(json.loads(template), values), ensure_ascii=False, separators=(",", ":")).encode()


def _filled(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        filled = {str(name): _filled(one, values) for name, one in node.items()}
        return {name: one for name, one in filled.items() if one != ""}
    if isinstance(node, list):
        return [_filled(one, values) for one in node]
    if not isinstance(node, str):
        return node
    said = put_in(node, values)
    return int(said) if node == "{{number_int}}" and said.isascii() and said.isdigit() else said


# Reading --------------------------------------------------------------------------------------------------------------
def document(body: bytes, form: Form) -> Any:
    """What an answer holds; None where it is not what it should be."""
    if form == "xml":
        return read_xml(body)
    if form == "json":
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return None
    text = body.decode("utf-8", "replace").strip()
    return {"words": [one for one in _WORDS.split(text) if one], "lines": text.splitlines()} if text else None


def find(node: Any, path: str) -> Any:
    """What stands at a path; None for nothing."""
    for part in path.split(".") if path else ():
        if part == "*":
            inside = list(node.values()) if isinstance(node, dict) else node
            node = inside[0] if isinstance(inside, list) and inside else None
        elif isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list) and part.isascii() and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return None
    return node


def said(value: Any) -> str:
    """A value as text, "" for none and for what has parts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).split())[:200] if isinstance(value, str | int | float) else ""


def holds(node: Any, condition: Condition | Case) -> bool:
    """Whether it does."""
    found = find(node, condition.path)
    if not condition.values:
        return found not in (None, "", [], {}, False)
    return said(found) in condition.values


def verdict(reading: Reading, status: int, body: bytes, *, key: str = "") -> Verdict:
    """What an answer means. key: under which the message went, where the gateway goes by it."""
    node = document(body, reading.form)
    words = said(find(node, reading.said)) if reading.said else ""
    if node is not None:
        if reading.again is not None and holds(node, reading.again):
            return Verdict(state="accepted", ids=_ids(node, reading) or (key,), said=words)
        for case in reading.cases:
            if holds(node, case):
                return Verdict(state="refused", said=words, code=case.code, permanent=case.permanent)
        ids = _ids(node, reading)
        good = status in reading.status and all(holds(node, one) for one in reading.accepted)
        if good and (ids or reading.id is None):
            return Verdict(state="accepted", ids=ids or ("",), said=words)
    return _by_status(status, words)


def _ids(node: Any, reading: Reading) -> tuple[str, ...]:
    found = None if reading.id is None else find(node, reading.id)
    every = found if isinstance(found, list) else [found]
    ids = tuple(said(one)[:64] for one in every[:20])
    return ids if all(ids) else ()


def _by_status(status: int, words: str) -> Verdict:
    """An answer that no rule knows."""
    words = words or f"HTTP {status}"
    codes: dict[int, Code] = {401: "refused-bind", 402: "balance", 403: "refused-bind", 429: "throttled"}
    if status in codes:
        return Verdict(state="refused", said=words, code=codes[status])
    if status < 300 or status in (408, 504):  # who stands before it may have given up while it was taken
        return Verdict(state="unknown", said=words)
    return Verdict(state="refused", said=words, code="http")
