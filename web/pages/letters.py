"""One letter: on a page of its own, and as the sheet that a conversation opens it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from markupsafe import escape

from cti.messages.invitations import How, Invitation
from cti.messages.letter_html import rows
from cti.storage.letter_texts import LetterFile, LetterText
from web.auth import person_of
from web.i18n import translate
from web.pages import letter_files, letter_frame
from web.pages.letter_frame import letter_of
from web.render import page
from web.routes import Route
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_

ODDITIES: Mapping[str, str] = {
    "returned": N_("it came back: it was not delivered"),
    "too-large": N_("it is too large: only its beginning is here"),
    "many-parts": N_("it has too many parts: some are left out"),
    "deep": N_("its parts stand too deep inside each other: some are left out"),
    "cut": N_("its text is too long: the end is left out"),
    "encrypted": N_("it is encrypted"),
    "part": N_("a part of it is damaged"),
    "winmail": N_("its winmail.dat cannot be opened"),
    "charset": N_("how its signs are written had to be guessed"),
    "date": N_("the date it says cannot be"),
    "no-sender": N_("it does not say who sent it"),
    "many-senders": N_("it names several senders: the first one is shown"),
    "many-people": N_("it has more recipients than are shown"),
    "direction": N_("names in it were written so that they read backwards"),
}


ANSWERS: Mapping[How, str] = {"accepted": N_("Accepted"), "tentative": N_("Maybe"), "declined": N_("Declined")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A letter as parts/letter.html shows it. rows: of its frame, in lines; oddities: what was wrong, in words."""

    id: int
    rows: int
    files: list[LetterFile]
    oddities: list[str]
    invitation: Invitation | None
    answered: str  # how the invitation was
    may_answer: bool
    may_save: bool  # as it is: what hides numbers cannot hide them there
    looked_at: frozenset[str] = letter_files.LOOKED_AT


async def show(request: web.Request) -> web.Response:
    """A letter on its own page."""
    letter, sheet = await _read(request)
    return page(request, "letter.html", letter=letter, sheet=sheet, answers=ANSWERS)


async def show_sheet(request: web.Request) -> web.Response:
    """The frame and the files of a letter, for a page that shows who wrote it and when."""
    _letter, sheet = await _read(request)
    return page(request, "letter_sheet.html", sheet=sheet, answers=ANSWERS)


async def answer(request: web.Request) -> web.Response:
    """Accept an invitation, say maybe, or decline it; the letter's sheet says so."""
    services, person = services_of(request), person_of(request)
    letter, _files = await services.letters.letter(services.db, person, letter_of(request))
    given = (await request.post()).get("how", "")
    how = next((one for one in ANSWERS if one == given), None)
    if how is None:
        raise web.HTTPBadRequest(text="Say how you answer.")
    said = translate(request, ANSWERS[how])
    await services.invitations.answer(
        person, letter.id, how, subject=f"{said}: {letter.subject}", words=f"<p>{escape(said)}</p>"
    )
    return await show_sheet(request)


async def _read(request: web.Request) -> tuple[LetterText, Sheet]:
    services = services_of(request)
    letter, files = await services.letters.letter(services.db, person_of(request), letter_of(request))
    showed(request, [letter.client_id], count=1, thing=f"letter:{letter.id}")
    odd = [translate(request, ODDITIES[one]) for one in letter.oddities.split() if one in ODDITIES]
    apart = [one for one in files if not one.inline]
    invitation = await services.invitations.read(letter.calendar)
    return letter, Sheet(
        id=letter.id,
        rows=rows(letter.text, letter.html),
        files=apart,
        oddities=odd,
        invitation=sight_of(request).see(invitation) if invitation else None,
        answered=await services.invitations.answered(letter.id) if invitation else "",
        may_answer=bool(invitation and invitation.asks),
        may_save=not sight_of(request).hides,
    )


ROUTES = (
    Route("GET", "/mail/letters/{id}", show, "mail", "client"),
    Route("GET", "/mail/letters/{id}/sheet", show_sheet, "mail", "client"),
    Route("POST", "/mail/letters/{id}/invitation", answer, "mail", "client"),
    *letter_frame.ROUTES,
    *letter_files.ROUTES,
)
