"""Why an SMS may not leave now: asked at the last moment, of all that is about to leave at once.

Here stands each reason there is, so that no way out goes past one of them: a client with whose data nothing may be
done; and what storage/spending.py knows: consents, quiet hours, limits and the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage import limits, restrictions, spending
from cti.storage.sms_queue import Waiting
from cti.storage.spending import Stop
from cti.telephony.numbering import NumberPlan, read


async def stopped(
    conn: AsyncConnection, some: Sequence[Waiting], plan: NumberPlan, now: float, house: ZoneInfo
) -> dict[int, Stop]:
    """Which of these messages may not leave, by their ids.

    Asked just before they are claimed, with the prices that they will have; `spending.goes` is told of it then.
    """
    found: dict[int, Stop] = {}
    barred = await restrictions.restricted(conn, (one.client_id for one in some))
    numbers = await restrictions.numbers(conn, (one.number for one in some if one.campaign_id is not None))
    for one in some:
        asked = one.campaign_id is None or one.client_id in barred or one.number in numbers
        if asked and await restrictions.restriction(conn, read(one.number, plan), plan, client_id=one.client_id):
            found[one.id] = Stop("restricted")
    given, _ = await limits.read(conn)
    left = [one for one in some if one.id not in found]
    return found | await spending.stopped(conn, left, given, now, house)
