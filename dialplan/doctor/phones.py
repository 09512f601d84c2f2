"""Phones: known and registered, those in the browser, their codecs and door, the ports of voice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.doctor.facts import Facts, Finding, Level

OPUS = ("codec_opus.so", "codec_opus_open_source.so")  # Digium's, and that of the distributions
PORTS_OF_A_PHONE = 4  # two calls, each with a port for voice and one beside it
MOST = 10
SOON_DAYS = 21
_OWN = re.compile(r"PJSIP/\d{2,5}(?:-\w+)?")


def phones(facts: Facts) -> Iterator[Finding]:
    """Desk phones first, then those of the browser."""
    yield from _states(facts)
    yield from _nobodys(facts)
    yield from _browsers(facts)
    yield from _voice(facts)


def _states(facts: Facts) -> Iterator[Finding]:
    if facts.states is None:
        yield Finding(code="phone-known", level="not-visible", file="pjsip.conf")
        return
    desk = [one.device for one in facts.phones]
    unknown = [one for one in desk if facts.states.get(one, "INVALID") == "INVALID"]
    desks = [one for one in facts.phones if facts.states.get(one.device) == "UNAVAILABLE" and not one.browser]
    away = [one.device for one in desks if one.used]
    never = [one.device for one in desks if not one.used]
    yield Finding(code="phone-known", level="warning" if unknown else "ok", says={"phones": _some(unknown)})
    yield Finding(code="phone-registered", level="warning" if away else "ok", says={"phones": _some(away)})
    yield Finding(code="phone-never", level="warning" if never else "ok", says={"phones": _some(never)})


def _nobodys(facts: Facts) -> Iterator[Finding]:
    """Phones of the PBX that nobody in the panel has: calls to them bring no card."""
    if facts.states is None:
        return
    known = {one.device for one in facts.phones} | facts.desks
    busy = [
        name
        for name, state in sorted(facts.states.items())
        if _OWN.fullmatch(name)
        and name not in known | facts.desks
        and state not in ("INVALID", "UNAVAILABLE", "UNKNOWN")
    ]
    yield Finding(code="phone-nobodys", level="warning" if busy else "ok", says={"phones": _some(busy)})


def _browsers(facts: Facts) -> Iterator[Finding]:
    mine = [one for one in facts.phones if one.browser]
    if not mine:
        return
    without = [one.device for one in mine if not one.password]
    yield Finding(code="browser-password", level="warning" if without else "ok", says={"phones": _some(without)})
    plain = [one.device for one in mine if one.webrtc and one.webrtc.lower() not in ("yes", "true", "1")]
    snippet = f"[{plain[0].partition('/')[2]}](+type=endpoint)\nwebrtc = yes\n" if plain else ""
    yield Finding(
        code="browser-webrtc",
        level="wrong" if plain else "ok",
        says={"phones": _some(plain)},
        snippet=snippet,
        file="pjsip.conf",
    )
    yield from _opus(facts)
    yield from _door(facts)


def _opus(facts: Facts) -> Iterator[Finding]:
    """Opus offered where the PBX cannot turn it into what telephone lines speak, as Debian's 16."""
    if not any(module in facts.modules for module in OPUS):
        yield Finding(code="codecs", level="not-visible", file="pjsip.conf")
        return
    speaks = any(facts.modules.get(module) for module in OPUS)
    named = [] if speaks else [one.device for one in facts.phones if "opus" in one.allow]
    snippet = f"[{named[0].partition('/')[2]}](+type=endpoint)\nallow = !all,ulaw,alaw\n" if named else ""
    yield Finding(
        code="codecs",
        level="wrong" if named else "ok",
        says={"phones": _some(named)},
        snippet=snippet,
        file="pjsip.conf",
    )


def _door(facts: Facts) -> Iterator[Finding]:
    door = facts.door
    if door is None:
        return
    if not door.answers:
        snippet = "; http.conf\n[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = 8088\n\n"
        snippet += "; pjsip.conf\n[transport-ws]\ntype = transport\nprotocol = ws\nbind = 127.0.0.1\n"
        says = {"url": door.url, "why": door.why}
        yield Finding(code="websocket", level="wrong", says=says, snippet=snippet, file="http.conf, pjsip.conf")
        return
    yield Finding(code="websocket", says={"url": door.url})
    if door.days is not None:
        level: Level = "wrong" if door.days < 0 else "warning" if door.days < SOON_DAYS else "ok"
        yield Finding(code="certificate", level=level, says={"days": str(door.days)}, file="http.conf")


def _voice(facts: Facts) -> Iterator[Finding]:
    file = "rtp.conf"
    first, last = (facts.config.value(file, "general", key) for key in ("rtpstart", "rtpend"))
    if first is None or last is None:
        yield Finding(code="rtp-range", level="not-visible", file=file)
        return
    low, high = _figure(first, 5000), _figure(last, 31000)
    needed = PORTS_OF_A_PHONE * max(len(facts.phones), 5)
    few = high - low + 1 < needed
    says = {"first": str(low), "last": str(high), "needed": str(needed)}
    snippet = facts.config.head(file, "general") + "rtpstart = 10000\nrtpend = 20000\n" if few else ""
    yield Finding(code="rtp-range", level="warning" if few else "ok", says=says, snippet=snippet, file=file)
    if any(one.browser for one in facts.phones):
        ice = facts.config.on(file, "general", "icesupport", otherwise=True)
        level: Level = "not-visible" if ice is None else "ok" if ice else "wrong"
        yield Finding(
            code="rtp-ice",
            level=level,
            file=file,
            snippet="" if ice else facts.config.head(file, "general") + "icesupport = yes\n",
        )


def _figure(text: str, otherwise: int) -> int:
    return int(text) if text.isdigit() and len(text) < 7 else otherwise


def _some(names: list[str]) -> str:
    more = f" (+{len(names) - MOST})" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more
