"""The dialplan that runs: where clicks enter it, traps in it, hints, parking, transfers, recordings, our includes."""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.conf_read import Conf
from dialplan.doctor.facts import Facts, Finding, Level
from dialplan.doctor.snippets import runs
from dialplan.offers import Row, includes
from dialplan.paste import Need, pastes
from dialplan.site import Site

FILE = "extensions.conf"
FULL = 0.1  # a disk with less free than this share


def calls(facts: Facts) -> Iterator[Finding]:
    """Nothing of the dialplan is seen without the right to list it."""
    if facts.rows is None:
        yield Finding(code="dialplan", level="not-visible", file=FILE)
    else:
        yield _entry(facts, facts.rows)
        yield from _late(facts.rows, facts.ask_s)
        yield from _hang_up(facts.rows)
        yield from _hints(facts, facts.rows)
        yield from _parking(facts, facts.rows)
    yield _transfers(facts)
    yield from _recordings(facts)
    if facts.owner:
        yield from _included(facts)


def _entry(facts: Facts, rows: tuple[Row, ...]) -> Finding:
    there = any(row.get("Context") == facts.dial_context for row in rows)
    snippet = "" if there else f"[{facts.dial_context}]\n; what agents may dial\n"
    level: Level = "ok" if there else "wrong"
    return Finding(code="dial-context", level=level, of=facts.dial_context, snippet=snippet, file=FILE)


def _late(rows: tuple[Row, ...], ask_s: float) -> Iterator[Finding]:
    """Whoever asks the server under a time limit needs the extension T: else a late answer hangs the caller up."""
    asking = {
        str(row.get("Context"))
        for row in rows
        if str(row.get("Application")) == "AGI" and "/route" in str(row.get("AppData"))
    }
    limited = {one for one in asking if _sets(rows, one, "TIMEOUT(absolute)")}
    without = sorted(one for one in limited if not _has(rows, one, "T"))
    unlimited = sorted(asking - limited)
    for context in without:
        snippet = f"[{context}]\nexten => T,1,Goto(${{TRUBKA_ASKED}},asked)\n"
        yield Finding(code="late-extension", level="wrong", of=context, snippet=snippet, file=FILE)
    for context in unlimited:
        snippet = f" same => n,Set(TIMEOUT(absolute)={ask_s:g})\n"
        yield Finding(code="late-limit", level="warning", of=context, snippet=snippet, file=FILE)
    if asking and not without and not unlimited:
        yield Finding(code="late-extension")


def _sets(rows: tuple[Row, ...], context: str, what: str) -> bool:
    return runs(rows, "Set", what, context=context)


def _has(rows: tuple[Row, ...], context: str, extension: str) -> bool:
    return any(row.get("Context") == context and row.get("Extension") == extension for row in rows)


def _hang_up(rows: tuple[Row, ...]) -> Iterator[Finding]:
    """`_.` is any extension, `h` too: what stands there is done once more when a caller has hung up."""
    all_catching = sorted({str(row.get("Context")) for row in rows if row.get("Extension") in ("_.", "_!")})
    ending = {row.get("Context") for row in rows if row.get("Extension") == "h"}
    bad = [one for one in all_catching if one not in ending]
    for context in bad[:5]:
        snippet = f"[{context}]\nexten => h,1,NoOp()\n"
        yield Finding(code="hang-up-extension", level="warning", of=context, snippet=snippet, file=FILE)
    if not bad:
        yield Finding(code="hang-up-extension")


def _hints(facts: Facts, rows: tuple[Row, ...]) -> Iterator[Finding]:
    desk = [one.device for one in facts.phones if not one.browser]
    shown = [str(row.get("Application")) for row in rows if str(row.get("Priority")) == "hint"]
    hinted = {device for one in shown for device in one.split("&")}
    without = [one for one in desk if one not in hinted]
    names = [one.partition("/")[2] for one in without]
    snippet = "".join(f"exten => {name},hint,{one}\n" for name, one in zip(names, without, strict=True))
    head = f"[{facts.dial_context}]\n" if without else ""
    says = {"phones": ", ".join(without[:10])}
    yield Finding(code="hints", level="warning" if without else "ok", says=says, snippet=head + snippet, file=FILE)


