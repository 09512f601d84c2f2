// A colleague's client: who asks about him or has handed him over, how long he has waited, what was written before.
import { $, fill, show } from "./dom.js";
import * as store from "./store.js";
import { duration, t } from "./texts.js";
import { toast } from "./toasts.js";

let shown = null;

/** current: gives the call whose card the desk shows. */
export function startHanded(current) {
  shown = current;
  store.on("state", ({ one }) => tellOnce(one));
  setInterval(() => shown() && waits(shown()), 1000);
}

/** Whether a colleague asks, and the client is still his. */
export const isAsked = (one) => one.view?.hand_over?.kind === "asks";

/** Who the call is about: the client, where the phone itself shows the colleague. */
export const subject = (one) => one.view?.hand_over ?? one.view;

/** What the state of a handed call is, in words; "" for any other call. */
export function handedText({ state, outcome, by, hand_over: handed }) {
  if (state === "ended" && outcome === "transferred" && by) return t("Handed over to {name}", { name: by });
  if (!handed || !["ended", "missed"].includes(state)) return "";
  return handed.kind === "given" ? "" : t("Stayed with {name}", { name: handed.by });
}

export function showHanded(one) {
  const box = $("#asked");
  const handed = one.view.hand_over;
  show(box, !!handed && (handed.kind !== "back" || handed.notes.length > 0));
  if (!handed) return;
  const alive = store.ALIVE.has(one.view.state);
  const past = () => t("{name} asked you about this client", { name: handed.by });
  const now = { asks: () => t("{name} asks you about this client", { name: handed.by }), given: () => t("{name} handed this client over to you", { name: handed.by }) };
  fill(box, { asked: (alive || handed.kind === "given" ? now[handed.kind] ?? past : past)() });
  box.dataset.kind = handed.kind;
  waits(one);
  notes(handed.notes);
}

function waits(one) {
  const since = isAsked(one) && store.ALIVE.has(one.view.state) ? one.view.hand_over.waits_since : null;
  const text = since ? t("on hold for {time}", { time: duration(store.now() - since) }) : "";
  const box = $("#asked"); // another page may be open
  if (box) fill(box, { "asked-waits": text });
}

function notes(written) {
  const place = $("#asked-notes");
  const key = JSON.stringify(written);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...written.map(({ by, text }) => {
    const li = document.createElement("li");
    const who = Object.assign(document.createElement("span"), { className: "quiet-text", textContent: `${by}: ` });
    li.append(who, text);
    return li;
  }));
}

/** Both are told once when the client has changed hands. */
function tellOnce(one) {
  const { state, outcome, by, hand_over: handed } = one.view;
  const given = handed?.kind === "given" && state === "talking" ? t("{name} handed the call over to you.", { name: handed.by }) : "";
  const gone = state === "ended" && outcome === "transferred" && by ? t("{name} has the call now.", { name: by }) : "";
  const news = given || gone;
  if (news && one.handed !== news) toast(news);
  if (news) one.handed = news;
}
