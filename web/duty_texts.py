"""Words of people's states: what somebody chose, and the reasons the server itself gives."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import say
from web.texts import N_

STATES: Mapping[str, str] = {
    "logged-off": N_("logged off"),
    "not-ready": N_("not ready"),
    "ready": N_("ready"),
    "after-call": N_("work after the call"),
}
REASONS: Mapping[str, str] = {
    "DEVICE": N_("the phone is not registered"),
    "MISSED": N_("several calls in a row were not answered"),
    "LAGGED": N_("the panel was closed"),
    "WRAPUP": N_("work after the call"),
    "PHONE": N_("paused on the phone"),
}
BY: Mapping[str, str] = {
    "person": N_("own choice"),
    "supervisor": N_("a supervisor"),
    "pbx": N_("at the phone"),
    "server": N_("Trubka"),
}


def state(chosen: str, reason: str, language: str) -> str:
    """`not ready: lunch`."""
    text = say(language, STATES.get(chosen, chosen))
    if chosen != "not-ready" or not reason:
        return text
    return f"{text}: {_reason(reason, language)}"


def reason(code: str, language: str) -> str:
    """A reason for not being ready; one that was not given is said so."""
    return _reason(code, language) if code else say(language, N_("without a reason"))


def _reason(code: str, language: str) -> str:
    return say(language, REASONS[code]) if code in REASONS else code