def _parking(facts: Facts, rows: tuple[Row, ...]) -> Iterator[Finding]:
    if facts.modules.get("res_parking.so") is False:
        says = {"context": facts.dial_context}
        yield Finding(
            code="parking", level="warning", says=says, snippet="load = res_parking.so\n", file="modules.conf"
        )
        return
    lots = {str(row.get("Context")) for row in rows if str(row.get("Application")) in ("ParkedCall", "Park")}
    reached = reachable(rows, facts.dial_context)
    ok = bool(lots & reached)
    snippet = f"[{facts.dial_context}]\ninclude => {min(lots, default='parkedcalls')}\n"
    says = {"context": facts.dial_context}
    yield Finding(code="parking", level="ok" if ok else "warning", says=says, snippet="" if ok else snippet, file=FILE)


def reachable(rows: tuple[Row, ...], start: str) -> frozenset[str]:
    """Contexts that one leads to by its includes, itself with them."""
    led: dict[str, list[Row]] = {}
    for row in rows:
        if row.get("IncludeContext"):
            led.setdefault(str(row.get("Context")), []).append(row)
    seen, ahead = set[str](), [start]
    while ahead:
        context = ahead.pop().partition(",")[0]
        if context not in seen:
            seen.add(context)
            ahead += includes(led.get(context, ()))
    return frozenset(seen)


def _transfers(facts: Facts) -> Finding:
    file = "features.conf"
    code = facts.config.value(file, "featuremap", "atxfer")
    if code is None:
        return Finding(code="transfers", level="not-visible", file=file)
    snippet = "" if code else facts.config.head(file, "featuremap") + "atxfer = *2\nblindxfer = #1\n"
    return Finding(code="transfers", level="ok" if code else "warning", snippet=snippet, file=file)


def _recordings(facts: Facts) -> Iterator[Finding]:
    if facts.rows is not None and not runs(facts.rows, "MixMonitor"):
        return  # nobody is recorded here
    folder = facts.recordings
    if folder is None:
        yield Finding(code="recordings", level="not-visible", file="df -h /var/spool/asterisk/monitor")
        return
    says = {"path": folder.path, "free": f"{folder.free * 100:.0f}"}
    level: Level = "wrong" if not folder.writes else "warning" if folder.free < FULL else "ok"
    code = "recordings-refused" if not folder.writes else "recordings"
    yield Finding(code=code, level=level, says=says)


def _included(facts: Facts) -> Iterator[Finding]:
    """Where the dialplan is ours: whether the PBX's own files take ours in, and say what only they can."""
    for paste in pastes(Site(agi="127.0.0.1:4573", caller_id="0", secrets={})):
        if not facts.config.files:
            yield Finding(code="owner-lines", level="not-visible", of=paste.file, file=paste.file)
            continue
        lacks = paste.lacking(facts.config.files.get(paste.file, Conf()))  # a file that is not there lacks all
        lines = _lines(facts, paste.file, lacks)
        level: Level = "wrong" if lacks else "ok"
        whys = " ".join(dict.fromkeys(one.why for one in lacks if not isinstance(one, str)))
        code = "owner-lines" if paste.include in lacks or (paste.include and not lacks) else "owner-settings"
        yield Finding(code=code, level=level, of=paste.file, says={"whys": whys}, snippet=lines, file=paste.file)


def _lines(facts: Facts, file: str, lacks: tuple[str | Need, ...]) -> str:
    """What is pasted for all that a file lacks: settings by section, then the include."""
    sections: dict[str, list[str]] = {}
    for one in lacks:
        if not isinstance(one, str):
            sections.setdefault(one.section, []).append(f"{one.key} = {one.value}\n")
    settings = [facts.config.head(file, section) + "".join(lines) for section, lines in sections.items()]
    return "".join((*settings, *(f"{one}\n" for one in lacks if isinstance(one, str))))
