// A supervisor hears a colleague's talk, by whichever phone: whom, how, and from one way to another without a new call.
import { api } from "./api.js";
import { $, $$, fill, show } from "./dom.js";
import * as store from "./store.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";

const PHRASES = {
  listen: (name) => t("You hear {name}; nobody hears you.", { name }),
  whisper: (name) => t("You hear {name} and are heard by {name} alone.", { name }),
  barge: (name) => t("You are in the talk of {name}: both hear you.", { name }),
};

export function startSpying() {
  const box = $("#spying");
  if (!box) return;
  box.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    const how = button.dataset.how;
    ask(box, () => (how ? api("PUT", "/board/spy", { how }) : api("DELETE", "/board/spy")));
  });
  store.on("spying", () => draw(box));
  draw(box);
}

/** One wish at a time; what came of it is told by the live wire. */
async function ask(box, wish) {
  const buttons = $$("button", box);
  for (const one of buttons) one.disabled = true;
  await wish().catch((refusal) => toast(refusal.message));
  for (const one of buttons) one.disabled = false;
}

function draw(box) {
  const one = store.spying();
  show(box, !!one);
  if (!one) return;
  const said = PHRASES[one.how] ?? ((name) => t("You hear {name}.", { name }));
  fill(box, { spying: said(one.name) });
  for (const button of $$("[data-how]", box)) button.setAttribute("aria-pressed", String(button.dataset.how === one.how));
  show($("#spying-end"), one.kind !== "browser"); // the phone in the browser has its own key for it
}
