"""/api/v1/phone: one's own phones, what a page needs to be one of them, and at which of them one is rung."""

from __future__ import annotations

from aiohttp import web

from cti.errors import Refused
from cti.telephony.numbering import show
from dialplan.offers import Offers
from web.api import phone_records as p
from web.api import records as r
from web.api.base import Operation, body_of, reply
from web.auth import IDENTITY, person_of
from web.services import services_of
from web.sip_door import PATH
from web.texts import told


async def phones(request: web.Request) -> web.Response:
    """The person's phones. The password goes to his own signed-in page, never to a program with a token."""
    services, person = services_of(request), person_of(request)
    rows, chosen = services.phones.of(person), services.phones.chosen(person)
    status = services.agent_states.device_status
    listed = [r.PhoneOut(row.name, row.kind, status(row.name), row.name == chosen, row.desk) for row in rows]
    browser, code, why = None, "", ""
    try:
        found = await services.phones.browser(person)
        if request[IDENTITY].session is not None:
            browser = p.BrowserPhoneOut(found.device, found.endpoint, found.password, found.extension, PATH)
    except Refused as refused:
        code, why = refused.code, told(request, refused)
    return reply(p.PhonesOut(listed, browser, code, why))


async def choose(request: web.Request) -> web.Response:
    """Be rung at another of one's phones, in every queue too."""
    body = await body_of(request, p.PhoneChosen)
    await services_of(request).phones.choose(person_of(request), body.device)
    return reply(r.Ok())


async def desks(request: web.Request) -> web.Response:
    """Shared desk phones, and who sits at each."""
    person = person_of(request)
    rows = await services_of(request).hot_desks.every()
    return reply([p.DeskOut(o.id, o.extension, o.user_name, o.user_id == person.id, o.seated_at) for o in rows])


async def sit(request: web.Request) -> web.Response:
    """Sit down at a shared desk phone, or leave it."""
    body = await body_of(request, p.DeskIn)
    feature, person = services_of(request).hot_desks, person_of(request)
    await (feature.leave(person) if body.desk is None else feature.sit(person, body.desk))
    return reply(r.Ok())


async def number(request: web.Request) -> web.Response:
    """What one's browser phone dials for what was typed; refused as a click would be."""
    body = await body_of(request, p.NumberIn)
    services, person = services_of(request), person_of(request)
    device = (await services.phones.browser(person)).device
    dial = await services.call_control.number_for(person, body.to, device)
    return reply(p.NumberOut(dial, show(f"+{dial}") if len(dial) > 6 else dial))


async def offers(request: web.Request) -> web.Response:
    """What the PBX's dialplan has for a phone."""
    services = services_of(request)
    line = services.phones.line(person_of(request))
    found = await services.offers.of(line) if line else Offers()
    queues = [p.NumberedQueue(name, number) for name, number in found.queues.items()]
    return reply(p.OffersOut(queues, found.echo, found.conference))


OPERATIONS = (
    Operation(
        method="GET",
        path="/phone",
        handler=phones,
        who="dial",
        shows="nothing",
        text="One's own phones, and what a page needs to be the one in the browser",
        gives=p.PhonesOut,
    ),
    Operation(
        method="PUT",
        path="/phone/chosen",
        handler=choose,
        who="dial",
        shows="nothing",
        text="At which of one's phones one is rung, in every queue too",
        body=p.PhoneChosen,
        gives=r.Ok,
        refusals=(409, 504),
    ),
    Operation(
        method="GET",
        path="/phone/desks",
        handler=desks,
        who="desk",
        shows="staff",
        text="Desk phones that are nobody's own, and who sits at each",
        gives=list[p.DeskOut],
    ),
    Operation(
        method="PUT",
        path="/phone/desk",
        handler=sit,
        who="desk",
        shows="nothing",
        text="Sit down at a shared desk phone, where one is rung then, or leave it",
        body=p.DeskIn,
        gives=r.Ok,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/phone/offers",
        handler=offers,
        who="dial",
        shows="nothing",
        text="Queues that can be transferred to, the echo, conferences: what the PBX's dialplan has",
        gives=p.OffersOut,
    ),
    Operation(
        method="POST",
        path="/phone/number",
        handler=number,
        who="dial",
        shows="nothing",
        text="What one's browser phone dials for a number",
        body=p.NumberIn,
        gives=p.NumberOut,
        refusals=(409,),
    ),
)
