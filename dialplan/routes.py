"""Numbers outside: which route one takes, and the routes as dialplan with the toll guard.

The longest prefix wins; of two the same length the one that says how many digits there must be. What no route allows is
refused: nothing is dialled because nobody thought of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialplan.model import Assign, Context, Expr, Extension, Step, word
from dialplan.plan import Route

RING_S = 60
BLOCKED = "21"  # Q.850: call rejected


def route_of(routes: Iterable[Route], number: str) -> Route | None:
    """The route of a number; None where none leads there."""
    fit = [one for one in routes if number.startswith(one.prefix) and one.digits in (0, len(number))]
    return max(fit, key=lambda one: (len(one.prefix), one.digits > 0), default=None)


def outside(context: str, routes: Iterable[Route], *, caller_id: str, ring_s: int = RING_S) -> Context:
    """The routes. caller_id: shown where a call brings an internal number only and its route says none."""
    extensions = tuple(
        Extension(number=pattern(route), title=route.title, steps=tuple(_steps(route, caller_id, ring_s)))
        for route in sorted(routes, key=lambda one: (one.prefix, one.digits))
    )
    return Context(name=context, title="to the outside", extensions=extensions)


def pattern(route: Route) -> str:
    """The extension of a route."""
    if route.prefix and not (route.prefix.isascii() and route.prefix.isdecimal()):
        raise ValueError(f"{route.prefix!r} is no beginning of a number")
    rest = "X" * (route.digits - len(route.prefix)) if route.digits else "X."
    return f"_{route.prefix}{rest}"


def _steps(route: Route, caller_id: str, ring_s: int) -> Iterator[Step | Assign]:
    if not route.allowed:
        yield Step(app="UserEvent", args=("TrubkaBlocked", Expr("Number: ${EXTEN}")))
        yield Step(app="Hangup", args=(BLOCKED,))
        return
    shown = word(route.caller_id or caller_id, "number")
    if route.caller_id:
        yield Assign(variable="CALLERID(num)", value=shown)
    else:
        own = Expr(f"$[${{LEN(${{CALLERID(num)}})}} < 7]?Set(CALLERID(num)={shown})")
        yield Step(app="ExecIf", args=(own,))
    yield Assign(variable="CALLERID(name)", value="")
    if route.limit:
        group = f"out-{route.prefix or 'all'}"
        yield Assign(variable="GROUP()", value=group)
        many = Expr(f"$[${{GROUP_COUNT({group})}} > {int(route.limit)}]?full")
        yield Step(app="GotoIf", args=(many,))
    cut = f"${{EXTEN:{int(route.strip)}}}" if route.strip else "${EXTEN}"
    where = Expr(f"PJSIP/{_digits(route.add)}{cut}@{word(route.trunk, 'trunk')}")
    yield Step(app="Dial", args=(where, str(ring_s), "TK"))
    yield Step(app="Hangup", args=(Expr("${HANGUPCAUSE}"),))
    if route.limit:
        yield Step(app="Hangup", args=("34",), label="full")


def _digits(text: str) -> str:
    if text and not (text.removeprefix("+").isascii() and text.removeprefix("+").isdecimal()):
        raise ValueError(f"{text!r} are no digits to dial")
    return text
