// Keys, by place on the keyboard and not by alphabet: C is C with a Russian layout too. Off while a field is typed in.
// Which key does what is own_keys.js's.
import { $, isTyping } from "./dom.js";
import { go } from "./sections.js";
import { acts, startOwnKeys } from "./own_keys.js";
import { hangUp, tones } from "./phone.js";
import { toQuestion } from "./script.js";
import { openCard } from "./strip.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";
import { next } from "./work.js";

const GOTO = { KeyD: "/", KeyC: "/clients", KeyJ: "/calls", KeyW: "/work", KeyM: "/mail" };
const WAIT_MS = 1200;
let goes = 0;

export function startKeys() {
  const dialog = $("#keys");
  startOwnKeys();
  $("#keys-open").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.key === "Escape") return escape();
    if (isTyping() || dialog.open) return;
    if (act(event)) event.preventDefault();
  });
}

function act(event) {
  if (Date.now() < goes) {
    goes = 0;
    if (GOTO[event.code]) return go(GOTO[event.code]), true;
  }
  if (event.key === "?" || (event.shiftKey && event.code === "Slash")) return $("#keys").showModal(), true;
  if (event.shiftKey) return false;
  return (FIXED[event.code] ?? ACTS[acts.get(event.code)])?.(event) ?? false;
}

const press = (selector) => {
  const button = $(selector);
  if (!button || button.offsetParent === null || button.disabled) return false;
  button.click();
  return true;
};
const focus = (selector) => {
  const field = $(selector);
  if (!field || field.offsetParent === null) return false;
  field.focus();
  field.select?.();
  return true;
};

function openMenu(selector) {
  const menu = $(selector);
  if (!menu || menu.hidden) return false;
  menu.open = true;
  $("button", menu).focus();
  return true;
}

/** The next call is made from the next of one's phones. */
function nextPhone() {
  const field = $("#dial-with");
  if (field.offsetParent === null) return false;
  field.selectedIndex = (field.selectedIndex + 1) % field.options.length;
  toast(t("The next call: {phone}", { phone: field.selectedOptions[0].text }));
  return true;
}

/** Keys that are the same for everybody. */
const FIXED = {
  Enter: (event) => !event.target.closest("a, button, summary, [role=button]") && !!$("#rings .bell") && (openCard(), true),
  Slash: () => focus("#q") || focus("#calls-asked #f-number") || focus("#search"),
  NumpadDivide: () => focus("#q") || focus("#calls-asked #f-number") || focus("#search"),
};

/** What the keys of own_keys.js do. */
const ACTS = {
  call: () => press("#card-call"),
  write: () => press("#card-write"),
  note: () => focus("#note"),
  mark: () => press("#mark"),
  question: () => toQuestion(),
  card: () => press("#card-show"),
  dial: () => focus("#dial-to"),
  "hang-up": () => !$("#hang-up").hidden && (hangUp(), true),
  tones: () => !$("#tones").hidden && (tones(), true),
  state: () => openMenu("#duty"),
  done: () => press("#after-done"),
  answer: () => press("#answer"),
  mute: () => press("#mute"),
  hold: () => press("#hold"),
  keypad: () => press("#keypad-open"),
  "hand-over": () => press("#hand-over-open") || press("#desk-hand-over-open") || press("#after-more"),
  join: () => press("#join"),
  three: () => press("#three"),
  swap: () => press("#swap"),
  move: () => press("#moves button"),
  "next-phone": () => nextPhone(),
  "due-dial": () => press('#due [data-act="dial"]'),
  "due-later": () => press('#due [data-act="later"]'),
  "due-done": () => press('#due [data-act="done"]'),
  next: () => (next(), true),
  go: () => ((goes = Date.now() + WAIT_MS), true),
};

/** Leave a field, close the menu; dialogs close themselves. */
function escape() {
  const menu = $("details.menu[open]");
  if (menu) {
    menu.open = false;
    $("summary", menu).focus();
  } else if (isTyping()) document.activeElement.blur();
}
