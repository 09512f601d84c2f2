"""Queues: settings by which people are rung while they talk, taken off by the PBX, or cannot be moved by the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dialplan.doctor.facts import Facts, Finding

FILE = "queues.conf"
Bad = Callable[[Facts, str], str | None]


def queues(facts: Facts) -> Iterator[Finding]:
    """One line for what is well with all of them, else one for each that is not."""
    if facts.queues is None:
        yield Finding(code="queues", level="not-visible", file=FILE)
        return
    if not facts.queues:
        yield Finding(code="queues", level="warning")
        return
    yield from _each(facts, "queue-ringinuse", _rings_in_use, "ringinuse = no")
    yield from _each(facts, "queue-autopause", _pauses, "autopause = no")
    yield _persistent(facts)
    yield from _last_call(facts)
    yield from _members(facts)


def _each(facts: Facts, code: str, bad: Bad, line: str) -> Iterator[Finding]:
    found = {queue: bad(facts, queue) for queue in facts.queues or {}}
    wrong = [queue for queue, value in found.items() if value]
    for queue in wrong:
        snippet = f"{facts.config.head(FILE, queue)}{line}\n"
        yield Finding(
            code=code, level="wrong", of=queue, says={"value": found[queue] or ""}, snippet=snippet, file=FILE
        )
    if not wrong:
        seen = any(value is not None for value in found.values())
        yield Finding(code=code, level="ok" if seen else "not-visible", file=FILE)


def _rings_in_use(facts: Facts, queue: str) -> str | None:
    """What it is set to, "" where it is well. Unset it is yes."""
    if not _there(facts, queue):
        return None
    value = facts.config.value(FILE, queue, "ringinuse")
    return None if value is None else "" if value.lower() in ("no", "false", "n", "f", "0", "off") else value or "yes"


def _pauses(facts: Facts, queue: str) -> str | None:
    if not _there(facts, queue):
        return None
    value = facts.config.value(FILE, queue, "autopause")
    return None if value is None else "" if value.lower() in ("", "no", "false", "n", "f", "0", "off") else value


def _there(facts: Facts, queue: str) -> bool:
    """Whether the queue's own settings stand in files: one from a database has none there."""
    if FILE in facts.config.files:
        return facts.config.files[FILE].has(queue)
    return any(facts.config.value(FILE, queue, key) for key in ("strategy", "ringinuse", "wrapuptime"))


def _persistent(facts: Facts) -> Finding:
    kept = facts.config.on(FILE, "general", "persistentmembers", otherwise=False)
    if kept is None:
        return Finding(code="queue-persistent", level="not-visible", file=FILE)
    snippet = "" if kept else facts.config.head(FILE, "general") + "persistentmembers = yes\n"
    return Finding(code="queue-persistent", level="ok" if kept else "warning", snippet=snippet, file=FILE)


def _last_call(facts: Facts) -> Iterator[Finding]:
    """Without it the PBX's own wrap-up counts in each queue alone: of no matter with one queue, or none of it."""
    shared = facts.config.on(FILE, "general", "shared_lastcall", otherwise=False)
    if shared is None:
        yield Finding(code="queue-shared-lastcall", level="not-visible", file=FILE)
        return
    waits = [one for one in facts.queues or {} if (facts.config.value(FILE, one, "wrapuptime") or "0") not in ("", "0")]
    bad = not shared and len(facts.queues or {}) > 1 and bool(waits)
    snippet = facts.config.head(FILE, "general") + "shared_lastcall = yes\n" if bad else ""
    yield Finding(code="queue-shared-lastcall", level="warning" if bad else "ok", snippet=snippet, file=FILE)


def _members(facts: Facts) -> Iterator[Finding]:
    members = [(queue, one) for queue, those in (facts.queues or {}).items() for one in those]
    local = [
        (queue, one.interface)
        for queue, one in members
        if one.interface.lower().startswith("local/") and not one.interface.lower().partition("@")[2].endswith("/n")
    ]
    static = [(queue, one.interface) for queue, one in members if not one.dynamic]
    for queue, interface in local:
        says = {"member": interface}
        snippet = f"[{queue}]\nmember => {interface}/n\n"
        yield Finding(code="queue-local", level="warning", of=queue, says=says, snippet=snippet, file=FILE)
    if not local:
        yield Finding(code="queue-local")
    by_queue: dict[str, list[str]] = {}
    for queue, interface in static:
        by_queue.setdefault(queue, []).append(interface)
    for queue, names in by_queue.items():
        snippet = "".join(f"; member => {one}\n" for one in names[:20])
        says = {"members": ", ".join(names[:6])}
        yield Finding(
            code="queue-static", level="warning", of=queue, says=says, snippet=f"[{queue}]\n{snippet}", file=FILE
        )
    if not static:
        yield Finding(code="queue-static")
