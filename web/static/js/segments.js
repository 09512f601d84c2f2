// The builder of a segment: groups of conditions, each a field, an operator and a value; counted as it is written.
import { $, $$, onPage, show } from "./dom.js";
import { api } from "./api.js";
import { beside, fields, operators } from "./grid/fields.js";
import { control, make } from "./grid/panel.js";
import { go } from "./sections.js";
import { t, tn } from "./texts.js";

const PAUSE_MS = 350;
const DEEPEST = 4;

export function startSegments() {
  onPage("form[data-segment]", (form) => new Builder(form).start());
  onPage("[data-count]", () => $$("[data-count]").forEach(countOne));
}

async function countOne(link) {
  const conditions = JSON.parse(link.dataset.count);
  const counted = await api("POST", "/segments/count", { expression: { match: "all", conditions, groups: [] } }).catch(() => null);
  if (link.isConnected) link.textContent = counted ? counted.count.toLocaleString(document.documentElement.lang) : "?";
}

class Builder {
  constructor(form) {
    this.form = form;
    this.id = form.dataset.segment;
    this.place = $("[data-builder]", form);
    this.mayWrite = form.dataset.write === "yes";
  }

  async start() {
    for (const button of $$("[data-do]")) button.addEventListener("click", () => this.act(button));
    const catalogue = await api("GET", "/clients/catalogue");
    if (!this.form.isConnected) return;
    const own = fields(catalogue);
    this.sets = [
      [t("Card"), own.filter((one) => !one.property)],
      [t("Properties"), own.filter((one) => one.property)],
      [t("History"), beside(catalogue).filter((one) => one.field !== "segment")],
      [t("Segments"), beside(catalogue).filter((one) => one.field === "segment" && one.values.length)],
    ];
    this.root = this.group(JSON.parse(this.form.dataset.expression), 1);
    this.place.replaceChildren(this.root.element);
    if (!this.mayWrite) for (const one of $$("select, input, button", this.place)) one.disabled = true;
    this.form.addEventListener("input", () => this.later());
    this.form.addEventListener("change", () => this.later());
    this.form.addEventListener("submit", (event) => this.save(event));
    this.count();
  }

  field(name) {
    return this.sets.flatMap(([, some]) => some).find((one) => one.field === name);
  }

  /** A group: how its parts are joined, its conditions and its groups. */
  group(given, depth) {
    const match = make("select");
    for (const [id, text] of [["all", t("all of these")], ["any", t("any of these")], ["none", t("none of these")]]) {
      match.append(make("option", { value: id, textContent: text, selected: id === given.match }));
    }
    match.setAttribute("aria-label", t("How the conditions are joined"));
    const list = make("ul", { className: "conditions" });
    const parts = [];
    const add = (part) => {
      parts.push(part);
      const off = make("button", { type: "button", className: "quiet round", textContent: "×" });
      off.setAttribute("aria-label", part.read ? t("Remove the condition") : t("Remove the group"));
      const row = make("li", {}, part.element, off);
      off.addEventListener("click", () => {
        parts.splice(parts.indexOf(part), 1);
        row.remove();
        this.later();
        match.focus();
      });
      list.append(row);
      return part;
    };
    const another = make("button", { type: "button", className: "small", textContent: t("+ Condition") });
    another.addEventListener("click", () => {
      $("select", add(this.condition({ field: "name", op: "contains" })).element).focus();
      this.later();
    });
    const inner = make("button", { type: "button", className: "small", textContent: t("+ Group"), hidden: depth >= DEEPEST });
    inner.addEventListener("click", () => {
      $("select", add(this.group({ match: "any", conditions: [{ field: "name", op: "contains" }], groups: [] }, depth + 1)).element).focus();
      this.later();
    });
    for (const one of given.conditions ?? []) if (this.field(one.field)) add(this.condition(one));
    for (const one of given.groups ?? []) add(this.group(one, depth + 1));
    if (!parts.length) add(this.condition({ field: "name", op: "contains" }));
    const head = make("p", { className: "pair" }, make("span", { textContent: t("Clients for whom hold") }), match);
    const element = make("div", { className: "condition-group" }, head, list, make("p", { className: "acts" }, another, inner));
    const whole = () => ({
      match: match.value,
      conditions: parts.filter((part) => part.read).map((part) => part.read()).filter(Boolean),
      groups: parts.filter((part) => part.whole).map((part) => part.whole()),
    });
    return { element, whole };
  }

