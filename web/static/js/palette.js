// Ctrl-K: one field that finds clients, colleagues and commands; arrows choose, Enter does it, Esc leaves.
import { $, mould, fill, show } from "./dom.js";
import { api } from "./api.js";
import { dial } from "./phone.js";
import { go } from "./sections.js";
import * as store from "./store.js";
import { t } from "./texts.js";

const TYPING_MS = 150;
const MOST = 8;
let found = [];
let at = 0;
let asked = 0;

export function startPalette() {
  const dialog = $("#palette");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.code === "KeyK") {
      event.preventDefault();
      open();
    }
  });
  $("#palette-open")?.addEventListener("click", open);
  const field = $("#palette-q");
  field.addEventListener("input", () => ask(field.value));
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) move(step);
    else if (event.key === "Enter") act(found[at]);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

function open() {
  const dialog = $("#palette");
  if (dialog.open) return;
  $("#palette-q").value = "";
  dialog.showModal();
  ask("");
}

/** What the shell offers: its sections, and the buttons that have a key. */
function commands() {
  const sections = [...document.querySelectorAll(".rail a")].map((link) => ({ name: link.textContent.trim(), kind: t("section"), act: () => go(link.getAttribute("href")) }));
  const buttons = [...document.querySelectorAll("button[aria-keyshortcuts]")]
    .filter((button) => button.offsetParent && !button.disabled && !button.closest("dialog"))
    .map((button) => ({ name: ($("span", button)?.textContent || button.getAttribute("aria-label") || "").trim(), kind: t("action"), act: () => button.click() }));
  const states = [...document.querySelectorAll("#duty [data-state]:not([hidden])")].map((button) => ({ name: button.textContent.trim(), kind: t("my state"), act: () => button.click() }));
  return [...sections, ...buttons, ...states].filter((one) => one.name);
}

async function ask(text) {
  const words = text.trim();
  const turn = ++asked;
  const like = (name) => name.toLocaleLowerCase().includes(words.toLocaleLowerCase());
  const own = Number(document.documentElement.dataset.me);
  const people = store
    .people()
    .filter((one) => one.id !== own && one.extension && (like(one.name) || one.extension.startsWith(words)))
    .map((one) => ({ name: one.name, kind: `${one.extension} · ${one.text}`, act: () => dial(one.extension) }));
  const days = $("#palette").dataset.days ? store.people().filter((one) => like(one.name)) : [];
  const theirs = [...people, ...days.map((one) => ({ name: one.name, kind: t("day"), act: () => go(`/agents/${one.id}/day`) }))];
  const here = [...commands().filter((one) => like(one.name)), ...(words ? theirs : [])].slice(0, MOST);
  draw(here);
  if (words.length < 2) return;
  await new Promise((done) => setTimeout(done, TYPING_MS));
  if (turn !== asked) return;
  const page = await api("GET", `/clients?limit=${MOST}&q=${encodeURIComponent(words)}`).catch(() => ({ rows: [] }));
  if (turn !== asked) return;
  const clients = page.rows.map((one) => ({ name: one.name, kind: t("client"), act: () => go(`/clients/${one.id}`) }));
  draw([...clients, ...here]);
}

function draw(list) {
  found = list;
  at = 0;
  $("#palette-found").replaceChildren(...list.map(row));
  show($("#palette-none"), list.length === 0);
  mark();
}

function row(one, place) {
  const li = mould("palette");
  li.id = `palette-${place}`;
  fill(li, { name: one.name, kind: one.kind });
  li.addEventListener("click", () => act(one));
  return li;
}

function move(step) {
  if (!found.length) return;
  at = (at + step + found.length) % found.length;
  mark();
}

function mark() {
  [...$("#palette-found").children].forEach((li, place) => li.setAttribute("aria-selected", place === at));
  const chosen = $(`#palette-${at}`);
  chosen?.scrollIntoView({ block: "nearest" });
  if (chosen) $("#palette-q").setAttribute("aria-activedescendant", chosen.id);
  else $("#palette-q").removeAttribute("aria-activedescendant");
}

function act(one) {
  if (!one) return;
  $("#palette").close();
  one.act();
}
