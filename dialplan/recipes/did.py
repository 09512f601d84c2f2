"""Calls from outside: each number the clients dial (DID) leads somewhere, everything else is refused."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.model import Assign, Context, Expr, Extension, Step


def inbound(
    context: str, dids: Mapping[str, tuple[Step | Assign, ...]], *, beside: tuple[Extension, ...] = ()
) -> Context:
    """dids: digits without plus -> steps; the plus some carriers send is served too. An unknown number gets cause 1.

    beside: what the steps need in their context.
    """
    extensions: list[Extension] = []
    for number, steps in dids.items():
        called = Assign(variable="__TRUBKA_DID", value=Expr("${EXTEN}"))
        extensions.append(Extension(number=number, steps=(called, *steps)))
        extensions.append(Extension(number=f"+{number}", steps=(Step(app="Goto", args=(number, "1")),)))
    unknown = Extension(number="_[0-9+].", title="numbers that are not ours", steps=(Step(app="Hangup", args=("1",)),))
    return Context(name=context, title="calls from outside", extensions=(*extensions, unknown, *beside))
