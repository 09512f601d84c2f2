// SMS: how many wait to be read, and lists and cards that come anew when something of theirs is otherwise.
import { $, $$, isTyping, show } from "./dom.js";
import * as store from "./store.js";
import { t } from "./texts.js";

let had = 0; // how many waited then
let last = null; // the number of the latest change

export function startSms() {
  store.on("sms", told);
}

/** mark: `NUMBER:IDS`: the clients whose messages changed then, * for somebody without a card. */
function told(view) {
  if (!view) return;
  const count = $("#sms-count");
  if (count) {
    count.textContent = view.count;
    count.title = t("SMS that nobody has read");
    show(count, view.count > 0);
  }
  if (had > 0 && view.count === 0) for (const row of $$('#alarms [data-calm="sms-in"]')) $("button", row).click(); // somebody has read them
  had = view.count;
  const [number, ids] = view.mark.split(":");
  const missed = last !== null && Number(number) > last + 1;
  const news = last !== null && Number(number) !== last;
  last = Number(number || 0);
  if (!news) return;
  document.dispatchEvent(new CustomEvent("trubka:sms"));
  const whose = ids.split(",");
  const desk = $("#desk-answer")?.dataset.client;
  if (desk && (missed || whose.includes(desk))) document.dispatchEvent(new CustomEvent("trubka:desk-sms"));
  const stream = $("#stream");
  const card = stream?.closest("#history") && $("[data-answer]")?.dataset.answer;
  if (!card || !(missed || whose.includes(card)) || (isTyping() && stream.contains(document.activeElement))) return;
  show(stream, true);
  stream.dispatchEvent(new CustomEvent("trubka:client-sms"));
}
