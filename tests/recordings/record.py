"""Makes the recordings anew: real phones call through the lab's Asterisk while its manager's words are written down.

    lab/record                                all scenarios on Asterisk 22
    lab/record blind hold --asterisk 16            some of them, on the old one

Each becomes ASTERISK/SCENARIO.json beside this file: a JSON array of header objects, one a line, heard with the
server's own account and its event filter. What must come of each stands in `expected.json`, written by hand from what
the scenario does, never from what the tracker said. One cannot be made at will: `click_gone_at_once`, a `click` whose
client was gone in the instant between his answer and the bridge.
"""

from __future__ import annotations

import argparse
import inspect
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from lab.pbx import Pbx
from lab.settings import NEW, OLD
from tests.recordings import plan
from tests.recordings.recorder import Recorder
from tests.recordings.scenarios import calls, chains, clicks, features, groups, queues, transfers, waiting

HERE = Path(__file__).parent
Scenario = Callable[[Pbx, Recorder], None]


def scenarios() -> Mapping[str, Scenario]:
    """All scenarios by name."""
    return {
        name: function
        for module in (calls, queues, waiting, clicks, transfers, groups, features, chains)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def record(pbx: Pbx, scenario: Scenario) -> list[dict[str, str]]:
    """Play a scenario; what the manager said meanwhile."""
    ami = Recorder(pbx)
    try:
        scenario(pbx, ami)
    finally:
        heard = ami.stop()
        pbx.hang_up_all()
    return heard


def main() -> None:
    """Record the named scenarios, or all."""
    known = scenarios()
    parser = argparse.ArgumentParser(prog="lab record", description="Record real calls as the tests read them.")
    parser.add_argument("scenario", nargs="*", help=f"one of {', '.join(sorted(known))}")
    parser.add_argument("--asterisk", type=int, choices=(NEW, OLD), default=NEW)
    chosen = parser.parse_args()
    strange = set(chosen.scenario) - set(known)
    if strange:
        parser.error(f"no such scenario: {', '.join(sorted(strange))}")
    with tempfile.TemporaryDirectory() as folder, Pbx(Path(folder), version=chosen.asterisk) as pbx:
        pbx.add_members()
        plan.add(pbx)
        for name in chosen.scenario or known:
            heard = record(pbx, known[name])
            lines = ",\n".join(json.dumps(headers, ensure_ascii=False) for headers in heard)
            (HERE / str(chosen.asterisk) / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
            print(f"{name}: {len(heard)} messages", flush=True)


if __name__ == "__main__":
    main()
