// The client grid: rows from the server as one scrolls, columns as each person wants them, filters, selection, copying.
import { TabulatorFull as Tabulator } from "tabulator-tables";
import { $ } from "../dom.js";
import { api } from "../api.js";
import { go } from "../sections.js";
import { moment, t, tn } from "../texts.js";
import { toast } from "../toasts.js";
import { exportGrid } from "./export.js";
import { DEFAULT, beside, fields, sentence } from "./fields.js";
import { askChange, askColumns, askFilter, askView, make } from "./panel.js";
import { fromAddress, keepColumns, query, toAddress } from "./state.js";

const ROWS = 100;
const TYPING_MS = 200;
const LEAST_PX = 260;

export async function startGrid(place) {
  const [catalogue, views] = await Promise.all([api("GET", "/clients/catalogue"), api("GET", "/clients/views")]);
  if (!place.isConnected) return;
  new Grid(place, catalogue, views).show();
}

class Grid {
  constructor(place, catalogue, views) {
    this.place = place;
    this.all = fields(catalogue);
    this.beside = beside(catalogue);
    this.views = views;
    this.state = { ...fromAddress(), q: $("#q").value }; // what was typed while this came counts
    this.state.filters = this.state.filters.filter((one) => this.field(one.field));
    const left = views.find((one) => one.mine && !one.name)?.state.columns;
    this.columns = (left ?? DEFAULT.map((field) => ({ field }))).filter((one) => this.field(one.field));
    this.total = 0;
    this.writes = place.dataset.write === "yes";
    this.empty = { asked: $("#grid-nobody"), none: $("#grid-empty") }; // an answer may come when the page has gone
  }

  field(name) {
    return [...this.all, ...this.beside].find((one) => one.field === name);
  }

  show() {
    toAddress(this.state);
    this.tools();
    this.onward();
    this.table = new Tabulator($("#found"), {
      height: Math.max(LEAST_PX, innerHeight - Math.round($("#found").getBoundingClientRect().top) - 24),
      index: "id",
      layout: "fitDataFill",
      movableColumns: true,
      resizableColumnFit: false,
      rowHeight: 34,
      columnDefaults: { headerSortTristate: true, resizable: "header", vertAlign: "middle" },
      rowHeader: { formatter: "rownum", width: 56, hozAlign: "right", headerSort: false, frozen: true, resizable: false, cssClass: "row-number" },
      columns: this.columns.map((one) => this.column(one)),
      ajaxURL: "grid",
      ajaxRequestFunc: (_url, _config, asked) => this.page(asked),
      progressiveLoad: "scroll",
      progressiveLoadScrollMargin: 600,
      paginationSize: ROWS,
      sortMode: "remote",
      initialSort: this.order(),
      selectableRange: 1,
      selectableRangeColumns: false,
      selectableRangeRows: true,
      selectableRangeClearCells: false,
      editTriggerEvent: "dblclick",
      clipboard: "copy",
      clipboardCopyStyled: false,
      clipboardCopyRowRange: "range",
      clipboardCopyConfig: { rowHeaders: false, columnHeaders: false },
      placeholder: () => this.nothing(),
    });
    this.table.on("columnMoved", () => this.keep());
    this.table.on("columnResized", () => this.keep());
    this.table.on("dataSorted", (sorters) => this.sorted(sorters));
    this.table.on("rangeChanged", () => this.selected());
    this.table.on("cellEdited", (cell) => this.edited(cell));
    this.table.element.addEventListener("keydown", (event) => this.key(event));
    this.built = new Promise((done) => this.table.on("tableBuilt", done));
    this.built.then(() => this.together());
    this.built.then(() => this.roles());
    this.table.element.setAttribute("aria-label", t("Clients"));
    this.chips();
  }

  /** What scrolls takes the focus: readers of the screen are told that it, and not its only child, holds the rows. */
  roles() {
    this.table.element.removeAttribute("aria-owns");
    $(".tabulator-tableholder", this.table.element).setAttribute("role", "rowgroup");
    $(".tabulator-table", this.table.element).setAttribute("role", "presentation");
  }

