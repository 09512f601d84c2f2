// The header of a column: its title, a quick filter of the column's kind, and the button of all its conditions.
import { $ } from "../dom.js";
import { t } from "../texts.js";
import { inWords } from "./fields.js";
import { openFilter } from "./filter.js";
import { make } from "./panel.js";

const TYPING_MS = 350;

export class Headers {
  constructor(grid) {
    this.grid = grid;
    this.shown = new Map(); // field -> its controls, which show its conditions
  }

  of(one) {
    return this.grid.state.filters.filter((condition) => condition.field === one.field);
  }

  /** The title with the button of all conditions. */
  title(one) {
    const button = make("button", { type: "button", className: "quiet funnel" }, make("span", { className: "funnel-mark" }));
    button.setAttribute("aria-label", t("Filter by “{column}”", { column: one.title }));
    button.setAttribute("aria-haspopup", "dialog");
    button.title = button.getAttribute("aria-label");
    if (one.kind === "list" || one.kind === "date") button.tabIndex = -1; // the quick filter is the same window
    button.classList.toggle("on", this.of(one).length > 0);
    button.addEventListener("mousedown", (event) => event.stopPropagation());
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      this.open(one, button);
    });
    const sorts = one.unsorted ? make("span", { className: "head-title", textContent: one.title }) : make("button", { type: "button", className: "quiet head-title", textContent: one.title });
    return make("span", { className: "head", title: one.title }, sorts, button);
  }

  open(one, from) {
    openFilter(one, this.of(one), from, (conditions) => this.grid.filter(one.field, conditions));
  }

  /** The filter that stands in the header. */
  quick(one) {
    const control = QUICK[one.kind](one, (conditions) => this.grid.filter(one.field, conditions), (from) => this.open(one, from));
    const place = make("div", { className: "quick" }, ...control.elements);
    for (const kind of ["mousedown", "keydown", "keyup"]) place.addEventListener(kind, (event) => event.stopPropagation());
    place.addEventListener("keydown", (event) => event.key === "ArrowDown" && event.target.matches("input") && this.grid.chosen.focus());
    control.show(this.of(one));
    this.shown.set(one.field, { control, place });
    return place;
  }

  /** Every header shows the conditions there are now; where somebody types, what he typed stays. */
  refresh() {
    for (const [field, { control, place }] of this.shown) {
      const one = this.grid.field(field);
      if (!place.contains(document.activeElement)) control.show(this.of(one));
      place.closest(".tabulator-col")?.querySelector(".funnel")?.classList.toggle("on", this.of(one).length > 0);
    }
  }
}

function named(element, one, part = "") {
  element.setAttribute("aria-label", [t("Filter by “{column}”", { column: one.title }), part].filter(Boolean).join(", "));
  return element;
}

/** Conditions that the control cannot show stand in it as words. */
const others = (one, conditions) => conditions.map((condition) => inWords(condition, one)).join("; ");

function text(one, apply) {
  const input = named(make("input", { type: "search", maxLength: 200, placeholder: t("contains…") }), one);
  let timer = 0;
  const now = () => {
    clearTimeout(timer);
    const value = input.value.trim();
    apply(value ? [{ field: one.field, op: "contains", value }] : []);
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(now, TYPING_MS);
  });
  input.addEventListener("keydown", (event) => event.key === "Enter" && now());
  const show = (conditions) => {
    const [only] = conditions;
    const easy = conditions.length === 1 && only.op === "contains" && !only.at;
    input.value = easy ? only.value : "";
    input.placeholder = easy || !only ? t("contains…") : others(one, conditions);
  };
  return { elements: [input], show };
}

function range(one, apply) {
  const inputs = [["from", t("from")], ["to", t("up to")]].map(([op, word]) =>
    named(make("input", { type: "number", step: "any", placeholder: word, data: { op } }), one, word),
  );
  const read = () => inputs.filter((input) => input.value.trim() !== "").map((input) => ({ field: one.field, op: input.dataset.op, value: Number(input.value) }));
  let timer = 0;
  for (const input of inputs) {
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => apply(read()), TYPING_MS);
    });
  }
  const show = (conditions) => {
    for (const input of inputs) {
      const mine = conditions.find((condition) => condition.op === input.dataset.op && !condition.at);
      const exact = conditions.find((condition) => condition.op === "is" || condition.op === "empty" || condition.op === "filled");
      input.value = mine ? mine.value : "";
      input.placeholder = exact ? others(one, [exact]) : input.dataset.op === "from" ? t("from") : t("up to");
    }
  };
  return { elements: inputs, show };
}

/** A button that says what is chosen and opens the conditions. */
function chooser(one, _apply, open) {
  const button = make("button", { type: "button", className: "choice-of" });
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    open(button);
  });
  const show = (conditions) => {
    button.textContent = conditions.length ? others(one, conditions) : t("all");
    button.title = button.textContent;
    button.classList.toggle("on", conditions.length > 0);
    named(button, one, button.textContent);
  };
  return { elements: [button], show };
}

function yesNo(one, apply) {
  const list = named(make("select"), one);
  const choices = [["", t("all")], ["yes", t("yes")], ["no", t("no")], ["empty", t("is empty")]];
  for (const [id, word] of choices) list.append(make("option", { value: id, textContent: word }));
  list.addEventListener("change", () => {
    const field = one.field;
    apply({ "": [], yes: [{ field, op: "is", value: true }], no: [{ field, op: "is", value: false }], empty: [{ field, op: "empty" }] }[list.value]);
  });
  const show = ([first]) => {
    const said = !first ? "" : first.op === "empty" ? "empty" : first.value === true || first.value === "1" ? "yes" : "no";
    list.value = said;
  };
  return { elements: [list], show };
}

const QUICK = { text, phone: text, email: text, words: text, number: range, date: chooser, list: chooser, "yes-no": yesNo };
