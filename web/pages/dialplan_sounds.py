"""Sounds of a dialplan: brought as files, spoken into one's phone, or the PBX's own; heard, replaced, deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from aiohttp import web

from cti.errors import Refused
from cti.features.plan_sounds import MOST_BYTES, PlanSounds, Spoken
from dialplan.sounds import is_own, users_of
from web.auth import person_of
from web.i18n import translate
from web.newcomer_texts import REFUSALS, STOCK
from web.pages import dialplan
from web.pages.dialplan import HERE, draft_of, link, pbx_of, revision_of
from web.pages.dialplan_faults import Places
from web.routes import Route
from web.services import services_of
from web.step_forms import text
from web.texts import N_, told
from web.uploads import receive

SOUNDS = HERE + "/sounds"
A_PAGE = 60
LANGUAGES: Mapping[str, str] = {"ru": N_("Russian"), "en": N_("English")}


async def show(request: web.Request) -> web.Response:
    """The plan's sounds, each with its takes and who plays it."""
    return await _page(request)


async def bring(request: web.Request) -> web.Response:
    """A file as the body: a new sound called as the file, or (name) another take of one. Answers JSON."""
    pbx, language = pbx_of(request), request.query.get("language", "ru")[:2]
    name = request.query.get("name", "")[:200]
    path = await _sounds(request).place()
    got = await receive(request, path, most=MOST_BYTES)
    revision = (await draft_of(request)).revision  # a file more spoils nobody's edit: it goes on top of what there is
    title = got.name.rpartition(".")[0] or got.name or translate(request, N_("Sound"))
    made = await _sounds(request).bring(
        person_of(request), pbx, revision, path, language=language, title=title, name=name, trim=True
    )
    return web.json_response({"seconds": made.seconds}, status=201)


async def rename(request: web.Request) -> web.StreamResponse:
    """Another title."""
    form = await request.post()
    work = _sounds(request).rename(
        person_of(request), pbx_of(request), revision_of(form), text(form, "name", 200), text(form, "title", 120)
    )
    return await _do(request, work)


async def remove(request: web.Request) -> web.StreamResponse:
    """A sound, or its take in one language."""
    form = await request.post()
    work = _sounds(request).remove(
        person_of(request), pbx_of(request), revision_of(form), text(form, "name", 200), text(form, "language", 2)
    )
    return await _do(request, work, "removed")


async def take(request: web.Request) -> web.StreamResponse:
    """A sound of the PBX may be played by steps."""
    form = await request.post()
    name = text(form, "name", 200)
    title = translate(request, STOCK[name]) if name in STOCK else ""
    work = _sounds(request).take_of_pbx(person_of(request), pbx_of(request), revision_of(form), name, title)
    return await _do(request, work, "added")


# Listening ------------------------------------------------------------------------------------------------------------
async def hear(request: web.Request) -> web.StreamResponse:
    """A sound of ours, as the browser plays it."""
    file = _sounds(request).file(request.match_info["sha256"])
    if file is None:
        raise web.HTTPNotFound(text="There is no such sound any more.")
    return _played(file)


async def hear_stock(request: web.Request) -> web.StreamResponse:
    """A sound that the PBX came with."""
    name, language = request.query.get("name", "")[:200], request.query.get("language", "")[:2]
    return _played(await _sounds(request).heard(pbx_of(request), name, language))


def _played(file: Any) -> web.FileResponse:
    return web.FileResponse(file, headers={"Content-Type": "audio/wav", "Content-Disposition": "inline"})


# Speaking -------------------------------------------------------------------------------------------------------------
async def speak(request: web.Request) -> web.StreamResponse:
    """Ring the person's own phone."""
    form = await request.post()
    asked = {"language": text(form, "language", 2), "title": text(form, "title", 120), "name": text(form, "name", 200)}
    try:
        if not asked["name"] and not asked["title"]:
            raise Refused("no-sound-title", "A title is needed.")
        shown = translate(request, N_("Record a sound"))
        begun = await _sounds(request).speak(person_of(request), pbx_of(request), shown=shown)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(link(request, f"/sounds/spoken/{begun.id}", **asked))


async def show_spoken(request: web.Request) -> web.Response:
    """How it stands with what is being spoken."""
    spoken = await _sounds(request).spoken(person_of(request), request.match_info["id"])
    return await _spoken(request, spoken)


