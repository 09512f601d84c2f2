// The box to answer a client by any channel, on his card and on the desk. What is written stays while one goes about.
import { $, $$, fill, onPage, show } from "./dom.js";
import { api, requestId } from "./api.js";
import { measure } from "./measure.js";
import * as store from "./store.js";
import { moment, t, tn, unix, wall } from "./texts.js";
import { toast } from "./toasts.js";

const LATER_MS = 300;
const written = new Map(); // by client: what is written and not sent
const prices = new Map(); // by number: what a part costs
let timer = 0;

export function startAnswer(htmx) {
  document.addEventListener("click", clicked);
  document.addEventListener("input", (event) => typed(event.target.closest?.("[data-answer]")));
  document.addEventListener("change", changed);
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-answer]");
    if (!form) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    send(form);
  }, { capture: true });
  onPage("[data-answer]", begin);
  document.addEventListener("trubka:desk-client", ({ detail: id }) => {
    const place = $("#desk-answer");
    if (!place || place.dataset.client === String(id)) return;
    place.dataset.client = id;
    show($("#desk-answer-box"), !!id);
    place.replaceChildren(); // nothing is written in the box of the client before
    if (id) htmx.ajax("GET", `/clients/${id}/answer`, { source: place, target: place, swap: "innerHTML" }).then(() => $$("[data-answer]", place).forEach(begin));
  });
}

function begin(form) {
  const area = $("textarea", form);
  if (!area) return;
  area.value = written.get(form.dataset.answer)?.text ?? area.value;
  typed(form);
  if (location.hash === "#answer-box") atHand(form);
}

/** Whoever came to answer has the box on top, what was written under it, and has read that. */
function atHand(form) {
  const box = form.closest("#answer-box");
  if (!box) return;
  box.scrollIntoView({ block: "start" });
  $("textarea", form).focus({ preventScroll: true });
  for (const one of $$("#stream [data-unread]")) api("POST", `/sms/${one.dataset.unread}/read`).catch(() => {}); // it is said again by who reads it next
}

function clicked(event) {
  const form = event.target.closest("[data-answer]");
  if (!form) return;
  const way = event.target.closest("[data-way]");
  if (way) {
    for (const one of $$("[data-way]", form)) one.setAttribute("aria-pressed", String(one === way));
    for (const part of $$("[data-by]", form)) show(part, part.dataset.by === way.dataset.way);
    $(`[data-by="${way.dataset.way}"] textarea, [data-by="${way.dataset.way}"] button`, form)?.focus();
  }
  if (event.target.closest("[data-latin]")) inLatin(form);
  if (event.target.closest(".later summary")) offerTime(form);
  if (event.target.closest("[data-later]")) sendLater(form);
}

/** The next morning, until something else is chosen. */
function offerTime(form) {
  const field = $("[data-at]", form);
  if (!(unix(field.value) > store.now())) field.value = `${wall(store.now() + 86_400).slice(0, 10)}T09:00`;
}

function sendLater(form) {
  const at = unix($("[data-at]", form).value);
  if (!(at > store.now())) return fault(form, t("Choose a time that is still to come."));
  $(".later", form).open = false;
  send(form, at);
}

async function inLatin(form) {
  const area = $("textarea", form);
  try {
    const said = await api("POST", "/sms/measure", { text: area.value });
    area.value = said.latin;
    typed(form);
    area.focus();
  } catch (refusal) {
    fault(form, refusal.message);
  }
}

async function changed(event) {
  const form = event.target.closest("[data-answer]");
  if (!form) return;
  if (event.target.name === "number") typed(form);
  if (event.target.name !== "template" || !event.target.value) return;
  try {
    const body = { template_id: Number(event.target.value), client_id: Number(form.dataset.answer) };
    const said = await api("POST", "/sms/filled", body);
    $("textarea", form).value = said.text;
    typed(form, body.template_id);
    fault(form, said.missing.length ? t("Without a value: {fields}. Fill them in, or take them out.", { fields: said.missing.join(", ") }) : "");
    $("textarea", form).focus();
  } catch (refusal) {
    fault(form, refusal.message);
  }
}

/** The counter, at once; the price when the fingers rest. */
function typed(form, template) {
  const area = form && $("textarea", form);
  if (!area) return;
  const id = form.dataset.answer;
  const before = written.get(id);
  if (area.value) written.set(id, { text: area.value, key: before?.text === area.value ? before.key : requestId(), template: template ?? before?.template });
  else written.delete(id);
  count(form);
  clearTimeout(timer);
  timer = setTimeout(() => price(form), LATER_MS);
}

function count(form) {
  const { value } = $("textarea", form);
  const size = measure(value);
  const to = prices.get($("select[name=number]", form).value);
  const words = [
    tn("{n} sign", "{n} signs", size.signs),
    size.alphabet === "gsm7" ? t("Latin") : t("Cyrillic or others"),
    tn("{n} part", "{n} parts", size.parts),
    t("{n} left", { n: size.left }),
  ];
  if (to?.part_price === null) words.push(t("no gateway serves this number now: it would wait"));
  else if (to?.part_price) words.push(money(to.part_price * size.parts, to.currency));
  fill(form, { size: value ? words.join(" · ") : "" });
  show($("[data-latin]", form), size.alphabet === "ucs2");
  $("[data-f=size]", form).classList.toggle("fault", size.parts > 10);
}

async function price(form) {
  const number = $("select[name=number]", form).value;
  if (prices.has(number) || !written.has(form.dataset.answer)) return;
  try {
    prices.set(number, await api("POST", "/sms/measure", { text: "", number }));
    setTimeout(() => prices.delete(number), 60_000);
    count(form);
  } catch {
    // the counter does without
  }
}

const money = (hundredths, currency) => new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).format(hundredths / 100);

function fault(form, text) {
  fill(form, { fault: text });
  show($("[data-f=fault]", form), !!text);
}

async function send(form, at) {
  const area = $("textarea", form);
  const id = form.dataset.answer;
  const mine = written.get(id);
  if (!mine?.text.trim()) return fault(form, t("Write the text first."));
  if (form.dataset.going) return;
  form.dataset.going = "yes";
  const body = { key: mine.key, number: $("select[name=number]", form).value, text: mine.text, client_id: Number(id) };
  if (mine.template) body.template_id = mine.template;
  if (at) body.send_at = at;
  try {
    const made = await api("POST", "/sms", body);
    written.delete(id);
    area.value = "";
    fault(form, "");
    count(form);
    toast(at ? t("The SMS goes on {time}.", { time: moment(at) }) : t("The SMS goes out in ten seconds."), { label: t("Take back"), act: () => undo(made.id, id, mine.text) });
  } catch (refusal) {
    fault(form, refusal.message);
  } finally {
    delete form.dataset.going;
  }
}

async function undo(sms, client, text) {
  try {
    await api("POST", `/sms/${sms}/undo`);
    written.set(client, { text, key: requestId() });
    for (const form of $$(`[data-answer="${client}"]`)) begin(form);
    toast(t("The SMS was taken back."));
  } catch (refusal) {
    toast(refusal.message);
  }
}
