"""Numbers outside: which route one takes, and the routes as dialplan with the toll guard.

The longest prefix wins; of two the same length the one that says how many digits there must be. What no route allows is
refused: nothing is dialled because nobody thought of it. Who calls is what his phone says (TRUBKA_OWNER, set at its
endpoint); a call that no phone of ours began, as one that is sent outside by a caller, is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dialplan import hours, recording
from dialplan.model import Assign, Context, Expr, Extension, Step, word
from dialplan.plan import Hours, Plan, Route
from dialplan.site import Site

CONTEXT = "outside"
OWNER, SHOWN = "TRUBKA_OWNER", "TRUBKA_SHOWN"
SERVER = "server"  # TRUBKA_OWNER of calls that the server places for nobody: a call-back
RING_S = 60
BLOCKED, FULL = "21", "34"  # Q.850: call rejected; no circuit
SHORT = 7  # digits: a caller's number of fewer is one inside


def route_of(routes: Iterable[Route], number: str) -> Route | None:
    """The route of a number; None where none leads there."""
    fit = [one for one in routes if number.startswith(one.prefix) and one.digits in (0, len(number))]
    fit = [one for one in fit if one.digits or len(number) > max(len(one.prefix), 1)]  # as `.` takes one at least
    return max(fit, key=lambda one: (len(one.prefix), one.digits > 0), default=None)


def sent(route: Route, number: str) -> str:
    """What the carrier gets."""
    return route.add + number[route.strip :]


def outside(plan: Plan, site: Site) -> Context:
    """The routes. A plus before a number is left out."""
    by_id = {one.id: one for one in plan.hours}
    ordered = sorted(plan.routes, key=lambda one: (one.prefix, one.digits))
    extensions = [
        Extension(number=pattern(one), title=one.title, steps=tuple(_steps(one, plan, site, by_id))) for one in ordered
    ]
    if extensions:
        extensions.append(Extension(number="_+X.", steps=(Step(app="Goto", args=(Expr("${EXTEN:1}"), "1")),)))
    return Context(name=CONTEXT, title="to the outside", extensions=tuple(extensions))


def pattern(route: Route) -> str:
    """The extension of a route."""
    if route.prefix and not (route.prefix.isascii() and route.prefix.isdecimal()):
        raise ValueError(f"{route.prefix!r} is no beginning of a number")
    rest = "X" * (route.digits - len(route.prefix)) if route.digits else "."
    return f"_{route.prefix}{rest}" if route.prefix or route.digits else "_X."


def before(route: Route, *, full: str) -> Iterator[Step | Assign]:
    """What is done before a number is dialled on a route: its number is shown, its calls are counted."""
    if route.caller_id:
        yield Assign(variable="CALLERID(num)", value=word(route.caller_id, "number"))
    if route.limit:
        group = f"out-{route.prefix or 'all'}@trubka"
        yield Assign(variable="GROUP(trubka)", value=group.partition("@")[0])
        yield Step(app="GotoIf", args=(Expr(f"$[${{GROUP_COUNT({group})}} > {int(route.limit)}]?{full}"),))


def dialled(route: Route, number: str) -> Expr:
    """What Dial is given: digits as they are, or code that gives some."""
    return Expr(f"PJSIP/{_digits(route.add)}{number}@{word(route.trunk, 'trunk')}")


def _steps(route: Route, plan: Plan, site: Site, by_id: Mapping[str, Hours]) -> Iterator[Step | Assign]:
    if not route.allowed:
        yield from _blocked("route")
        return
    yield from _guard(route, by_id)
    if not route.caller_id:
        known = word(site.caller_id, "number")
        own = f"${{IF($[${{LEN(${{{SHOWN}}})}} = 0]?{known}:${{{SHOWN}}})}}"
        short = Expr(f"$[${{LEN(${{CALLERID(num)}})}} < {SHORT}]?Set(CALLERID(num)={own})")
        yield Step(app="ExecIf", args=(short,))
    yield Assign(variable="CALLERID(name)", value="")
    yield from before(route, full="full")
    options = f"TKS({route.longest_min * 60})" if route.longest_min else "TK"
    if route.record:
        if plan.announcement:
            options += recording.of_called(plan.announcement, plan.refusal)
        else:
            yield from recording.begin("")
    cut = f"${{EXTEN:{int(route.strip)}}}" if route.strip else "${EXTEN}"
    cut = cut if route.digits else f"${{FILTER(0-9,{cut})}}"  # `.` takes `&` as well, which begins another number
    yield Step(app="Dial", args=(dialled(route, cut), str(RING_S), Expr(options)))
    yield Step(app="Hangup", args=(Expr("${HANGUPCAUSE}"),))
    if route.who:
        yield from _blocked("who")
    if route.hours:
        yield from _blocked("hours")
    if route.limit:
        yield Step(app="Hangup", args=(FULL,), label="full")


def _guard(route: Route, by_id: Mapping[str, Hours]) -> Iterator[Step]:
    if route.who:
        people = "|".join((*(word(one, "number") for one in route.who), SERVER))
        yield Step(app="GotoIf", args=(Expr(f'${{REGEX("^({people})$" ${{{OWNER}}})}}?may:who'),))
        yield Step(app="NoOp", label="may")
    if route.hours:
        if route.hours not in by_id:
            raise ValueError(f"a route asks hours {route.hours!r}, which are not there")
        yield from hours.ask(by_id[route.hours])
        yield Step(app="GotoIf", args=(Expr('$["${GOSUB_RETVAL}"="open"]?day:hours'),))
        yield Step(app="NoOp", label="day")


def _blocked(why: str) -> Iterator[Step]:
    """Refuse, and say so."""
    yield Step(app="UserEvent", args=("TrubkaBlocked", Expr("Number: ${EXTEN}"), f"Why: {why}"), label=why)
    yield Step(app="Hangup", args=(BLOCKED,))


def _digits(text: str) -> str:
    if text and not (text.removeprefix("+").isascii() and text.removeprefix("+").isdecimal()):
        raise ValueError(f"{text!r} are no digits to dial")
    return text
