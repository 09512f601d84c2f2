"""Sounds of the dialplans: brought as files or spoken into a telephone, kept by their hash, named by the drafts.

Rules kept here: what is brought is decoded and written anew (cti/sound), two at a time; a file is known by the hash of
what is heard, lies in a folder of the server's own and is never changed, so that a version of before has its own
sounds; who plays a sound keeps it from being deleted. What no draft and no version names is swept after a day.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import structlog

from cti.access import Person, may
from cti.errors import ChannelError, NotAllowed, Refused
from cti.lines import Line
from cti.messages.sms import latin
from cti.sound.convert import Made, convert
from cti.sound.stock import stock
from cti.telephony.commands import MOVES, RecordTake
from dialplan.plan import Plan, Sound, Take
from dialplan.recipes.takes import FOLDER
from dialplan.sounds import OWN, is_name, named, users_of

MOST_BYTES = 20 << 20
AT_ONCE = 2
MOST_TITLE, MOST_SOUNDS = 120, 500
RING_S, LONGEST_S = 30, 420.0
SWEEP_AFTER_S = 86_400.0
Language = Literal["ru", "en"]
Change = Callable[[Plan], Plan]
log = structlog.get_logger()


class Changes(Protocol):
    """Changes the draft of a PBX, of the revision that its author saw."""

    async def __call__(self, actor: Person, pbx: str, revision: int, change: Change) -> object: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A PBX as sounds need it. folder: of its sounds, None for a guest; line: to a person's phone there, or None."""

    folder: Path | None
    line: Callable[[Person], Line | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """A sound that is spoken into a telephone. state: rings, is spoken, is there, or why it is not."""

    id: str
    state: Literal["rings", "spoken", "ready", "nothing"]
    made: Made | None = None
    why: str = ""


@dataclass(kw_only=True, slots=True)
class _UnderWay:
    person_id: int
    pbx: str
    call: str
    number: str
    since: float
    seen: bool = False
    spoken: Spoken | None = None


class PlanSounds:
    """folder: the server's store; mode_of: owner or guest; is_open: whether a PBX has a call with this id."""

    def __init__(
        self,
        *,
        folder: Path,
        change: Changes,
        place_of: Callable[[str], Place],
        mode_of: Callable[[str], Awaitable[str]],
        is_open: Callable[[str, str], bool],
        clock: Callable[[], float],
    ) -> None:
        self._folder = folder.absolute()
        self._change = change
        self._place_of = place_of
        self._mode_of = mode_of
        self._is_open = is_open
        self._clock = clock
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, _UnderWay] = {}
        self._heard: dict[tuple[Path, float], str] = {}

    # Bringing ---------------------------------------------------------------------------------------------------------
    async def place(self) -> Path:
        """Where what comes next is to be written, under a name nobody can guess."""
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        return self._folder / f"{secrets.token_hex(16)}.new"

    async def bring(
        self,
        actor: Person,
        pbx: str,
        revision: int,
        path: Path,
        *,
        language: str,
        title: str,
        name: str = "",
        trim: bool = True,
    ) -> Made:
        """Take a file over: a new sound, or (name) the take of a sound in this language. The file is gone after it."""
        try:
            _may_write(actor)
            _language(language)
            made = await self._made(path, trim=trim)
        finally:
            await asyncio.shield(asyncio.to_thread(path.unlink, missing_ok=True))
        await self._keep(actor, pbx, revision, made, language=language, title=title, name=name)
        return made

    async def _made(self, path: Path, *, trim: bool, raw: str = "") -> Made:
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        async with self._turn:
            return await convert(path, self._folder, trim=trim, raw=raw)

    async def _keep(
        self, actor: Person, pbx: str, revision: int, made: Made, *, language: str, title: str, name: str
    ) -> None:
        take = Take(language=_language(language), sha256=made.sha256, seconds=made.seconds)
        title = _title(title)

        def change(plan: Plan) -> Plan:
            if name:
                return _set(plan, name, lambda sound: replace(sound, takes=_with(sound.takes, take)))
            if len(plan.sounds) >= MOST_SOUNDS:
                raise Refused("too-many-sounds", f"A plan has at most {MOST_SOUNDS} sounds.")
            new = Sound(name=named(latin(title), (one.name for one in plan.sounds)), title=title, takes=(take,))
            return replace(plan, sounds=(*plan.sounds, new))

        await self._change(actor, pbx, revision, change)

    # Changing ---------------------------------------------------------------------------------------------------------
    async def rename(self, actor: Person, pbx: str, revision: int, name: str, title: str) -> None:
        """Another title; steps know the sound by its name, which stays."""
        title = _title(title)
        await self._change(
            actor, pbx, revision, lambda plan: _set(plan, name, lambda sound: replace(sound, title=title))
        )

    async def take_of_pbx(self, actor: Person, pbx: str, revision: int, name: str, title: str) -> None:
        """A sound that the PBX came with may be played by steps from now on. Raises Refused."""
        if not is_name(name) or name.startswith(OWN):
            raise Refused("no-sound", "The PBX has no such sound.")

        def change(plan: Plan) -> Plan:
            if any(one.name == name for one in plan.sounds):
                return plan
            return replace(plan, sounds=(*plan.sounds, Sound(name=name, title=title[:MOST_TITLE])))

        await self._change(actor, pbx, revision, change)

    async def remove(self, actor: Person, pbx: str, revision: int, name: str, language: str = "") -> None:
        """Take a sound out of the plan, or its take in one language. Raises Refused `sound-used`."""

        def change(plan: Plan) -> Plan:
            sound = _sound(plan, name)
            left = tuple(one for one in sound.takes if one.language != language) if language else ()
            if left:
                return _set(plan, name, lambda one: replace(one, takes=left))
            if users_of(plan, name):
                raise Refused("sound-used", "Steps play this sound: give them another one first.")
            return replace(plan, sounds=tuple(one for one in plan.sounds if one.name != name))

        await self._change(actor, pbx, revision, change)

    # Speaking ---------------------------------------------------------------------------------------------------------
    async def speaks(self, actor: Person, pbx: str) -> str:
        """Why the person cannot speak a sound into his phone there: a code of a refusal; "" where he can."""
        place = self._place_of(pbx)
        if place.folder is None or await self._mode_of(pbx) != "owner":
            return "sound-guest"
        return "" if place.line(actor) else "sound-no-phone"

    async def speak(self, actor: Person, pbx: str, *, shown: str) -> Spoken:
        """Ring the person's phone, so that he speaks a sound into it. shown: on its display. Raises Refused."""
        _may_write(actor)
        place = self._place_of(pbx)
        if place.folder is None or await self._mode_of(pbx) != "owner":
            raise Refused("sound-guest", "Only where the dialplan is ours can a sound be spoken into a telephone.")
        line = place.line(actor)
        if line is None:
            raise Refused("sound-no-phone", "You have no phone at this PBX: upload a file, or be given a phone.")
        if line.pbx.health().state != "up":
            raise Refused("pbx-down", "The line to the PBX is down: calls cannot be placed now.")
        id_, number = secrets.token_hex(8), "".join(secrets.choice("0123456789") for _ in range(12))
        answer = await line.pbx.ask(
            RecordTake(device=line.device, take=number, request_id=id_, caller_id_name=shown[:80], timeout_s=RING_S)
        )
        if not answer.ok:
            raise ChannelError(answer.message, permanent=True)
        self._forget_old()
        self._under_way[id_] = _UnderWay(
            person_id=actor.id, pbx=pbx, call=f"trubka-{MOVES}{id_}", number=number, since=self._clock()
        )
        return Spoken(id=id_, state="rings")

    async def spoken(self, actor: Person, id_: str) -> Spoken:
        """How it stands with it. Raises Refused."""
        one = self._own(actor, id_)
        if one.spoken is not None:
            return one.spoken
        waited = self._clock() - one.since
        if self._is_open(one.pbx, one.call):
            one.seen = True
            return Spoken(id=id_, state="spoken")
        if not one.seen and waited < RING_S + 5:
            return Spoken(id=id_, state="rings")
        folder = self._place_of(one.pbx).folder
        file = folder / FOLDER / f"{one.number}.wav" if folder else None
        one.spoken = Spoken(id=id_, state="nothing", why="sound-not-spoken")
        if file is not None and await asyncio.to_thread(file.is_file):
            one.spoken = await self._fetched(id_, file)
        return one.spoken

    async def keep_spoken(
        self, actor: Person, pbx: str, revision: int, id_: str, *, language: str, title: str, name: str = ""
    ) -> None:
        """What was spoken becomes a sound, or the take of one. Raises Refused."""
        one = self._own(actor, id_)
        if one.spoken is None or one.spoken.made is None or one.pbx != pbx:
            raise Refused("sound-not-spoken", "Nothing was recorded.")
        await self._keep(actor, pbx, revision, one.spoken.made, language=language, title=title, name=name)
        del self._under_way[id_]

    async def _fetched(self, id_: str, file: Path) -> Spoken:
        try:
            return Spoken(id=id_, state="ready", made=await self._made(file, trim=True))
        except Refused as error:
            return Spoken(id=id_, state="nothing", why=error.code)
        finally:
            try:
                await asyncio.to_thread(file.unlink)
            except OSError as error:
                log.warning("a recorded sound stays at the PBX", reason=str(error.strerror))

    def _own(self, actor: Person, id_: str) -> _UnderWay:
        one = self._under_way.get(id_)
        if one is None or one.person_id != actor.id:
            raise Refused("sound-not-spoken", "Nothing was recorded.")
        return one

    def _forget_old(self) -> None:
        oldest = self._clock() - LONGEST_S
        self._under_way = {key: one for key, one in self._under_way.items() if one.since > oldest}

    # Reading ----------------------------------------------------------------------------------------------------------
    def file(self, sha256: str) -> Path | None:
        """A sound of the store, to be heard; None for what is not there."""
        plain = len(sha256) == 64 and all(sign in "0123456789abcdef" for sign in sha256)
        path = self._folder / f"{sha256}.wav16"
        return path if plain and path.is_file() else None

    async def stock(self, pbx: str) -> Mapping[str, Mapping[str, Path]]:
        """Sounds that the PBX came with: name -> language -> file. None where its folder is not ours."""
        folder = self._place_of(pbx).folder
        return await asyncio.to_thread(stock, folder) if folder else {}

    async def heard(self, pbx: str, name: str, language: str) -> Path:
        """A sound of the PBX as a browser plays it. Raises Refused."""
        found = (await self.stock(pbx)).get(name, {})
        file = found.get(language) or found.get("")
        if file is None:
            raise Refused("no-sound", "The PBX has no such sound.")
        key = file, (await asyncio.to_thread(file.stat)).st_mtime
        known = self.file(self._heard.get(key, ""))
        if known is None:
            ending = file.suffix[1:]
            made = await self._made(file, trim=False, raw="" if ending.startswith("wav") else ending)
            self._heard[key] = made.sha256
            known = self._folder / f"{made.sha256}.wav16"
        return known

    # Sweeping ---------------------------------------------------------------------------------------------------------
    async def sweep(self, named_in: Callable[[], Awaitable[Iterable[str]]]) -> int:
        """Delete files of a day and more that none of the texts (bodies of drafts and versions) names."""
        old = await asyncio.to_thread(self._old, self._clock() - SWEEP_AFTER_S)
        if not old:
            return 0
        known = await asyncio.to_thread(_hashes, await named_in())
        lost = [one for one in old if one.stem not in known]
        for one in lost:
            await asyncio.to_thread(one.unlink, missing_ok=True)
        return len(lost)

    def _old(self, before: float) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [one for one in self._folder.iterdir() if one.is_file() and one.stat().st_mtime < before]


