// What is behind the figures of a board: calls and times in the reports, people and callers in a dialog.
import { $, fill, mould } from "../dom.js";
import { go } from "../sections.js";
import { t } from "../texts.js";
import { standing } from "./agents.js";
import { since, who } from "./rows.js";
import { state } from "./state.js";

export function startBehind(place) {
  const dialog = $("#board-people", place);
  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-people]");
    if (button) return open(dialog, button.dataset.people, button.closest("[data-key]")?.dataset.key);
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || link.target) return;
    event.preventDefault();
    if (document.fullscreenElement) document.exitFullscreen();
    go(link.getAttribute("href"));
  });
}

/** People who stand so, or callers who wait; of one queue, or of all. */
function open(dialog, what, queue) {
  const list = $("#board-people-who", dialog);
  const rows = what === "waiting" ? callers(queue) : people(what, queue);
  list.replaceChildren(...rows);
  const title = what === "waiting" ? t("Waiting") : standing(what);
  fill(dialog, { title: queue ? `${queue}: ${title}` : title, none: rows.length ? "" : t("Nobody now.") });
  dialog.showModal();
}

function callers(queue) {
  const queues = queue ? [state.queues.get(queue)] : [...state.queues.values()];
  return queues.filter(Boolean).flatMap((row) => row.waiting.map((one) => {
    const item = fill(mould("board-person"), { place: one.position, queue: queue ? "" : row.name });
    who($(".who", item), one.who);
    since($("time", item), one.since);
    return item;
  }));
}

function people(what, queue) {
  const stands = (row) => {
    const there = row.places.find((one) => one.queue === queue && one.there);
    if (!queue) return row.standing === what;
    return !!there && (there.paused && ["ready", "away"].includes(row.standing) ? "paused" : row.standing) === what;
  };
  const found = [...state.agents.values()].filter(stands).sort((a, b) => a.since - b.since);
  const items = found.map((row) => {
    const item = fill(mould("board-person"), { plain: row.name, number: row.extension, queue: row.chosen_text });
    since($("time", item), row.since);
    return item;
  });
  const strangers = queue ? (state.queues.get(queue)?.people[what] ?? 0) - found.length : 0;
  for (let n = 0; n < strangers; n += 1) items.push(fill(mould("board-person"), { plain: t("A phone that is nobody's here") }));
  return items;
}
