// Who is chosen: the rows of the ranges, or all that is found; copied as a table; the keys of a spreadsheet.
import { $ } from "../dom.js";
import { api } from "../api.js";
import { go } from "../sections.js";
import { t, tn } from "../texts.js";
import { toast } from "../toasts.js";
import { copyTable, tableOfCsv } from "./clipboard.js";

const MOST_COPIED = 10_000;
const MAKING_MS = 120_000;

/** The rows that may leave, as an export has them, and what is said of it. */
function leaving(rows) {
  const free = rows.filter((row) => !row.restricted);
  const left = rows.length - free.length;
  const said = tn("{n} row is copied.", "{n} rows are copied.", free.length);
  const stay = tn("{n} row stays here: processing is restricted.", "{n} rows stay here: processing is restricted.", left);
  return [free, left ? [said, stay].join(" ") : said];
}

export class Chosen {
  constructor(grid) {
    this.grid = grid;
    this.all = false;
  }

  start() {
    const { table } = this.grid;
    table.on("rangeChanged", () => this.clear());
    table.on("rangeRemoved", () => this.say());
    table.element.addEventListener("keydown", (event) => this.key(event), true);
    table.element.addEventListener("copy", (event) => this.copied(event));
    $("#grid-copy").addEventListener("click", () => this.copy());
    $("#grid-all").addEventListener("click", () => (this.all ? this.clear() : this.everybody()));
    this.say();
  }

  focus() {
    $(".tabulator-tableholder", this.grid.table.element).focus();
  }

  clear() {
    this.all = false;
    this.say();
  }

  everybody() {
    if (!this.grid.table.getDataCount()) return;
    this.all = true;
    this.say();
  }

  /** Rows that the ranges touch, each once. */
  rows() {
    const found = this.grid.table?.initialized ? this.grid.table.getRanges().flatMap((range) => range.getRows()) : [];
    return [...new Map(found.map((row) => [row.getData().id, row.getData()])).values()];
  }

  /** How many are chosen; null: more than were counted. */
  get count() {
    return this.all ? this.grid.total : this.rows().length;
  }

  say() {
    const place = $("#grid-chosen");
    if (!place || !this.grid.table) return;
    const { total } = this.grid;
    const every = total === null ? "…" : total.toLocaleString(document.documentElement.lang);
    place.textContent = this.all ? t("All found are chosen: {n}", { n: every }) : tn("{n} client chosen", "{n} clients chosen", this.rows().length);
    const button = $("#grid-all");
    button.textContent = this.all ? t("Choose none") : t("Choose all found: {n}", { n: every });
    button.hidden = !this.all && total !== null && total < 2;
    this.grid.table.element.classList.toggle("all-chosen", this.all);
  }

  key(event) {
    if (event.target.closest("input, textarea, select, button, .tabulator-editing, .tabulator-header")) return;
    const { key, code } = event;
    const control = event.ctrlKey || event.metaKey;
    const act = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (control && code === "KeyA") return act(), this.everybody();
    if (key === "Escape" && this.all) return act(), this.clear();
    if (key !== "Enter" && key !== "F2") return;
    const cell = this.grid.table.getRanges()[0]?.getCells?.().flat()[0];
    if (!cell) return;
    act();
    if (cell.getColumn().getDefinition().editor && !control) cell.edit();
    else if (key === "Enter") go(`/clients/${cell.getData().id}`);
  }

  /** Ctrl-C: the cells of the range alone; with all found, all of it. */
  copied(event) {
    if (event.target.closest("input, textarea")) return;
    event.preventDefault();
    if (this.all) return this.copy();
    const ranges = this.grid.table.getRanges();
    const range = ranges.at(-1);
    if (!range) return;
    const columns = range.getColumns().map((column) => column.getField()).filter(Boolean);
    const [lines, said] = leaving(ranges.length > 1 ? this.rows() : range.getRows().map((row) => row.getData()));
    copyTable(lines.map((row) => columns.map((field) => this.grid.plain(field, row))), null, event);
    toast(said);
  }

  /** Whole rows with their headings. */
  async copy() {
    if (this.all) return this.copyAll();
    const [rows, said] = leaving(this.rows());
    const columns = this.grid.columns.map(({ field }) => field);
    const lines = rows.map((row) => columns.map((field) => this.grid.plain(field, row)));
    await copyTable(lines, columns.map((field) => this.grid.field(field).title));
    toast(said);
  }

  /** All that is found comes as an export does: by the same right, with the same guard. */
  async copyAll() {
    const { q, filters, sort } = this.grid.state;
    if (this.grid.total === null || this.grid.total > MOST_COPIED) {
      return toast(t("That is too much for the clipboard: make a file of it by “Export”."));
    }
    toast(t("The table is being made…"));
    try {
      const asked = { format: "csv", columns: this.grid.columns.map((one) => one.field), q, filters, sort };
      const made = await api("POST", "/exports", asked, MAKING_MS);
      const answer = await fetch(`/api/v1/exports/${made.id}`);
      const width = this.grid.columns.length + 1; // the id, and what is shown; who made it stands in files alone
      const [headings, ...lines] = tableOfCsv(await answer.text()).map((line) => line.slice(0, width));
      await copyTable(lines, headings);
      toast(tn("{n} row is copied.", "{n} rows are copied.", lines.length));
    } catch (refusal) {
      toast(refusal.message);
    }
  }
}
