// A card saves itself: a field is kept as it is left, a wrong one is told beside it, the last change is taken back by one press.
import { $, $$, onPage, show } from "./dom.js";
import { api, ask } from "./api.js";
import { go } from "./sections.js";
import { moment, t } from "./texts.js";
import * as store from "./store.js";
import { toast } from "./toasts.js";

const PAUSE_MS = 150; // a tick and the field beside it go together
const FIELDS = { "bad-inn": "f-inn", "bad-kpp": "f-kpp", "bad-ogrn": "f-ogrn", "no-name": "f-name" };

export function startSaving() {
  onPage("form[data-saves]", (form) => new Saver(form));
}

class Saver {
  constructor(form) {
    this.form = form;
    this.queue = Promise.resolve();
    form.addEventListener("change", (event) => this.later(event.target));
    form.addEventListener("input", () => (this.written = true));
    $("[data-back]", form).addEventListener("click", () => this.takeBack());
  }

  later(field) {
    this.field = field;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.queue = this.queue.then(() => this.save())), PAUSE_MS);
  }

  async save() {
    if (!this.form.isConnected || this.form.dataset.sent) return;
    this.written = false;
    this.say(t("Saving…"));
    try {
      const saved = await ask("POST", this.form.getAttribute("action"), new FormData(this.form));
      this.form.elements.version.value = String(saved.version);
      if (!this.written) delete this.form.dataset.dirty;
      this.kept(saved.batch);
    } catch (refusal) {
      if (refusal.code === "changed-meanwhile") return this.form.requestSubmit(); // the page shows both people's changes
      this.wrong(refusal);
    }
  }

  kept(batch) {
    this.right();
    this.batch = batch ?? this.batch;
    show($("[data-back]", this.form), !!this.batch);
    this.say(t("Saved {time}", { time: moment(store.now()) }));
    const tabs = $("[data-tabs]");
    if (tabs) tabs.dataset.stale = "yes";
  }

  wrong(refusal) {
    this.right();
    this.say(refusal.message, "fault");
    const field = document.getElementById(FIELDS[refusal.code]) ?? this.field;
    if (!field?.matches?.("input, select, textarea") || !(refusal.status >= 400 && refusal.status < 500)) return;
    const told = document.createElement("small");
    told.className = "fault";
    told.id = "saving-fault";
    told.textContent = refusal.message;
    field.after(told);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", told.id);
  }

  right() {
    $("#saving-fault", this.form)?.remove();
    for (const field of $$("[aria-describedby=saving-fault]", this.form)) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
  }

  async takeBack() {
    try {
      await api("POST", "/clients/undo", { batch: this.batch });
      delete this.form.dataset.dirty;
      go(location.pathname + location.search);
    } catch (refusal) {
      toast(refusal.message);
    }
  }

  say(text, kind = "quiet-text") {
    const place = $("[data-saving]", this.form);
    place.className = kind;
    place.textContent = text;
  }
}
