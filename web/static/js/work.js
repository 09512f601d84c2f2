// The work list: what a row's buttons and keys do, how much there is to do, and the key that does the next thing: once
// to choose it, with the client's card, once more to call.
import { $, $$, fill, mould, show } from "./dom.js";
import { api } from "./api.js";
import { acts } from "./own_keys.js";
import { dial } from "./phone.js";
import { go } from "./sections.js";
import * as store from "./store.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";

const LATER_MIN = 15;
const WAITING = 6; // levels from here on are not to be done now
const DOES = { call: "call", take: "take", "due-later": "later", "due-done": "close" }; // actions of own_keys.js
const OTHERWISE = { take: "free", close: "done" };
const AGAIN_MS = 60_000; // what is due, without news
let mark = null;
let held = null; // the row that had the focus while the list comes anew
let closing = null;

export function startWork() {
  store.on("work", told);
  store.on("reminders", drawNext);
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", key, { capture: true });
  document.addEventListener("submit", closed);
  document.addEventListener("htmx:before:swap", () => (held = placeOf(document.activeElement?.closest(".work-row"))));
  document.addEventListener("htmx:after:swap", focusAgain);
  document.addEventListener("ended", (event) => event.target.closest?.(".work-row") && refresh(), { capture: true });
  setInterval(refresh, AGAIN_MS);
}

const placeOf = (row) => row && { id: row.dataset.id, kind: row.dataset.kind, at: $$(".work-row").indexOf(row) };

/** The row that had the focus has it again; done, the one in its place. */
function focusAgain() {
  const rows = $$(".work-row");
  const row = held && (rows.find(({ dataset }) => dataset.id === held.id && dataset.kind === held.kind) ?? rows[held.at] ?? rows.at(-1));
  held = null;
  row?.focus({ preventScroll: true });
}

/** A row or the server's own item, as one thing. */
const itemOf = (row) => ({ kind: row.dataset.kind, id: row.dataset.id, number: row.dataset.number, client_id: Number(row.dataset.client) || null, name: row.dataset.name });

function told(view) {
  const count = $("#work-count");
  if (!count || !view) return;
  count.textContent = view.count;
  count.title = t("To be done now");
  show(count, view.count > 0);
  if (mark !== null && mark !== view.mark) refresh();
  mark = view.mark;
}

/** Not while a message is heard or a reason is given. */
function refresh() {
  const busy = $("#work-close")?.open || $$(".work-row audio").some((one) => !one.paused && !one.ended);
  if ($("[data-work]") && !busy) document.dispatchEvent(new CustomEvent("trubka:work"));
}

function clicked(event) {
  if (event.target.closest("#work-next")) return next();
  const list = event.target.closest("[data-next-of]");
  if (list) return say("POST", `/work/lists/${list.dataset.nextOf}`);
  const button = event.target.closest(".work-row [data-act]");
  if (button) act(itemOf(button.closest(".work-row")), button.dataset.act);
}

/** Keys of the row that has the focus. */
function key(event) {
  const row = event.target.closest?.(".work-row");
  if (!row || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const rows = $$(".work-row");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) rows[rows.indexOf(row) + step]?.focus();
  else if (event.key === "Enter" && event.target === row) $("a", row)?.click();
  else {
    const name = DOES[acts.get(event.code)];
    const button = acts.get(event.code) === "write" ? $("[data-compose]", row) : name && ($(`[data-act="${name}"]`, row) ?? $(`[data-act="${OTHERWISE[name]}"]`, row));
    if (!button) return;
    button.click();
  }
  event.preventDefault();
  event.stopPropagation();
}

async function act(one, what) {
  if (what === "call") return callBack(one);
  if (what === "close") return ask(one);
  if (what === "done") return say("PUT", `/tasks/${one.id}/done`, { done: true });
  if (what === "later" && isTask(one)) return say("PUT", `/tasks/${one.id}/reminder`, { minutes: LATER_MIN });
  await say("POST", place(one), what === "later" ? { act: what, minutes: LATER_MIN } : { act: what });
}

const isTask = (one) => one.kind === "callback" || one.kind === "task";
const place = (one) => `/work/${one.kind}/${encodeURIComponent(one.id)}`;

/** True when the server took it. */
async function say(method, path, body) {
  try {
    await api(method, path, body);
    return true;
  } catch (refusal) {
    toast(refusal.message);
    return false;
  } finally {
    refresh();
  }
}

/** Nobody else calls the same client meanwhile: it is taken first. */
export async function callBack(one) {
  if (!isTask(one) && !(await say("POST", place(one), { act: "take" }))) return false;
  const click = await dial(one.number, one.client_id ? { id: one.client_id, name: one.name } : undefined);
  if (click && isTask(one)) await say("PUT", `/tasks/${one.id}/reminder`, { request_id: click });
  return !!click;
}

function ask(one) {
  closing = one;
  $("#work-other").value = "";
  $("#work-close").showModal();
}

async function closed(event) {
  if (event.target.id !== "work-why") return;
  event.preventDefault();
  const why = event.submitter?.value || $("#work-other").value.trim();
  if (!why) return $("#work-other").focus();
  $("#work-close").close();
  if (closing) await say("POST", place(closing), { act: "close", why });
}

/** The key: chosen already, it is called; else the first of the list is chosen and its card opened. */
export async function next() {
  if (store.liveCall()) return; // a call comes first
  const chosen = store.next();
  if (chosen) return callNext(chosen);
  const list = await api("GET", "/work").catch((refusal) => (toast(refusal.message), []));
  for (const one of list.filter((item) => item.level < WAITING && item.number && !item.restricted)) {
    const mine = isTask(one) || (await api("POST", place(one), { act: "take" }).catch(() => null));
    if (!mine) continue;
    store.setNext({ ...one, name: one.client_name || one.name });
    if (one.client_id) go(`/clients/${one.client_id}`);
    return;
  }
  if (await takeListed()) return;
  const letter = list.find((item) => item.level < WAITING && item.kind === "letter");
  if (letter) go(`/mail?view=mine&c=${letter.id}`);
  else toast(t("Nothing to be done now."));
}

/** Nothing else waits: the next of a call list comes to one's desk, and is chosen. */
async function takeListed() {
  const lists = await api("GET", "/work/lists").catch(() => []);
  for (const one of lists.filter((list) => list.waiting)) {
    const taken = await api("POST", `/work/lists/${one.id}`).catch(() => null);
    const mine = taken && (await api("GET", "/work")).find((item) => item.kind === "list" && item.id === taken.id);
    if (!mine) continue;
    store.setNext({ ...mine, name: mine.client_name || mine.name });
    if (mine.client_id) go(`/clients/${mine.client_id}`);
    return true;
  }
  return false;
}

async function callNext(one) {
  if (await callBack(one)) store.setNext(null);
}

function drawNext() {
  const one = store.next();
  const list = $("#due");
  const before = $(".next-one", list);
  if (before?.dataset.item === (one ? `${one.kind}:${one.id}` : "")) return;
  before?.remove();
  if (!one) return;
  const row = mould("next");
  row.dataset.item = `${one.kind}:${one.id}`;
  fill(row, { name: one.name || one.shown, number: one.name ? one.shown : "", detail: [one.why, one.note].filter(Boolean).join(" · ") });
  $('[data-act="next"]', row).addEventListener("click", () => callNext(one));
  $('[data-act="leave"]', row).addEventListener("click", async () => {
    store.setNext(null);
    if (!isTask(one)) await say("POST", place(one), { act: "free" });
  });
  list.prepend(row);
}
