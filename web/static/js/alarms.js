// What this person has to know of: each notice stays on every page until he says that he has seen it. A new letter is
// told in the corner and goes by itself: it stands in the list of letters.
import { $, $$, fill, mould, show } from "./dom.js";
import { moment, t } from "./texts.js";
import { follow } from "./dock.js";
import { go } from "./sections.js";
import { toast } from "./toasts.js";

const FRESH_S = 600;
const CALM = { "board-says": "message-square", "board-spied": "headphones", "sms-in": "message-square", "campaign-asked": "send", "campaign-agreed": "check", "alert-taken": "check", "alert-over": "check" }; // nothing is wrong: their icons
const INSTEAD = { "sms-in": ["sms-in"], "campaign-agreed": ["campaign-asked"], "campaign-refused": ["campaign-asked"], alert: ["alert", "alert-taken"], "alert-taken": ["alert"], "alert-over": ["alert", "alert-taken"] }; // what each takes away of the same thing
let seen = () => {};

/** Hear of them. */
export function startAlarms(socket) {
  socket.on("message", add);
  document.addEventListener("submit", ({ target }) => {
    const [, id] = target.getAttribute("action")?.match(/^\/alerts\/(\d+)$/) ?? [];
    if (id) taken(`/alerts#alert-${id}`); // who sees to it has seen it
  });
  seen = (seq) => socket.emit("shown", { seq, at: Date.now() / 1000 });
}

/** One that waited, or that comes now. */
export function add(one) {
  if (one.code.startsWith("letter")) return letter(one);
  const list = $("#alarms");
  if ([...list.children].some((row) => row.dataset.seq === String(one.seq))) return;
  const row = mould("alarm");
  row.dataset.seq = one.seq;
  row.dataset.code = one.code;
  for (const code of INSTEAD[one.code] ?? []) for (const before of $$(`[data-code="${code}"]`, list)) if ($("a", before).getAttribute("href") === one.href) $("button", before).click();
  if (CALM[one.code]) {
    row.dataset.calm = one.code;
    const icon = $("use", row);
    icon.setAttribute("href", icon.getAttribute("href").replace("triangle-alert", CALM[one.code]));
  }
  fill(row, { text: one.text, why: one.why ? t("Reason: {why}", { why: one.why }) : "", at: moment(one.at) });
  const link = $("a", row);
  link.href = one.href || "/";
  show(link, !!one.href);
  link.addEventListener("click", (event) => {
    follow(event, link);
    if (one.code === "sms-in") $("button", row).click(); // it stands on the card
  });
  $("button", row).addEventListener("click", () => {
    seen(one.seq);
    row.remove();
    show(list, list.children.length > 0);
  });
  list.append(row);
  show(list, true);
}

function taken(href) {
  for (const link of $$("#alarms a")) if (link.getAttribute("href") === href) $("button", link.closest("#alarms > *")).click();
}

function letter(one) {
  seen(one.seq);
  if (Date.now() / 1000 - one.at < FRESH_S) toast(one.text, { label: t("Open"), act: () => go(one.href) });
}
