// What is looked at: one team, one queue; and words to find somebody by.
import { $ } from "../dom.js";

let team = "";
let queue = "";
let known; // what the board knows

const ofTeam = (row) => row?.team === team;
const teamWorksIn = (name) => [...known.agents.values()].some((row) => ofTeam(row) && row.places.some((one) => one.queue === name));

export const shownQueue = (name) => (!queue || name === queue) && (!team || teamWorksIn(name));
export const shownAgent = (row) => (!team || ofTeam(row)) && (!queue || row.places.some((one) => one.queue === queue));

/** A team's calls are those that its people are in, and those that wait where they work. */
export function shownCall(row) {
  if (queue && row.queue !== queue && !row.queues.includes(queue)) return false;
  if (!team) return true;
  const people = row.legs.filter((leg) => leg.user_id).map((leg) => known.agents.get(String(leg.user_id)));
  return people.some(ofTeam) || (!people.length && !!row.queue && teamWorksIn(row.queue));
}

export function startFilters(place, state, draw) {
  known = state;
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
