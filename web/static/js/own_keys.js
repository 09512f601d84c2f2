// One's own keys: set in the list under "?", kept on the server, shown on every button that has one.
import { $, $$, show } from "./dom.js";
import { api } from "./api.js";
import { t } from "./texts.js";

const FIT = /^(Key[A-Z]|F[24789])$/;
const rows = () => $$("#keys [data-action]");
const letter = (key) => key.replace("Key", "");
let waiting = null; // the button whose key is being chosen

/** Which key does what: action by `event.code`. */
export const acts = new Map();

function read() {
  acts.clear();
  for (const row of rows()) acts.set(row.dataset.key, row.dataset.action);
}

/** Letters on buttons and in hints are those that the person has. */
function label(root = document) {
  const changed = new Map(rows().map((row) => [letter(row.dataset.usual), letter(row.dataset.key)]));
  const now = (usual) => changed.get(usual) ?? usual;
  for (const one of $$("[aria-keyshortcuts]", root)) {
    one.dataset.usualKey ??= one.getAttribute("aria-keyshortcuts");
    one.setAttribute("aria-keyshortcuts", now(one.dataset.usualKey));
    if (one.title) one.title = one.title.replace(/\(\w+\)$/, `(${now(one.dataset.usualKey)})`);
  }
  for (const one of $$("kbd", root)) {
    if (one.closest("#keys")) continue;
    one.dataset.usualKey ??= one.textContent;
    one.textContent = now(one.dataset.usualKey);
  }
}

function labelAll() {
  label();
  for (const mould of $$("template")) label(mould.content);
}

export function startOwnKeys() {
  read();
  if (rows().some((row) => row.dataset.key !== row.dataset.usual)) labelAll();
  document.addEventListener("htmx:after:swap", () => rows().some((row) => row.dataset.key !== row.dataset.usual) && labelAll());
  for (const row of rows()) row.addEventListener("click", () => wait(row));
  $("#keys").addEventListener("keydown", choose, true);
  $("#keys").addEventListener("close", () => wait(null));
  $("#keys-usual").addEventListener("click", () => keep(new Map(rows().map((row) => [row, row.dataset.usual]))));
}

function wait(row) {
  if (waiting) $("kbd", waiting).textContent = letter(waiting.dataset.key);
  waiting = row;
  fault("");
  if (row) $("kbd", row).textContent = t("press…");
}

function choose(event) {
  if (!waiting || ["Tab", "Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  const row = waiting;
  if (event.key === "Escape") return wait(null);
  const key = event.code;
  if (!FIT.test(key) || event.ctrlKey || event.altKey || event.metaKey) return fault(t("A letter, please, or F2, F4, F7, F8, F9."));
  const taken = rows().find((one) => one !== row && one.dataset.key === key);
  if (taken) return fault(t("{key} does something already: {what}. Give that another key first.", { key: letter(key), what: $(".away", taken).textContent }));
  wait(null);
  keep(new Map([[row, key]]));
}

async function keep(wanted) {
  const before = rows().map((row) => [row, row.dataset.key]);
  for (const [row, key] of wanted) row.dataset.key = key;
  const own = rows().filter((row) => row.dataset.key !== row.dataset.usual);
  try {
    await api("PUT", "/me/keys", { keys: Object.fromEntries(own.map((row) => [row.dataset.action, row.dataset.key])) });
    fault("");
  } catch (refusal) {
    for (const [row, key] of before) row.dataset.key = key;
    fault(refusal.message);
  }
  for (const row of rows()) $("kbd", row).textContent = letter(row.dataset.key);
  read();
  labelAll();
}

function fault(text) {
  $("#keys-fault").textContent = text;
  show($("#keys-fault"), !!text);
}
