"""A sound is spoken into a telephone: the server alone sends people here, with a number that the take is called by.

The context is never included anywhere. What was recorded lies in the folder `trubka-takes` of the PBX's sounds, from
where the server fetches it; the name is the digits that were dialled, so nobody can say a path.
"""

from __future__ import annotations

from dialplan.model import Context, Expr, Extension, Step

CONTEXT, FOLDER = "trubka-takes", "trubka-takes"
DIGITS = 12
SILENCE_S, LONGEST_S = 5, 300


def takes() -> Context:
    """k: what was said stays when he hangs up; a key # or silence ends it too."""
    steps = (
        Step(app="Answer"),
        Step(app="Wait", args=("1",)),
        Step(app="Record", args=(Expr(f"{FOLDER}/${{EXTEN}}.wav"), str(SILENCE_S), str(LONGEST_S), "k")),
        Step(app="Playback", args=("beep",)),
        Step(app="Hangup"),
    )
    one = Extension(number=f"_{'X' * DIGITS}", title="a take", steps=steps)
    return Context(name=CONTEXT, title="sounds are recorded here, reached by the server alone", extensions=(one,))
