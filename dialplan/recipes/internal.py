"""Colleagues call each other: one extension per device, with a hint so that its state can be watched."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.model import Context, Expr, Extension, Step, word

RING_S = 30


def ring(device: str, *, ring_s: int = RING_S) -> tuple[Step, ...]:
    """Ring one PJSIP endpoint, then clear with the reason the phone gave. t, k: the called may transfer and park."""
    return (
        Step(app="Dial", args=(f"PJSIP/{word(device, 'device')}", str(ring_s), "tk")),
        Step(app="Hangup", args=(Expr("${HANGUPCAUSE}"),)),
    )


def internal(context: str, devices: Mapping[str, tuple[str, ...]]) -> Context:
    """devices: extension -> endpoints that are the same person's; the first is the one that rings.

    600 answers and plays back what it hears: the first thing to dial when a phone is silent.
    """
    people = tuple(
        Extension(number=number, steps=ring(endpoints[0]), hint=tuple(f"PJSIP/{word(e, 'device')}" for e in endpoints))
        for number, endpoints in devices.items()
    )
    echo = Extension(
        number="600",
        title="echo test",
        steps=(Step(app="Answer"), Step(app="Echo"), Step(app="Hangup")),
    )
    return Context(name=context, title="colleagues, echo test", extensions=(*people, echo))
