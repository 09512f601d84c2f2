"""extensions.conf from a plan: the only place where quoting is known.

Somebody's text (a queue's or client's name) can never change the structure: control characters become spaces, so no
line, `[context]` or `#exec` can begin in it; `;` is escaped for the file parser; `,` `"` `\\` and brackets for the
argument parser; `${` and `$[` are broken up by an empty variable, for Asterisk has no escape for the dollar sign
(checked against Asterisk 22 in tests/dialplan). Equal plans render to equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dialplan.model import CUSTOM, Assign, Context, Expr, Extension, Step

CUSTOM_FILE = "extensions_custom.conf"
HEADER = f"""\
; Written by Trubka. Changes made here are lost at the next publish:
; put your own extensions into [<context>-custom] in {CUSTOM_FILE}.
#tryinclude "{CUSTOM_FILE}"
"""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_ARGUMENT_SPECIAL = re.compile(r'([\\",()\[\]])')


def render(contexts: Iterable[Context]) -> str:
    """The whole file, UTF-8 text ending in a newline. Raises ValueError when a context comes twice."""
    plan = tuple(contexts)
    names = [context.name for context in plan]
    if len(set(names)) != len(names):
        raise ValueError(f"contexts come twice: {', '.join(sorted({n for n in names if names.count(n) > 1}))}")
    return "\n".join([HEADER, *_stubs(plan), *(_context(context) for context in plan)])


def argument(text: str) -> str:
    """Text as one argument of an application."""
    return text if isinstance(text, Expr) else value(_ARGUMENT_SPECIAL.sub(r"\\\1", _one_line(text)))


def value(text: str) -> str:
    """Text as the value of Set, or as an argument already escaped."""
    if isinstance(text, Expr):
        return text
    return re.sub(r"\$(?=[{[]|\\\[)", "$${}", _one_line(text)).replace(";", r"\;")


def comment(text: str) -> str:
    """Text after a `; `: one line in which neither `;` nor `;--` (a block comment) can appear."""
    return _one_line(text).replace(";", ",")


def _stubs(plan: tuple[Context, ...]) -> Iterable[str]:
    """Contexts that are included and may be nowhere, the admin's own above all: said empty, for Asterisk warns of an
    include that leads nowhere, and puts together what several files say of one context.
    """
    known = {context.name for context in plan}
    included = (name for context in plan for name in (f"{context.name}{CUSTOM}", *context.includes))
    missing = [name for name in dict.fromkeys(included) if name not in known]
    if missing:
        yield "; Empty here, so that nothing is included that is not there: yours are added to them.\n" + "".join(
            f"[{name}]\n" for name in missing
        )


def _context(context: Context) -> str:
    lines = [f"; {comment(context.title)}"] if context.title else []
    for name, includes, extensions in context.sections():
        lines.append(f"[{name}]")
        lines += [f"include => {one}" for one in includes]
        for extension in extensions:
            lines += _extension(extension)
    return "\n".join(lines) + "\n"


def _extension(extension: Extension) -> Iterable[str]:
    if extension.title:
        yield f"; {comment(extension.title)}"
    if extension.hint:
        yield f"exten => {extension.number},hint,{'&'.join(extension.hint)}"
    for place, step in enumerate(extension.steps):
        start = f"exten => {extension.number},1" if place == 0 else " same => n"
        label = f"({step.label})" if step.label else ""
        yield f"{start}{label},{_call(step)}"


def _call(step: Step | Assign) -> str:
    if isinstance(step, Assign):
        return f"Set({step.variable}={value(step.value)})"
    return f"{step.app}({','.join(argument(one) for one in step.args)})"


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text)
