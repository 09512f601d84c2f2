// All conditions of a column's kind in a small window under its header: one of, none of, from - to, empty, filled...
import { t } from "../texts.js";
import { operators } from "./fields.js";
import { control, make } from "./panel.js";

const RANGES = ["number", "date"];
const MARGIN_PX = 8;

/** Open the window under `from`. before: conditions of the column; apply: what they become. */
export function openFilter(one, before, from, apply) {
  const words = make("select");
  for (const [op, text] of offered(one)) words.append(make("option", { value: op, textContent: text }));
  words.value = opOf(one, before);
  const place = make("div", { className: "filter-value" });
  let given;
  const look = (conditions) => {
    given = values(one, words.value, conditions);
    place.replaceChildren(...given.elements);
  };
  words.addEventListener("change", () => look([]));
  look(before);
  const fault = make("p", { className: "fault", role: "alert", hidden: true });
  const off = make("button", { type: "button", textContent: t("Take off"), hidden: !before.length });
  const acts = make("p", { className: "acts" }, make("button", { type: "submit", className: "main", textContent: t("Apply") }), off);
  const title = make("h2", { textContent: t("Filter: {column}", { column: one.title }) });
  const form = make("form", { method: "dialog" }, title, make("label", { className: "field" }, make("span", { textContent: t("Condition") }), words), place, fault, acts);
  const dialog = make("dialog", { className: "filter-box" }, form);
  dialog.setAttribute("aria-label", title.textContent);
  const close = (conditions) => {
    dialog.close();
    if (conditions) apply(conditions);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      close(given.read());
    } catch (error) {
      fault.textContent = error.message;
      fault.hidden = false;
    }
  });
  off.addEventListener("click", () => close([]));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
  dialog.addEventListener("close", () => {
    dialog.remove();
    from.focus?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  stand(dialog, from);
  (place.querySelector("input:not([type=checkbox], [hidden])") ?? place.querySelector("input:not([hidden]), select") ?? words).focus();
}

/** Under what it belongs to, whole on the screen. */
function stand(dialog, from) {
  const at = (from.closest(".tabulator-col") ?? from).getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - dialog.offsetWidth - MARGIN_PX);
  const top = Math.min(at.bottom + 2, innerHeight - dialog.offsetHeight - MARGIN_PX);
  Object.assign(dialog.style, { left: `${Math.max(MARGIN_PX, left)}px`, top: `${Math.max(MARGIN_PX, top)}px`, margin: "0" });
}

function offered(one) {
  const known = operators(one.kind);
  return RANGES.includes(one.kind) ? [["between", t("from … up to …")], ...known.filter(([op]) => op !== "from" && op !== "to")] : known;
}

function opOf(one, before) {
  const [first] = before;
  if (!first) return offered(one)[0][0];
  return RANGES.includes(one.kind) && (first.op === "from" || first.op === "to") ? "between" : first.op;
}

/** The controls of an operator and what they say. */
function values(one, op, before) {
  if (op === "empty" || op === "filled") return { elements: [], read: () => [{ field: one.field, op }] };
  if (op === "between") return between(one, before);
  if (one.kind === "list") return ticked(one, op, before);
  const given = control(one, before.find((condition) => condition.op === op)?.value, true);
  const label = make("label", { className: "field" }, make("span", { textContent: t("Value") }), given.element);
  const read = () => {
    const value = given.read();
    return value === null || value === "" ? [] : [{ field: one.field, op, value }];
  };
  return { elements: [label], read };
}

function between(one, before) {
  const pair = [["from", t("From")], ["to", t("To, inclusive")]].map(([op, word]) => {
    const given = control(one, before.find((condition) => condition.op === op)?.value);
    return { op, given, label: make("label", { className: "field" }, make("span", { textContent: word }), given.element) };
  });
  const read = () => {
    const said = pair.map(({ op, given }) => ({ field: one.field, op, value: given.read() })).filter(({ value }) => value !== null);
    if (said.length === 2 && said[0].value > said[1].value) throw new Error(t("“From” is after “to”."));
    return said;
  };
  return { elements: [make("div", { className: "pair" }, ...pair.map(({ label }) => label))], read };
}

function ticked(one, op, before) {
  const given = control(one, before.flatMap((condition) => condition.value ?? []), true);
  const read = () => {
    const ids = given.read();
    return ids.length ? [{ field: one.field, op, value: ids }] : [];
  };
  return { elements: [given.element], read };
}
