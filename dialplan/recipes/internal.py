"""Colleagues call each other: one extension per person, at whichever of his phones he chose to be rung.

The server writes the choice into the global variable TRUBKA_RING_<extension>; as long as it has not (no server, a PBX
just started) all of a person's phones ring.
"""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.model import Context, Expr, Extension, Step, word

RING_S = 30
CHOICE = "TRUBKA_RING_"


def where(number: str, endpoints: tuple[str, ...]) -> Expr:
    """What Dial is given for a person: the phones he chose to be rung at, else all."""
    every = "&".join(f"PJSIP/{word(endpoint, 'device')}" for endpoint in endpoints)
    chosen = f"${{{CHOICE}{word(number, 'number')}}}"
    return Expr(f'${{IF($["{chosen}"=""]?{every}:{chosen})}}')


def ring(number: str, endpoints: tuple[str, ...], *, ring_s: int = RING_S) -> tuple[Step, ...]:
    """Ring a person's PJSIP endpoints, clear with the phone's reason. t, k: the called may transfer and park."""
    return (
        Step(app="Dial", args=(where(number, endpoints), str(ring_s), "tk")),
        Step(app="Hangup", args=(Expr("${HANGUPCAUSE}"),)),
    )


def internal(context: str, devices: Mapping[str, tuple[str, ...]]) -> Context:
    """devices: extension -> endpoints that are the same person's.

    600 answers and plays back what it hears: the first thing to dial when a phone is silent.
    """
    people = tuple(
        Extension(
            number=number, steps=ring(number, endpoints), hint=tuple(f"PJSIP/{word(e, 'device')}" for e in endpoints)
        )
        for number, endpoints in devices.items()
    )
    echo = Extension(
        number="600",
        title="echo test",
        steps=(Step(app="Answer"), Step(app="Echo"), Step(app="Hangup")),
    )
    return Context(name=context, title="colleagues, echo test", extensions=(*people, echo))
