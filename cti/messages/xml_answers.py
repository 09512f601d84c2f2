"""An answer in XML as gateways give it, read as JSON would be: an element is its attributes (`@id`), its text (`text`)
and what it holds, several of one name a list.

A document type is refused before anything of it is read: there are no entities, and nothing is fetched.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

DEEPEST = 20


class _Refused(Exception):
    """Not an answer of a gateway."""


def read_xml(body: bytes) -> dict[str, Any] | None:
    """The document by the name of its root; None for what is none."""
    root: dict[str, Any] = {}
    open_: list[dict[str, Any]] = [root]

    def refuse(*_: object) -> None:
        raise _Refused

    def begins(name: str, attributes: dict[str, str]) -> None:
        if len(open_) > DEEPEST:
            raise _Refused
        element: dict[str, Any] = {f"@{key}": value for key, value in attributes.items()}
        held = open_[-1]
        before = held.get(name)
        if before is None:
            held[name] = element
        elif isinstance(before, list):
            before.append(element)
        else:
            held[name] = [before, element]
        open_.append(element)

    def says(text: str) -> None:
        open_[-1]["text"] = open_[-1].get("text", "") + text

    def ends(_name: str) -> None:
        element = open_.pop()
        if "text" in element and not (kept := element["text"].strip()):
            del element["text"]
        elif "text" in element:
            element["text"] = kept

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.CharacterDataHandler = says
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _Refused, LookupError, ValueError):  # no encoding of that name
        return None
    return root
