"""One letter: on a page of its own, and as the sheet that a conversation opens it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from cti.messages.letter_html import rows
from cti.storage.letter_texts import LetterFile, LetterText
from web.auth import person_of
from web.i18n import translate
from web.pages import letter_files, letter_frame
from web.pages.letter_frame import letter_of
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed
from web.texts import N_

ODDITIES: Mapping[str, str] = {
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A letter as parts/letter.html shows it. rows: of its frame, in lines; oddities: what was wrong, in words."""

    id: int
    rows: int
    files: list[LetterFile]
    oddities: list[str]
    looked_at: frozenset[str] = letter_files.LOOKED_AT


async def show(request: web.Request) -> web.Response:
    """A letter on its own page."""
    letter, sheet = await _read(request)
    return page(request, "letter.html", letter=letter, sheet=sheet)


async def show_sheet(request: web.Request) -> web.Response:
    """The frame and the files of a letter, for a page that shows who wrote it and when."""
    _letter, sheet = await _read(request)
    return page(request, "letter_sheet.html", sheet=sheet)


async def _read(request: web.Request) -> tuple[LetterText, Sheet]:
    services = services_of(request)
    letter, files = await services.letters.letter(services.db, person_of(request), letter_of(request))
    showed(request, [letter.client_id], count=1, thing=f"letter:{letter.id}")
    odd = [translate(request, ODDITIES[one]) for one in letter.oddities.split() if one in ODDITIES]
    apart = [one for one in files if not one.inline]
    return letter, Sheet(id=letter.id, rows=rows(letter.text, letter.html), files=apart, oddities=odd)


ROUTES = (
    Route("GET", "/mail/letters/{id}", show, "mail", "client"),
    Route("GET", "/mail/letters/{id}/sheet", show_sheet, "mail", "client"),
    *letter_frame.ROUTES,
    *letter_files.ROUTES,
)
