"""Twenty thousand actions without an answer, in a process of their own, whose memory nobody else uses."""

from __future__ import annotations

import asyncio
import gc
import json

from cti.telephony import commands as c
from tests.channels.fake_ami import FakeAmi
from tests.channels.links import linked, resident_kib

TIMEOUTS, AT_ONCE = 20_000, 500


async def main() -> None:
    """Three times over, as one JSON line: KiB grown by each, actions still waited for, state of the link."""
    grown = []
    async with FakeAmi() as pbx, linked(pbx) as link:
        pbx.answers["CoreSettings"] = lambda _action: None
        pbx.records = False
        for _ in range(3):
            before = resident_kib()
            for _ in range(TIMEOUTS // AT_ONCE):
                asked = [link.ask(c.CoreSettings(), timeout_s=0.001) for _ in range(AT_ONCE)]
                await asyncio.gather(*asked, return_exceptions=True)
            gc.collect()
            grown.append(resident_kib() - before)
        told = {"grown_kib": grown, "pending": link.pending, "state": link.health().state}
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main())
