// What came of the conversation: said on the card while one talks or afterwards; a queue may want it said.
import { $, show } from "./dom.js";
import { api } from "./api.js";
import { showNext } from "./next.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";

const lists = new Map(); // queue -> promise of {required, results}
const KEEP_MS = 60_000;
const TALKED = new Set(["talking", "held", "ended"]);

function listOf(queue) {
  const known = lists.get(queue);
  if (known && Date.now() - known.at < KEEP_MS) return known.asked;
  const asked = api("GET", `/calls/results?queue=${encodeURIComponent(queue)}`).catch(() => ({ required: false, results: [] }));
  lists.set(queue, { at: Date.now(), asked });
  return asked;
}

/** Put the choice for this call into its box, with what follows it; empty lists take no place. */
export async function showResult(one) {
  const box = $("#result-box");
  const apt = TALKED.has(one.view?.state) && one.view.direction !== "internal" && !one.pop?.colleague && [undefined, "given"].includes(one.view.hand_over?.kind);
  if (box.dataset.call !== one.id) show(box, false);
  box.dataset.call = one.id;
  if (!apt || !(one.talked || one.view.state !== "ended")) return show(box, false);
  one.talked = true;
  const { required, results } = await listOf(one.view.queue ?? "");
  if (box.dataset.call !== one.id) return;
  show(box, true);
  show($("#result-part"), results.length > 0);
  showNext(one, results.find((result) => result.id === one.result)?.next_step);
  show($("#result-needed"), required && !one.result);
  const key = JSON.stringify([one.id, results, one.result ?? 0]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  $("#results").replaceChildren(...results.map((result) => choice(one, result)));
}

function choice(one, { id, name, color }) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: name, className: `value ${color || "grey"}` });
  button.setAttribute("aria-pressed", String(one.result === id));
  button.addEventListener("click", () => say(one, one.result === id ? null : id));
  return button;
}

async function say(one, id) {
  const before = one.result;
  one.result = id;
  showResult(one);
  try {
    await api("PUT", `/calls/${encodeURIComponent(one.id)}/result`, { result_id: id });
  } catch (refusal) {
    one.result = before;
    showResult(one);
    toast(refusal.message || t("It did not work. Try again."));
  }
}
