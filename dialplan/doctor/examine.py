"""The whole examination: every rule on the facts, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dialplan.doctor.account import account
from dialplan.doctor.calls import calls
from dialplan.doctor.facts import Facts, Finding
from dialplan.doctor.phones import phones
from dialplan.doctor.queues import queues
from dialplan.doctor.snippets import snippets

Rules = Callable[[Facts], Iterable[Finding]]
ROOMS: Mapping[str, Rules] = {
    "account": account,
    "calls": calls,
    "queues": queues,
    "phones": phones,
    "snippets": snippets,
}


def examine(facts: Facts) -> Mapping[str, tuple[Finding, ...]]:
    """Findings by room of the page. Those of files that could not be read stand with the account."""
    found = {room: tuple(rules(facts)) for room, rules in ROOMS.items()}
    faults = tuple(
        Finding(code="file-fault", level="warning", of=name, says={"fault": fault}, file=name)
        for name, conf in sorted(facts.config.files.items())
        for fault in conf.faults
    )
    return {**found, "account": (*found["account"], *faults)}
