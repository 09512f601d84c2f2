"""Limits of what is sent: how much it may cost in a day, how often one may be written to, when nobody is disturbed.

Set in the panel by those who may change settings; one row. Pure.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Count = Annotated[int, Meta(ge=0, le=100_000)]
STOP_WORDS = ("stop", "стоп", "отписка", "отписаться", "unsubscribe")


class Limits(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All of them. budget_day: hundredths of the currency for SMS that programs and campaigns send, 0: none set.

    a_day: SMS to one number in a day that no person wrote, 0: any; ad_days: days between campaigns to one address.
    quiet_from, quiet_to: when no program writes an SMS, on the client's own clock. unknown_h: hours after which a
    message without a receipt is unknown. approval_over: recipients over which a second person has to agree.
    """

    budget_day: Annotated[int, Meta(ge=0, le=10**9)] = 0
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")] = "RUB"
    a_day: Count = 3
    ad_days: Annotated[int, Meta(ge=0, le=365)] = 1
    quiet_from: Clock = "21:00"
    quiet_to: Clock = "09:00"
    unknown_h: Annotated[int, Meta(ge=1, le=240)] = 72
    approval_over: Annotated[int, Meta(ge=0, le=10**7)] = 1000
    stop_words: Annotated[list[Annotated[str, Meta(min_length=2, max_length=20)]], Meta(max_length=20)] = field(
        default_factory=lambda: list(STOP_WORDS)
    )