  /** A condition: field, operator, value, and of some how far back or as of which day. */
  condition(given) {
    const which = make("select");
    which.setAttribute("aria-label", t("Field"));
    for (const [title, some] of this.sets) {
      if (!some.length) continue;
      const part = make("optgroup", { label: title });
      for (const one of some) part.append(make("option", { value: one.field, textContent: one.title, selected: one.field === given.field }));
      which.append(part);
    }
    const op = make("select");
    op.setAttribute("aria-label", t("Condition"));
    const place = make("span", { className: "pair" });
    let value;
    let more;
    const look = (op_, value_, more_) => {
      const field = this.field(which.value);
      const known = operators(field.kind);
      op.replaceChildren(...known.map(([id, text]) => make("option", { value: id, textContent: text || field.title, selected: id === op_ })));
      op.hidden = known.length === 1 && !known[0][1];
      value = control(field, value_, true);
      for (const one of [value.element, ...$$("input, select", value.element)]) if (one.matches("select, input:not([type=checkbox])")) one.setAttribute("aria-label", one.getAttribute("aria-label") ?? t("Value"));
      more = beyond(field, more_);
      hide();
    };
    const hide = () => place.replaceChildren(...(["empty", "filled"].includes(op.value) ? [] : [value.element]), ...more.elements);
    which.addEventListener("change", () => look());
    op.addEventListener("change", hide);
    look(given.op, given.value, given);
    const read = () => {
      const plain = { field: which.value, op: op.value, ...more.read() };
      if (["empty", "filled"].includes(op.value)) return plain;
      const said = value.read();
      return said === null || said === "" || (Array.isArray(said) && !said.length) ? null : { ...plain, value: said };
    };
    return { element: make("span", { className: "condition" }, which, op, place), read };
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.count(), PAUSE_MS);
  }

  async count() {
    const live = $("[data-counted]", this.form);
    const expression = this.root.whole();
    const asked = JSON.stringify({ expression });
    this.asked = asked;
    if (!leaves(expression)) {
      live.textContent = "";
      return;
    }
    try {
      const { count } = await api("POST", "/segments/count", JSON.parse(asked));
      if (this.asked !== asked) return;
      live.textContent = tn("{n} client", "{n} clients", count);
      this.tell("");
    } catch (refusal) {
      if (this.asked !== asked) return;
      live.textContent = "";
      this.tell(refusal.message);
    }
  }

  async save(event) {
    event.preventDefault();
    const { name, tag, priority } = this.form.elements;
    const body = { name: name.value, expression: this.root.whole(), tag: tag.value.trim(), priority: Number(priority.value) };
    try {
      const made = this.id ? await api("PUT", `/segments/${this.id}`, body) : await api("POST", "/segments", body);
      delete this.form.dataset.dirty;
      delete this.form.dataset.sent;
      go(`/segments/${this.id || made.id}?saved`);
    } catch (refusal) {
      delete this.form.dataset.sent;
      this.tell(refusal.message);
    }
  }

  async act(button) {
    if (button.dataset.sure && !window.confirm(button.dataset.sure)) return;
    try {
      if (button.dataset.do === "delete") await api("DELETE", `/segments/${this.id}`);
      else await api("POST", `/segments/${this.id}/${button.dataset.do}`, {});
      go(button.dataset.do === "delete" ? "/segments" : `/segments/${this.id}?saved`);
    } catch (refusal) {
      this.tell(refusal.message);
    }
  }

  tell(text) {
    const fault = $(".fault", this.form);
    fault.textContent = text;
    show(fault, !!text);
  }
}

const leaves = (group) => group.conditions.length + group.groups.reduce((sum, one) => sum + leaves(one), 0);

/** What a condition may say beside its value: of a count how many days back, of a property as of which day. */
function beyond(field, given = {}) {
  if (field.kind === "count") {
    const days = make("input", { type: "number", min: 1, max: 3660, value: given.days ?? "" });
    days.setAttribute("aria-label", t("in the last … days; empty: ever"));
    days.placeholder = t("ever");
    return {
      elements: [make("span", { textContent: t("in the last") }), days, make("span", { textContent: t("days") })],
      read: () => (days.value ? { days: Number(days.value) } : {}),
    };
  }
  if (field.property) {
    const day = make("input", { type: "date", value: given.at ?? "" });
    day.setAttribute("aria-label", t("as it was on this day; empty: as it is now"));
    day.title = t("as it was on this day; empty: as it is now");
    return { elements: [make("span", { textContent: t("as of") }), day], read: () => (day.value ? { at: day.value } : {}) };
  }
  return { elements: [], read: () => ({}) };
}
