// The strip above the page: who rings now. Its place is always there; a ring takes no focus and moves nothing.
import { $, fill, mould, show } from "./dom.js";
import { isAsked, subject } from "./handed.js";
import { clientOf, isOnDesk, samePerson, stopped } from "./desk.js";
import { hangUp } from "./phone.js";
import * as store from "./store.js";
import { duration, t, tn } from "./texts.js";

const rows = new Map();
let open = false;

export function startStrip() {
  const more = document.createElement("button");
  more.type = "button";
  more.className = "more";
  more.id = "more-rings";
  more.hidden = true;
  more.addEventListener("click", () => {
    open = !open;
    draw();
  });
  $("#strip").append(more);
  store.on("calls", draw);
  document.addEventListener("trubka:shown", draw);
  document.addEventListener("htmx:after:swap", draw);
  setInterval(times, 1000);
}

/** The words of a ringing call: who and why we think so. */
export function told(one) {
  const { pop, view } = one;
  const about = subject(one);
  const number = about.shown || about.number || "";
  const client = clientOf(one);
  const who = {
    client: () => [client?.name, pop.matches[0]?.why],
    several: () => samePerson(pop) ? [samePerson(pop).name, t("pick which client it is about on the card")] : [tn("{n} client has this number", "{n} clients have this number", pop.matches.length), t("pick who it is on the card")],
    colleague: () => [pop.colleague || view.name || number, t("colleague")],
    hidden: () => [t("Number hidden"), about.name],
    unknown: () => [about.name || number, view.card && !pop ? "" : t("not found among the clients")],
  }[pop?.kind ?? (number ? "unknown" : "hidden")];
  const asks = isAsked(one) ? t("{name} asks you about this client", { name: view.hand_over.by }) : "";
  const [name, why] = client ? [client.name, pop?.matches[0]?.why] : who();
  return { name: name || number, number: name === number ? "" : number, why: asks || why || "", stop: client?.restricted ? stopped(client) : "" };
}

function draw() {
  const ringing = store.ringing();
  const list = $("#rings");
  for (const [id, row] of rows) {
    if (!ringing.some((one) => one.id === id)) {
      row.remove();
      rows.delete(id);
    }
  }
  for (const one of ringing) {
    if (!rows.has(one.id)) rows.set(one.id, row(one));
    update(rows.get(one.id), one);
  }
  place(list, ringing.map((one) => rows.get(one.id)));
  if (ringing.length < 2) open = false;
  list.classList.toggle("open", open);
  const more = $("#more-rings");
  more.textContent = open ? t("Show one") : tn("{n} more ring", "{n} more rings", ringing.length - 1);
  more.setAttribute("aria-expanded", open);
  show(more, ringing.length > 1);
  $("#strip").dataset.state = ringing.length ? "busy" : "calm";
  times();
}

/** The others in a talk of three or more, by name; nobody in any other. */
export function together(one) {
  const client = clientOf(one)?.name || one?.view?.client_name;
  const named = ({ name, number, shown }) => name || (number === subject(one).number && client) || shown || t("Number hidden");
  return (one?.view?.together ?? []).map(named);
}

function inWords(names) {
  if (names.length < 2) return "";
  return names.length === 2 ? t("Three of you talk: {names}", { names: names.join(", ") }) : t("You talk with {names}", { names: names.join(", ") });
}

/** Said aloud when somebody joins a talk of three or leaves it. */
function sayTogether(words) {
  const place = $("#together");
  const now = words || (place.textContent && store.liveCall() ? t("The talk of three is over.") : "");
  if (place.textContent !== now) place.textContent = now;
}

/** What the strip says while nobody rings: nothing that is not so. */
function calm() {
  if (store.blind()) return t("Calls are not seen here now.");
  const words = inWords(together(store.liveCall()));
  if (words) return words;
  if (store.liveCall()) return t("You are in a call. Who calls meanwhile is shown here.");
  return t("No call. The caller's card appears here the moment your phone rings.");
}

/** Rows in order; those that stand right are not touched, so no focus is lost and nothing is read aloud twice. */
function place(list, wanted) {
  wanted.forEach((li, at) => {
    if (list.children[at] !== li) list.insertBefore(li, list.children[at] ?? null);
  });
}

function row(one) {
  const li = mould("ring");
  li.dataset.call = one.id;
  $('[data-act="open"]', li).addEventListener("click", () => openCard(one.id));
  $('[data-act="reject"]', li).addEventListener("click", () => hangUp(one));
  return li;
}

function update(li, one) {
  const { name, number, why, stop } = told(one);
  const { queue, ringing, by } = one.view;
  const others = ringing?.length > 1 ? t("rings at: {names}", { names: ringing.join(", ") }) : "";
  const state = { ringing: t("Ringing"), taken: by ? t("Taken by {name}", { name: by }) : t("Taken"), missed: t("Missed call") }[one.strip];
  li.dataset.state = one.strip;
  const where = queue ? t("queue “{queue}”", { queue }) : "";
  const detail = one.pop?.kind === "client" ? [where, others, why] : [why, where, others]; // what a glance needs, first
  fill(li, { name, number, state, detail: [stop, ...detail].filter(Boolean).join(" · ") });
  show($('[data-act="reject"]', li), one.strip === "ringing");
  show($('[data-act="open"]', li), one.strip !== "taken" && !isOnDesk(one.id) && (!!one.pop || one.view.card !== "answer"));
}

function times() {
  fill($("#strip .calm"), { calm: calm() });
  if (!store.blind()) sayTogether(inWords(together(store.liveCall())));
  for (const [id, li] of rows) {
    const one = store.call(id);
    const since = one?.strip === "ringing" ? one.view.since : 0;
    fill(li, { timer: since ? duration(store.now() - since) : "" });
  }
}

/** Show the card of a call on the desk, whatever page is open. */
export function openCard(id) {
  const first = id ?? $("#rings .bell")?.dataset.call;
  if (first) document.dispatchEvent(new CustomEvent("trubka:card", { detail: first }));
}
