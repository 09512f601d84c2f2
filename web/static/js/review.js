// A score of a call: kept as it is filled in, comments with their moment in the recording, the last change taken back.
import { $, $$, fill, onPage, show } from "./dom.js";
import { api } from "./api.js";
import * as store from "./store.js";
import { duration, moment, t } from "./texts.js";

const PAUSE_MS = 400;
const MOST = 50; // changes that can be taken back

export function startReviews() {
  document.addEventListener("click", (event) => {
    const hear = event.target.closest?.("[data-hear]");
    const box = hear && $("[data-recording]");
    if (box) seek(box, Number(hear.dataset.hear));
  });
  onPage("form[data-review]", (form) => new Review(form));
}

/** The player goes there and plays. */
function seek(box, at) {
  const place = $(".seek", box);
  place.value = at;
  place.dispatchEvent(new Event("input", { bubbles: true }));
  if ($("[data-play]", box).getAttribute("aria-pressed") !== "true") $("[data-play]", box).click();
}

class Review {
  constructor(form) {
    this.form = form;
    this.past = [read(form)];
    this.queue = Promise.resolve();
    form.addEventListener("input", () => this.later());
    form.addEventListener("click", ({ target }) => {
      if (target.closest("[data-remove]")) target.closest("li").remove(), this.later();
      else if (target.closest("[data-remark-now]")) this.remark($("[data-recording] .seek")?.valueAsNumber);
      else if (target.closest("[data-remark-whole]")) this.remark();
      else if (target.closest("[data-undo]")) this.undo();
    });
    form.addEventListener("submit", () => clearTimeout(this.timer));
  }

  remark(at) {
    const row = add(this.form, { at: Number.isFinite(at) ? Math.round(at * 10) / 10 : null, criterion: 0, text: "" });
    $("textarea", row).focus();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.queue = this.queue.then(() => this.save())), PAUSE_MS);
  }

  undo() {
    clearTimeout(this.timer);
    const now = read(this.form);
    if (same(now, this.past.at(-1)) && this.past.length > 1) this.past.pop();
    write(this.form, this.past.at(-1));
    this.queue = this.queue.then(() => this.save());
  }

  async save() {
    if (!this.form.isConnected) return;
    const now = read(this.form);
    if (!same(now, this.past.at(-1))) this.past = [...this.past, now].slice(-MOST);
    show($("[data-undo]", this.form), this.past.length > 1);
    const { by: id, calibration } = this.form.elements;
    const body = { form_id: Number(id.value), calibration_id: Number(calibration.value), ...now };
    this.say(t("Saving…"));
    try {
      const kept = await api("PUT", `/calls/${encodeURIComponent(this.form.dataset.review)}/review`, body);
      const place = $("#score-now");
      place.textContent = kept.failed ? place.dataset.failed : kept.percent === null ? "" : `${Math.round(kept.percent)} %`;
      this.say(t("Saved {time}", { time: moment(store.now()) }));
    } catch (refusal) {
      this.say(refusal.message, "fault");
    }
  }

  say(text, kind = "quiet-text") {
    const place = $("[data-saving]", this.form);
    place.className = kind;
    place.textContent = text;
  }
}

const same = (one, two) => JSON.stringify(one) === JSON.stringify(two);

function read(form) {
  const answers = {};
  for (const one of $$("input[type=radio]:checked", form)) answers[one.name.slice(2)] = Number(one.value);
  const comments = $$("[data-remarks] > li", form)
    .map((row) => {
      const at = $("[name=comment-at]", row).value;
      const criterion = Number($("[name=comment-criterion]", row).value);
      return { at: at === "" ? null : Number(at), criterion, text: $("textarea", row).value.trim() };
    })
    .filter((one) => one.text);
  return { answers, comments };
}

function write(form, { answers, comments }) {
  for (const one of $$("input[type=radio]", form)) one.checked = answers[one.name.slice(2)] === Number(one.value);
  $("[data-remarks]", form).replaceChildren();
  for (const one of comments) add(form, one);
}

function add(form, { at, criterion, text }) {
  const row = $("template[data-remark]", form).content.firstElementChild.cloneNode(true);
  $("[name=comment-at]", row).value = at ?? "";
  $("[name=comment-criterion]", row).value = String(criterion);
  $("textarea", row).value = text;
  fill(row, { at: at === null ? "" : t("at {time}", { time: duration(at) }) });
  $("[data-remarks]", form).append(row);
  return row;
}
