"""Mailboxes: which there are and how they stand, one of them, a trial, a provider's sign-in, letters put aside.

An admin sees and sets all; everybody his own, which his profile leads to, and the state of those that he is among.
"""

from __future__ import annotations

import html as markup
from typing import Any

from aiohttp import web

from cti.access import may, scope
from cti.channels.letters import Endpoint, MailTrouble
from cti.errors import NotAllowed, Refused
from cti.features.mailboxes import MailboxDraft
from cti.messages import providers
from cti.storage import mailbox_removals, mailboxes, users
from cti.storage.mailboxes import Mailbox
from web import mailbox_texts
from web.auth import own_origin, person_of
from web.i18n import language_of, translate
from web.pages.client_form import zone_name, zones_of
from web.pages.settings import at, number
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told
from web.working_hours import WEEKDAYS, hours_told

HERE = "/settings/mailboxes"
BACK = HERE + "/opened"
SAID = {
    "added": N_("The mailbox is added: its letters are taken in now."),
    "to-open": N_("The mailbox is added. Sign in at the provider to let Trubka in."),
    "saved": N_("Saved."),
    "opened": N_("The provider lets us in: letters are taken in now."),
    "paused": N_("Paused: no letters come and none go until you resume it."),
    "resumed": N_("Letters come and go again."),
    "again": N_("The letter is read once more; if it stands here again in a minute, it cannot be read."),
    "removed": N_("It is being removed here. On the mail server nothing changes."),
}


async def show(request: web.Request) -> web.Response:
    """Mailboxes and letters that are put aside."""
    person, services = person_of(request), services_of(request)
    async with services.db.read() as conn:
        rows = [one for one in await mailboxes.every(conn) if one.is_set_by(person) or one.belongs(person.id)]
        progress = await mailboxes.progress(conn)
        removals = await mailbox_removals.listed(conn)
        parked = await mailboxes.parked(conn, [one.id for one in rows if one.is_set_by(person)])
        names = {one.id: one.name for one in await users.every(conn)}
    values: dict[str, Any] = {
        "rows": rows,
        "mine": {one.id for one in rows if one.is_set_by(person) and not one.removed},
        "progress": progress,
        "removals": removals,
        "parked": parked,
        "parked_words": mailbox_texts.PARKED,
        "names": names,
        "trouble": lambda stored: mailbox_texts.trouble(language_of(request), stored),
        "said": _said(request),
        "may_share": may(person, "settings.manage"),
        "may_own": scope(person, "mail") != "none",
    }
    return page(request, "settings/mailboxes.html", title=N_("Mailboxes"), **values)


async def show_new(request: web.Request) -> web.Response:
    """The form of a new one."""
    person = person_of(request)
    shared = request.query.get("kind") == "shared" and may(person, "settings.manage")
    kind, owner = ("shared", None) if shared else ("personal", person.id)
    return await _form(request, MailboxDraft(kind=kind, owner_id=owner, sender_name="" if shared else person.name))


