// The list of calls: its saved views, its file, and rows that are walked and opened by keys.
import { $, $$ } from "./dom.js";
import { api } from "./api.js";
import { exportCalls } from "./grid/export.js";
import { askView } from "./grid/panel.js";
import { go } from "./sections.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";

export function startCalls(place) {
  const list = $("#calls-view", place);
  const drop = $('[data-act="drop"]', place);
  const chosen = () => list.selectedOptions[0];
  const look = () => (drop.hidden = chosen().dataset.mine !== "yes");
  look();
  list.addEventListener("change", () => go(list.value ? `/calls?${list.value}` : "/calls"));
  place.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act === "save") told(() => save(place, chosen()));
    if (act === "drop") told(() => remove(chosen()));
    if (act === "export") exportCalls(asked(place));
    if (act === "no-client") go(`/calls?${new URLSearchParams({ ...asked(place), client: "" })}`);
  });
  $("#calls-asked", place).addEventListener("change", () => (list.value = ""), { once: true });
  place.addEventListener("keydown", walk);
}

/** The filters that say something. */
function asked(place) {
  return Object.fromEntries([...new FormData($("#calls-asked", place))].filter(([, said]) => String(said).trim()));
}

async function save(place, before) {
  const mine = before.dataset.mine === "yes" ? { name: before.dataset.name, share: before.dataset.share } : null;
  const given = await askView(place.dataset.share === "yes", mine, t("The filters are kept. A view of yours with this name is replaced."));
  if (!given?.name) return;
  const state = asked(place);
  await api("PUT", "/calls/views", { ...given, state });
  await go(`/calls?${new URLSearchParams(state)}`);
  toast(t("The view is saved."));
}

async function remove(view) {
  await api("DELETE", `/calls/views/${view.dataset.id}`);
  await go("/calls");
  toast(t("The view “{name}” is deleted.", { name: view.dataset.name }));
}

async function told(work) {
  try {
    await work();
  } catch (refusal) {
    toast(refusal.message);
  }
}

/** Arrows, Home and End go from row to row; → opens a row, ← closes it. */
function walk(event) {
  const opener = event.target.closest(".opener");
  if (!opener) return;
  const openers = $$(".opener", event.currentTarget);
  const at = openers.indexOf(opener);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: openers.length - 1 }[event.key];
  const isOpen = opener.getAttribute("aria-expanded") === "true";
  if (openers[to]) openers[to].focus();
  else if ((event.key === "ArrowRight" && !isOpen) || (event.key === "ArrowLeft" && isOpen)) opener.click();
  else return;
  event.preventDefault();
}
