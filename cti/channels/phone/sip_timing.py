"""Every wait of a SIP line, in seconds. Source: RFC 3261 17 (T1, 64 * T1) and 10."""

from __future__ import annotations

from dataclasses import dataclass

T1 = 0.5
RENEW = 0.8  # of the time that a registrar granted
EXPIRES_S, LONGEST_EXPIRES_S, SHORTEST_S = 120, 7200, 0.5
SIGN_OFF_S = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """What a test may shorten.

    register_s: without an answer for so long the PBX is away. quiet_s, quiet_cap_s: first and longest pause then.
    refused_s: pause after a refusal, at most four tries in ten minutes. forever_s: how long an answer is waited for and
    a refusal repeated. ring_s: a call that rings longer is given up. longest_call_s: of an outgoing call's ringing, so
    that every attempt ends within forever_s.
    """

    register_s: float = 4.0
    quiet_s: float = 1.0
    quiet_cap_s: float = 20.0
    refused_s: float = 160.0
    forever_s: float = 32.0
    ring_s: float = 180.0
    longest_call_s: float = 28.0
