// A live board: rows as the server tells them, each part with the age of what it shows. Nothing old looks live: after
// STALE_S a tile is grey, and with its PBX away it is hatched, whatever its figures say.
import { $, $$, fill, show } from "../dom.js";
import { duration, t } from "../texts.js";
import { startAgents } from "./agents.js";
import { startCalls } from "./calls.js";
import { startQueues } from "./queues.js";
import { state } from "./state.js";

const STALE_S = 5;
const TICK_MS = 500;

/** A board in `place`. look: is given who hears the news, gives the way to stop. heard, turn: told after each news, and at
 *  each tick. Gives the way to draw all anew. */
export function showBoard(place, look, { heard, turn }) {
  const parts = [startQueues(place, state), startAgents(place, state), startCalls(place, state)];
  const stop = look((news) => {
    const other = hear(news);
    heard?.();
    for (const part of parts) part.draw(other ? undefined : news);
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
  return () => parts.forEach((part) => part.draw());
}

/** Whether what figures lead to is another time than before. */
function hear(news) {
  for (const part of ["queues", "agents", "calls"]) {
    if (news.whole) state[part].clear();
    for (const [key, row] of Object.entries(news[part] ?? {})) {
      if (row) state[part].set(key, row);
      else state[part].delete(key);
    }
  }
  const other = news.lately !== state.lately || news.day[0] !== state.day[0];
  Object.assign(state, { pbxes: news.pbxes, at: news.at, figuresAt: news.figures_at, day: news.day, lately: news.lately, heardAt: performance.now() });
  return other;
}

/** The server's clock as of now. */
const now = () => state.at + (performance.now() - state.heardAt) / 1000;

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
  const live = (one) => !one.closest('[data-age="stale"], [data-age="lost"]'); // how long it lasts, nobody knows else
  const say = (one, text) => one.textContent !== text && (one.textContent = text);
  for (const one of $$("[data-since]", place)) if (live(one)) say(one, duration(at - Number(one.dataset.since)));
  for (const one of $$("[data-budget]", place)) {
    if (!live(one)) continue;
    const left = Number(one.dataset.budget) - (at - Number(one.dataset.from));
    one.classList.toggle("over", left < 0);
    const all = Math.round(Number(one.dataset.budget) / 60);
    say(one, left < 0 ? t("over the budget by {time}", { time: duration(-left) }) : t("{time} left of {n} min", { time: duration(left), n: all }));
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
  const text = isLost ? t("PBX lost") : !Number.isFinite(age) ? "…" : t("{n} s", { n: Math.max(0, Math.floor(age)) });
  if (place.textContent !== text) place.textContent = text;
}

/** The figures above everything. */
function sums() {
  const agents = [...state.agents.values()];
  const waiting = [...state.queues.values()].flatMap((queue) => queue.waiting);
  const count = (word) => agents.filter((one) => one.standing === word).length;
  return { waiting: waiting.length, ready: count("ready"), talking: count("talking"), paused: count("paused") };
}
