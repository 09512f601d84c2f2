// The questionnaire of the call: what is to be asked now, each answer saved as it is given.
import { $, show } from "./dom.js";
import { api } from "./api.js";
import { t } from "./texts.js";

const TALKED = new Set(["talking", "held", "ended"]);
const FEW = 7; // options that stand side by side; more of them are a list to choose from

/** Put the questions of this call into their box; a queue without any takes no place. */
export async function showScript(one) {
  const box = $("#script");
  const { state, direction, hand_over: handed } = one.view;
  const early = state === "dialling" && direction === "outbound"; // of what call list it is, is known before the talk
  const apt = (early || TALKED.has(state)) && direction !== "internal" && !one.pop?.colleague && [undefined, "given"].includes(handed?.kind);
  if (box.dataset.call !== one.id) {
    show(box, false);
    box.dataset.call = one.id;
    $("#questions").replaceChildren();
  }
  if (!apt || (state === "ended" && !one.script)) return;
  one.script ??= api("GET", `/calls/${encodeURIComponent(one.id)}/script`).catch(() => null);
  const script = await one.script;
  if (!script) one.script = undefined; // the call's row may be a moment late
  if (!script || box.dataset.call !== one.id) return;
  const asks = script.questions.length > 0 && TALKED.has(one.view.state);
  show(box, asks || !!script.call_list);
  show($("#script-head"), asks);
  show($("#questions"), asks);
  show($("#script-list"), !!script.call_list);
  $("#script-list").textContent = script.call_list && t("Call list “{list}”. You call as: {label}", { list: script.call_list, label: script.label });
  $("#script-title").textContent = script.name;
  draw(one, script.questions);
}

/** The first question that has no answer yet. */
export function toQuestion() {
  const open = [...document.querySelectorAll("#questions li:not([hidden])")].find((li) => !li.dataset.answered);
  const field = open && $("input, textarea, select", open);
  field?.focus();
  return !!field && !$("#script").hidden;
}

function draw(one, questions) {
  const place = $("#questions");
  const known = new Map([...place.children].map((li) => [li.dataset.question, li]));
  const rows = questions.map((question) => known.get(String(question.id)) ?? row(one, question));
  rows.forEach((li, at) => {
    if (place.children[at] !== li) place.insertBefore(li, place.children[at] ?? null);
    show(li, questions[at].now);
    li.dataset.answered = questions[at].answer ? "yes" : "";
  });
}

function row(one, question) {
  const li = document.createElement("li");
  const set = document.createElement("fieldset");
  const legend = Object.assign(document.createElement("legend"), { textContent: question.text });
  const told = Object.assign(document.createElement("small"), { className: "quiet-text" });
  told.setAttribute("role", "status");
  li.dataset.question = question.id;
  set.append(legend, ...fields(question), told);
  li.append(set);
  set.addEventListener("change", () => keep(one, question, set, told));
  return li;
}

function fields(question) {
  const { kind, options, answer } = question;
  if (kind === "yes-no") return [choice(question, [["1", t("yes")], ["0", t("no")]], [answer])];
  if (kind === "rating") return [choice(question, [1, 2, 3, 4, 5].map((n) => [String(n), String(n)]), [answer])];
  if (kind === "several") return [choice(question, options.map((name) => [name, name]), answer.split("; "), "checkbox")];
  if (kind === "list" && options.length <= FEW) return [choice(question, options.map((name) => [name, name]), [answer])];
  if (kind === "list") return [select(question)];
  const field = document.createElement(kind === "text" ? "textarea" : "input");
  if (kind === "text") Object.assign(field, { rows: 1, maxLength: 400 });
  else Object.assign(field, kind === "date" ? { type: "date" } : { type: "text", inputMode: "decimal", maxLength: 30 });
  field.value = answer;
  field.setAttribute("aria-label", question.text);
  return [field];
}

function choice(question, pairs, chosen, type = "radio") {
  const group = Object.assign(document.createElement("div"), { className: "choice-row" });
  for (const [value, text] of pairs) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type, name: `q-${question.id}`, value, checked: chosen.includes(value) });
    label.append(input, text);
    group.append(label);
  }
  return group;
}

function select(question) {
  const field = document.createElement("select");
  field.setAttribute("aria-label", question.text);
  field.append(...["", ...question.options].map((name) => new Option(name, name, false, name === question.answer)));
  return field;
}

function given(set) {
  const ticks = [...set.querySelectorAll("[type=checkbox]")];
  if (ticks.length) return ticks.filter((tick) => tick.checked).map((tick) => tick.value);
  const radio = set.querySelector("[type=radio]");
  return radio ? set.querySelector("[type=radio]:checked")?.value ?? null : $("input, textarea, select", set).value;
}

async function keep(one, question, set, told) {
  told.className = "quiet-text";
  told.textContent = t("Saving…");
  try {
    const path = `/calls/${encodeURIComponent(one.id)}/answers/${question.id}`;
    const { written, questions } = await api("PUT", path, { answer: given(set) });
    const script = await one.script;
    if (script) script.questions = questions;
    told.textContent = written ? t("saved, on the card too") : t("saved");
    if ($("#script").dataset.call === one.id) draw(one, questions);
  } catch (refusal) {
    told.className = "fault";
    told.textContent = refusal.message;
  }
}
