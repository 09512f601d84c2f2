// Everything by keyboard. Letters work outside of fields only.
import { openRinging } from "./desk.js";
import { hangUp, sendExtension } from "./phone.js";

const PAGES = { d: "/", c: "/clients", j: "/calls" };
let going = 0;

function go(href) { window.htmx.ajax("GET", href, { target: "#main" }); }

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const field = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && field) { field.blur(); return; }
  if (field) return;
  const help = document.getElementById("help");
  if (help.open) return;
  const name = event.key.length === 1 ? latin(event) : event.key;
  if (Date.now() - going < 1000 && PAGES[name]) { go(PAGES[name]); going = 0; event.preventDefault(); return; }
  const action = {
    g: () => { going = Date.now(); },
    "/": () => document.getElementById("find").focus(),
    "?": () => help.showModal(),
    c: () => document.getElementById("call-client")?.click(),
    n: () => document.getElementById("note")?.focus(),
    q: hangUp,
    d: sendExtension,
    Enter: () => { if (!event.target.closest("button, a, summary")) return openRinging(); return false; },
  }[name];
  if (!action) return;
  if (action() !== false) event.preventDefault();
}

// the same keys in a Russian layout: by place on the keyboard
function latin(event) {
  if (event.key === "?" || (event.shiftKey && event.code === "Slash")) return "?";
  if (event.code === "Slash") return "/";
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
}

export function start() {
  document.addEventListener("keydown", key);
  document.getElementById("help-open").addEventListener("click", () => document.getElementById("help").showModal());
}
