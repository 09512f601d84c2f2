"""After a soak: what the server knows is what was done, and a call comes to the desk as on the first day."""

from __future__ import annotations

import re
from collections import Counter

from tests.bench import report
from tests.e2e.server import until
from tests.soak.town import Town

HEALED_S = 180.0


async def is_true(one: Town) -> None:
    """What the server knows is what was done."""
    left = "SELECT id FROM calls WHERE outcome IS NULL"  # an end that nobody saw has an outcome, and no time
    await until(lambda: one.rows(left) == [], within_s=HEALED_S, why="no call is left open")
    counted = "SELECT subject, count(*) FROM letters WHERE subject LIKE 'Письмо %' GROUP BY subject"
    letters = {(subject, 1) for subject in one.truth.letters}
    await until(lambda: set(one.rows(counted)) == letters, within_s=HEALED_S, why="each letter came, and once")
    came = Counter(text for (text,) in one.rows("SELECT text FROM sms WHERE direction = 'in'"))
    assert {text: came[text] for text in one.truth.sms} == dict.fromkeys(one.truth.sms, 1)
    notes = dict(one.rows("SELECT call_id, text FROM call_notes"))
    assert {call: notes.get(call) for call in one.truth.notes} == one.truth.notes
    found: dict[str, list[bool]] = {}
    for number, answered in one.rows("SELECT number, answered_at IS NOT NULL FROM calls"):
        found.setdefault(number, []).append(bool(answered))
    clear = [made for made in one.truth.calls if made.clear]
    for made in one.truth.calls:
        assert len(found.get(made.number, ())) <= 1, (made, found[made.number])
        if made.clear:
            assert found.get(made.number) == [made.answered], made
    pops = [pop["call"]["id"] for pop in one.clara.all("screen_pop")]
    assert len(pops) == len(set(pops)), "a card came twice"
    assert clear
    report(
        "calls", len(one.truth.calls), "", limit=f"{len(clear)} without a fault beside them, all exactly as they were"
    )
    report("notes, letters, SMS", len(one.truth.notes) + len(one.truth.letters) + len(one.truth.sms), "all there once")


async def works(one: Town) -> None:
    """After all that a call comes to the desk as on the first day, and nothing was given up."""
    await one.back()
    seen = max((pop["seq"] for pop in one.clara.all("screen_pop")), default=0)
    client = await one.street.call("74950000002", caller="79355550419")
    pop = await one.clara.pop("+79355550419", after=seen)
    await one.clara.call_is("talking", pop["call"]["id"])
    await one.street.do(client.hang_up)
    await one.clara.call_is("ended", pop["call"]["id"])
    await one.back()
    told = await one.clara.text("/metrics")
    for name in ("spool_refused", "spool_parked"):
        assert re.search(rf"(?m)^trubka_{name} 0\.0$", told), name
