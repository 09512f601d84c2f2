// What is put into a letter: a template, seen first with the client it goes to, or a file of the client or the library.
import { $, $$, fill, mould, show } from "../dom.js";
import { api } from "../api.js";
import { Editor } from "./editor.js";
import { size } from "./attached.js";
import { t } from "../texts.js";
import { fieldName, spoken } from "./fields.js";
import { toast } from "../toasts.js";

export class Picking {
  /** letter: gives the draft as it is now. */
  constructor(place, letter) {
    this.place = place;
    this.letter = letter;
    this.search = $("input", place);
    this.search.addEventListener("input", () => this.filter());
    $('[data-act="unpick"]', place).addEventListener("click", () => this.close());
    $('[data-act="use"]', place).addEventListener("click", () => this.done(this.chosen));
    place.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  close() {
    show(this.place, false);
    this.from?.focus();
  }

  open(title, rows, from) {
    this.from = from;
    fill(this.place, { pick: title });
    show($(".preview", this.place), false);
    const none = Object.assign(document.createElement("li"), { className: "quiet-text", textContent: t("Nothing is there yet.") });
    $(".choices", this.place).replaceChildren(...(rows.length ? rows : [none]));
    this.search.value = "";
    show(this.search, rows.length > 7);
    show(this.place, true);
    ($("button", $(".choices", this.place)) ?? this.place).focus();
  }

  row(name, detail, act) {
    const li = fill(mould("pick"), { name, detail });
    $("button", li).addEventListener("click", () => act().catch((refusal) => toast(refusal.message)));
    return li;
  }

  filter() {
    const words = this.search.value.trim().toLocaleLowerCase();
    for (const li of $$(".choices > li", this.place)) show(li, li.textContent.toLocaleLowerCase().includes(words));
  }

  /** Templates; done: called with the one that is to be used. */
  async templates(from, done) {
    this.done = done;
    const found = await api("GET", "/templates?channel=email");
    const detail = (one) => [one.language.toUpperCase(), ...one.files.map((file) => file.title)].join(" · ");
    this.open(t("Template"), found.map((one) => this.row(one.name, detail(one), () => this.preview(one))), from);
  }

  async preview(one) {
    const { client_id, contact_id, mailbox_id } = this.letter();
    const { language, subject, body } = one;
    const shown = client_id
      ? await api("POST", "/templates/preview", { client_id, contact_id, mailbox_id, language, subject, body })
      : { subject, body, missing: [] };
    this.chosen = one;
    const box = $(".preview", this.place);
    const missing = shown.missing.length ? t("Without a value, to be filled in by hand: {fields}", { fields: shown.missing.map(fieldName).join(", ") }) : "";
    fill(box, { subject: spoken(shown.subject), missing });
    showHtml($(".preview-text", box), shown.body);
    show(box, true);
    $('[data-act="use"]', box).focus();
  }

  /** Files of the client and of the library; take: called with where from and the file. */
  async files(from, take) {
    const { client_id } = this.letter();
    const [theirs, library] = await Promise.all([client_id ? api("GET", `/clients/${client_id}/files`).catch(() => []) : [], api("GET", "/library")]);
    const act = (source, one) => async () => {
      await take(source, one);
      this.close();
    };
    const [ours, his] = [t("library"), t("file of the client")]; // pybabel does not look into template strings
    const rows = [
      ...library.map((one) => this.row(one.title, `${ours} · ${one.name} · ${size(one.size)}`, act("library", one))),
      ...theirs.map((one) => this.row(one.name, `${his} · ${size(one.size)}`, act("client", one))),
    ];
    this.open(t("Files"), rows, from);
  }
}

/** HTML of a template as the editor understands it: nothing of it runs or is fetched. */
export function showHtml(place, html) {
  const inner = document.createElement("div");
  place.replaceChildren(inner);
  const editor = new Editor(inner, { label: t("Preview"), html });
  editor.quill.enable(false);
  editor.bar.remove();
}
