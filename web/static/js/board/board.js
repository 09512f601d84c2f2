// The live board: rows as the server tells them, each part with the age of what it shows. Nothing old looks live: after
// STALE_S a tile is grey, and with its PBX away it is hatched, whatever its figures say.
import { $, $$, fill, show } from "../dom.js";
import { lookAtBoard } from "../live.js";
import { duration, t } from "../texts.js";
import { startActions } from "./actions.js";
import { startAgents } from "./agents.js";
import { startCalls } from "./calls.js";
import { startFilters } from "./filters.js";
import { startLayout } from "./layout.js";
import { startQueues } from "./queues.js";

const STALE_S = 5;
const TICK_MS = 500;

/** What the board knows. heardAt: when (performance.now) the server last spoke; at: its clock then. */
export const state = { queues: new Map(), agents: new Map(), calls: new Map(), pbxes: [], at: 0, figuresAt: 0, heardAt: -Infinity };

export function startBoard(place) {
  const parts = [startQueues(place, state), startAgents(place, state), startCalls(place, state)];
  startActions(place, state);
  const filters = startFilters(place, state, () => parts.forEach((part) => part.draw()));
  const turn = startLayout(place, filters);
  const stop = lookAtBoard((news) => {
    hear(news);
    filters.offer();
    for (const part of parts) part.draw(news);
    fill($(".sums", place), sums());
    show($("#board-wait", place), false);
    tick(place);
  });
  const timer = setInterval(() => {
    if (place.isConnected) {
      turn();
      return tick(place);
    }
    clearInterval(timer);
    stop();
  }, TICK_MS);
}

function hear(news) {
  for (const part of ["queues", "agents", "calls"]) {
    if (news.whole) state[part].clear();
    for (const [key, row] of Object.entries(news[part] ?? {})) {
      if (row) state[part].set(key, row);
      else state[part].delete(key);
    }
  }
  Object.assign(state, { pbxes: news.pbxes, at: news.at, figuresAt: news.figures_at, heardAt: performance.now() });
}

/** The server's clock as of now. */
export const now = () => state.at + (performance.now() - state.heardAt) / 1000;

/** Seconds since all that these PBXes say was so; "" for a row of none: of all of them. */
function ageOf(names) {
  const heard = state.pbxes.filter((one) => !names.length || names.includes(one.name)).map((one) => one.heard_at);
  return now() - Math.min(state.at, ...heard);
}

const lost = (names) => state.pbxes.some((one) => one.state !== "up" && (!names.length || names.includes(one.name)));

function tick(place) {
  const at = now();
  const figuresAge = state.figuresAt ? at - state.figuresAt : NaN; // not counted yet since the server began
  for (const tile of $$("[data-pbxes]", place)) {
    const names = tile.dataset.pbxes ? tile.dataset.pbxes.split(" ") : [];
    mark(tile, tile.dataset.figures ? figuresAge : ageOf(names), !tile.dataset.figures && lost(names));
  }
  place.dataset.figures = figuresAge > STALE_S ? "stale" : "live";
  for (const one of $$("[data-since]", place)) {
    if (one.closest('[data-age="stale"], [data-age="lost"]')) continue; // how long it lasts, nobody knows now
    const text = duration(at - Number(one.dataset.since));
    if (one.textContent !== text) one.textContent = text;
  }
  const away = state.pbxes.filter((one) => one.state !== "up").map((one) => one.name);
  const said = !state.pbxes.length ? t("No PBX is set up: an admin names one in the settings.") : away.length ? t("No link to the PBX ({names}): what is hatched is how it last was, not how it is.", { names: away.join(", ") }) : "";
  fill($("#board-lost", place), { text: said });
  show($("#board-lost", place), !!said && state.at > 0);
}

/** How old a tile is, said and shown. */
function mark(tile, age, isLost) {
  const word = isLost ? "lost" : age > STALE_S ? "stale" : "live";
  if (tile.dataset.age !== word) tile.dataset.age = word;
  const place = $(".age", tile);
  if (!place) return;
  const text = isLost ? t("PBX lost") : Number.isNaN(age) ? "…" : t("{n} s", { n: Math.max(0, Math.floor(age)) });
  if (place.textContent !== text) place.textContent = text;
}

/** The figures above everything. */
function sums() {
  const agents = [...state.agents.values()];
  const waiting = [...state.queues.values()].flatMap((queue) => queue.waiting);
  const count = (word) => agents.filter((one) => one.standing === word).length;
  return { waiting: waiting.length, ready: count("ready"), talking: count("talking"), paused: count("paused") };
}