  /** A filter's button that takes the focus may scroll the header: the rows go with it. */
  together() {
    const [header, rows] = [".tabulator-header", ".tabulator-tableholder"].map((name) => $(name, this.table.element));
    header.addEventListener("scroll", () => {
      if (rows.scrollLeft !== header.scrollLeft) rows.scrollLeft = header.scrollLeft;
    });
  }

  column({ field, width }) {
    const one = this.field(field);
    const down = this.state.sort === `-${field}`;
    return {
      field,
      title: make("span", { textContent: one.title }).innerHTML, // Tabulator takes titles for markup
      titleFormatter: () => this.head(one),
      width: width ?? one.width,
      headerSort: !one.unsorted,
      headerSortStartingDir: one.moment ? "desc" : "asc",
      formatter: (cell) => this.cell(one, cell),
      accessorClipboard: (value, _data, _type, _params, column) => this.plain(this.field(column.getField()), value),
      ...this.editor(one),
      sorter: "string",
      headerHozAlign: "left",
      hozAlign: one.kind === "number" ? "right" : "left",
      cssClass: down ? "down" : "",
    };
  }

  head(one) {
    const filter = make("button", { type: "button", className: "quiet funnel" });
    filter.setAttribute("aria-label", t("Filter by “{column}”", { column: one.title }));
    filter.title = filter.getAttribute("aria-label");
    filter.append(make("span", { className: "funnel-mark" }));
    if (this.state.filters.some((other) => other.field === one.field)) filter.classList.add("on");
    filter.addEventListener("mousedown", (event) => event.stopPropagation());
    filter.addEventListener("click", (event) => {
      event.stopPropagation();
      this.filter(one);
    });
    return make("span", { className: "head" }, make("span", { textContent: one.title }), filter);
  }

