// Small windows of the grid: the choice of columns, a view's name, a change of many; and the controls that take a value.
import { t } from "../texts.js";

const MANY_VALUES = 8;

export function make(tag, values = {}, ...children) {
  const { data, ...rest } = values;
  const one = Object.assign(document.createElement(tag), rest);
  Object.assign(one.dataset, data ?? {});
  one.append(...children);
  return one;
}

function labelled(text, control) {
  if (control.matches("div")) return make("div", { className: "field" }, make("span", { textContent: text }), control); // its boxes have names of their own
  return make("label", { className: "field" }, make("span", { textContent: text }), control);
}

/** A dialog with a form; resolves to what `read` gives on its button, or null. */
export function ask(title, body, button, read, leave = t("Cancel")) {
  return new Promise((done) => {
    const fault = make("p", { className: "fault", role: "alert", hidden: true });
    const send = make("button", { type: "submit", className: "main", textContent: button });
    const close = make("button", { type: "button", textContent: leave });
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
  if (field.kind === "list") return many || field.property?.kind === "several" ? ticks(field, value) : choice(field, value);
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

const idOf = (field, id) => (["kind", "consented", "refused"].includes(field.field) ? id : Number(id));

function choice(field, value) {
  const list = make("select", {}, make("option", { value: "", textContent: t("nothing") }));
  for (const one of field.values) list.append(make("option", { value: one.id, textContent: one.name, selected: String(one.id) === String(value) }));
  return { element: list, read: () => (list.value === "" ? null : idOf(field, list.value)) };
}

/** Several of a list, each with a box; of a long one those are looked for. */
function ticks(field, value) {
  const chosen = new Set([value ?? []].flat().map(String));
  const rows = field.values.map((one) => {
    const box = make("input", { type: "checkbox", value: one.id, checked: chosen.has(String(one.id)) });
    return make("li", {}, make("label", { className: "check" }, box, make("span", { className: one.color ? `value ${one.color}` : "", textContent: one.name })));
  });
  const look = make("input", { type: "search", placeholder: t("Find a value"), maxLength: 60, hidden: rows.length <= MANY_VALUES });
  look.setAttribute("aria-label", look.placeholder);
  look.addEventListener("input", () => {
    const part = look.value.trim().toLocaleLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLocaleLowerCase().includes(part);
  });
  const nobody = make("p", { className: "quiet-text", textContent: t("This list has no values yet."), hidden: rows.length > 0 });
  const element = make("div", { className: "ticks-of" }, look, make("ul", { className: "ticks" }, ...rows), nobody);
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", field.title);
  const boxes = rows.map((row) => row.querySelector("input"));
  return { element, read: () => boxes.filter((box) => box.checked).map((box) => idOf(field, box.value)) };
}

/** Choose columns and their order. Resolves to field names in order, or null. */
export function askColumns(all, shown, usual) {
  const list = make("ol", { className: "column-list" });
  const stand = (chosen) => {
    const ordered = [...chosen.map((name) => all.find((one) => one.field === name)).filter(Boolean), ...all.filter((one) => !chosen.includes(one.field))];
    list.replaceChildren(...ordered.map((one) => columnRow(one, chosen.includes(one.field))));
  };
  stand(shown);
  const reset = make("button", { type: "button", className: "small", textContent: t("As it was at first") });
  reset.addEventListener("click", () => stand(usual));
  const hint = make("p", { className: "quiet-text", textContent: t("Order and width can be changed in the table too: drag a heading or its edge.") });
  return ask(t("Columns"), [hint, list, make("p", {}, reset)], t("Show these"), () => {
    const chosen = [...list.querySelectorAll("input:checked")].map((box) => box.value);
    if (!chosen.length) throw new Error(t("Choose at least one column."));
    return chosen;
  });
}

function columnRow(one, checked) {
  const box = make("input", { type: "checkbox", value: one.field, checked });
  const row = make("li", {}, make("label", {}, box, make("span", { textContent: one.title })));
  const moves = [["↑", t("Move “{column}” up", { column: one.title }), () => row.previousElementSibling?.before(row)], ["↓", t("Move “{column}” down", { column: one.title }), () => row.nextElementSibling?.after(row)]];
  for (const [textContent, label, move] of moves) {
    const button = make("button", { type: "button", className: "quiet small", textContent });
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => {
      move();
      button.focus();
    });
    row.append(button);
  }
  return row;
}

/** A name for a view and whom it is shared with. before: the view that is open; kept: what of the list is. */
export function askView(shareable, before, kept = t("Columns, filters, search and order are kept. A view of yours with this name is replaced.")) {
  const name = make("input", { type: "text", maxLength: 80, required: true, value: before?.name ?? "" });
  const share = make("select");
  const whom = [["", t("only me")], ["agent", t("agents")], ["supervisor", t("supervisors")], ["all", t("everybody")]];
  for (const [id, text] of shareable ? whom : whom.slice(0, 1)) share.append(make("option", { value: id, textContent: text }));
  share.value = before?.share ?? "";
  const hint = make("p", { className: "quiet-text", textContent: kept });
  return ask(t("Save this view"), [labelled(t("Name"), name), labelled(t("Who sees it"), share), hint], t("Save"), () => ({
    name: name.value.trim(),
    share: share.value,
  }));
}

/** Which field of so many clients is set to what. Resolves to what the API sets, or null. */
export function askChange(settable, count) {
  const which = make("select");
  for (const one of settable) which.append(make("option", { value: one.field, textContent: one.title }));
  const place = make("div");
  let given, field;
  const look = () => {
    field = settable.find((one) => one.field === which.value);
    given = control(field);
    place.replaceChildren(labelled(t("New value"), given.element));
  };
  which.addEventListener("change", look);
  look();
  const hint = make("p", { className: "quiet-text", textContent: t("An empty value empties the field. It can be taken back: see “Bulk edits”.") });
  return ask(t("Change many clients: {count}", { count }), [labelled(t("Field"), which), place, hint], t("Change"), () => {
    const value = given.read();
    if (field.field === "kind" && value === null) throw new Error(t("A client is of some kind."));
    if (field.property) return { properties: { [field.property.id]: Array.isArray(value) && !value.length ? null : value } };
    return { [field.set]: value === null && ["note", "time_zone"].includes(field.set) ? "" : value };
  });
}

/** A window that only tells; resolves when it is closed. */
export function tell(title, body) {
  const close = make("button", { type: "submit", className: "main", textContent: t("Close") });
  const form = make("form", { method: "dialog" }, ...body, make("p", { className: "acts" }, close));
  const dialog = make("dialog", { className: "grid-dialog wide" }, make("h2", { textContent: title }), form);
  dialog.setAttribute("aria-label", title);
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      done();
    });
  });
}
