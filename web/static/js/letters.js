// Letters: how many wait, the list and its keys, what one does with a conversation, and who is named as its client.
// The composer listens to `compose` on the document: {kind, letter, client, to}; its buttons are there where it is.
import { $, $$, fill, isTyping, show } from "./dom.js";
import { api } from "./api.js";
import { acts } from "./own_keys.js";
import * as store from "./store.js";
import { t, tn } from "./texts.js";
import { toast } from "./toasts.js";

const HOLD_MS = 20_000; // so often it is said again that one writes an answer
let mark = null;
let left = ""; // the open conversation, where it is to stay unread
let held = null; // the row that had the focus, and how far the list was scrolled, while it comes anew

export function startLetters() {
  store.on("mail", told);
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", key, { capture: true });
  document.addEventListener("change", changed);
  document.addEventListener("htmx:before:swap", before);
  document.addEventListener("htmx:after:swap", after);
  after();
}

function told(view) {
  const count = $("#mail-count");
  if (!count || !view) return;
  count.textContent = view.count;
  count.title = t("Letters that wait for an answer");
  show(count, view.count > 0);
  if (mark !== null && mark !== view.mark) refresh();
  mark = view.mark;
}

/** Not while rows are chosen: the choice would go. */
function refresh() {
  if ($("[data-mail]") && !chosen().length) document.dispatchEvent(new CustomEvent("trubka:mail"));
}

const rows = () => $$("#mail-rows .mail-row");
const open = () => $("#mail-read")?.dataset.conversation ?? "";
const chosen = () => rows().filter((row) => $("input", row).checked);

function before() {
  const list = $("#mail-rows");
  held = list && { id: document.activeElement?.closest(".mail-row")?.dataset.id, top: list.scrollTop };
}

