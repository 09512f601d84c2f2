"""What a value of a command to the PBX may be: checked when the command is made, so that nothing else is ever sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

NUMBER = re.compile(r"\+?[0-9*#]{2,20}")
SHORT = re.compile(r"[0-9]{1,16}")
NAME = re.compile(r"[A-Za-z0-9_./@:-]{1,80}")
CONTEXT = re.compile(r"[A-Za-z0-9_.-]{1,79}")
PHONE = re.compile(r"(?!(?i:local|agent)/)[A-Za-z][A-Za-z0-9]{0,15}/[A-Za-z0-9_.-]{1,60}")  # the PBX ignores case here
LEG = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}/[A-Za-z0-9_./@:;+*#-]{1,120}")  # never "/...": a pattern of many legs
TAKE = re.compile(r"[0-9]{12}")
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
DIGIT = re.compile(r"[0-9*#A-D]")
HEADER = re.compile(r"[A-Za-z-]{1,40}")
VALUE = re.compile(r"[A-Za-z0-9_ <>:;=./@-]{1,120}")
TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,80}")
SMS = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
DRIVER = re.compile(r"dongle|quectel")
MODEM = re.compile(r"[A-Za-z0-9_.-]{1,40}")
GSM_NUMBER = re.compile(r"\+?[0-9]{3,20}")
VARIABLE = re.compile(
    r"CHANNEL\(pjsip,call-id\)|PJSIP_AOR\([A-Za-z0-9_-]{1,79},contact\)|PJSIP_CONTACT\([A-Za-z0-9_./@:;=-]{1,120},(?:user_agent|uri|via_addr)\)"
    r"|PJSIP_ENDPOINT\([A-Za-z0-9_-]{1,79},(?:allow|webrtc|callerid|mailboxes|aors|from_user|outbound_auth|context|language"
    r"|direct_media|rtp_symmetric|force_rport|transport)\)"
    r"|IFMODULE\((?:codec_opus(?:_open_source)?|res_parking|app_voicemail(?:_imap|_odbc)?)\.so\)"
    r"|VM_INFO\([0-9]{1,20}@default,exists\)"
)
# What may be read of the PBX's own files: how it is set, never a secret.
SETTINGS: Mapping[str, frozenset[str]] = {
    "manager.conf": frozenset(
        ("bindaddr", "webenabled", "tlsenable", "read", "write", "permit", "deny", "acl", "eventfilter")
    ),
    "http.conf": frozenset(("enabled", "bindaddr", "tlsenable", "tlscertfile")),
    "asterisk.conf": frozenset(("live_dangerously", "astspooldir")),
    "rtp.conf": frozenset(("rtpstart", "rtpend", "icesupport")),
    "features.conf": frozenset(("atxfer",)),
    "queues.conf": frozenset(
        ("persistentmembers", "shared_lastcall", "strategy", "ringinuse", "autopause", "wrapuptime")
    ),
}
SECTION = re.compile(r"[A-Za-z0-9_.@-]{1,80}")


def must(pattern: re.Pattern[str], value: str, what: str) -> None:
    """Raises ValueError, a sentence."""
    if not pattern.fullmatch(value):
        raise ValueError(f"{value[:40]!r} is not {what}.")


def must_be_within(least: int, value: int, most: int, what: str) -> None:
    """Raises ValueError, a sentence."""
    if not least <= value <= most:
        raise ValueError(f"{value} is not {what} ({least} to {most}).")


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """Base. lists: the answer is a list of events."""

    effect: ClassVar[bool] = False
    lists: ClassVar[bool] = False
