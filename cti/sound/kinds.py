"""What a file of sound is, told by its first bytes and never by its name; or by what the PBX calls a raw one."""

from __future__ import annotations

from collections.abc import Mapping

HEAD_BYTES = 16
# Endings of a PBX's own files that say what no first byte does -> how they are read: format, rate in Hz.
RAW: Mapping[str, tuple[str, int]] = {
    "gsm": ("gsm", 8000),
    "ulaw": ("mulaw", 8000),
    "alaw": ("alaw", 8000),
    "sln": ("s16le", 8000),
    "sln16": ("s16le", 16000),
    "g722": ("g722", 16000),
}


def kind_of(head: bytes) -> str | None:
    """`wav`, `flac`, `ogg`, `mp3` or `mov` (m4a) by the first HEAD_BYTES bytes; None for anything else."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    if head[4:8] == b"ftyp":
        return "mov"
    if head[:3] == b"ID3" or _is_mpeg_frame(head):
        return "mp3"
    return None


def _is_mpeg_frame(head: bytes) -> bool:
    """Eleven bits of one, then version, layer (II or III), bit rate and sampling rate that exist."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer, bit_rate, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer in (1, 2) and bit_rate not in (0, 15) and rate != 3