function after() {
  if (!$("[data-mail]")) return;
  for (const button of $$("[data-mail] [data-compose]")) show(button, !!$("#compose"));
  const list = $("#mail-rows");
  if (!list) return;
  if (held) list.scrollTop = held.top;
  const at = open();
  for (const row of rows()) {
    const here = row.dataset.id === at;
    row.toggleAttribute("data-open", here);
    const link = $("a", row);
    if (here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    if (row.dataset.id === held?.id) link.focus({ preventScroll: true });
  }
  held = null;
  if (left !== at) left = "";
  if ($("#mail-read")?.dataset.unread !== undefined && !left) seen(at);
  const row = rows().find((one) => one.dataset.id === at);
  if (row && row.dataset.stamp !== $("#mail-read").dataset.stamp) reopen();
}

/** Whoever opens a conversation has read it: here, and in every program that opens the mailbox. */
function seen(id) {
  delete $("#mail-read").dataset.unread;
  api("POST", "/conversations/marks", { ids: [Number(id)], seen: true }).catch(() => {}); // opened again, it is tried again
}

/** The open conversation as it is now; not while an answer is written in it. */
function reopen() {
  if (!$("#compose-here")?.children.length) document.dispatchEvent(new CustomEvent("trubka:letters"));
}

/** Keys inside the letters: J K through the list, Enter opens, Space chooses, R answers, with Shift all, Shift+F passes on; elsewhere
 * they are the panel's. What one has a key of his own for: done, I answer, a new letter. */
function key(event) {
  const inside = event.target.closest?.("[data-mail]") ?? (event.target.matches?.("body, main") && $("[data-mail]"));
  if (!inside || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping() || $("dialog[open]")) return;
  if (!act(event)) return;
  event.preventDefault();
  event.stopPropagation();
}

/** Whether the key does something here. */
function act(event) {
  if (event.code === "Delete") return press('#mail-read [data-do="trash"]');
  if (event.shiftKey) return { KeyS: () => press("#mail-read .mail-does [data-do$=flag]"), KeyU: () => press('#mail-read [data-do="unread"]'), KeyR: () => press(LAST("all")), KeyF: () => press(LAST("forward")) }[event.code]?.() ?? false;
  const row = event.target.closest(".mail-row");
  const step = { KeyJ: 1, KeyK: -1, ArrowDown: row && 1, ArrowUp: row && -1 }[event.code];
  if (step) return move(step), true;
  if (event.code === "Space" && row && event.target.matches("a")) return $("input", row).click(), true;
  if (event.code === "KeyR") return press('#mail-read [data-compose="reply"]');
  const own = { "due-done": () => press('#mail-read [data-do="done"]'), take: () => !!$("#mail-read [data-owner]") && (mine([Number(open())]), true), write: () => press('.mail-boxes [data-compose="new"]') };
  return own[acts.get(event.code)]?.() ?? false;
}

const LAST = (kind) => `#mail-read .letter:last-child [data-compose="${kind}"]`;

function press(selector) {
  const button = $(selector);
  if (!button || button.hidden) return false;
  button.click();
  return true;
}

function move(step) {
  const all = rows();
  const from = all.findIndex((row) => row.contains(document.activeElement));
  const at = from >= 0 ? from : all.findIndex((row) => row.dataset.id === open());
  const row = all[at + step] ?? (at < 0 ? all[0] : null);
  if (!row) return;
  const link = $("a", row);
  link.focus();
  link.click();
}

function clicked(event) {
  const button = event.target.closest?.("[data-mail] :is([data-do], [data-many], [data-compose])");
  if (!button) return;
  const { do: what, many, compose } = button.dataset;
  if (compose) return write(button, compose);
  if (many) return together(many);
  if (what === "split") return say("POST", `/conversations/${open()}/split`, { letters: [Number(button.dataset.letter)] }, true);
  if (what === "whose") return whose(button);
  if (what === "client") return say("PUT", `/conversations/${open()}/client`, { client_id: Number(button.dataset.client) }, true);
  if (what in MARKS) return marked([Number(open())], what);
  if (what in AWAY) return away([Number(open())], what);
  stand([Number(open())], what);
}

const MARKS = { flag: { flagged: true }, unflag: { flagged: false }, read: { seen: true }, unread: { seen: false } };
const AWAY = {
  archive: (n) => tn("{n} conversation is in the archive.", "{n} conversations are in the archive.", n),
  trash: (n) => tn("{n} conversation is in the trash.", "{n} conversations are in the trash.", n),
  junk: (n) => tn("{n} conversation is junk.", "{n} conversations are junk.", n),
};

async function marked(ids, what) {
  if (what === "unread") left = open();
  if ((await say("POST", "/conversations/marks", { ids, ...MARKS[what] }, true)) && what === "unread") toast(t("It stands as not read."));
}

/** Into another folder on the mail server, and done with; the corner offers the way back. */
async function away(ids, to) {
  if (!(await say("POST", "/conversations/place", { ids, to }))) return;
  const answer = await say("POST", "/conversations/state", { ids, state: "done" }, true);
  const back = async () => {
    await say("POST", "/conversations/place", { ids, to: "inbox" });
    await stoodBefore(answer?.before ?? {});
  };
  toast(AWAY[to](ids.length), { label: t("Undo"), act: back });
}

async function write(button, kind) {
  const { last, client, to } = $("#mail-read").dataset;
  const letter = Number(button.closest("[data-letter]")?.dataset.letter ?? last) || null;
  if (kind !== "new" && !(await hold(open()))) return;
  const detail = kind === "new" ? { kind, letter: null, client: null, to: "" } : { kind, letter, client: Number(client) || null, to: to ?? "" };
  document.dispatchEvent(new CustomEvent("compose", { detail }));
}

/** Colleagues see that one answers, for as long as the composer is open. False: somebody else does. */
async function hold(id) {
  const place = `/conversations/${id}/answering`;
  if (!(await say("PUT", place, { writes: true }))) return false;
  const timer = setInterval(() => {
    const writes = !$("#compose")?.hidden;
    if (!writes) clearInterval(timer);
    api("PUT", place, { writes }).catch(() => clearInterval(timer));
  }, HOLD_MS);
  return true;
}

/** Done, or open again; the corner offers the way back. */
async function stand(ids, state) {
  const answer = await say("POST", "/conversations/state", { ids, state }, true);
  if (!answer || state !== "done") return;
  toast(tn("{n} conversation is done.", "{n} conversations are done.", ids.length), { label: t("Undo"), act: () => stoodBefore(answer.before) });
}

const stoodBefore = (before) => Promise.all(Object.entries(before).map(([id, state]) => say("POST", "/conversations/state", { ids: [Number(id)], state }, true)));

/** Who sits here answers them. */
const mine = (ids) => say("POST", "/conversations/owner", { ids, user_id: Number(document.documentElement.dataset.me) }, true);

async function together(what) {
  const ids = chosen().map((row) => Number(row.dataset.id));
  for (const row of chosen()) $("input", row).checked = false;
  count();
  if (what === "done") await stand(ids, "done");
  else if (what === "read") await marked(ids, what);
  else if (what === "trash") await away(ids, what);
  else await mine(ids);
}

function changed(event) {
  if (event.target.matches?.(".mail-row input")) count();
  if (event.target.matches?.("[data-mail] [data-owner]")) {
    say("POST", "/conversations/owner", { ids: [Number(open())], user_id: Number(event.target.value) || null }, true);
  }
}

function count() {
  const many = $("#mail-many");
  const n = chosen().length;
  if (many) fill(many, { chosen: tn("{n} chosen", "{n} chosen", n) });
  show(many, n > 0);
}

/** The answer, or null where it was refused; anew: the open conversation is shown as it is now. */
async function say(method, path, body, anew) {
  try {
    return await api(method, path, body);
  } catch (refusal) {
    toast(refusal.message);
    return null;
  } finally {
    if (anew) {
      refresh();
      reopen();
    }
  }
}

// Whose letter it is -----------------------------------------------------------------------------------------------
async function whose(button) {
  const dialog = $("#whose");
  dialog.dataset.address = button.dataset.address;
  $("#whose-name").value = button.dataset.name;
  $("#whose-q").value = button.dataset.name;
  dialog.showModal();
  $("#whose-q").select();
  find();
  $("#whose-q").oninput = find;
  $("#whose-new").onclick = () => give({ name: $("#whose-name").value.trim() });
}

async function find() {
  const q = $("#whose-q").value.trim();
  const found = q ? await api("GET", `/clients?q=${encodeURIComponent(q)}&limit=8`).catch(() => ({ rows: [] })) : { rows: [] };
  const list = $("#whose-found");
  list.replaceChildren(...found.rows.map(choice));
  show($("#whose-none"), !list.children.length);
}

function choice(one) {
  const row = document.createElement("li");
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: one.name });
  button.addEventListener("click", () => give({ client_id: one.id }));
  row.append(button);
  return row;
}

async function give(body) {
  const dialog = $("#whose");
  dialog.close();
  await say("PUT", `/conversations/${open()}/client`, { ...body, address: dialog.dataset.address }, true);
}
