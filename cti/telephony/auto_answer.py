"""Which header makes a desk phone pick up by itself when its owner's click rings it, by its model.

Pure. Source: vendors' handbooks and common practice. Without it click-to-dial takes two clicks: an unknown phone just
rings. A phone is known by what it says of itself at the PBX (`auto`), or an admin names its model; `other` gets both
headers that most phones know, `off` never picks up by itself.
"""

from __future__ import annotations

from typing import Final

Headers = tuple[tuple[str, str], ...]

_CALL_INFO: Final[Headers] = (("Call-Info", "<sip:x>;answer-after=0"),)
_ALERT_INFO: Final[Headers] = (("Alert-Info", "info=alert-autoanswer"),)
_BY_MODEL: Final[dict[str, Headers]] = {
    "yealink": (("Call-Info", "answer-after=0"),),
    "fanvil": _ALERT_INFO,
    "grandstream": _CALL_INFO,
    "snom": (("Call-Info", "<sip:127.0.0.1>;answer-after=0"),),
    "cisco": _CALL_INFO,
    "polycom": (("Alert-Info", "Ring Answer"),),
    "other": _CALL_INFO + _ALERT_INFO,
}
MODELS: Final = ("auto", "off", *_BY_MODEL)
_SAYS: Final[tuple[tuple[tuple[str, ...], Headers], ...]] = (
    (("cisco", "linksys", "grandstream", "microsip", "zoiper", "telephone", "trubka"), _CALL_INFO),
    (("yealink", "vp530p"), _BY_MODEL["yealink"]),
    (("snom",), _BY_MODEL["snom"]),
    (("aastra", "mitel", "fanvil"), _ALERT_INFO),
    (("polycom", "poly/"), _BY_MODEL["polycom"]),
    (("jitsi",), (("Alert-Info", "Auto Answer"),)),
)


def headers_for(user_agent: str) -> Headers:
    """SIP headers (name, value) for this User-Agent; empty for a phone we do not know."""
    name = user_agent.casefold()
    return next((headers for words, headers in _SAYS if any(word in name for word in words)), ())


def headers_of(model: str) -> Headers | None:
    """Those of a model that an admin named; None for `auto`: the phone has to be asked."""
    return None if model == "auto" else _BY_MODEL.get(model, ())
