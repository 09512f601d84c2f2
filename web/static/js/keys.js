// Keys, by place on the keyboard and not by alphabet: C is C with a Russian layout too. Off while a field is typed in.
import { $, isTyping } from "./dom.js";
import { go } from "./sections.js";
import { hangUp, tones } from "./phone.js";
import { openCard } from "./strip.js";

const GOTO = { KeyD: "/", KeyC: "/clients", KeyJ: "/calls" };
const WAIT_MS = 1200;
let goes = 0;

export function startKeys() {
  const dialog = $("#keys");
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
  return ACTS[event.code]?.(event) ?? false;
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
  field.focus();
  return true;
}

const ACTS = {
  Enter: (event) => !event.target.closest("a, button, summary, [role=button]") && !!$("#rings .bell") && (openCard(), true),
  KeyC: () => press("#card-call"),
  KeyN: () => focus("#note"),
  KeyL: () => press("#mark"),
  KeyI: () => press("#card-show"),
  KeyP: () => focus("#dial-to"),
  KeyQ: () => !$("#hang-up").hidden && (hangUp(), true),
  KeyD: () => !$("#tones").hidden && (tones(), true),
  KeyR: () => openMenu("#duty"),
  KeyF: () => press("#after-done"),
  KeyA: () => press("#answer"),
  KeyM: () => press("#mute"),
  KeyH: () => press("#hold"),
  KeyK: () => press("#keypad-open"),
  KeyT: () => press("#hand-over-open") || press("#after-more"),
  KeyJ: () => press("#join"),
  KeyX: () => press("#three"),
  KeyS: () => press("#swap"),
  KeyO: () => press("#moves button"),
  KeyV: () => nextPhone(),
  KeyB: () => press('#due [data-act="dial"]'),
  KeyZ: () => press('#due [data-act="later"]'),
  KeyE: () => press('#due [data-act="done"]'),
  KeyG: () => ((goes = Date.now() + WAIT_MS), true),
  Slash: () => focus("#q") || focus("#search"),
  NumpadDivide: () => focus("#q") || focus("#search"),
};

/** Leave a field, close the menu; dialogs close themselves. */
function escape() {
  const menu = $("details.menu[open]");
  if (menu) {
    menu.open = false;
    $("summary", menu).focus();
  } else if (isTyping()) document.activeElement.blur();
}
