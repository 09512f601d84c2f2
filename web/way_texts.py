"""Words for the way of a call through a generated dialplan, on its page and in its trace."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_ as N_

STEPS: Mapping[str, str] = {
    "way-ByHours": N_("The way of the call: opening hours “{title}”."),
    "way-hours-open": N_("It is open at this time."),
    "way-hours-closed": N_("It is closed at this time."),
    "way-hours-holiday": N_("It is a holiday."),
    "way-Menu": N_("The way of the call: menu “{title}”."),
    "way-key": N_("The caller pressed {key}."),
    "way-Say": N_("The way of the call: announcement “{title}”."),
    "way-ToQueue": N_("The way of the call: queue “{title}”."),
    "way-ToPeople": N_("The way of the call: people are rung, “{title}”."),
    "way-ToGroup": N_("The way of the call: a group is rung, “{title}”."),
    "way-ToManager": N_("The way of the call: the client's manager is rung, “{title}”."),
    "way-ByClient": N_("The way of the call: it depends on the client, “{title}”."),
    "way-ByList": N_("The way of the call: the black and white lists are asked, “{title}”."),
    "way-ToOutside": N_("The way of the call: a number outside, “{title}”."),
    "way-ToVoicemail": N_("The way of the call: voicemail “{title}”."),
    "way-CallBack": N_("The way of the call: a call-back is offered, “{title}”."),
    "way-Score": N_("The way of the call: the client is asked for a mark, “{title}”."),
    "way-End": N_("The way of the call: its end, “{title}”."),
    "way-step": N_("The way of the call: step “{title}”."),
    "way-long": N_("The call took more steps than are kept."),
}
