"""What a folder is for: by the server's word (SPECIAL-USE, RFC 6154), else by its name in Russian or English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cti.messages.letter import FolderRole

_USES: dict[str, FolderRole] = {
    "\\sent": "sent",
    "\\drafts": "drafts",
    "\\trash": "trash",
    "\\junk": "junk",
    "\\archive": "archive",
}
_VIEWS = {"\\flagged", "\\important", "\\noselect", "\\nonexistent"}  # letters of other folders, or none
_NAMES: dict[FolderRole, set[str]] = {
    "sent": {"sent", "sent items", "sent messages", "sent mail", "отправленные", "отправленные элементы"},
    "drafts": {"drafts", "draft", "черновики"},
    "trash": {
        "trash", "deleted", "deleted items", "deleted messages", "bin", "удаленные", "удаленные элементы", "корзина",
    },
    "junk": {"junk", "spam", "junk e-mail", "junk email", "bulk mail", "спам", "нежелательная почта"},
    "archive": {"archive", "archives", "архив"},
}  # fmt: skip


def roles(listed: Iterable[tuple[Sequence[bytes], bytes | None, str]]) -> dict[str, FolderRole]:
    """Folders that are followed by name, the inbox first: of a LIST of (flags, delimiter, name)."""
    rows = [({flag.decode("ascii", "replace").lower() for flag in flags}, mark, name) for flags, mark, name in listed]
    rows = [row for row in rows if not row[0] & _VIEWS]
    found: dict[str, FolderRole] = {name: "inbox" for _, _, name in rows if name.upper() == "INBOX"}
    taken: set[FolderRole] = {"inbox"}
    for uses, _, name in rows:
        role = next((_USES[use] for use in sorted(uses) if use in _USES), None)
        if role and role not in taken and name not in found:
            found[name] = role
            taken.add(role)
    for _, mark, name in sorted(rows, key=lambda row: len(row[2])):  # those at the top before those within others
        role = _by_name(name, mark)
        if role and role not in taken and name not in found:
            found[name] = role
            taken.add(role)
    for uses, _, name in rows:
        if name in found:
            continue
        if "\\all" not in uses:
            found[name] = "other"
        elif "archive" not in taken:  # Gmail: what is in no other folder is there
            found[name] = "archive"
    return found


def _by_name(name: str, mark: bytes | None) -> FolderRole | None:
    last = name.rpartition(mark.decode("ascii", "replace"))[2] if mark else name
    said = last.casefold().replace("ё", "е")
    return next((role for role, names in _NAMES.items() if said in names), None)
