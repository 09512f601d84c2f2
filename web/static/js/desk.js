// The desk: which call is on it, its card, its note. The ring bar is in the shell, so a ring is seen on every page.
import { api, clock, clone, serverNow, t } from "./base.js";
import { showCall } from "./phone.js";

const calls = new Map(); // call id -> {pop, view}
let current = null; // id of the call on the desk
let noteTimer = null;
const ringbar = document.getElementById("ringbar");
const missedList = document.getElementById("missed");
const missed = new Map();
const title = document.title;

const onDesk = () => document.getElementById("card") !== null;
const entry = (id) => { if (!calls.has(id)) calls.set(id, { pop: null, view: null }); return calls.get(id); };

export function who(call) {
  const { pop, view } = call;
  if (pop?.kind === "colleague") return pop.colleague || pop.call.shown;
  if (pop?.kind === "client") return pop.matches[0].client.name;
  if (view?.client_name) return view.client_name;
  return pop?.call.shown || view?.shown || pop?.call.name || t("Number hidden");
}

export function onPop(pop) {
  if (pop.missed) { addMissed(pop.call.id, who({ pop }), pop.call.number, pop.call.started); return; }
  const call = entry(pop.call.id);
  call.pop = pop;
  if (!busy()) open(pop.call.id);
  paint();
  if (document.hidden && "Notification" in window && Notification.permission === "granted") {
    new Notification(t("A call rings: {who}", { who: who(call) }), { tag: pop.call.id, requireInteraction: false });
  }
}

export function onCall(view) {
  const call = entry(view.id);
  call.view = view;
  if (view.state === "talking" || view.state === "dialling") open(view.id);
  if (view.state === "missed") addMissed(view.id, who(call), view.number, view.since);
  if (["ended", "missed", "taken"].includes(view.state)) setTimeout(() => { if (current !== view.id) calls.delete(view.id); paint(); }, 2500);
  paint();
}

export function replaceCalls(views) {
  const open_ = new Set(views.map((view) => view.id));
  for (const [id, call] of calls) if (!open_.has(id) && id !== current) calls.delete(id); else if (!open_.has(id)) call.view = call.view && { ...call.view, state: "ended" };
  for (const view of views) { entry(view.id).view = view; if (view.state === "talking") open(view.id); }
  paint();
}

function busy() {
  const view = calls.get(current)?.view;
  return view && ["talking", "held", "dialling"].includes(view.state);
}

export function open(id) {
  if (current === id) return;
  flushNote();
  current = id;
  fillCard();
}

export function openRinging() {
  const ringing = [...calls.entries()].find(([, call]) => state(call) === "ringing");
  if (!ringing) return false;
  if (!onDesk()) window.htmx.ajax("GET", "/", { target: "#main" }).then(() => open(ringing[0]));
  else open(ringing[0]);
  return true;
}

const state = (call) => call.view?.state ?? (call.pop ? "ringing" : "ended");

function paint() {
  const now = [...calls.entries()].filter(([, call]) => ["ringing", "taken"].includes(state(call)));
  const [id, call] = now.find(([, one]) => state(one) === "ringing") ?? now[0] ?? [null, null];
  if (call) paintRing(id, call);
  else { ringbar.hidden = true; ringbar.replaceChildren(); }
  const rings = now.filter(([, one]) => state(one) === "ringing").length;
  document.title = rings ? `(${rings}) ☎ ${who(call)}` : title;
  document.getElementById("favicon").href = rings ? "/static/icon-ring.svg" : "/static/icon.svg";
  showCall(calls.get(current), current);
  if (onDesk()) paintFacts();
}

function paintRing(id, call) {
  const { pop, view } = call;
  const taken = state(call) === "taken";
  const { root, at } = clone("t-ring");
  at("state").textContent = taken ? (view.by ? t("Taken by {name}", { name: view.by }) : t("Taken by somebody else")) : t(pop?.kind === "colleague" ? "Internal call" : "Incoming call");
  at("state").className = `pill ${taken ? "idle" : "ring"}`;
  at("who").textContent = who(call);
  const parts = [];
  if (pop?.kind === "client") parts.push(pop.matches[0].why);
  if (pop?.kind === "several") parts.push(t("Several clients: pick who is calling"));
  if (pop?.kind === "unknown") parts.push(t("Not found among clients"));
  if (pop?.kind === "hidden") parts.push(t("The number is hidden: nobody is looked up."));
  if (view?.queue ?? pop?.call.queue) parts.push(t("queue {queue}", { queue: view?.queue ?? pop.call.queue }));
  const names = view?.ringing?.length ? view.ringing : (pop?.ringing ?? []);
  if (names.length > 1 && !taken) parts.push(t("rings at {names}", { names: names.join(", ") }));
  at("why").textContent = parts.join(" · ");
  at("open").hidden = taken;
  at("open").addEventListener("click", openRinging);
  ringbar.classList.toggle("taken", taken);
  ringbar.dataset.call = id;
  ringbar.replaceChildren(root);
  ringbar.hidden = false;
}

