// The dock: the phone, who was missed, colleagues. It stands still; only its words change.
import { $, fill, mould, show } from "./dom.js";
import { ask } from "./api.js";
import { isAsked } from "./handed.js";
import { bareTalk, dial, hangUp, isBlind, startDialling, tones } from "./phone.js";
import * as store from "./store.js";
import { together } from "./strip.js";
import { callBack } from "./work.js";
import { duration, moment, t, tn, word } from "./texts.js";

export function startDock() {
  startDialling();
  $("#hang-up").addEventListener("click", () => hangUp());
  $("#tones").addEventListener("click", () => tones());
  store.on("calls", phone);
  document.addEventListener("trubka:line", phone);
  store.on("agents", colleagues);
  store.on("missed", missed);
  store.on("missed-call", readMissed);
  store.on("missed-pop", readMissed);
  store.on("snapshot", readMissed);
  store.on("state", ({ one }) => one.view.state === "ended" && readMissed());
  setInterval(timers, 1000);
  phone();
}

const BLIND = {
  server: () => t("Not known: no connection to the server"),
  pbx: () => t("Not known: no link to the PBX"),
};
const TITLES = {
  dialling: () => t("Calling…"),
  ringing: () => t("Incoming call"),
  talking: () => t("In a call"),
  held: () => t("On hold"),
};

const SPIES = {
  listen: () => t("You listen"),
  whisper: () => t("You whisper"),
  barge: () => t("You have joined the talk"),
};

/** What the phone does: a call, or a colleague's talk that is heard by it, as the server knows it. */
function shown(one) {
  const view = one?.view ?? bareTalk();
  const ear = store.spying();
  if (!ear || (view && !view.spies)) return view;
  return { ...view, state: "talking", name: ear.name, spies: ear.how || "listen", since: ear.since, desk: ear.kind !== "browser" };
}

function phone() {
  const one = store.liveCall();
  const box = $("#phone");
  const view = shown(one);
  const blind = isBlind(one) ? BLIND[store.blind()]() : "";
  box.dataset.state = view?.state ?? "idle";
  box.toggleAttribute("data-blind", !!blind);
  const colleague = one && isAsked(one) ? view.hand_over.by : ""; // it is he who talks, whoever it is about
  const named = together(one).join(", ") || colleague || one?.client?.name || view?.client_name || one?.pop?.colleague || soleMatch(one)?.name || view?.name || store.nameOf(view?.number);
  const number = view ? view.shown || view.number || t("Number hidden") : "";
  const title = view && (SPIES[view.spies] ?? TITLES[view.state])();
  fill(box, {
    title: blind || (view ? title + (view.queue ? ` · ${view.queue}` : "") : t("No call")),
    before: blind && view ? t("Before that: {state}", { state: TITLES[view.state]() }) : "",
    name: named || number,
    number: named && !together(one).length && !view.spies ? number : "",
  });
  const extension = view?.extension;
  fill(box, { tones: extension ? t("Send ext. {extension}", { extension }) : "" });
  show($("#tones"), !!extension && view.state === "talking");
  fill(box, { "hang-up": view?.state === "ringing" ? t("Decline") : t("Hang up") });
  show($("#hang-up"), !!view && !view.desk && !one?.id.startsWith("Click:"));
  const beside = $("#line-others").children.length; // those have rows of their own
  const more = store.allCalls().filter((c) => store.ALIVE.has(c.view?.state)).length - 1 - beside;
  fill(box, { others: more > 0 ? tn("and {n} more call", "and {n} more calls", more) : "" });
  show($('[data-f="others"]', box), more > 0);
  show($('[data-f="before"]', box), !!blind && !!view);
  own(blind ? null : view);
  timers();
}

function soleMatch(one) {
  return one?.pop?.matches.length === 1 && one.pop.kind !== "several" ? one.pop.matches[0].client : null;
}

function own(view) {
  const pill = $("#own");
  const kinds = { talking: "talk", ringing: "ring", dialling: "ring", held: "hold" };
  pill.className = `pill ${kinds[view?.state] ?? "idle"}`;
  fill(pill, { text: view ? (SPIES[view.spies] ?? TITLES[view.state])() : "" });
  show(pill, !!view);
}

function timers() {
  const one = store.liveCall();
  const view = isBlind(one) ? null : shown(one);
  const text = view ? duration(store.now() - (view.since || store.now())) : "";
  fill($("#phone"), { timer: text });
  fill($("#own"), { timer: text });
}

let reading = null;

/** The server's own list: a call answered later by anybody takes its entry away. A burst of news is one question. */
function readMissed() {
  clearTimeout(reading);
  reading = setTimeout(async () => {
    const state = await ask("GET", "/desk/state").catch(() => null);
    if (state) store.setMissed(state.missed);
    document.dispatchEvent(new CustomEvent("trubka:missed")); // the page of that name reads itself anew
  }, 700);
}

function missed() {
  const rows = store.missedCalls();
  $("#missed").replaceChildren(...rows.map(missedRow));
  $("#missed-count").textContent = rows.length;
  show($("#missed-count"), rows.length > 0);
  show($("#missed-none"), rows.length === 0);
}

function missedRow(row) {
  const li = mould("missed");
  const name = row.client_name || row.caller_name || row.shown || t("Number hidden");
  const tries = row.tries > 1 ? tn("{n} try", "{n} tries", row.tries) : "";
  const detail = [moment(row.at), tries, row.client_name || row.caller_name ? row.shown : "", row.queue, row.restricted ? t("do not call") : "", row.taken_by ? t("{name} is at it", { name: row.taken_by }) : ""].filter(Boolean);
  fill(li, { name, detail: detail.join(" · ") });
  const link = $("a", li);
  if (row.client_id) link.href = `/clients/${row.client_id}`;
  else link.href = `/calls/${encodeURIComponent(row.call)}`;
  link.addEventListener("click", (event) => follow(event, link));
  const button = $('[data-act="call"]', li);
  show(button, !!row.number && !row.restricted && !row.taken_by);
  button.setAttribute("aria-label", t("Call back {name}", { name }));
  button.addEventListener("click", () => callBack({ kind: "missed", id: row.call, number: row.number, client_id: row.client_id, name: row.client_name }));
  return li;
}

/** Cloned links are not htmx's: lead them into #main by a link that is. */
export function follow(event, link) {
  event.preventDefault();
  document.dispatchEvent(new CustomEvent("trubka:go", { detail: link.getAttribute("href") }));
}

function colleagues() {
  const own = Number(document.documentElement.dataset.me);
  const others = store.people().filter((one) => one.id !== own);
  $("#colleagues").replaceChildren(...others.map(colleague));
  show($("#colleagues-none"), others.length === 0);
}

function colleague(view) {
  const li = mould("colleague");
  const pill = $("button", li);
  pill.dataset.device = view.device;
  pill.dataset.chosen = view.ghost ? "ghost" : view.chosen;
  const state = [view.text || word("device", view.device), view.chosen_text].filter(Boolean).join(", ");
  const away = view.chosen === "not-ready" || view.chosen === "after-call";
  const detail = view.device === "idle" ? (away ? view.chosen_text : view.extension) : view.text || word("device", view.device);
  fill(li, { name: view.name, detail });
  pill.title = [view.name, view.extension, state].filter(Boolean).join(" · ");
  pill.setAttribute("aria-label", t("Call {name}", { name: `${view.name} ${detail}` }));
  if (view.extension) pill.dataset.dial = view.extension;
  return li;
}

