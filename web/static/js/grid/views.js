// Saved views of the grid, one's own and shared, and segments as views; the choice of columns.
import { $ } from "../dom.js";
import { api } from "../api.js";
import { t } from "../texts.js";
import { toast } from "../toasts.js";
import { DEFAULT } from "./fields.js";
import { askColumns, askView, make } from "./panel.js";
import { keepLeft } from "./state.js";

export class Views {
  constructor(grid, views, segments) {
    this.grid = grid;
    this.views = views;
    this.segments = segments;
    this.list = $("#grid-views");
    const left = views.find((one) => one.mine && !one.name)?.state ?? {};
    const columns = (left.columns ?? []).filter((one) => grid.field(one.field));
    const sort = typeof left.sort === "string" && grid.field(left.sort.replace(/^-/, "")) ? left.sort : "";
    this.left = { columns: columns.length ? columns : DEFAULT.map((field) => ({ field })), sort };
  }

  start() {
    $("#grid-columns").addEventListener("click", () => this.choose());
    $("#grid-save").addEventListener("click", () => this.save());
    $("#grid-drop").addEventListener("click", () => this.drop());
    this.list.addEventListener("change", () => this.open());
    this.offer("");
  }

  /** The list of what can be opened. */
  offer(chosen) {
    const named = this.views.filter((one) => one.name);
    const parts = [
      [t("My views"), named.filter((one) => one.mine).map((one) => [`view:${one.id}`, one.name])],
      [t("Shared views"), named.filter((one) => !one.mine).map((one) => [`view:${one.id}`, one.name])],
      [t("Segments"), this.segments.map((one) => [`segment:${one.id}`, one.name])],
    ];
    const first = make("option", { value: "", textContent: t("as I left it") });
    const groups = parts.filter(([, some]) => some.length).map(([label, some]) => make("optgroup", { label }, ...some.map(([value, textContent]) => make("option", { value, textContent }))));
    this.list.replaceChildren(first, ...groups);
    this.list.value = chosen;
    this.mine();
  }

  get chosen() {
    const [kind, id] = this.list.value.split(":");
    return kind === "view" ? this.views.find((one) => String(one.id) === id) : null;
  }

  mine() {
    $("#grid-drop").hidden = !this.chosen?.mine;
  }

  open() {
    const { grid } = this;
    const [kind, id] = this.list.value.split(":");
    this.mine();
    let state = { columns: this.left.columns, sort: this.left.sort };
    if (kind === "segment") state = { filters: [{ field: "segment", op: "any-of", value: [Number(id)] }], sort: grid.state.sort };
    if (kind === "view") state = this.chosen.state;
    const { q = "", sort = "", filters = [], columns } = state;
    grid.state = { q, sort, filters: filters.filter((one) => grid.field(one.field)) };
    const known = columns?.filter((one) => grid.field(one.field)) ?? [];
    if (known.length) grid.columns = known;
    $("#q").value = q;
    grid.reload({ columns: known.length > 0 });
  }

  async choose() {
    const { grid } = this;
    const chosen = await askColumns(grid.all, grid.columns.map((one) => one.field), DEFAULT);
    if (!chosen) return;
    grid.columns = chosen.map((field) => grid.columns.find((one) => one.field === field) ?? { field });
    keepLeft(grid.columns, grid.state.sort);
    grid.reload({ columns: true });
  }

  async save() {
    const { grid } = this;
    const before = this.chosen?.mine ? this.chosen : null;
    const given = await askView(grid.place.dataset.share === "yes", before);
    if (!given?.name) return;
    const { q, sort, filters } = grid.state;
    await this.tell(async () => {
      await api("PUT", "/clients/views", { ...given, state: { q, sort, filters, columns: grid.columns } });
      this.views = await api("GET", "/clients/views");
      this.offer(`view:${this.views.find((one) => one.mine && one.name === given.name).id}`);
      return t("The view is saved.");
    });
  }

  async drop() {
    const view = this.chosen;
    await this.tell(async () => {
      await api("DELETE", `/clients/views/${view.id}`);
      this.views = this.views.filter((one) => one !== view);
      this.offer("");
      return t("The view “{name}” is deleted.", { name: view.name });
    });
  }

  async tell(work) {
    try {
      toast(await work());
    } catch (refusal) {
      toast(refusal.message);
    }
  }
}