async def keep_spoken(request: web.Request) -> web.StreamResponse:
    """It is good: it becomes a sound."""
    form, id_ = await request.post(), request.match_info["id"]
    try:
        await _sounds(request).keep_spoken(
            person_of(request), pbx_of(request), (await draft_of(request)).revision, id_,
            language=text(form, "language", 2), title=text(form, "title", 120) or "-", name=text(form, "name", 200),
        )  # fmt: skip
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(link(request, "/sounds", said="added"))


async def _spoken(request: web.Request, spoken: Spoken) -> web.Response:
    asked = {name: request.query.get(name, "")[:200] for name in ("language", "title", "name")}
    values: dict[str, Any] = {
        "spoken": spoken,
        "asked": asked,
        "here": link(request, f"/sounds/spoken/{spoken.id}", **asked),
        "why": translate(request, REFUSALS.get(spoken.why, "")),
        "languages": LANGUAGES,
    }
    return dialplan.shown(
        request, "sound_spoken.html", await draft_of(request), title=N_("A sound is recorded"), **values
    )


# The page -------------------------------------------------------------------------------------------------------------
async def show_stock(request: web.Request) -> web.Response:
    """Sounds that the PBX came with, with their words where they are known."""
    return await _stock(request)


async def _stock(request: web.Request) -> web.Response:
    draft, asked = await draft_of(request), request.query.get("q", "")[:80].strip()
    found = await _sounds(request).stock(draft.pbx)
    words = {name: translate(request, said) for name, said in STOCK.items()}
    files: Mapping[str, Mapping[str, object]] = found or {name: {} for name in STOCK}
    every = [one for one in files if asked.casefold() in f"{one} {words.get(one, '')}".casefold()]
    every.sort(key=lambda one: (one not in words, one))
    start = min(dialplan.whole(request.query.get("from", "")), max(len(every) - 1, 0)) // A_PAGE * A_PAGE
    taken = {one.name for one in draft.plan.sounds}
    rows = [(name, words.get(name, ""), sorted(files[name]), name in taken) for name in every[start : start + A_PAGE]]
    values: dict[str, Any] = {
        "rows": rows, "q": asked, "start": start, "count": len(every), "a_page": A_PAGE, "files": bool(found),
        "languages": LANGUAGES,
    }  # fmt: skip
    return dialplan.shown(request, "sounds_stock.html", draft, title=N_("Sounds of the PBX"), **values)


async def _do(request: web.Request, work: Awaitable[None], said: str = "saved") -> web.StreamResponse:
    try:
        await work
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(link(request, "/sounds", said=said))


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    draft, services = await draft_of(request), services_of(request)
    places = Places(draft.plan) if draft.plan.sounds else None
    words = {name: translate(request, said) for name, said in STOCK.items()}
    rows = [
        {
            "sound": one,
            "own": is_own(one),
            "takes": {take.language: take for take in one.takes},
            "users": [(id_, places.step(request, id_) if places else "") for id_ in users_of(draft.plan, one.name)],
            "words": words.get(one.name, ""),
        }
        for one in sorted(draft.plan.sounds, key=lambda one: (not is_own(one), (one.title or one.name).casefold()))
    ]
    values: dict[str, Any] = {
        "rows": rows,
        "languages": LANGUAGES,
        "speaks": await services.plan_sounds.speaks(person_of(request), draft.pbx),
        "most": MOST_BYTES >> 20,
    }
    return dialplan.shown(request, "sounds.html", draft, title=N_("Sounds"), status=status, error=error, **values)


def _sounds(request: web.Request) -> PlanSounds:
    return services_of(request).plan_sounds


ROUTES = (
    Route("GET", SOUNDS, show, "dialplan.read", "nothing"),
    Route("POST", SOUNDS, bring, "dialplan.write", "nothing"),
    Route("POST", SOUNDS + "/rename", rename, "dialplan.write", "nothing"),
    Route("POST", SOUNDS + "/remove", remove, "dialplan.write", "nothing"),
    Route("GET", SOUNDS + "/heard/{sha256}", hear, "dialplan.read", "nothing"),
    Route("GET", SOUNDS + "/stock", show_stock, "dialplan.read", "nothing"),
    Route("POST", SOUNDS + "/stock", take, "dialplan.write", "nothing"),
    Route("GET", SOUNDS + "/stock/heard", hear_stock, "dialplan.read", "nothing"),
    Route("POST", SOUNDS + "/speak", speak, "dialplan.write", "nothing"),
    Route("GET", SOUNDS + "/spoken/{id}", show_spoken, "dialplan.write", "nothing"),
    Route("POST", SOUNDS + "/spoken/{id}", keep_spoken, "dialplan.write", "nothing"),
)
