// The recording of the conversation is paused while card data are said: by the button, or while a field marked so is
// written into. After two minutes it goes on by itself.
import { $, onPage, show } from "./dom.js";
import { api } from "./api.js";
import * as store from "./store.js";
import { duration, t } from "./texts.js";
import { toast } from "./toasts.js";

const TALKS = new Set(["talking", "held"]);
const path = (one) => `/calls/${encodeURIComponent(one.id)}/recording`;
let shown = null;

/** current: gives the call whose card the desk shows. */
export function startRecordingPause(current) {
  onPage("#desk", () => $("#recorded").addEventListener("click", () => current() && turn(current())));
  setInterval(() => shown?.recorded?.paused_at && draw(shown), 1000);
  store.on("moved", ({ to }) => (to.recorded = undefined));
  const secret = (event) => event.target.closest?.("[data-sensitive]");
  document.addEventListener("focusin", (event) => secret(event) && current() && field(current(), true));
  document.addEventListener("focusout", (event) => secret(event) && !event.relatedTarget?.closest?.("[data-sensitive]") && current()?.byField && field(current(), false));
}

export function showRecording(one) {
  shown = one;
  const talks = TALKS.has(one.view.state);
  if (talks && one.recorded === undefined) read(one);
  if (!talks) one.recorded = undefined;
  draw(one);
}

async function read(one) {
  one.recorded = one.recorded ?? null;
  one.recorded = await api("GET", path(one)).catch(() => null);
  draw(one);
}

async function put(one, body) {
  try {
    one.recorded = await api("PUT", path(one), body);
  } catch (refusal) {
    toast(refusal.message);
  }
  draw(one);
}

const turn = (one) => put(one, { paused: !one.recorded?.paused_at, why: "agent" });

async function field(one, on) {
  if (on && !one.recorded?.running) one.recorded = await api("GET", path(one)).catch(() => null);
  if (on && (!one.recorded?.running || one.recorded.paused_at)) return; // paused by hand: it stays so
  one.byField = on;
  await put(one, { paused: on, why: "field" });
}

function draw(one) {
  const button = $("#recorded");
  if (!button || shown !== one) return;
  const { running, paused_at: paused, until } = one.recorded ?? {};
  show(button, !!running);
  const left = paused ? until - Date.now() / 1000 : 0;
  if (paused && left < -1 && !one.asks) {
    one.asks = true;
    read(one).finally(() => (one.asks = false));
  }
  button.setAttribute("aria-pressed", !!paused);
  button.classList.toggle("stop", !!paused);
  const text = paused ? t("Recording paused, {time}: go on", { time: duration(Math.max(left, 0)) }) : t("Pause the recording");
  const place = $("span", button);
  if (place.textContent !== text) place.textContent = text;
}
