"""Where in a recording things are: only what was said between two is in the sound, so the waits are not."""

from __future__ import annotations

from cti.storage.journal import CallRow, LegRow
from cti.storage.marks import MarkRow
from cti.storage.recordings import Recording
from web.waveform import wave


def leg(
    device: str, name: str, rang: float | None, answered: float | None, ended: float, result: str = "talked"
) -> LegRow:
    return LegRow(
        leg=f"{device}-1", leg_id=device, device=device if name else None, user_id=None, user_name=name, rang_at=rang,
        answered_at=answered, ended_at=ended, result=result, cause=None, talk_s=None, hold_s=None,
    )  # fmt: skip


def test_voices_hand_overs_and_marks_are_where_they_are_heard() -> None:
    """Anna talks 10 s, hands over without asking, the client waits 20 s, Boris talks 30 s."""
    blank = dict.fromkeys(CallRow.__dataclass_fields__)
    parts = {"notes": (), "answers": (), "variables": (), "conferences": (), "waits": (), "corrections": ()}
    call = CallRow(
        **{  # type: ignore[arg-type]
            **blank, **parts, "id": "c", "started_at": 100.0, "answered_at": 120.0, "ended_at": 180.0, "open": False,
            "legs": (
                leg("PJSIP/trunk", "", None, 105.0, 180.0),
                leg("PJSIP/101", "Anna", 110.0, 120.0, 130.0, "transferred"),
                leg("PJSIP/103", "Clara", 131.0, None, 140.0, "no-answer"),
                leg("PJSIP/102", "Boris", 140.0, 150.0, 180.0),
            ),
            "transfers": ({"kind": "blind", "by": "PJSIP/101-1", "to": []},),
            "marks": (MarkRow(id=1, user_id=1, user_name="Boris", at=160.0, text="цена"),),
        }
    )  # fmt: skip
    blank = dict.fromkeys(Recording.__dataclass_fields__)
    recording = Recording(
        **{**blank, "id": "r", "started_at": 106.0, "ended_at": 180.0, "duration_s": 40.0, "peaks": "A_" * 20}  # type: ignore[arg-type]
    )
    drawn = wave(call, recording)
    assert [(one.name, one.begins, one.ends, one.colour) for one in drawn.voices] == [
        ("Anna", 0.0, 10.0, 1),
        ("Boris", 10.0, 40.0, 2),
    ]
    assert [(one.at, one.kind, one.text) for one in drawn.points] == [
        (10.0, "transfer", "blind"),
        (20.0, "mark", "цена"),
    ]
    assert [colour for colour, _ in drawn.lines] == [1, 2]
    assert drawn.lines[0][1].count("M") == 10