async def add(request: web.Request) -> web.StreamResponse:
    """Add one and go to its page."""
    draft, secret = await _draft(request)
    try:
        made = await services_of(request).mailboxes.add(person_of(request), draft, secret)
    except Refused as error:
        return await _form(request, draft, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{made}?said={'to-open' if draft.auth == 'oauth2' else 'added'}")


async def show_one(request: web.Request) -> web.Response:
    """One, as it is set."""
    box = await _known(request)
    return await _form(request, _as_draft(box), box=box)


async def change(request: web.Request) -> web.StreamResponse:
    """Set it anew."""
    box = await _known(request)
    draft, secret = await _draft(request)
    given = str((await request.post()).get("version", ""))
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    try:
        await services_of(request).mailboxes.change(person_of(request), box.id, draft, version, secret)
    except Refused as error:
        return await _form(request, draft, box=box, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}/{box.id}?said=saved")


async def _form(
    request: web.Request, draft: MailboxDraft, *, box: Mailbox | None = None, status: int = 200, error: str = ""
) -> web.Response:
    services, person = services_of(request), person_of(request)
    async with services.db.read() as conn:
        people = [one for one in await users.every(conn) if one.blocked_at is None]
        progress = (await mailboxes.progress(conn)).get(box.id) if box else None
    values: dict[str, Any] = {
        "draft": draft,
        "box": box,
        "progress": progress,
        "people": people,
        "signs_in_at": [one for one in services.mailboxes.providers],
        "may_share": may(person, "settings.manage"),
        "house_hours": hours_told(request, services.inbox.hours),
        "weekdays": WEEKDAYS,
        "zones": [(zone, zone_name(request, zone)) for zone in zones_of(draft.time_zone)],
        "trouble": mailbox_texts.trouble(language_of(request), box.trouble) if box else "",
        "error": error,
        "said": "" if error else _said(request),
        "home": HERE,
    }
    title = N_("Mailbox") if box else N_("New mailbox")
    shown = page(request, "settings/mailbox.html", status=status, title=title, **values)
    return at(request, shown, f"{HERE}/{box.id}" if box else f"{HERE}/new?kind={draft.kind}")


async def preset(request: web.Request) -> web.Response:
    """Where the servers of an address usually listen, and what has to be done there first."""
    known = providers.of_address(request.query.get("address", "")[:254])
    services = services_of(request)
    words = translate(request, mailbox_texts.PROVIDERS[known.code])
    by_page = known.oauth2 if known.oauth2 in services.mailboxes.providers else ""
    return web.json_response(
        {"imap": known.imap, "smtp": known.smtp, "told": words, "needs": known.needs, "provider": by_page}
    )


async def try_out(request: web.Request) -> web.Response:
    """Sign in to both servers with what stands in the form; a sentence for each."""
    draft, secret = await _draft(request)
    given = str((await request.post()).get("mailbox", ""))
    mailbox_id = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    trial = await services_of(request).mailboxes.try_out(person_of(request), draft, secret, mailbox_id)
    language = language_of(request)
    return web.json_response(
        {
            "imap": mailbox_texts.trouble(language, trial.imap),
            "smtp": None if trial.smtp is None else mailbox_texts.trouble(language, trial.smtp),
        }
    )


async def pause(request: web.Request) -> web.StreamResponse:
    """Follow it no more."""
    await services_of(request).mailboxes.pause(person_of(request), number(request), paused=True)
    raise web.HTTPSeeOther(f"{HERE}/{number(request)}?said=paused")


async def resume(request: web.Request) -> web.StreamResponse:
    """Go on."""
    await services_of(request).mailboxes.pause(person_of(request), number(request), paused=False)
    raise web.HTTPSeeOther(f"{HERE}/{number(request)}?said=resumed")


async def ask_removal(request: web.Request) -> web.Response:
    """What would happen to its letters."""
    box = await _known(request)
    async with services_of(request).db.read() as conn:
        alone = await mailbox_removals.only_there(conn, box.id)
    return page(request, "settings/mailbox_remove.html", title=N_("Remove a mailbox"), box=box, alone=alone)


async def remove(request: web.Request) -> web.StreamResponse:
    """Forget it, with or without its letters."""
    letters = (await request.post()).get("letters") == "remove"
    person = person_of(request)
    await services_of(request).mailboxes.remove(person, number(request), letters=letters)
    raise web.HTTPSeeOther(f"{HERE}?said=removed")


async def read_again(request: web.Request) -> web.StreamResponse:
    """Try once more to read a letter that was put aside."""
    await services_of(request).mailboxes.read_again(person_of(request), number(request))
    raise web.HTTPSeeOther(f"{HERE}?said=again")


async def open_at_provider(request: web.Request) -> web.StreamResponse:
    """To the provider's own page."""
    back = own_origin(request) + BACK
    try:
        address = await services_of(request).mailbox_doors.begin(person_of(request), number(request), back)
    except Refused as error:
        box = await _known(request)
        return await _form(request, _as_draft(box), box=box, status=409, error=told(request, error))
    raise web.HTTPSeeOther(address)


async def opened(request: web.Request) -> web.StreamResponse:
    """Back from there."""
    state, code = request.query.get("state", "")[:200], request.query.get("code", "")[:4000]
    try:
        mailbox_id = await services_of(request).mailbox_doors.finish(person_of(request), state, code)
    except Refused as error:
        return _not_opened(request, told(request, error))
    except MailTrouble as trouble:
        return _not_opened(request, mailbox_texts.trouble(language_of(request), trouble.stored))
    raise web.HTTPSeeOther(f"{HERE}/{mailbox_id}?said=opened")


def _not_opened(request: web.Request, error: str) -> web.Response:
    return page(request, "settings/mailbox_not_opened.html", status=409, title=N_("Mailbox"), error=error, home=HERE)


async def _known(request: web.Request) -> Mailbox:
    async with services_of(request).db.read() as conn:
        box = await mailboxes.get(conn, number(request)) if number(request) < 2**31 else None
    if box is None or box.removed or not box.is_set_by(person_of(request)):
        raise web.HTTPNotFound(text="There is no such page.")
    return box


async def _draft(request: web.Request) -> tuple[MailboxDraft, str]:
    """The form's fields, bounded, and the password; the feature says what is wrong with them."""
    form, person = await request.post(), person_of(request)

    def text(name: str, most: int = 254) -> str:
        return str(form.get(name, ""))[:most].strip()

    def whole(name: str) -> int:
        found = text(name, 8)
        return int(found) if found.isascii() and found.isdigit() else -1

    shared = text("kind") == "shared"
    if shared and not may(person, "settings.manage"):
        raise NotAllowed("Only an admin sets shared mailboxes.")
    owner = whole("owner") if may(person, "settings.manage") and text("owner") else person.id
    auth, _, provider = text("auth", 40).partition(":")
    draft = MailboxDraft(
        name=text("name", 80),
        address=text("address"),
        sender_name=text("sender_name", 120),
        kind="shared" if shared else "personal",
        owner_id=None if shared else owner,
        people=tuple(int(str(one)) for one in form.getall("people", []) if str(one).isdecimal() and len(str(one)) < 10),
        imap=Endpoint(host=text("imap_host"), port=whole("imap_port"), security=_security(text("imap_security"))),
        smtp=Endpoint(host=text("smtp_host"), port=whole("smtp_port"), security=_security(text("smtp_security"))),
        login=text("login"),
        auth="oauth2" if auth == "oauth2" else "password",
        provider=provider,
        files_sent=text("files_sent"),
        history_months=whole("history_months"),
        signature=_signature(str(form.get("signature", ""))),
        reply_target_min=whole("reply_target") if text("reply_target") else None,
        hours=f"{text('begins', 5)}-{text('ends', 5)}" if text("begins") or text("ends") else "",
        weekdays="".join(str(one) for one in form.getall("weekdays", []) if str(one) in "1234567")[:7],
        time_zone=text("time_zone", 64),
        assigns=form.get("assigns") == "yes",
    )
    return draft, str(form.get("secret", ""))[:1025]


def _signature(given: str) -> str:
    """As the editor gives it; what is typed where there is none is text."""
    return given if "<" in given else markup.escape(given).replace("\r\n", "\n").replace("\n", "<br>")


def _security(given: str) -> Any:
    return given if given in ("tls", "starttls", "none") else "tls"


def _as_draft(box: Mailbox) -> MailboxDraft:
    return MailboxDraft(
        name=box.name,
        address=box.address,
        sender_name=box.sender_name,
        kind=box.kind,
        owner_id=box.owner_id,
        people=box.people,
        imap=Endpoint(host=box.imap_host, port=box.imap_port, security=_security(box.imap_security)),
        smtp=Endpoint(host=box.smtp_host, port=box.smtp_port, security=_security(box.smtp_security)),
        login=box.login,
        auth=box.auth,
        provider=box.provider,
        files_sent=box.files_sent,
        history_months=box.history_months,
        signature=box.signature,
        reply_target_min=box.reply_target_s // 60 if box.reply_target_s is not None else None,
        hours=box.hours,
        weekdays=box.weekdays,
        time_zone=box.time_zone,
        assigns=box.assigns,
    )


def _said(request: web.Request) -> str:
    return translate(request, SAID.get(request.query.get("said", ""), ""))


ROUTES = (
    Route("GET", HERE, show, "mail", "staff"),
    Route("GET", HERE + "/new", show_new, "mail", "staff"),
    Route("POST", HERE, add, "mail", "staff"),
    Route("GET", HERE + "/preset", preset, "mail", "nothing"),
    Route("POST", HERE + "/try", try_out, "mail", "nothing"),
    Route("GET", BACK, opened, "mail", "staff"),
    Route("POST", HERE + "/parked/{id}/again", read_again, "mail", "staff"),
    Route("GET", HERE + "/{id}", show_one, "mail", "staff"),
    Route("POST", HERE + "/{id}", change, "mail", "staff"),
    Route("POST", HERE + "/{id}/pause", pause, "mail", "staff"),
    Route("POST", HERE + "/{id}/resume", resume, "mail", "staff"),
    Route("GET", HERE + "/{id}/remove", ask_removal, "mail", "staff"),
    Route("POST", HERE + "/{id}/remove", remove, "mail", "staff"),
    Route("GET", HERE + "/{id}/open", open_at_provider, "mail", "staff"),
)
