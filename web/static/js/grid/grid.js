// The client grid: rows from the server as one scrolls, columns as each person wants them, the state in the address.
import { TabulatorFull as Tabulator } from "tabulator-tables";
import { $ } from "../dom.js";
import { api } from "../api.js";
import { t, tn } from "../texts.js";
import { toast } from "../toasts.js";
import { draw, editor, plain, setting } from "./cells.js";
import { Chosen } from "./chosen.js";
import { exportGrid } from "./export.js";
import { beside, fields, sentence } from "./fields.js";
import { Headers } from "./header.js";
import { Many } from "./many.js";
import { make } from "./panel.js";
import { countQuery, fromAddress, keepLeft, query, toAddress } from "./state.js";
import { Views } from "./views.js";

const ROWS = 100;
const TYPING_MS = 250;
const LEAST_PX = 300;

export async function startGrid(place) {
  const [catalogue, views] = await Promise.all([api("GET", "/clients/catalogue"), api("GET", "/clients/views")]);
  if (!place.isConnected) return;
  new Grid(place, catalogue, views).show();
}

export class Grid {
  constructor(place, catalogue, views) {
    this.place = place;
    this.writes = place.dataset.write === "yes";
    this.all = fields(catalogue);
    this.beside = beside(catalogue);
    this.views = new Views(this, views, catalogue.segments);
    this.columns = this.views.left.columns;
    const asked = fromAddress();
    this.state = { ...asked, q: $("#q").value, sort: asked.plain ? this.views.left.sort : asked.sort }; // what was typed while this came counts
    this.state.filters = this.state.filters.filter((one) => this.field(one.field));
    this.total = 0;
    this.fault = "";
    this.settling = false;
    this.empty = { asked: $("#grid-nobody"), none: $("#grid-empty"), fault: $("#grid-fault") }; // an answer may come when the page has gone
    this.headers = new Headers(this);
    this.chosen = new Chosen(this);
    this.many = new Many(this);
  }

  field(name) {
    return [...this.all, ...this.beside].find((one) => one.field === name);
  }

  show() {
    toAddress(this.state);
    this.tools();
    this.onward();
    this.chips();
    this.table = new Tabulator($("#found"), {
      height: this.height(),
      index: "id",
      layout: "fitDataFill",
      movableColumns: true,
      resizableColumnFit: false,
      rowHeight: 34,
      columnDefaults: { headerSortTristate: true, resizable: "header", vertAlign: "middle" },
      rowHeader: { formatter: "rownum", width: 64, hozAlign: "right", headerSort: false, frozen: true, resizable: false, cssClass: "row-number" },
      columns: this.columns.map((one) => this.column(one)),
      ajaxURL: "grid",
      ajaxRequestFunc: (_url, _config, asked) => this.page(asked),
      progressiveLoad: "scroll",
      progressiveLoadScrollMargin: 600,
      paginationSize: ROWS,
      sortMode: "remote",
      columnHeaderSortMulti: false,
      initialSort: this.order(),
      selectableRange: true,
      selectableRangeColumns: false,
      selectableRangeRows: true,
      selectableRangeClearCells: false,
      selectableRangeAutoFocus: false, // who types in the search goes on typing
      editTriggerEvent: "dblclick",
      keybindings: { navPrev: false, navNext: false }, // Tab leaves the table
      dataLoaderLoading: make("span", { textContent: t("Loading…") }),
      langs: { default: { headerFilters: { default: "" } } },
      placeholder: () => this.nothing(),
    });
    this.table.on("columnMoved", () => this.keep());
    this.table.on("columnResized", () => this.keep());
    this.table.on("cellEdited", (cell) => this.edited(cell));
    this.built = new Promise((done) => this.table.on("tableBuilt", done));
    this.built.then(() => this.roles());
    this.table.element.setAttribute("aria-label", t("Clients"));
    this.chosen.start();
    this.many.start();
    const room = new ResizeObserver(() => (this.place.isConnected ? this.fit() : room.disconnect()));
    for (const one of [$(".grid-bar"), $("#chips"), $("#grid-work"), document.body]) room.observe(one);
  }