  cell(one, cell) {
    const value = cell.getValue();
    if (value === undefined || value === null || value === "") return "";
    if (one.field === "name") {
      const link = make("a", { href: `/clients/${cell.getData().id}`, textContent: value });
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(link.getAttribute("href"));
      });
      return link;
    }
    if (one.property?.kind === "list" || one.property?.kind === "several") return this.tags(one, value);
    if (one.property?.kind === "rating") return make("span", { className: "rating", textContent: "★".repeat(Number(value)), title: value });
    return make("span", { textContent: this.plain(one, value) });
  }

  tags(one, value) {
    const names = String(value).split("; ");
    return make(
      "span",
      { className: "tags" },
      ...names.map((name) => {
        const color = one.values.find((other) => other.name === name)?.color || "grey";
        return make("span", { className: `value ${color}`, textContent: name });
      }),
    );
  }

  plain(one, value) {
    if (value === undefined || value === null) return "";
    if (one.moment) return moment(value);
    if (one.field === "kind") return one.values.find((other) => other.id === value)?.name ?? value;
    if (one.property?.kind === "yes-no") return value === "1" ? t("yes") : t("no");
    if (one.kind === "date") return value.split("-").reverse().join(".");
    return String(value);
  }

  editor(one) {
    if (!one.set || !this.writes || one.property?.kind === "several") return {};
    if (one.kind === "list") {
      const values = one.values.map((other) => ({ label: other.name, value: one.field === "kind" ? other.id : other.name }));
      return { editor: "list", editorParams: { values, clearable: true, autocomplete: values.length > 8, listOnEmpty: true } };
    }
    if (one.property?.kind === "rating") return { editor: "number", editorParams: { min: 1, max: 5, step: 1 } };
    if (one.kind === "yes-no") return { editor: "list", editorParams: { values: [{ label: t("yes"), value: "1" }, { label: t("no"), value: "0" }], clearable: true } };
    return { editor: one.kind === "number" ? "number" : one.kind === "date" ? "date" : "input" };
  }

  async page({ page }) {
    let asked, found;
    const wanted = () => query(this.state, ROWS, (page - 1) * ROWS, page > 1 ? this.last : 0);
    do {
      asked = wanted();
      found = await api("GET", asked);
    } while (asked !== wanted()); // what was asked meanwhile counts
    this.last = found.rows.at(-1)?.id ?? 0;
    if (!this.place.isConnected) return { data: [], last_page: page }; // the person has gone on
    this.total = found.total;
    this.count();
    const more = found.rows.length === ROWS;
    return { data: found.rows, last_page: more ? page + 1 : page };
  }

  async reload() {
    toAddress(this.state);
    await this.built;
    this.chips();
    this.onward();
    this.table.setColumns(this.columns.map((one) => this.column(one)));
    if (this.order().length) this.table.setSort(this.order()); // asks anew too, and the column shows its arrow
    else this.table.setData("grid");
  }

  /** How the rows stand, for the arrow of its column. */
  order() {
    const column = this.state.sort.replace(/^-/, "");
    const shown = this.columns.some((one) => one.field === column) && !this.field(column).unsorted;
    return shown ? [{ column, dir: this.state.sort.startsWith("-") ? "desc" : "asc" }] : [];
  }

  /** Where what is found goes on: a segment of its filters, a report of it. */
  onward() {
    const { q, filters } = this.state;
    for (const link of document.querySelectorAll("[data-onward]")) {
      const given = new URLSearchParams({ filters: JSON.stringify(filters), ...(q && link.dataset.onward.startsWith("/reports") ? { q } : {}) });
      link.href = `${link.dataset.onward}?${given}`;
      link.hidden = link.dataset.onward.startsWith("/segments") && !filters.length;
    }
  }

  sorted(sorters) {
    const [first] = sorters;
    const sort = first ? (first.dir === "desc" ? "-" : "") + first.field : "";
    if (sort === this.state.sort) return;
    this.state.sort = sort;
    toAddress(this.state);
  }

  keep() {
    const shown = this.table.getColumns().filter((column) => column.getField());
    this.columns = shown.map((column) => ({ field: column.getField(), width: Math.round(column.getWidth()) }));
    keepColumns(this.columns);
  }

  async filter(one) {
    const before = this.state.filters.find((other) => other.field === one.field);
    const given = await askFilter(one, before);
    if (!given) return;
    this.state.filters = this.state.filters.filter((other) => other !== before);
    if (given !== "off") this.state.filters.push(given);
    this.reload();
  }

  chips() {
    const chips = this.state.filters.map((one) => {
      const text = sentence(one, this.field(one.field));
      const off = make("button", { type: "button", className: "chip" }, make("span", { textContent: text }), make("span", { className: "x", textContent: "×" }));
      off.setAttribute("aria-label", t("Take the filter off: {filter}", { filter: text }));
      off.addEventListener("click", () => {
        this.state.filters = this.state.filters.filter((other) => other !== one);
        this.reload();
      });
      return off;
    });
    $("#chips").replaceChildren(...chips);
  }

  tools() {
    const q = $("#q");
    let timer = 0;
    q.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        this.state.q = q.value;
        this.reload();
      }, TYPING_MS);
    });
    q.form.addEventListener("submit", (event) => event.preventDefault());
    $("#grid-columns").addEventListener("click", () => this.choose());
    $("#grid-save").addEventListener("click", () => this.save());
    $("#grid-copy").addEventListener("click", () => this.table.copyToClipboard("range"));
    $("#grid-export")?.addEventListener("click", () => exportGrid(this.state, this.columns.map((one) => one.field)));
    $("#grid-change")?.addEventListener("click", () => this.change(false));
    $("#grid-change-all")?.addEventListener("click", () => this.change(true));
    const list = $("#grid-views");
    for (const one of this.views.filter((view) => view.name)) list.append(make("option", { value: one.id, textContent: one.name }));
    list.addEventListener("change", () => this.open(this.views.find((one) => String(one.id) === list.value)));
    $("#grid-tools").hidden = false;
  }

  open(view) {
    if (!view) return;
    const { q = "", sort = "", filters = [], columns } = view.state;
    this.state = { q, sort, filters: filters.filter((one) => this.field(one.field)) };
    if (columns) this.columns = columns.filter((one) => this.field(one.field));
    $("#q").value = q;
    this.reload();
  }

  async choose() {
    const chosen = await askColumns(this.all, this.columns.map((one) => one.field));
    if (!chosen) return;
    this.columns = chosen.map((field) => this.columns.find((one) => one.field === field) ?? { field });
    keepColumns(this.columns);
    this.reload();
  }

  async save() {
    const given = await askView(this.place.dataset.share === "yes");
    if (!given?.name) return;
    const { q, sort, filters } = this.state;
    try {
      await api("PUT", "/clients/views", { ...given, state: { q, sort, filters, columns: this.columns } });
      this.views = await api("GET", "/clients/views");
      const mine = this.views.find((one) => one.mine && one.name === given.name);
      $("#grid-views").append(make("option", { value: mine.id, textContent: mine.name, selected: true }));
      toast(t("The view is saved."));
    } catch (refusal) {
      toast(refusal.message);
    }
  }

  rows() {
    const ranges = this.table.getRanges();
    return [...new Set(ranges.flatMap((range) => range.getRows().map((row) => row.getData().id)))];
  }

  selected() {
    const count = this.rows().length;
    const text = $("#grid-chosen");
    if (text) text.textContent = count > 1 ? tn("{n} client chosen", "{n} clients chosen", count) : "";
  }

  count() {
    const text = this.total === null ? t("More than 10 000 clients") : tn("{n} client", "{n} clients", this.total);
    $("#grid-count").textContent = text;
  }

  nothing() {
    const asked = this.state.q || this.state.filters.length;
    const shown = (asked ? this.empty.asked : this.empty.none).content.cloneNode(true);
    $('[data-act="all"]', shown)?.addEventListener("click", () => {
      this.state = { ...this.state, q: "", filters: [] };
      $("#q").value = "";
      this.reload();
    });
    const fresh = $('[data-f="new"]', shown);
    if (fresh && this.state.q) fresh.href += `?${new URLSearchParams({ [/^[+(\d]/.test(this.state.q) ? "number" : "name"]: this.state.q })}`;
    return make("div", { role: "row" }, make("div", { role: "gridcell" }, shown.firstElementChild));
  }

  async change(everybody) {
    const ids = everybody ? [] : this.rows();
    const count = everybody ? this.total ?? "10 000+" : ids.length;
    const set = await askChange(this.all.filter((one) => one.set), count);
    if (!set) return;
    const found = everybody ? { q: this.state.q, filters: this.state.filters } : null;
    try {
      const done = await api("POST", "/clients/bulk", everybody ? { found, set } : { ids, set });
      toast(tn("{n} client is changed.", "{n} clients are changed.", done.count), {
        label: t("Undo"),
        act: () => this.undo(done.batch),
      });
      this.table.setData("grid");
    } catch (refusal) {
      toast(refusal.message);
    }
  }

  async undo(batch) {
    try {
      await api("POST", "/clients/undo", { batch });
      toast(t("Taken back."));
      this.table.setData("grid");
    } catch (refusal) {
      toast(refusal.message);
    }
  }

  async edited(cell) {
    const one = this.field(cell.getField());
    const row = cell.getData();
    const raw = cell.getValue();
    try {
      const changed = await api("PATCH", `/clients/${row.id}`, { version: row.version, ...this.setting(one, raw) });
      cell.getRow().update({ version: changed.version });
    } catch (refusal) {
      cell.restoreOldValue();
      toast(refusal.message);
    }
  }

  setting(one, raw) {
    let value = raw === "" || raw === undefined ? null : raw;
    if (one.kind === "list" && one.field !== "kind") value = one.values.find((other) => other.name === raw)?.id ?? null;
    if (one.property) return { properties: { [one.property.id]: value } };
    return { [one.set]: value ?? (["note", "time_zone"].includes(one.set) ? "" : null) };
  }

  key(event) {
    if (event.key !== "Enter" || event.target.closest("input, textarea, select, button, a, .tabulator-editing")) return;
    const range = this.table.getRanges()[0];
    const cell = range?.getCells?.().flat()[0];
    if (!cell) return;
    event.preventDefault();
    event.stopPropagation();
    if (cell.getColumn().getDefinition().editor) cell.edit();
    else go(`/clients/${cell.getData().id}`);
  }
}
