// Queues: who waits and for how long, how the people stand, what became of the day's callers.
import { $, fill } from "../dom.js";
import { t } from "../texts.js";
import { shownQueue } from "./filters.js";
import { lead } from "./leads.js";
import { changedIn, keep, since, who } from "./rows.js";

const STANDINGS = ["ready", "ringing", "talking", "after-call", "paused", "away"];
const MOST = 8; // of those who wait, on one tile
const HOT = 60; // seconds: who waits longer is red

export function startQueues(place, state) {
  const list = $("#board-queues", place);
  const draw = (news) => {
    const changed = changedIn(news, "queues");
    if (changed && !changed.size) return;
    const rows = [...state.queues].filter(([name]) => shownQueue(name)).sort(([a], [b]) => a.localeCompare(b));
    keep(list, "board-queue", rows, paint, changed);
    $("#board-no-queues", place).hidden = rows.length > 0;
  };
  return { draw };
}

const percent = (level) => (level === null ? "—" : `${level}%`);

function paint(tile, row) {
  tile.dataset.pbxes = row.pbxes.join(" ");
  const { today } = row;
  fill(tile, {
    name: row.name, waiting: row.waiting.length, level: percent(row.now.level), "level-today": percent(today.level), answered: today.answered,
    abandoned: today.abandoned, others: today.others, missed: row.missed, "in-time": today.in_time,
    "level-said": t("Level: answered within {t} s; who hung up within {s} s does not count", { t: row.within_s, s: row.short_s }),
  });
  lead(tile, { queue: row.name });
  for (const name of STANDINGS) fill(tile, { [name]: row.people[name] ?? 0 });
  since($('[data-f="longest"]', tile), row.waiting[0]?.since);
  tile.classList.toggle("busy", row.waiting.length > 0);
  keep($("ol", tile), "board-waiting", row.waiting.slice(0, MOST).map((one) => [one.who.call, one]), (item, one) => {
    fill(item, { position: one.position });
    who($(".who", item), one.who);
    since($("time", item), one.since);
    item.dataset.hot = HOT;
  });
  fill(tile, { more: row.waiting.length > MOST ? t("and {n} more", { n: row.waiting.length - MOST }) : "" });
}