  /** What is left of the window under the table's upper edge. */
  height() {
    return Math.max(LEAST_PX, innerHeight - Math.round($("#found").getBoundingClientRect().top + $("#main").scrollTop) - 20);
  }

  async fit() {
    await this.built;
    if (!this.place.isConnected) return; // another page meanwhile
    const height = this.height();
    if (this.table.element.offsetHeight !== height) this.table.setHeight(height);
  }

  /** What scrolls takes the focus: readers of the screen are told that it, and not its only child, holds the rows. A
   *  filter in the header that takes the focus may scroll the header: the rows go with it. */
  roles() {
    const [header, heads, rows, list] = [".tabulator-header", ".tabulator-header-contents", ".tabulator-tableholder", ".tabulator-table"].map((name) => $(name, this.table.element));
    this.table.element.removeAttribute("aria-owns");
    rows.setAttribute("role", "rowgroup");
    list.setAttribute("role", "presentation");
    header.removeAttribute("tabindex");
    heads.addEventListener("scroll", () => {
      if (rows.scrollLeft !== heads.scrollLeft) rows.scrollLeft = heads.scrollLeft;
    });
  }

  column({ field, width }) {
    const one = this.field(field);
    return {
      field,
      title: make("span", { textContent: one.title }).innerHTML, // Tabulator takes titles for markup
      titleFormatter: () => this.headers.title(one),
      headerFilter: () => this.headers.quick(one),
      headerFilterLiveFilter: false,
      width: width ?? one.width,
      minWidth: 90,
      headerSort: !one.unsorted,
      headerSortStartingDir: one.moment ? "desc" : "asc",
      formatter: (cell) => draw(one, cell),
      ...(this.writes ? editor(one) : {}),
      sorter: "string",
      headerHozAlign: "left",
      hozAlign: one.kind === "number" && one.property?.kind !== "rating" ? "right" : "left",
    };
  }

  async page({ page, sort }) {
    let asked, found;
    this.sorted(sort ?? []);
    const wanted = () => query(this.state, ROWS, page > 1 ? this.cursor : null, this.columns.map(({ field }) => field));
    try {
      do {
        asked = wanted();
        found = await api("GET", asked);
      } while (asked !== wanted()); // what was asked meanwhile counts
      this.fault = "";
    } catch (refusal) {
      if (page > 1) toast(refusal.message, { label: t("Try again"), act: () => this.reload() });
      else this.fault = refusal.message;
      found = { rows: [], total: 0, next_cursor: null };
    }
    this.cursor = found.next_cursor;
    if (!this.place.isConnected) return { data: [], last_page: page }; // the person has gone on
    if (page === 1) this.counted(found.total);
    return { data: found.rows, last_page: found.next_cursor ? page + 1 : page };
  }

  /** How many there are, asked for where the page could not say: it does not wait for that. */
  async counted(total) {
    this.total = total;
    this.count();
    if (total !== null) return;
    const asked = countQuery(this.state);
    const found = await api("GET", asked).catch(() => ({ total: null }));
    if (asked !== countQuery(this.state) || !this.place.isConnected) return;
    this.total = found.total;
    this.count(true);
  }

  /** Ask anew, as the state says. columns: they are others now. */
  async reload({ columns = false } = {}) {
    toAddress(this.state);
    this.settling = true; // the state is ahead of the table's arrows
    await this.built;
    this.chips();
    this.onward();
    this.headers.refresh();
    this.chosen.clear();
    if (columns) this.table.setColumns(this.columns.map((one) => this.column(one)));
    const [order, now] = [this.order(), this.table.getSorters().map(({ field, dir }) => ({ column: field, dir }))];
    const same = JSON.stringify(order) === JSON.stringify(now);
    this.settling = false;
    if (order.length && (columns || !same)) return this.table.setSort(order); // asks anew too, and the column shows its arrow
    return same || columns ? this.table.setData("grid") : this.table.clearSort();
  }

