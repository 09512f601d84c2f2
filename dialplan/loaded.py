"""What a PBX has loaded against what was written for it: every step of every context, and nothing else in them.

Read from what it lists by AMI (ShowDialPlan). The `-custom` contexts are the admin's own and not looked at. What stands
in the other files is loaded_parts.py's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dialplan.model import Assign, Extension, Step
from dialplan.render import argument, value

Row = Mapping[str, str | list[str]]
Section = tuple[str, tuple[str, ...], tuple[Extension, ...]]
Placed = tuple[str, str, str, str]  # extension, priority, application, what it is given


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """code: missing, otherwise, strange (nobody of us wrote it), no-context... where, what: said to a person."""

    code: str
    where: str
    what: str = ""


def differences(section: Section, rows: Iterable[Row]) -> list[Difference]:
    """How a context that the PBX lists differs from what was written (Context.sections)."""
    name, includes, extensions = section
    listed = list(rows)
    has = Counter(_listed(listed))
    wanted = Counter(_written(includes, extensions))
    if not has and wanted:
        return [Difference(code="no-context", where=name)]
    found = [Difference(code="missing", where=f"{name},{_at(one)}", what=_call(one)) for one in wanted - has]
    found += [Difference(code="strange", where=f"{name},{_at(one)}", what=_call(one)) for one in has - wanted]
    return found


def _written(includes: Iterable[str], extensions: Iterable[Extension]) -> Iterator[Placed]:
    for name in includes:
        yield ("", "include", name, "")
    for extension in extensions:
        if extension.hint:
            yield (extension.number, "hint", "&".join(extension.hint), "")
        for place, step in enumerate(extension.steps, 1):
            app, given = _said(step)
            yield (extension.number, str(place), app, given)


def _said(step: Step | Assign) -> tuple[str, str]:
    """An application and what it is given, as the PBX has them when it has read the file."""
    if isinstance(step, Assign):
        return "Set", _read(f"{step.variable}={value(step.value)}")
    return step.app, _read(",".join(argument(one) for one in step.args))


def _read(text: str) -> str:
    return text.replace(r"\;", ";").strip()


def _listed(rows: Iterable[Row]) -> Iterator[Placed]:
    for row in rows:
        if row.get("IncludeContext"):
            yield ("", "include", str(row["IncludeContext"]), "")
        elif row.get("Extension") and row.get("Priority"):
            given = str(row.get("AppData", "")).strip()
            yield (str(row["Extension"]), str(row["Priority"]), str(row.get("Application", "")), given)


def _at(one: Placed) -> str:
    return f"include {one[2]}" if one[1] == "include" else f"{one[0]},{one[1]}"


def _call(one: Placed) -> str:
    return "" if one[1] == "include" else f"{one[2]}({one[3]})"
