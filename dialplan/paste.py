"""What an admin pastes into Asterisk's own files so that ours are read: shown by the panel, looked for by the doctor.

An owner's PBX needs all of it. Each file gets one line of include at its end, and a few settings that only the main
file can say; where the admin has such a section already, the setting goes there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dialplan import files
from dialplan.conf_read import Conf, read
from dialplan.including import line
from dialplan.site import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A setting of a section. why: a code (web/dialplan_texts.py says it). fixed: no other value would do."""

    section: str
    key: str
    value: str
    why: str
    fixed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Paste:
    """What one of Asterisk's files needs. include: the line at its end, "" for none."""

    file: str
    include: str
    needs: tuple[Need, ...] = ()

    def text(self) -> str:
        """All of it, as the whole of a file that holds nothing else."""
        sections: dict[str, list[str]] = {}
        for need in self.needs:
            sections.setdefault(need.section, []).append(f"{need.key} = {need.value}")
        blocks = ["\n".join((f"[{name}]", *lines)) for name, lines in sections.items()]
        return "\n\n".join([*blocks, *([self.include] if self.include else [])]) + "\n"

    def lacking(self, said: str | Conf) -> tuple[str | Need, ...]:
        """What a file that reads so still lacks, in order: the include, settings that are missing or otherwise."""
        conf = read(self.file, {self.file: said}) if isinstance(said, str) else said
        lacks = [
            need
            for need in self.needs
            if not (values := conf.values(need.section, need.key)) or (need.fixed and need.value not in values)
        ]
        wanted = self.include.partition(" ")[2].strip('"')
        there = not self.include or any(one.rpartition("/")[2] == wanted for one in conf.included)
        return (*(() if there else (self.include,)), *lacks)


def pastes(site: Site, *, browsers: bool = True) -> tuple[Paste, ...]:
    """What each file needs, in the order in which an admin does it. browsers: people have phones in their browsers."""
    return tuple(_pastes(site, browsers))


def _pastes(site: Site, browsers: bool) -> Iterator[Paste]:
    needs = {
        "voicemail.conf": (
            Need(section="general", key="format", value="wav", why="voicemail-format"),
            Need(section="general", key="passwordlocation", value="spooldir", why="voicemail-passwords"),
        ),
        "queues.conf": (
            Need(section="general", key="persistentmembers", value="yes", why="members-kept"),
            Need(section="general", key="shared_lastcall", value="yes", why="wrapup-shared"),
        ),
        "musiconhold.conf": (
            Need(section="default", key="mode", value="files", why="music-default", fixed=False),
            Need(section="default", key="directory", value="moh", why="music-default", fixed=False),
        ),
        "manager.conf": (
            Need(section="general", key="enabled", value="yes", why="manager-on"),
            Need(section="general", key="bindaddr", value="127.0.0.1", why="manager-address", fixed=False),
            Need(section="general", key="port", value="5038", why="manager-address", fixed=False),
        ),
        "pjsip.conf": tuple(_pjsip(site, browsers)),
    }
    for ours, main in files.INCLUDED_BY.items():
        yield Paste(file=main, include=line(ours), needs=needs.get(main, ()))
    conferences = Need(section="default_user", key="type", value="user", why="conferences", fixed=False)
    yield Paste(file="confbridge.conf", include="", needs=(conferences,))
    if browsers:
        web = (("enabled", "yes", True), ("bindaddr", "127.0.0.1", False), ("bindport", "8088", False))
        yield Paste(
            file="http.conf",
            include="",
            needs=tuple(Need(section="general", key=k, value=v, why="browsers", fixed=f) for k, v, f in web),
        )


def _pjsip(site: Site, browsers: bool) -> Iterator[Need]:
    order = "username,auth_username,ip,anonymous"
    yield Need(section="global", key="type", value="global", why="phones-by-name")
    yield Need(section="global", key="endpoint_identifier_order", value=order, why="phones-by-name")
    for key, value in (("type", "transport"), ("protocol", "udp"), ("bind", "0.0.0.0")):  # noqa: S104 - the admin's own
        yield Need(section="transport-udp", key=key, value=value, why="transport", fixed=key != "bind")
    if browsers and site.browser_transport:
        for key, value in (("type", "transport"), ("protocol", "ws"), ("bind", "0.0.0.0")):  # noqa: S104 - the same
            yield Need(section=site.browser_transport, key=key, value=value, why="browsers", fixed=key != "bind")
