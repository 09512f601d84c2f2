// Changes of many clients: asked for, followed while they run, after a new page load too, stopped and taken back.
import { $, fill, show } from "../dom.js";
import { api } from "../api.js";
import { moment, t, tn } from "../texts.js";
import { toast } from "../toasts.js";
import { askChange, make, tell } from "./panel.js";

const POLL_MS = 500;
const SOON_S = 5;
const FRESH_S = 900; // what ended so long ago is told again after a new page load
const OPEN = ["waiting", "running", "undoing"];
const number = (n) => n.toLocaleString(document.documentElement.lang);

export class Many {
  constructor(grid) {
    this.grid = grid;
    this.bar = $("#grid-work");
  }

  async start() {
    if (!this.grid.writes) return;
    $("#grid-change").addEventListener("click", () => this.ask());
    $("#grid-changes").addEventListener("click", () => this.past());
    for (const [act, work] of Object.entries({ stop: () => this.stop(), undo: () => this.undo(this.run.id), refused: () => this.refused(), close: () => this.close() })) {
      $(`[data-act="${act}"]`, this.bar).addEventListener("click", () => this.tried(work));
    }
    const [newest] = await api("GET", "/clients/bulk").then((runs) => runs.filter((one) => one.mine)).catch(() => []);
    if (!newest || !this.grid.place.isConnected) return;
    const fresh = newest.ended_at && Date.now() / 1000 - newest.ended_at < FRESH_S && newest.state !== "undone";
    if (OPEN.includes(newest.state)) this.follow(newest);
    else if (fresh && sessionStorage.getItem("closed-change") !== newest.id) this.tell(newest);
  }

  async tried(work) {
    try {
      await work();
    } catch (refusal) {
      toast(refusal.message);
    }
  }

  /** A window: which field, which value; then the change begins. */
  async ask() {
    const { chosen, state } = this.grid;
    const ids = chosen.all ? [] : chosen.rows().map((row) => row.id);
    if (!chosen.all && !ids.length) return toast(t("Choose clients first."));
    const settable = this.grid.all.filter((one) => one.set);
    const set = await askChange(settable, chosen.count === null ? "…" : number(chosen.count));
    if (!set) return;
    const found = { q: state.q, filters: state.filters };
    await this.tried(async () => this.follow(await api("POST", "/clients/bulk", chosen.all ? { found, set } : { ids, set })));
  }

  async follow(run) {
    this.tell(run);
    while (OPEN.includes(this.run.state) && this.run.id === run.id) {
      await new Promise((done) => setTimeout(done, POLL_MS));
      if (!this.grid.place.isConnected || this.run.id !== run.id) return;
      const now = await api("GET", `/clients/bulk/${run.id}`).catch(() => this.run); // the server is away for a moment
      if (this.grid.place.isConnected) this.tell(now);
    }
    if (this.run.id === run.id) this.grid.reload();
  }

  tell(run) {
    this.run = run;
    const open = OPEN.includes(run.state);
    const bar = $("progress", this.bar);
    if (run.total) bar.value = run.rows / run.total;
    else bar.removeAttribute("value");
    show(bar, open);
    fill(this.bar, { what: this.named(run), figures: figures(run) });
    show($('[data-act="stop"]', this.bar), open);
    show($('[data-act="undo"]', this.bar), run.may_undo);
    show($('[data-act="refused"]', this.bar), run.refused > 0 && !open);
    show($('[data-act="close"]', this.bar), !open);
    show(this.bar, true);
  }

  /** What is set, in words. */
  named(run) {
    return Object.entries(run.set).map(([name, value]) => {
      const one = this.grid.all.find((field) => field.set === name);
      return one ? `${one.title}: ${worded(one, value)}` : name;
    }).join(", ");
  }

  stop() {
    return api("POST", `/clients/bulk/cancel/${this.run.id}`);
  }

  async undo(id) {
    await this.follow(await api("POST", `/clients/bulk/undo/${id}`));
  }

  close() {
    sessionStorage.setItem("closed-change", this.run.id);
    show(this.bar, false);
  }

  async refused() {
    const { faults } = await api("GET", `/clients/bulk/${this.run.id}`);
    const lines = faults.map((one) => make("li", {}, make("a", { href: `/clients/${one.client_id}`, target: "_blank", textContent: one.name }), make("small", { textContent: one.why })));
    await tell(t("Who could not be changed"), [make("ul", { className: "refused-list" }, ...lines)]);
  }

  /** The newest changes, each with its way back. */
  async past() {
    const runs = await api("GET", "/clients/bulk").catch((refusal) => toast(refusal.message));
    if (!runs) return;
    let back = null;
    const heads = [t("When"), t("Who"), t("What is set"), t("What came of it"), ""].map((text) => make("th", { scope: "col", textContent: text }));
    const lines = runs.map((run) => {
      const undo = make("button", { type: "submit", className: "small", textContent: t("Undo"), hidden: !run.may_undo });
      undo.addEventListener("click", () => (back = run.id));
      const cells = [moment(run.started_at), run.by, this.named(run), figures(run)].map((text) => make("td", { textContent: text }));
      return make("tr", {}, ...cells, make("td", { className: "right" }, undo));
    });
    const table = make("table", { className: "table" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...lines));
    const none = make("p", { className: "quiet-text", textContent: t("Nobody has changed many clients at once yet.") });
    await tell(t("Bulk edits"), [runs.length ? make("div", { className: "wide-table" }, table) : none]);
    if (back) await this.tried(() => this.undo(back));
  }
}

function figures(run) {
  const done = [t("changed: {n}", { n: number(run.changed) })];
  if (run.unchanged) done.push(t("as they were: {n}", { n: number(run.unchanged) }));
  if (run.refused) done.push(t("refused: {n}", { n: number(run.refused) }));
  const far = run.total ? t("{rows} of {total}", { rows: number(run.rows), total: number(run.total) }) : "";
  const told = {
    waiting: () => (Date.now() / 1000 - run.started_at < SOON_S ? t("Beginning…") : t("waits until another change is over")),
    running: () => (far ? t("is being changed: {far}", { far }) : t("Beginning…")),
    undoing: () => (far ? t("is being taken back: {far}", { far }) : t("is being taken back")),
    undone: () => t("the change is taken back"),
    cancelled: () => [t("stopped"), ...done].join(", "),
    failed: () => [run.message, ...done].join(" "),
    done: () => (run.changed + run.unchanged + run.refused ? done.join(", ") : tn("{n} client", "{n} clients", 0)),
  };
  return told[run.state]();
}

function worded(one, value) {
  if (value === null || value === "") return t("nothing");
  const name = (id) => one.values?.find((other) => String(other.id) === String(id))?.name ?? id;
  if (one.kind === "yes-no") return value ? t("yes") : t("no");
  return [value].flat().map(name).join(", ");
}
