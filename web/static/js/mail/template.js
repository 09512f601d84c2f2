// The editor of a template: fields put in where the cursor is, and how it looks with a client, in light and in dark.
import { $, $$, fill, mould, show } from "../dom.js";
import { api } from "../api.js";
import { t } from "../texts.js";
import { toast } from "../toasts.js";
import { enrich } from "./editor.js";
import { fieldName, nameField, spoken } from "./fields.js";
import { showHtml } from "./picking.js";

const PAUSE_MS = 500;

export function startTemplate(form) {
  const area = form.elements.body;
  for (const { dataset, textContent } of $$("[data-field]", form)) nameField(dataset.field, textContent);
  const editor = area.dataset.rich === undefined ? null : enrich(area);
  let last = area;
  form.addEventListener("focusin", ({ target }) => {
    if (target.matches("[name=subject], .ql-editor, [name=body]")) last = target;
  });
  for (const button of $$("[data-field]", form)) {
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => put(button.dataset.field));
  }
  function put(code) {
    if (last.name && (last.name !== "body" || !editor)) {
      last.setRangeText(`{{${code}}}`, last.selectionStart, last.selectionEnd, "end");
      last.dispatchEvent(new Event("input", { bubbles: true }));
      last.focus();
    } else editor.put(code);
  }
  new Preview($("#template-preview"), form);
}

class Preview {
  constructor(place, form) {
    this.place = place;
    this.form = form;
    this.input = $("#f-client");
    this.list = $("#client-found");
    this.input.addEventListener("input", () => this.find());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => setTimeout(() => show(this.list, false), 150));
    form.addEventListener("input", () => this.later());
    form.addEventListener("change", () => this.later());
  }

  async find() {
    const words = this.input.value.trim();
    const turn = (this.turn = (this.turn ?? 0) + 1);
    if (words.length < 2) return show(this.list, false);
    const page = await api("GET", `/clients?limit=8&q=${encodeURIComponent(words)}`).catch(() => ({ rows: [] }));
    if (turn !== this.turn) return;
    this.found = page.rows;
    this.at = 0;
    this.list.replaceChildren(
      ...page.rows.map((one, at) => {
        const li = fill(mould("addressee"), { name: one.name, detail: one.emails?.[0] ?? "" });
        li.id = `client-found-${at}`;
        li.addEventListener("mousedown", (event) => event.preventDefault());
        li.addEventListener("click", () => this.choose(one));
        return li;
      }),
    );
    show(this.list, page.rows.length > 0);
    this.input.setAttribute("aria-expanded", String(page.rows.length > 0));
    this.mark();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found?.length) {
      this.at = (this.at + step + this.found.length) % this.found.length;
      this.mark();
    } else if (event.key === "Enter") {
      if (this.found?.length) this.choose(this.found[this.at]);
    } else return;
    event.preventDefault();
  }

  mark() {
    $$("li", this.list).forEach((li, at) => li.setAttribute("aria-selected", String(at === this.at)));
    if (this.found.length) this.input.setAttribute("aria-activedescendant", `client-found-${this.at}`);
  }

  choose(one) {
    this.client = one.id;
    this.input.value = one.name;
    show(this.list, false);
    this.input.setAttribute("aria-expanded", "false");
    this.draw();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.client && this.draw(), PAUSE_MS);
  }

  async draw() {
    const { channel, language, subject, body } = this.form.elements;
    const asked = { client_id: this.client, channel: channel.value, language: language.value, subject: subject?.value ?? "", body: body.value };
    try {
      const shown = await api("POST", "/templates/preview", asked);
      show($(".papers", this.place), true);
      show($("#template-none"), false);
      const missing = $("#template-missing");
      missing.textContent = t("This client has no value for: {fields}", { fields: shown.missing.map(fieldName).join(", ") });
      show(missing, shown.missing.length > 0);
      fill(this.place, { subject: spoken(shown.subject) });
      for (const one of $$(".paper-text", this.place)) {
        if (channel.value === "email") showHtml(one, shown.body);
        else one.textContent = shown.body;
      }
    } catch (refusal) {
      toast(refusal.message);
    }
  }
}
