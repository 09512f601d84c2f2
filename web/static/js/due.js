// What is due: reminders come into the strip as calls do, stay until they are answered, and dial by one key. While
// somebody rings the strip is his; the server shows no reminder to who talks or works after a call.
import { $, $$, fill, mould, show } from "./dom.js";
import { api } from "./api.js";
import { follow } from "./dock.js";
import { dial } from "./phone.js";
import * as store from "./store.js";
import { moment, t, tn } from "./texts.js";
import { toast } from "./toasts.js";

const LATER_MIN = 10;
const answered = new Map(); // id -> the time it was due when it was answered here: it comes again for another
let open = false;

export function startDue() {
  const more = $("#more-due");
  more.addEventListener("click", () => {
    open = !open;
    draw();
  });
  store.on("reminders", draw);
}

/** Those to show: answered ones go at once, before the server takes them away. */
const waiting = () => store.reminders().filter((one) => answered.get(one.id) !== one.due_at && !isNext(one));
const isNext = ({ id }) => ["task", "callback"].includes(store.next()?.kind) && store.next().id === String(id);

function draw() {
  const due = waiting();
  const list = $("#due");
  for (const row of $$("li[data-task]", list)) if (!due.some((one) => String(one.id) === row.dataset.task)) row.remove();
  const first = store.next() ? 1 : 0; // the row of what is done next stands above
  due.forEach((one, place) => {
    const at = place + first;
    const row = $(`[data-task="${one.id}"]`, list) ?? made(one);
    update(row, one);
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  });
  const all = due.length + first;
  if (all < 2) open = false;
  list.classList.toggle("open", open);
  const more = $("#more-due");
  more.textContent = open ? t("Show one") : tn("{n} more", "{n} more", all - 1);
  more.setAttribute("aria-expanded", open);
  show(more, all > 1);
  $("#strip").toggleAttribute("data-due", all > 0);
}

function made(one) {
  const row = mould("due");
  row.dataset.task = one.id;
  const link = $("a", row);
  link.addEventListener("click", (event) => follow(event, link));
  const acts = { dial: call, later: (now) => answer(now, "reminder", { minutes: LATER_MIN }), done: (now) => answer(now, "done", { done: true }) };
  for (const [name, act] of Object.entries(acts)) {
    $(`[data-act="${name}"]`, row).addEventListener("click", () => {
      const now = store.reminders().find((other) => other.id === one.id);
      if (now) act(now);
    });
  }
  return row;
}

function update(row, one) {
  const back = one.kind === "callback";
  const name = one.client_id ? "" : one.shown || t("Task");
  fill(row, { due: back ? t("Call back") : t("Task"), at: moment(one.due_at), client: one.client_name, name, number: one.client_name ? one.shown : "", detail: back && one.what === t("Call back") ? "" : one.what });
  if (one.restricted) fill(row, { detail: t("do not call") });
  show($("a", row), !!one.client_id);
  if (one.client_id) $("a", row).href = `/clients/${one.client_id}`;
  show($('[data-act="dial"]', row), !!one.number && !one.restricted);
}

async function call(one) {
  const click = await dial(one.number, one.client_id ? { id: one.client_id, name: one.client_name } : undefined);
  if (click) await answer(one, "reminder", { request_id: click });
}

/** Gone at once, there again when the server refuses. */
async function answer(one, what, body) {
  answered.set(one.id, one.due_at);
  draw();
  try {
    await api("PUT", `/tasks/${one.id}/${what}`, body);
    if (body.minutes) toast(t("I remind you again at {time}.", { time: moment(store.now() + body.minutes * 60) }));
  } catch (refusal) {
    toast(refusal.message);
  } finally {
    if (body.minutes) setTimeout(() => answered.delete(one.id), 2000);
    else if (what === "done") answered.delete(one.id);
  }
}
