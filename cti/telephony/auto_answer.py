"""Which header makes a desk phone pick up by itself on click-to-dial, told by its User-Agent.

Pure. Source: vendors' handbooks and common practice. Without it click-to-dial takes two clicks: an unknown phone just
rings.
"""

from __future__ import annotations

Headers = tuple[tuple[str, str], ...]

_BY_MODEL: tuple[tuple[tuple[str, ...], Headers], ...] = (
    (
        ("cisco", "linksys", "grandstream", "microsip", "zoiper", "telephone", "trubka"),
        (("Call-Info", "<sip:x>;answer-after=0"),),
    ),
    (("yealink", "vp530p"), (("Call-Info", "answer-after=0"),)),
    (("snom",), (("Call-Info", "<sip:127.0.0.1>;answer-after=0"),)),
    (("aastra", "mitel", "fanvil"), (("Alert-Info", "info=alert-autoanswer"),)),
    (("polycom", "poly/"), (("Alert-Info", "Ring Answer"),)),
    (("jitsi",), (("Alert-Info", "Auto Answer"),)),
)


def headers_for(user_agent: str) -> Headers:
    """SIP headers (name, value) for this User-Agent; empty for a phone we do not know."""
    name = user_agent.casefold()
    return next((headers for models, headers in _BY_MODEL if any(model in name for model in models)), ())
