"""The reaction table: order, and one failure or delay that stops nothing."""

from __future__ import annotations

import asyncio

from cti.dispatch import Dispatch
from cti.telephony.events import DeviceChanged, TelephonyEvent

EVENT = DeviceChanged(device="PJSIP/101", status="idle")


async def test_reactions_run_in_table_order_and_a_failing_one_stops_nothing() -> None:
    told: list[str] = []

    async def first(_event: TelephonyEvent, _at: float) -> None:
        told.append("first")
        raise ValueError("broken")

    async def second(_event: TelephonyEvent, _at: float) -> None:
        told.append("second")

    dispatch = Dispatch({DeviceChanged: (first, second)})
    await dispatch(EVENT, 0.0)
    assert told == ["first", "second"]
    assert dispatch.failures == 1


async def test_a_reaction_that_hangs_is_cut_and_the_next_runs() -> None:
    told: list[str] = []

    async def hangs(_event: TelephonyEvent, _at: float) -> None:
        await asyncio.Event().wait()

    async def runs(_event: TelephonyEvent, _at: float) -> None:
        told.append("ran")

    dispatch = Dispatch({DeviceChanged: (hangs, runs)}, limit_s=0.05)
    await dispatch(EVENT, 0.0)
    assert told == ["ran"]
