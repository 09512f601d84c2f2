// Small windows of the grid: a column's filter, the choice of columns, a view's name, a change of many.
import { t } from "../texts.js";
import { operators } from "./fields.js";

export function make(tag, values = {}, ...children) {
  const { data, ...rest } = values;
  const one = Object.assign(document.createElement(tag), rest);
  Object.assign(one.dataset, data ?? {});
  one.append(...children);
  return one;
}

function labelled(text, control) {
  return make("label", { className: "field" }, make("span", { textContent: text }), control);
}

/** A dialog with a form; resolves to what `read` gives on its button, or null. */
export function ask(title, body, button, read) {
  return new Promise((done) => {
    const fault = make("p", { className: "fault", role: "alert", hidden: true });
    const send = make("button", { type: "submit", className: "main", textContent: button });
    const close = make("button", { type: "button", textContent: t("Cancel") });
    const form = make("form", { method: "dialog" }, ...body, fault, make("p", { className: "acts" }, send, close));
    const dialog = make("dialog", { className: "grid-dialog" }, make("h2", { textContent: title }), form);
    dialog.setAttribute("aria-label", title);
    let result = null;
    form.addEventListener("submit", (event) => {
      try {
        result = read();
      } catch (error) {
        event.preventDefault();
        fault.textContent = error.message;
        fault.hidden = false;
      }
    });
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(result);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** What a person gives as the value of a field: the control and how to read it. many: several of a list. */
export function control(field, value, many) {
  if (field.kind === "list") {
    const multiple = many || field.property?.kind === "several";
    const list = make("select", { multiple, size: multiple ? Math.min(8, Math.max(3, field.values.length)) : 1 });
    if (!multiple) list.append(make("option", { value: "", textContent: t("nothing") }));
    const chosen = new Set([value].flat().map(String));
    for (const one of field.values) {
      list.append(make("option", { value: one.id, textContent: one.name, selected: chosen.has(String(one.id)) }));
    }
    const number = (id) => (field.field === "kind" ? id : Number(id));
    const read = () => {
      const ids = [...list.selectedOptions].map((option) => option.value).filter(Boolean);
      return multiple ? ids.map(number) : ids.length ? number(ids[0]) : null;
    };
    return { element: list, read };
  }
  if (field.kind === "yes-no") {
    const list = make("select");
    for (const [id, text] of [["1", t("yes")], ["0", t("no")]]) list.append(make("option", { value: id, textContent: text }));
    if (value !== undefined && value !== null) list.value = value === true || value === "1" ? "1" : "0";
    return { element: list, read: () => list.value === "1" };
  }
  if (field.kind === "period") {
    const days = [0, 1].map((place) => make("input", { type: "date", value: value?.[place] ?? "" }));
    days[0].setAttribute("aria-label", t("From"));
    days[1].setAttribute("aria-label", t("To, inclusive"));
    return { element: make("span", { className: "pair" }, ...days), read: () => days.map((day) => day.value) };
  }
  const type = { number: "number", date: "date", count: "number", age: "number", ahead: "number" }[field.kind] ?? "search";
  const input = make("input", { type, value: value ?? "", maxLength: 200 });
  if (type === "number") input.step = field.kind === "number" ? "any" : 1;
  return { element: input, read: () => (input.value.trim() === "" ? null : type === "number" ? Number(input.value) : input.value.trim()) };
}

/** Ask for a condition on a field; before: the one there is. Resolves to a condition, "off", or null. */
export async function askFilter(field, before) {
  const words = make("select");
  for (const [op, text] of operators(field.kind)) words.append(make("option", { value: op, textContent: text }));
  if (before) words.value = before.op;
  let given = control(field, before?.value, true);
  const place = labelled(t("Value"), given.element);
  const look = () => (place.hidden = ["empty", "filled"].includes(words.value));
  words.addEventListener("change", look);
  look();
  return ask(t("Filter: {column}", { column: field.title }), [labelled(t("Condition"), words), place], t("Apply"), () => {
    const op = words.value;
    if (op === "empty" || op === "filled") return { field: field.field, op };
    const value = given.read();
    if (value === null || (Array.isArray(value) && !value.length)) return before ? "off" : null;
    return { field: field.field, op, value };
  });
}

/** Choose columns and their order. Resolves to field names in order, or null. */
export function askColumns(all, shown) {
  const list = make("ol", { className: "column-list" });
  const ordered = [...shown.map((name) => all.find((one) => one.field === name)).filter(Boolean), ...all.filter((one) => !shown.includes(one.field))];
  for (const one of ordered) {
    const box = make("input", { type: "checkbox", value: one.field, checked: shown.includes(one.field) });
    const up = make("button", { type: "button", className: "quiet small", textContent: "↑" });
    up.setAttribute("aria-label", t("Move “{column}” up", { column: one.title }));
    const row = make("li", {}, make("label", {}, box, make("span", { textContent: one.title })), up);
    up.addEventListener("click", () => {
      row.previousElementSibling?.before(row);
      up.focus();
    });
    list.append(row);
  }
  return ask(t("Columns"), [list], t("Show these"), () => {
    const chosen = [...list.querySelectorAll("input:checked")].map((box) => box.value);
    if (!chosen.length) throw new Error(t("Choose at least one column."));
    return chosen;
  });
}

/** A name for a view and whom it is shared with. */
export function askView(shareable) {
  const name = make("input", { type: "text", maxLength: 80, required: true });
  const share = make("select");
  const whom = [["", t("only me")], ["agent", t("agents")], ["supervisor", t("supervisors")], ["all", t("everybody")]];
  for (const [id, text] of shareable ? whom : whom.slice(0, 1)) share.append(make("option", { value: id, textContent: text }));
  return ask(t("Save this view"), [labelled(t("Name"), name), labelled(t("Who sees it"), share)], t("Save"), () => ({
    name: name.value.trim(),
    share: share.value,
  }));
}

/** Which field is set to what. Resolves to {field: value}, or null. */
export function askChange(settable, count) {
  const which = make("select");
  for (const one of settable) which.append(make("option", { value: one.field, textContent: one.title }));
  const place = make("div");
  let given;
  const look = () => {
    const field = settable.find((one) => one.field === which.value);
    given = { ...control(field), set: field.set };
    place.replaceChildren(labelled(t("New value"), given.element));
  };
  which.addEventListener("change", look);
  look();
  const title = t("Change many clients: {count}", { count });
  return ask(title, [labelled(t("Field"), which), place], t("Change"), () => {
    const value = given.read();
    return { [given.set]: value === null && ["note", "time_zone"].includes(given.set) ? "" : value };
  });
}
