// What is looked at: one team, one queue; and words to find somebody by.
import { $ } from "../dom.js";

let team = "";
let queue = "";

export const shownQueue = (name) => !queue || name === queue;
export const shownAgent = (row) => (!team || row.team === team) && (!queue || row.places.some((one) => one.queue === queue));
export const shownCall = (row) => !queue || row.queue === queue || row.queues.includes(queue);

export function startFilters(place, state, draw) {
  const teams = $("#board-team", place);
  const queues = $("#board-queue", place);
  const offer = () => {
    options(teams, [...new Set([...state.agents.values()].map((one) => one.team).filter(Boolean))]);
    options(queues, [...state.queues.keys()]);
  };
  const choose = () => {
    [team, queue] = [teams.value, queues.value];
    draw();
  };
  teams.addEventListener("change", choose);
  queues.addEventListener("change", choose);
  /** Chosen before: offered at once, also while nobody of it is there. */
  const set = (chosen) => {
    for (const [select, name] of [[teams, chosen.team], [queues, chosen.queue]]) {
      if (name && ![...select.options].some((one) => one.value === name)) select.add(new Option(name, name));
      select.value = name;
    }
    choose();
  };
  [team, queue] = ["", ""];
  return { offer, set };
}

function options(select, names) {
  if (select.value && !names.includes(select.value)) names.push(select.value);
  const sorted = names.sort((a, b) => a.localeCompare(b));
  const have = [...select.options].slice(1).map((one) => one.value);
  if (have.join("\n") === sorted.join("\n")) return;
  const chosen = select.value;
  select.length = 1;
  for (const name of sorted) select.add(new Option(name, name));
  select.value = sorted.includes(chosen) ? chosen : "";
}
