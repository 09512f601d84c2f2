"""A mailbox by IMAP: what one thread does with one connection, by IMAPClient.

Everything here blocks and runs in the link's thread. Names and search strings reach the wire quoted or encoded by
IMAPClient, and never with a line end; sign-in goes as base64 or as literals (SEC-16). Every read has a time limit, so
that a server that goes silent is noticed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import re
import select
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from imapclient import IMAPClient
from imapclient.imap_utf7 import decode as decode_utf7
from imapclient.imapclient import _literal
from imapclient.response_parser import parse_fetch_response, parse_response

from cti.channels.email.imap_wire import connect
from cti.channels.email.roles import roles
from cti.channels.folders import Changes, Folder, Head, in_pieces
from cti.channels.letters import Credentials, Endpoint
from cti.messages.letter import Flags, FolderRole

logging.getLogger("imapclient").setLevel(logging.CRITICAL)  # it would write what passes: secrets and letters

PIECE_BYTES = 1 << 20  # of a larger letter, at once
SPAN = 50_000  # UIDs in one answer: its line must stay below a million bytes
SET = 500  # UIDs named in one command
NEWS = ("EXISTS", "EXPUNGE", "VANISHED", "FETCH")
FULL = 0.97  # of the quota
HEAD = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
HEAD_SAID = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"
_ID = re.compile(rb"^message-id:\s*<?\s*([^>\r\n]{1,998})", re.IGNORECASE)
_APPENDED = re.compile(rb"\[APPENDUID \d+ (\d+)\]")
_BREAKS = re.compile(r"[\x00-\x1f\x7f]")


class ImapBox:
    """An open mailbox. resolved: the address that was judged fit to be connected to, for the endpoint's host."""

    def __init__(
        self, link: socket.socket, endpoint: Endpoint, credentials: Credentials, tls: ssl.SSLContext, read_s: float
    ) -> None:
        self._imap: IMAPClient = connect(link, endpoint, credentials, tls, read_s)
        self._selected = ""
        self._looked = False  # whether nothing has been told since the inbox was looked at
        self._roles: dict[str, FolderRole] = {}
        capable = {one.upper() for one in self._imap.capabilities()}
        self._idles = b"IDLE" in capable
        self._counts = bool({b"CONDSTORE", b"QRESYNC"} & capable)
        self._vanishes = b"QRESYNC" in capable and b"ENABLE" in capable and b"QRESYNC" in self._imap.enable("QRESYNC")
        self._moves, self._uidplus = b"MOVE" in capable, b"UIDPLUS" in capable
        self._lists, self._quotas = b"LIST-STATUS" in capable, b"QUOTA" in capable
        host = endpoint.host.lower()
        self.files_sent = b"X-GM-EXT-1" in capable or host.endswith((".office365.com", ".outlook.com"))

    # What there is ---------------------------------------------------------------------------------------------------
    def folders(self) -> list[Folder]:
        """Those that are followed, the inbox first."""
        self._roles = roles(self._imap.list_folders())
        if self._selected:
            self._imap.noop()  # some tell of the folder that is open only what they have told already
        if self._lists:
            with self._looking("INBOX"):
                said = self._statuses()
            return [_folder(name, role, said[name]) for name, role in self._roles.items() if name in said]
        found = []
        for name, role in self._roles.items():
            with contextlib.suppress(self._imap.Error):  # one that was removed meanwhile, or may not be read
                found.append(self.folder(name, role))
        return found

    def folder(self, name: str, role: FolderRole) -> Folder:
        """One of them."""
        if name == self._selected:
            self._imap.noop()
        with self._looking(name):
            said = self._imap.folder_status(name, self._items())
        return _folder(name, role, said)

    def entered(self, name: str, role: FolderRole) -> Folder:
        """One of them, as it is opened: a large one is then looked through once and not twice."""
        self._looked, self._selected = False, ""
        said = self._imap.select_folder(name)
        self._selected = name
        return _folder(name, role, {b"MESSAGES": said[b"EXISTS"], **said})

    @contextlib.contextmanager
    def _looking(self, name: str) -> Iterator[None]:
        """A look at a folder. Of the inbox it is known afterwards whether more happened than was seen."""
        untagged = self._imap._imap.untagged_responses
        for kind in NEWS:
            untagged.pop(kind, None)
        yield
        if name == "INBOX":
            self._looked = not any([untagged.pop(kind, None) for kind in NEWS])

    def _items(self) -> list[str]:
        return ["MESSAGES", "UIDNEXT", "UIDVALIDITY", *(["HIGHESTMODSEQ"] if self._counts else [])]

    def _statuses(self) -> dict[str, dict[bytes, Any]]:
        """Of all folders by one command (RFC 5819)."""
        untagged = self._imap._imap.untagged_responses
        untagged.pop("STATUS", None)
        wanted = f"RETURN (STATUS ({' '.join(self._items())}))".encode()
        self._imap._raw_command_untagged(b"LIST", [b'""', b'"*"', wanted], uid=False)
        found: dict[str, dict[bytes, Any]] = {}
        for line in _lines(untagged.pop("STATUS", [])):
            name, pairs = parse_response(line)
            words = dict(zip(pairs[::2], pairs[1::2], strict=True))
            found[_decoded(name)] = words
        return found

    def uids(self, folder: str, low: int, uidnext: int, *, since: float | None = None) -> list[int]:
        """What lies in it from `low` on, below `uidnext`; rising. since: that came then or later, to the day."""
        self._select(folder)
        when: list[Any] = [] if since is None else ["SINCE", dt.datetime.fromtimestamp(since, dt.UTC).date()]
        found: list[int] = []
        for first in range(max(low, 1), uidnext, SPAN):
            last = min(first + SPAN, uidnext) - 1
            found += self._imap.search(["UID", f"{first}:{last}", *when])
        return sorted(found)

    def heads(self, folder: str, uids: Sequence[int]) -> list[Head]:
        """Of those that are there still, rising by UID."""
        self._select(folder)
        found: list[Head] = []
        for piece in in_pieces(uids, SET):
            rows = self._fetch(_set(piece), ["FLAGS", "INTERNALDATE", "RFC822.SIZE", HEAD])
            found += [_head(uid, row) for uid, row in rows.items() if b"INTERNALDATE" in row and b"RFC822.SIZE" in row]
        wanted = set(uids)
        return sorted((one for one in found if one.uid in wanted), key=lambda one: one.uid)

    def changes(self, folder: str, modseq: int, low: int) -> Changes:
        """Since modseq; 0: all flags of UIDs from `low` on."""
        if folder == self._selected:
            self._imap.noop()  # a folder that is open shows what it showed; its STATUS may know more
        self._select(folder)
        if not modseq or not self._counts:
            rows = self._fetch(f"{max(low, 1)}:*", ["FLAGS"])
            return Changes(flags={uid: _flags(row) for uid, row in rows.items() if not _gone(row)}, gone=None)
        untagged = self._imap._imap.untagged_responses  # of this folder: a SELECT empties it
        since = f"(CHANGEDSINCE {int(modseq)}{' VANISHED' if self._vanishes else ''})"
        rows = self._fetch("1:*", ["FLAGS"], since)
        gone = {uid for line in untagged.pop("VANISHED", []) for uid in _uids(line or b"")}
        marked = {uid for uid, row in rows.items() if _gone(row)}
        flags = {uid: _flags(row) for uid, row in rows.items() if uid not in marked}
        return Changes(flags=flags, gone=frozenset(gone | marked) if self._vanishes else None)

    def save(self, folder: str, files: Mapping[int, tuple[int, Path]]) -> list[int]:
        """Write letters into files: by UID, with their sizes. The UIDs of those that were there still."""
        self._select(folder)
        saved = [uid for uid, (size, path) in files.items() if size > PIECE_BYTES and self._save_large(uid, size, path)]
        small = [uid for uid, (size, _) in files.items() if size <= PIECE_BYTES]
        for uid, row in self._fetch(_set(small), ["BODY.PEEK[]"]).items() if small else ():
            if uid in files and isinstance(row.get(b"BODY[]"), bytes):
                files[uid][1].write_bytes(row[b"BODY[]"])
                saved.append(uid)
        return sorted(saved)

    def _save_large(self, uid: int, size: int, path: Path) -> bool:
        """Piece by piece: neither memory nor the interpreter's lock is held by a large letter."""
        with path.open("wb") as file:
            for start in range(0, size, PIECE_BYTES):
                row = self._fetch(str(uid), [f"BODY.PEEK[]<{start}.{PIECE_BYTES}>"]).get(uid, {})
                piece = row.get(f"BODY[]<{start}>".encode())
                if not isinstance(piece, bytes):
                    return start > 0  # it says to be larger than it is
                file.write(piece)
        return True

    def find(self, folder: str, message_id: str) -> list[int]:
        """UIDs of letters with this Message-ID (without <>)."""
        if not message_id or _BREAKS.search(message_id) or not message_id.isascii():
            return []
        self._select(folder)
        return sorted(self._imap.search(["HEADER", "Message-ID", _literal(f"<{message_id}>".encode())]))

    def full(self) -> bool:
        """Whether it takes hardly any more letters."""
        if not self._quotas:
            return False
        untagged = self._imap._imap.untagged_responses
        untagged.pop("QUOTA", None)
        self._imap._raw_command_untagged(b"GETQUOTAROOT", [b"INBOX"], uid=False, response_name="QUOTAROOT")
        for line in _lines(untagged.pop("QUOTA", [])):
            limits = parse_response(line)[-1]
            triples = zip(limits[::3], limits[1::3], limits[2::3], strict=False)
            if any(name == b"STORAGE" and limit and used >= FULL * limit for name, used, limit in triples):
                return True
        return False

    # What is done there ----------------------------------------------------------------------------------------------
    def mark(self, folder: str, uids: Sequence[int], flags: Flags) -> None:
        """Let them stand so."""
        self._select(folder)
        words = {"\\Seen": flags.seen, "\\Flagged": flags.flagged, "\\Answered": flags.answered}
        for piece in in_pieces(uids, SET):
            self._imap.add_flags(piece, [word for word, on in words.items() if on], silent=True)
            self._imap.remove_flags(piece, [word for word, on in words.items() if not on], silent=True)

    def move(self, folder: str, uids: Sequence[int], to: str) -> Mapping[int, int]:
        """Move them; the new UIDs by the old ones, as far as the server tells."""
        self._select(folder)
        untagged = self._imap._imap.untagged_responses
        untagged.pop("COPYUID", None)
        if self._moves:
            self._imap.move(list(uids), to)
        else:
            self._imap.copy(list(uids), to)
            self.delete(folder, uids)
        told = re.fullmatch(rb"\d+ (\S+) (\S+)", next(iter(untagged.pop("COPYUID", [])), None) or b"")
        return dict(zip(_uids(told[1]), _uids(told[2]), strict=False)) if told else {}

    def append(self, folder: str, raw: bytes, flags: Flags, *, draft: bool = False) -> int | None:
        """Put a letter there; its UID where the server tells it."""
        words = {"\\Seen": flags.seen, "\\Flagged": flags.flagged, "\\Answered": flags.answered, "\\Draft": draft}
        self._looked = False
        said = self._imap.append(folder, raw, [word for word, on in words.items() if on])
        told = _APPENDED.search(said if isinstance(said, bytes) else b"")
        return int(told[1]) if told else None

    def delete(self, folder: str, uids: Sequence[int]) -> None:
        """Delete for good; where the server cannot do it for single letters, they stay marked."""
        if not uids:
            return
        self._select(folder)
        self._imap.add_flags(list(uids), ["\\Deleted"], silent=True)
        if self._uidplus:
            self._imap.uid_expunge(list(uids))

    def create(self, folder: str) -> None:
        """A new folder."""
        self._imap.create_folder(folder)
        self._imap.subscribe_folder(folder)

    # Waiting and ending ----------------------------------------------------------------------------------------------
    def wait(self, seconds: float, woken: socket.socket) -> bool:
        """Until the inbox has news (True), `woken` can be read, or the time is over; then whether it still answers."""
        if not self._idles:
            select.select([woken], [], [], seconds)
            _drain(woken)
            self._imap.noop()
            return False
        if self._selected != "INBOX" or not self._looked:
            self._select("INBOX")
            return True  # what happened since it was looked at was told meanwhile, and is not told again
        self._imap.idle()
        poll = select.poll()
        poll.register(self._imap.socket(), select.POLLIN)
        poll.register(woken, select.POLLIN)
        news = self._told()  # what happened since the last command may have come together with the server's consent
        if not news:
            ready = {descriptor for descriptor, _ in poll.poll(seconds * 1000)}
            news = self._imap.socket().fileno() in ready and self._told()
        _drain(woken)
        _, rest = self._imap.idle_done()
        return news or any(_is_news(one) for one in rest)

    def _told(self) -> bool:
        return any(_is_news(one) for one in self._imap.idle_check(timeout=0))

    def close(self) -> None:
        """Sign out if it goes at once."""
        with contextlib.suppress(Exception):  # it may be broken in any way, and is done with
            self._imap.socket().settimeout(2)
            self._imap.logout()
        with contextlib.suppress(Exception):
            self._imap.shutdown()

    def abort(self) -> None:
        """From another thread: whatever it waits for ends in an error."""
        with contextlib.suppress(OSError):
            self._imap.socket().shutdown(socket.SHUT_RDWR)

    # Inside ----------------------------------------------------------------------------------------------------------
    def _select(self, folder: str) -> None:
        self._looked = False
        if folder != self._selected:
            self._selected = ""
            self._imap.select_folder(folder)
            self._selected = folder

    def _fetch(self, uids: str, items: Sequence[str], modifiers: str | None = None) -> dict[int, dict[bytes, Any]]:
        """As IMAPClient.fetch, for ranges too."""
        imap = self._imap._imap
        tag = imap._command("UID", "FETCH", uids, f"({' '.join(items)})", modifiers)
        kind, said = imap._command_complete("FETCH", tag)
        self._imap._checkok("fetch", kind, said)
        _, rows = imap._untagged_response(kind, said, "FETCH")
        parsed: dict[int, dict[bytes, Any]] = parse_fetch_response(rows, False, True)
        return parsed


