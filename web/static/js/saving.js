// A card saves itself: a field is kept as it is left, a wrong one is told beside it, the last change is taken back by one
// press. The answer brings the page anew: of it are taken the parts that only show, and the fields that others changed.
import htmx from "htmx.org/dist/htmx.esm.min.js";
import { $, $$, onPage, show } from "./dom.js";
import { api, ask } from "./api.js";
import { go } from "./sections.js";
import { moment, t } from "./texts.js";
import * as store from "./store.js";
import { toast } from "./toasts.js";

const PAUSE_MS = 150; // a tick and the field beside it go together
const FIELDS = {
  "bad-inn": "f-inn", "bad-inn-of-a-person": "f-inn", "bad-kpp": "f-kpp", "kpp-of-a-company": "f-kpp", "bad-ogrn": "f-ogrn",
  "bad-ogrnip": "f-ogrn", "ogrn-of-a-company": "f-ogrn", "no-name": "f-name", "long-name": "f-name", "long-full_name": "f-full_name", "long-note": "f-note", "no-contact-name": "f-name",
  "no-number": "f-number", "bad-amount": "f-amount", "ends-before-it-begins": "f-ends_on",
};
const ROWS = { phones: "phone", emails: "email", email_labels: "email", places: "place" };

export function startSaving() {
  onPage("form[data-saves]", (form) => new Saver(form));
}

class Saver {
  constructor(form) {
    this.form = form;
    this.queue = Promise.resolve();
    form.addEventListener("change", (event) => this.later(event.target));
    form.addEventListener("input", () => (this.written = true));
    $("[data-back]", form)?.addEventListener("click", () => this.takeBack());
    $("[data-to-fault]", form)?.addEventListener("click", () => this.toFault());
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
      const fresh = new DOMParser().parseFromString(saved.page, "text/html");
      if (this.takeOthers(saved.others, fresh)) this.form.elements.version.value = String(saved.version);
      if (!this.written) delete this.form.dataset.dirty;
      showAnew(fresh);
      this.kept(saved.batch);
    } catch (refusal) {
      if (refusal.code === "changed-meanwhile") return this.form.requestSubmit(); // the page shows both people's changes
      this.wrong(refusal);
    }
  }

  kept(batch) {
    this.right();
    this.batch = batch ?? this.batch;
    const back = $("[data-back]", this.form);
    if (back) show(back, !!this.batch);
    this.say(t("Saved {time}", { time: moment(store.now()) }));
  }

  /** Fields that others changed meanwhile show what they are now. False: one of them is being written, so that its next
   *  saving is to meet theirs, and the version stays. */
  takeOthers(others, fresh) {
    const at = document.activeElement;
    let all = true;
    for (const name of others) {
      const [mine, theirs] = [placeOf(name, this.form), placeOf(name, fresh)];
      if (!mine || !theirs) continue;
      if (mine.contains(at) && this.written) all = false;
      else mine.replaceWith(document.adoptNode(theirs));
    }
    if (others.length) toast(t("Others changed this card meanwhile: their changes are shown now."));
    return all;
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
    field.dataset.hint = field.getAttribute("aria-describedby") ?? "";
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", told.id);
    show($("[data-to-fault]", this.form), true);
  }

  toFault() {
    const field = $("[aria-invalid=true]", this.form);
    const tab = field?.closest("[data-tab]")?.dataset.tab;
    if (tab) $(`[role=tab][data-part="${tab}"]`)?.click();
    field?.focus();
  }

  right() {
    $("#saving-fault", this.form)?.remove();
    for (const field of $$("[aria-describedby=saving-fault]", this.form)) {
      field.removeAttribute("aria-invalid");
      if (field.dataset.hint) field.setAttribute("aria-describedby", field.dataset.hint);
      else field.removeAttribute("aria-describedby");
    }
    show($("[data-to-fault]", this.form), false);
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

/** The part of a form in which a field of the card stands. */
function placeOf(name, root) {
  if (ROWS[name]) return $(`[data-rows="${ROWS[name]}"]`, root);
  return $(`[name="${name.replace(":", "-")}"]`, root)?.closest(".field") ?? null;
}

/** The parts that only show: who it is, what is missing, the history. One in which somebody is now stays. */
function showAnew(fresh) {
  for (const part of $$("[data-fresh]")) {
    const now = fresh.getElementById(part.id);
    if (!now || part.contains(document.activeElement)) continue;
    part.replaceWith(document.adoptNode(now));
    htmx.process(now);
  }
  const [tabs, now] = [$$("[role=tab]"), $$("[role=tab]", fresh)];
  if (tabs.length === now.length) tabs.forEach((tab, place) => tab.replaceChildren(...now[place].childNodes));
}