function addMissed(id, name, number, at) {
  missed.set(id, { name, number, at });
  const rows = [...missed.values()].reverse().slice(0, 20).map((one) => {
    const { root, at: place } = clone("t-missed");
    place("who").textContent = one.name;
    place("when").textContent = clock(one.at);
    const dial = place("dial");
    if (one.number) dial.dataset.dial = one.number; else dial.remove();
    return root;
  });
  missedList.replaceChildren(...rows);
}

// The card ------------------------------------------------------------------------------------------------------------
function fillCard() {
  const call = calls.get(current);
  if (!onDesk() || !call) return;
  const box = document.getElementById("card");
  box.dataset.call = current;
  const client = call.view?.client_id || (call.pop?.kind === "client" ? call.pop.matches[0].client.id : null);
  if (client) window.htmx.ajax("GET", `/desk/card/${client}`, { target: "#card" });
  else if (call.pop?.kind === "several") box.replaceChildren(picks(call));
  else if (call.pop?.kind === "unknown" || (call.view && !call.pop && call.view.number?.startsWith("+"))) box.replaceChildren(newClient(call));
  else box.replaceChildren(plain(who(call), call.pop?.kind === "hidden" ? t("The number is hidden: nobody is looked up.") : call.pop?.kind === "colleague" ? t("A colleague calls.") : ""));
  const note = document.getElementById("note");
  note.value = call.note ?? "";
  document.getElementById("note-state").textContent = t("saved while you type");
  document.getElementById("notebox").hidden = false;
  paintFacts();
}

function paintFacts() {
  const call = calls.get(current);
  const side = document.getElementById("why");
  if (!call) { side.hidden = true; return; }
  side.hidden = false;
  document.getElementById("why-text").textContent = call.pop?.matches.length ? call.pop.matches[0].why : call.pop?.kind === "unknown" ? t("Not found among clients") : "";
  const facts = [[t("Number"), call.pop?.call.shown ?? call.view?.shown], [t("Queue"), call.pop?.call.queue ?? call.view?.queue], [t("Came to"), call.pop?.call.called]];
  const rows = facts.filter(([, value]) => value).flatMap(([name, value]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name; dd.textContent = value;
    return [dt, dd];
  });
  document.getElementById("call-facts").replaceChildren(...rows);
}

function picks(call) {
  const box = document.createElement("div");
  box.className = "picklist";
  const head = document.createElement("h2");
  head.textContent = t("Several clients: pick who is calling");
  box.append(head);
  const id = current;
  for (const one of call.pop.matches) {
    const button = document.createElement("button");
    button.type = "button";
    const name = document.createElement("strong"), why = document.createElement("small");
    name.textContent = one.client.name; why.textContent = one.why;
    button.append(name, why);
    button.addEventListener("click", async () => {
      try { await api("PUT", `/calls/${encodeURIComponent(id)}/client`, { client_id: one.client.id }); } catch (error) { why.textContent = error.message; return; }
      window.htmx.ajax("GET", `/desk/card/${one.client.id}`, { target: "#card" });
    });
    box.append(button);
  }
  return box;
}

function newClient(call) {
  const { root, at } = clone("t-new");
  const number = call.pop?.call.number ?? call.view?.number ?? "";
  at("number").textContent = call.pop?.call.shown ?? call.view?.shown ?? number;
  at("name").value = call.pop?.call.name ?? "";
  const id = current;
  at("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const email = form.get("email").trim();
    try {
      const made = await api("POST", "/clients", { name: form.get("name"), kind: form.get("kind"), phones: [{ typed: number }], emails: email ? [email] : [] });
      await api("PUT", `/calls/${encodeURIComponent(id)}/client`, { client_id: made.id }).catch(() => {});
      window.htmx.ajax("GET", `/desk/card/${made.id}`, { target: "#card" });
    } catch (error) { document.querySelector('#card [data-at="error"]').textContent = error.message; }
  });
  return root;
}

function plain(heading, text) {
  const { root, at } = clone("t-plain");
  at("title").textContent = heading;
  at("text").textContent = text;
  return root;
}

// The note ------------------------------------------------------------------------------------------------------------
function typed() {
  const call = calls.get(current);
  if (!call) return;
  call.note = document.getElementById("note").value;
  call.unsaved = true;
  document.getElementById("note-state").textContent = t("saving…");
  clearTimeout(noteTimer);
  noteTimer = setTimeout(flushNote, 600);
}

async function flushNote() {
  clearTimeout(noteTimer);
  const id = current, call = calls.get(id);
  if (!call?.unsaved) return;
  call.unsaved = false;
  const told = document.getElementById("note-state");
  try {
    await api("PUT", `/calls/${encodeURIComponent(id)}/note`, { text: call.note });
    if (told && current === id) told.textContent = t("saved {time}", { time: clock(serverNow()) });
  } catch (error) {
    call.unsaved = true;
    if (told && current === id) told.textContent = t("not saved: {reason}", { reason: error.message });
    noteTimer = setTimeout(flushNote, 3000);
  }
}

export function start() {
  document.addEventListener("input", (event) => { if (event.target.id === "note") typed(); });
  document.addEventListener("trubka:page", () => { if (onDesk() && current && !document.getElementById("card").dataset.call) fillCard(); });
  window.addEventListener("pagehide", flushNote);
}
