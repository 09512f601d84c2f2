"""A draft looked over before it is published: its faults, saved calls, what changes in words and in the files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from cti.errors import CtiError
from cti.owned_files import digest
from cti.storage.dialplan_versions import Version
from dialplan import including, masks
from dialplan.compare import Changed, changes, text_changes
from dialplan.faults import Fault
from dialplan.faults import faults as faults_of
from dialplan.files import files
from dialplan.plan import Plan
from dialplan.site import Site
from dialplan.site_faults import site_faults

SavedT = TypeVar("SavedT")


class Folder(Protocol):
    """The configuration folder of a PBX."""

    def text(self, name: str) -> str | None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Review(Generic[SavedT]):
    """A draft of a revision against what runs. running: None before the first publish.

    lacks: what the plan lacks at its site, a password say. files: lines of a unified difference by file, without
    passwords; only those that differ. lacking: lines that the admin's own files have still to get, by file. edited:
    files of ours that somebody changed by hand since. unwritten: why the files cannot be made, "" where they can.
    """

    pbx: str
    revision: int
    running: Version | None
    faults: tuple[Fault, ...]
    lacks: tuple[Fault, ...]
    saved: tuple[SavedT, ...]
    changes: tuple[Changed, ...]
    files: Mapping[str, tuple[str, ...]]
    lacking: Mapping[str, str]
    edited: tuple[str, ...]
    unwritten: str


class Reviews(Generic[SavedT]):
    """All of it. drafted, running: plans; look: saved calls in a plan; site: of a plan; folders: of owned PBXes."""

    def __init__(
        self,
        *,
        drafted: Callable[[str], Awaitable[tuple[Plan, int]]],
        running: Callable[[str], Awaitable[tuple[Version, Plan] | None]],
        look: Callable[[str, Plan], Awaitable[list[SavedT]]],
        site: Callable[[str, Plan], Awaitable[Site]],
        folders: Mapping[str, Folder],
    ) -> None:
        self._drafted = drafted
        self._running = running
        self._look = look
        self._site = site
        self._folders = folders

    async def of(self, pbx: str) -> Review[SavedT]:
        """The draft of a PBX, looked over now. Raises Refused `no-pbx-named`."""
        plan, revision = await self._drafted(pbx)
        now = await self._running(pbx)
        saved = tuple(await self._look(pbx, plan))
        wrong = await asyncio.to_thread(faults_of, plan)
        folder = self._folders.get(pbx)
        told: Mapping[str, tuple[str, ...]] = {}
        lacking: Mapping[str, str] = {}
        edited: tuple[str, ...] = ()
        lacks: tuple[Fault, ...] = ()
        unwritten = ""
        if folder is not None:
            site = await self._site(pbx, plan)
            try:
                if not any(one.weight == "error" for one in wrong):
                    lacks = await asyncio.to_thread(site_faults, plan, site)
                told = await asyncio.to_thread(_file_changes, folder, plan, site)
                lacking = await asyncio.to_thread(including.lacking, folder.text, including.needed(plan))
                edited = await asyncio.to_thread(_edited, folder, now[0]) if now else ()
            except (ValueError, CtiError) as error:
                unwritten = str(error)
        return Review(
            pbx=pbx,
            revision=revision,
            running=now[0] if now else None,
            faults=wrong,
            lacks=lacks,
            saved=saved,
            changes=await asyncio.to_thread(changes, now[1] if now else Plan(), plan),
            files=told,
            lacking=lacking,
            edited=edited,
            unwritten=unwritten,
        )


def _file_changes(folder: Folder, plan: Plan, site: Site) -> dict[str, tuple[str, ...]]:
    """Of each file, as it would be against as it is. Raises ValueError where the plan cannot be written."""
    told: dict[str, tuple[str, ...]] = {}
    for name, text in files(plan, site).items():
        was = folder.text(name)
        lines = text_changes(None if was is None else masks.masked(was), masks.masked(text), name)
        if lines:
            told[name] = lines
        elif was != text:
            told[name] = (f"--- {name}", f"+++ {name}", f" {masks.MASK}")  # a password alone
    return told


def _edited(folder: Folder, now: Version) -> tuple[str, ...]:
    return tuple(name for name, kept in now.digests.items() if digest(folder.text(name) or "") != kept)