def _folder(name: str, role: FolderRole, said: Mapping[bytes, Any]) -> Folder:
    return Folder(
        name=name,
        role=role,
        uidvalidity=int(said.get(b"UIDVALIDITY") or 0),
        uidnext=int(said.get(b"UIDNEXT") or 1),
        messages=int(said.get(b"MESSAGES") or 0),
        modseq=int(said.get(b"HIGHESTMODSEQ") or 0),
    )


def _head(uid: int, row: Mapping[bytes, Any]) -> Head:
    found = _ID.match((row.get(HEAD_SAID) or b"").strip())
    message_id = "".join(found[1].decode("ascii", "replace").split()) if found else ""
    return Head(
        uid=uid,
        flags=_flags(row),
        received_at=row[b"INTERNALDATE"].timestamp(),
        size=int(row[b"RFC822.SIZE"]),
        message_id=message_id,
        gone=_gone(row),
    )


def _flags(row: Mapping[bytes, Any]) -> Flags:
    said = {flag.lower() for flag in row.get(b"FLAGS", ()) if isinstance(flag, bytes)}
    return Flags(seen=b"\\seen" in said, flagged=b"\\flagged" in said, answered=b"\\answered" in said)


def _gone(row: Mapping[bytes, Any]) -> bool:
    return any(isinstance(flag, bytes) and flag.lower() == b"\\deleted" for flag in row.get(b"FLAGS", ()))


def _drain(bell: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while bell.recv(4096):
            pass


def _is_news(response: Any) -> bool:
    """Whether it tells of letters: a server says from time to time that it is still there."""
    return isinstance(response, tuple) and response[:1] != (b"OK",)


def _lines(said: Sequence[Any]) -> Iterator[list[Any]]:
    """Untagged responses one by one; one with a literal stands in several pieces."""
    line: list[Any] = []
    for one in said:
        line.append(one)
        if not isinstance(one, tuple):  # a tuple is what a literal interrupts
            yield line
            line = []


def _decoded(name: Any) -> str:
    return str(name) if isinstance(name, int) else str(decode_utf7(name))


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _uids(said: bytes) -> list[int]:
    """Of a set like `(EARLIER) 41,43:45`."""
    found: list[int] = []
    for piece in re.findall(rb"\d+(?::\d+)?", said):
        low, _, high = piece.partition(b":")
        first, last = sorted((int(low), int(high or low)))
        found += range(first, min(last, first + SPAN * 4) + 1)
    return found