def _may_write(actor: Person) -> None:
    if not may(actor, "dialplan.write"):
        raise NotAllowed("Your role may not change dialplans.")


def _hashes(texts: Iterable[str]) -> set[str]:
    return {found for text in texts for found in re.findall(r"[0-9a-f]{64}", text)}


def _language(text: str) -> Language:
    return "en" if text == "en" else "ru"


def _title(text: str) -> str:
    found = " ".join(text.split())[:MOST_TITLE]
    if not found:
        raise Refused("no-sound-title", "A title is needed.")
    return found


def _sound(plan: Plan, name: str) -> Sound:
    for sound in plan.sounds:
        if sound.name == name:
            return sound
    raise Refused("no-sound", "The plan has no such sound any more.")


def _set(plan: Plan, name: str, change: Callable[[Sound], Sound]) -> Plan:
    _sound(plan, name)
    return replace(plan, sounds=tuple(change(one) if one.name == name else one for one in plan.sounds))


def _with(takes: tuple[Take, ...], take: Take) -> tuple[Take, ...]:
    """The takes with this one in its language's place."""
    if all(one.language != take.language for one in takes):
        return (*takes, take)
    return tuple(take if one.language == take.language else one for one in takes)


__all__ = ["MOST_BYTES", "Place", "PlanSounds", "Spoken"]
