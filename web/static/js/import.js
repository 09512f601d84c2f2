// Imports: a file is sent, its columns are chosen, it is tried out, brought in, and may be taken back.
import { $, $$, fill, show } from "./dom.js";
import { api } from "./api.js";
import { send } from "./files.js";
import { ask, make } from "./grid/panel.js";
import { duration, moment, t, tn } from "./texts.js";
import { toast } from "./toasts.js";

const POLL_MS = 400;
const SAY_MS = 10_000;
const STEPS = ["columns", "work", "preview", "result"];
const EXAMPLES = 3;
const TOP_PX = 24;
const number = (n) => n.toLocaleString(document.documentElement.lang);
const OUTCOMES = () => ({ created: t("new client"), updated: t("change"), unchanged: t("stays as it is"), refused: t("refused") });

export async function startImport(place) {
  await new Import(place).start();
}

class Import {
  constructor(place) {
    this.place = place;
    this.states = JSON.parse($("#import-runs").dataset.states);
    this.file = null;
    this.batch = "";
  }

  async start() {
    const input = $("#import-input");
    const early = input.files[0]; // chosen before this script was there, or kept by the browser over a reload
    input.addEventListener("change", () => input.files[0] && this.bring(input.files[0]));
    const drop = $("#import-file");
    drop.addEventListener("dragover", (event) => event.preventDefault());
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.bring(event.dataTransfer.files[0]);
    });
    const stale = () => show($("#import-preview"), false); // what was tried out was another choice
    $("#import-columns").addEventListener("change", stale);
    for (const row of $$("#import-keys li")) {
      $("button", row).addEventListener("click", () => {
        stale();
        row.previousElementSibling?.before(row);
        $("button", row).focus();
      });
    }
    this.on("try", () => this.follow(api("POST", "/imports/previews", this.chosen())));
    this.on("begin", () => this.follow(api("POST", "/imports", this.chosen())));
    this.on("undo", () => this.undo({ ...this.work, file_name: this.work.name }));
    this.on("cancel", () => api("POST", `/imports/cancel/${this.work.id}`));
    this.on("more", () => this.again());
    const runs = await this.runs();
    const going = runs.find((one) => one.state === "running" || one.state === "undoing");
    if (going) this.follow(api("GET", `/imports/work/${going.id}`));
    else if (early) this.bring(early);
  }

  on(name, act) {
    const button = $(`#import-${name}`);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await act();
      } catch (refusal) {
        this.fault(refusal.message);
      } finally {
        button.disabled = false;
      }
    });
  }

  fault(text) {
    const place = $("#import-fault");
    place.textContent = text;
    show(place, !!text);
    if (text) place.scrollIntoView({ block: "nearest" });
  }

  /** Show one step; its heading takes the focus. */
  step(name) {
    for (const one of STEPS) show($(`#import-${one}`), one === name || (one === "columns" && name === "preview"));
    show($("#import-file"), name !== "work" && name !== "result");
    const heading = name && $(`#import-${name} h2`);
    if (!heading) return;
    heading.focus({ preventScroll: true });
    const main = $("#main");
    main.scrollTop += heading.getBoundingClientRect().top - main.getBoundingClientRect().top - TOP_PX;
  }

  again() {
    $("#import-input").value = "";
    this.step("");
    $("#import-input").focus();
  }

  async bring(file) {
    const bar = $("#import-sent");
    const said = $("#import-reading");
    this.fault("");
    this.step("");
    show(bar, true);
    said.textContent = t("The file is being sent…");
    try {
      this.file = await send("/api/v1/imports/files", file, (part) => {
        if (part < 1) return (bar.value = part);
        bar.removeAttribute("value"); // it is there, and is read now: a large one for some seconds
        return (said.textContent = t("The file is being read…"));
      });
      this.columns();
    } catch (error) {
      this.fault(error.message);
      $("#import-input").value = "";
    } finally {
      show(bar, false);
      said.textContent = "";
    }
  }

  columns() {
    const { headings, rows, fields, keys, may_be, remembered } = this.file;
    const examples = Array.from({ length: Math.min(EXAMPLES, rows.length) }, (_, n) => t("Row {n}", { n: n + 1 }));
    const head = [t("Column"), t("It is"), ...examples].map((text) => make("th", { scope: "col", textContent: text }));
    $("#import-columns thead").replaceChildren(make("tr", {}, ...head));
    const lines = headings.map((heading, place) => {
      const list = make("select", {}, make("option", { value: "", textContent: t("leave out") }));
      for (const one of may_be) list.append(make("option", { value: one.field, textContent: one.name }));
      list.value = fields[place];
      list.setAttribute("aria-label", t("What the column “{column}” is", { column: heading }));
      const cells = rows.slice(0, EXAMPLES).map((row) => make("td", { textContent: row[place] }));
      return make("tr", {}, make("th", { scope: "row", textContent: heading }), make("td", {}, list), ...cells);
    });
    $("#import-columns tbody").replaceChildren(...lines);
    const list = $("#import-keys");
    for (const key of [...keys].reverse()) list.prepend($(`[data-key="${key}"]`, list));
    for (const box of $$("input", list)) box.checked = keys.includes(box.value);
    show($("#import-remembered"), remembered);
    this.step("columns");
  }

  chosen() {
    return {
      file: this.file.id,
      fields: $$("#import-columns select").map((list) => list.value),
      keys: $$("#import-keys input:checked").map((box) => box.value),
    };
  }

  /** Take an import back, after a question: it cannot be brought back but by its file. */
  async undo({ id, file_name, created, updated }) {
    const what = t("New clients of it go: {created}. Changed ones become as they were: {updated}. What people changed since stays.", { created: number(created), updated: number(updated) });
    const sure = await ask(t("Undo the import of “{file}”?", { file: file_name }), [make("p", { textContent: what })], t("Undo the import"), () => true, t("Leave it"));
    if (sure) await this.follow(api("POST", `/imports/undo/${id}`));
  }

  /** Show how far a piece of work is, until it is over. */
  async follow(asked) {
    this.fault("");
    this.work = await asked;
    this.began = Date.now();
    this.said = 0;
    this.step("work");
    while (this.place.isConnected) {
      this.progress();
      if (this.work.state !== "running") break;
      await new Promise((done) => setTimeout(done, POLL_MS));
      this.work = await api("GET", `/imports/work/${this.work.id}`).catch((refusal) => {
        if (refusal.status) throw refusal;
        return this.work; // the server is away for a moment
      });
    }
    if (this.place.isConnected) this.over();
  }

  progress() {
    const { what, name, rows, total, rows_per_s } = this.work;
    const titles = { preview: t("Trying out “{file}”", { file: name }), import: t("Importing “{file}”", { file: name }), undo: t("Taking “{file}” back", { file: name }) };
    const bar = $("#import-bar");
    if (total) bar.value = rows / total;
    else bar.removeAttribute("value");
    const of = total ? t("{rows} of {total} rows", { rows: number(rows), total: number(total) }) : t("{rows} rows", { rows: number(rows) });
    const speed = t("{n} rows a second", { n: number(Math.round(rows_per_s)) });
    const passed = duration((Date.now() - this.began) / 1000); // an Excel file is unpacked whole before its first row
    const before = what === "undo" ? t("Beginning…") : t("Reading the file: {time}", { time: passed });
    const figures = rows ? `${of}, ${speed}` : before;
    fill($("#import-work"), { title: titles[what], figures });
    if (Date.now() - this.said < SAY_MS) return;
    this.said = Date.now();
    $("#import-said").textContent = `${titles[what]}. ${figures}`;
  }

  over() {
    const { what, state, message } = this.work;
    this.runs();
    if (what === "preview") {
      this.step(state === "done" ? "preview" : "columns");
      if (state === "done") this.preview();
      else this.fault(message || t("Stopped."));
      return;
    }
    this.batch = this.work.id;
    const titles = { done: t("The import is done"), cancelled: t("Stopped: what was done so far stays"), failed: t("The import failed"), undone: t("The import is taken back") };
    const figures = what === "undo" ? "" : this.figures();
    const place = fill($("#import-result"), { title: titles[state], figures, message });
    show($('[data-f="message"]', place), !!message);
    show($("#import-undo"), state !== "undone" && (what === "undo" || this.work.created + this.work.updated > 0));
    this.refused(place);
    this.step("result");
    $("#import-said").textContent = `${titles[state]}. ${figures}`;
  }

  figures() {
    const { rows, created, updated, unchanged, refused, erased } = this.work;
    const figures = { rows: number(rows), created: number(created), updated: number(updated), unchanged: number(unchanged), refused: number(refused) };
    const told = t("Rows: {rows}. New: {created}, changed: {updated}, as they were: {unchanged}, refused: {refused}.", figures);
    if (!erased) return told;
    const before = tn("{n} of the new ones was erased before: is there a new consent?", "{n} of the new ones were erased before: are there new consents?", erased);
    return `${told} ${before}`;
  }

  refused(place) {
    const links = $("[data-refused]", place);
    show(links, this.work.what !== "undo" && this.work.refused > 0);
    for (const link of $$("a", links)) link.href = `/api/v1/imports/refused/${this.work.id}?format=${link.dataset.format}`;
  }

  preview() {
    const words = OUTCOMES();
    const place = fill($("#import-preview"), { figures: this.figures() });
    const kinds = { created: "talk", updated: "hold", unchanged: "", refused: "miss" };
    const line = (one) => {
      const name = one.client_id ? make("a", { href: `/clients/${one.client_id}`, textContent: one.name, target: "_blank" }) : one.name;
      const outcome = make("span", { className: `tag ${kinds[one.outcome]}`, textContent: words[one.outcome] });
      const cells = [make("td", { className: "right", textContent: one.row }), make("td", {}, outcome), make("td", {}, name), make("td", { textContent: one.why })];
      return make("tr", {}, ...cells);
    };
    const pick = (outcome) => {
      const some = this.work.shown.filter((one) => !outcome || one.outcome === outcome);
      $("tbody", place).replaceChildren(...some.map(line));
      for (const chip of $$("#import-shown button")) chip.setAttribute("aria-pressed", String(chip.value === outcome));
    };
    const kinds_there = ["created", "updated", "unchanged", "refused"].filter((one) => this.work[one] > 0);
    const choices = [["", t("all kinds")], ...kinds_there.map((one) => [one, `${words[one]}: ${number(this.work[one])}`])];
    $("#import-shown").replaceChildren(...choices.map(([value, textContent]) => {
      const chip = make("button", { type: "button", className: "chip", value, textContent });
      chip.addEventListener("click", () => pick(value));
      return chip;
    }));
    pick(this.work.refused ? "refused" : "");
    $("#import-begin").disabled = this.work.created + this.work.updated === 0;
    this.refused(place);
    $("#import-said").textContent = this.figures();
  }

  async runs() {
    const runs = await api("GET", "/imports");
    if (!this.place.isConnected) return [];
    const place = $("#import-runs");
    show(place, runs.length > 0);
    $("tbody", place).replaceChildren(...runs.map((one) => this.run(one)));
    return runs;
  }

  run(one) {
    const undo = make("button", { type: "button", className: "small", textContent: t("Undo") });
    undo.setAttribute("aria-label", `${undo.textContent}: ${one.file_name}`);
    undo.addEventListener("click", () => this.undo(one).catch((refusal) => toast(refusal.message)));
    const state = make("td", { textContent: this.states[one.state] }, ...(one.message ? [make("small", { textContent: one.message })] : []));
    const refused = one.refused ? make("a", { href: `/api/v1/imports/refused/${one.id}`, textContent: number(one.refused), download: "" }) : "0";
    if (one.refused) {
      refused.setAttribute("hx-boost", "false");
      refused.setAttribute("aria-label", t("Refused rows of “{file}”: {n}", { file: one.file_name, n: one.refused }));
    }
    return make(
      "tr",
      {},
      make("td", { className: "nowrap", textContent: moment(one.started_at) }),
      make("th", { scope: "row", textContent: one.file_name }),
      make("td", { textContent: one.by }),
      state,
      make("td", { className: "right", textContent: number(one.created) }),
      make("td", { className: "right", textContent: number(one.updated) }),
      make("td", { className: "right" }, refused),
      make("td", { className: "right" }, ...(one.may_undo ? [undo] : [])),
    );
  }
}
