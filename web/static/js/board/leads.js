// Where the figures of a board lead: to exactly the calls and times that they count.
import { $$ } from "../dom.js";
import { wall } from "../texts.js";
import { state } from "./state.js";

const LISTS = { calls: "/reports/agents/calls", lines: "/reports/agents/lines", day: "/reports/queues/calls", now: "/reports/queues/calls" };

/** Let the figures of a row lead to its calls. of: queue, or user. */
export function lead(row, of) {
  for (const link of $$("[data-report]", row)) {
    const [list, what] = link.dataset.report.split(":");
    const [begins, ends] = [list === "now" ? state.lately : state.day[0], state.day[1]].map(String);
    const asked = list === "missed" ? { since: wall(state.day[0]).slice(0, 10), ...of } : { what, since: begins, until: ends, ...of };
    link.href = `${LISTS[list] ?? "/missed"}?${new URLSearchParams(asked)}`;
  }
}
