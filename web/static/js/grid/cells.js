// Cells of the grid: how a value is drawn, said as plain text, edited in place, and what a changed one sets.
import { go } from "../sections.js";
import { moment, t } from "../texts.js";
import { make } from "./panel.js";

/** A value as it is drawn. */
export function draw(one, cell) {
  const value = cell.getValue();
  cell.getElement().tabIndex = -1; // the table is one stop of the Tab key
  if (value === undefined || value === null || value === "") return "";
  if (one.field === "name") return nameLink(cell.getData().id, value);
  if (one.property?.kind === "list" || one.property?.kind === "several") return tags(one, value);
  if (one.property?.kind === "rating") return make("span", { className: "rating", textContent: "★".repeat(Number(value)), title: value });
  const text = plain(one, value);
  return make("span", { textContent: text, title: text.length > 20 ? text : "" });
}

function nameLink(id, name) {
  const link = make("a", { href: `/clients/${id}`, textContent: name, title: name, tabIndex: -1 });
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });
  return link;
}

function tags(one, value) {
  const named = String(value).split("; ").map((name) => {
    const color = one.values.find((other) => other.name === name)?.color || "grey";
    return make("span", { className: `value ${color}`, textContent: name });
  });
  return make("span", { className: "tags" }, ...named);
}

/** A value as plain text: for copying. */
export function plain(one, value) {
  if (value === undefined || value === null) return "";
  if (one.moment) return moment(value);
  if (one.field === "kind") return one.values.find((other) => other.id === value)?.name ?? value;
  if (one.kind === "yes-no") return value === "1" ? t("yes") : t("no");
  if (one.kind === "date") return value.split("-").reverse().join(".");
  return String(value);
}

/** How a cell is edited; nothing for one that is changed on the card alone. */
export function editor(one) {
  if (!one.set || one.property?.kind === "several") return {};
  if (one.kind === "list") {
    const values = one.values.map((other) => ({ label: other.name, value: one.field === "kind" ? other.id : other.name }));
    return { editor: "list", editorParams: { values, clearable: one.field !== "kind", ...(values.length > 8 ? { autocomplete: true, listOnEmpty: true } : {}) } };
  }
  if (one.property?.kind === "rating") return { editor: "number", editorParams: { min: 1, max: 5, step: 1, selectContents: true } };
  if (one.kind === "yes-no") return { editor: "list", editorParams: { values: [{ label: t("yes"), value: "1" }, { label: t("no"), value: "0" }], clearable: true } };
  return { editor: one.kind === "number" ? "number" : one.kind === "date" ? "date" : "input", editorParams: { selectContents: true } };
}

/** What a changed cell sets, as the card's API takes it. */
export function setting(one, raw) {
  let value = raw === "" || raw === undefined ? null : raw;
  if (one.kind === "list" && one.field !== "kind") value = one.values.find((other) => other.name === raw)?.id ?? null;
  if (one.property) return { properties: { [one.property.id]: value } };
  return { [one.set]: value ?? (["note", "time_zone"].includes(one.set) ? "" : null) };
}
