"""Working hours in words: from when till when, on which days, on whose clock, and who said so."""

from __future__ import annotations

from aiohttp import web

from cti.clients.zones import Clock
from cti.messages.hours import Hours
from web.i18n import translate
from web.pages.client_form import zone_name
from web.texts import N_

SOURCES = {
    "card": N_("{time} for the client, {zone}: set on the card"),
    "region": N_("{time} for the client, {zone}: by his region"),
    "house": N_("{time} for the client, {zone}: as here, nothing else is known"),
}
WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


def hours_told(request: web.Request, hours: Hours) -> str:
    """`09:00–18:00, Mon, Tue, Wed; Moscow (UTC+3)`."""
    days = ", ".join(translate(request, WEEKDAYS[day]) for day in sorted(hours.weekdays))
    return f"{hours.begins:%H:%M}–{hours.ends:%H:%M}, {days}; {zone_name(request, hours.zone.key)}"


def clock_told(request: web.Request, clock: Clock, at: float) -> str:
    """What time it is for a client then, in which zone and from where that is known."""
    said = translate(request, SOURCES[clock.source]).replace("{time}", clock.now(at).strftime("%H:%M"))
    return said.replace("{zone}", zone_name(request, clock.zone))