  /** How the rows stand, for the arrow of its column. */
  order() {
    const column = this.state.sort.replace(/^-/, "");
    const shown = this.columns.some((one) => one.field === column) && !this.field(column).unsorted;
    return shown ? [{ column, dir: this.state.sort.startsWith("-") ? "desc" : "asc" }] : [];
  }

  /** Rows are asked for in the order of the table's arrows: a person has pressed a heading. */
  sorted([first]) {
    if (this.settling) return;
    const hidden = this.state.sort && !this.order().length; // by a column that is not shown: it stays
    const sort = first ? (first.dir === "desc" ? "-" : "") + first.field : hidden ? this.state.sort : "";
    if (sort === this.state.sort) return;
    this.state.sort = sort;
    toAddress(this.state);
    keepLeft(this.columns, sort);
  }

  keep() {
    const shown = this.table.getColumns().filter((column) => column.getField());
    this.columns = shown.map((column) => ({ field: column.getField(), width: Math.round(column.getWidth()) }));
    keepLeft(this.columns, this.state.sort);
  }

  /** The conditions on one column become these. */
  filter(field, conditions) {
    const others = this.state.filters.filter((one) => one.field !== field);
    this.state.filters = [...others, ...conditions];
    this.reload();
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

  chips() {
    const { filters } = this.state;
    const chip = (text, label, left) => {
      const off = make("button", { type: "button", className: "chip" }, make("span", { textContent: text }), make("span", { className: "x", textContent: "×" }));
      off.setAttribute("aria-label", label);
      off.addEventListener("click", () => {
        this.state.filters = left;
        this.reload();
      });
      return off;
    };
    const each = filters.map((one) => {
      const text = sentence(one, this.field(one.field));
      return chip(text, t("Take the filter off: {filter}", { filter: text }), filters.filter((other) => other !== one));
    });
    if (filters.length > 1) each.push(chip(t("Take all off"), t("Take all filters off"), []));
    $("#chips").replaceChildren(...each);
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
    q.addEventListener("keydown", (event) => event.key === "ArrowDown" && this.chosen.focus());
    q.form.addEventListener("submit", (event) => event.preventDefault());
    $("#grid-export")?.addEventListener("click", () => exportGrid(this.state, this.columns.map((one) => one.field)));
    this.views.start();
    $("#grid-tools").hidden = false;
  }

  count(over = false) {
    const many = over ? t("Very many clients") : t("Counting…");
    const text = this.fault ? "" : this.total === null ? many : tn("{n} client", "{n} clients", this.total);
    $("#grid-count").textContent = text;
    this.chosen.say();
  }

  nothing() {
    const asked = this.state.q || this.state.filters.length;
    const shown = (this.fault ? this.empty.fault : asked ? this.empty.asked : this.empty.none).content.cloneNode(true);
    const said = $('[data-f="fault"]', shown);
    if (said) said.textContent = this.fault;
    $('[data-act="again"]', shown)?.addEventListener("click", () => this.reload());
    $('[data-act="all"]', shown)?.addEventListener("click", () => {
      this.state = { ...this.state, q: "", filters: [], sort: this.fault ? "" : this.state.sort };
      $("#q").value = "";
      this.reload();
    });
    const fresh = $('[data-f="new"]', shown);
    if (fresh && this.state.q) fresh.href += `?${new URLSearchParams({ [/^[+(\d]/.test(this.state.q) ? "number" : "name"]: this.state.q })}`;
    return make("div", { role: "row" }, make("div", { role: "gridcell" }, shown.firstElementChild));
  }

  async edited(cell) {
    const one = this.field(cell.getField());
    const row = cell.getData();
    try {
      const changed = await api("PATCH", `/clients/${row.id}`, { version: row.version, ...setting(one, cell.getValue()) });
      cell.getRow().update({ version: changed.version });
    } catch (refusal) {
      cell.restoreOldValue();
      toast(refusal.message, refusal.code === "changed-meanwhile" ? { label: t("Show what is there now"), act: () => this.reload() } : undefined);
    }
  }

  /** What a chosen cell holds, as it is shown. */
  plain(field, row) {
    return plain(this.field(field), row[field]);
  }
}
