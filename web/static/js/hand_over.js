// Handing a client over: to a colleague seen with his state, to a queue, to a typed number; at once, or after asking.
import { $, fill, mould, show } from "./dom.js";
import { api } from "./api.js";
import * as store from "./store.js";
import { t, word } from "./texts.js";

const FREE_FIRST = { idle: 0, ringing: 1, "in-call": 2, "on-hold": 2, busy: 2, unknown: 3, unreachable: 4 };

export class HandOver {
  /** id: of the panel, and how its parts begin. go(target, how, close): how is "send" or "ask"; close: once it was not refused. */
  constructor(id, go) {
    this.id = id;
    this.go = go;
    this.queues = [];
    const field = this.$("-to");
    field.addEventListener("input", () => this.draw());
    field.addEventListener("keydown", (event) => this.key(event));
    this.$("-list").addEventListener("keydown", (event) => this.key(event));
    store.on("agents", () => this.draw());
  }

  $(part = "", root = document) {
    return $(`#${this.id}${part}`, root);
  }

  async opened() {
    this.$("-to").value = "";
    this.draw();
    this.$("-to").focus();
    const offers = await api("GET", "/phone/offers").catch(() => null);
    this.queues = offers?.queues ?? [];
    this.draw();
  }

  key(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.$("-open").click();
      this.$("-open").focus();
    } else if (event.key === "Enter" && event.target === this.$("-to")) {
      event.preventDefault();
      this.$("-list [data-act=ask]")?.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? 1 : -1);
    }
  }

  move(step) {
    const places = [this.$("-to"), ...document.querySelectorAll(`#${this.id}-list [data-act=ask]`)];
    const at = places.findIndex((one) => one === document.activeElement || one.closest("li")?.contains(document.activeElement));
    places[Math.min(places.length - 1, Math.max(0, at + step))]?.focus();
  }

  draw() {
    if (this.$().hidden) return;
    const typed = this.$("-to").value.trim();
    const found = this.targets(typed);
    const list = this.$("-list");
    const key = JSON.stringify(found);
    if (list.dataset.key !== key) {
      list.dataset.key = key;
      list.replaceChildren(...found.map((target) => this.row(target)));
    }
    show(this.$("-none"), found.length === 0);
  }

  targets(typed) {
    const low = typed.toLocaleLowerCase();
    const fits = ({ name, number }) => !low || name.toLocaleLowerCase().includes(low) || number.startsWith(low);
    const own = Number(document.documentElement.dataset.me);
    const people = store.people().filter((one) => one.id !== own && one.extension);
    people.sort((a, b) => FREE_FIRST[a.device] - FREE_FIRST[b.device] || a.name.localeCompare(b.name));
    const colleagues = people.map((one) => ({ name: one.name, number: one.extension, device: one.device, state: one.device === "unreachable" ? t("not connected") : word("device", one.device) }));
    const queues = this.queues.map(({ name, number }) => ({ name, number, device: "queue", state: t("queue") }));
    const found = [...colleagues, ...queues].filter(fits);
    if (/[0-9]{2}/.test(typed) && !found.some((one) => one.number === typed)) found.unshift({ name: typed, number: typed, device: "", state: t("number") });
    return found;
  }

  row(target) {
    const li = mould("hand-over");
    li.dataset.device = target.device;
    const detail = target.device && target.device !== "queue" ? `${target.number} · ${target.state}` : target.state;
    fill(li, { whom: target.name, "whom-state": detail });
    const act = (how, label) => {
      const button = $(`[data-act="${how}"]`, li);
      button.setAttribute("aria-label", label);
      button.addEventListener("click", () => this.go(target, how, () => this.$().hidden || this.$("-open").click()));
    };
    act("send", t("Transfer to {name}", { name: target.name }));
    act("ask", t("Ask {name} first", { name: target.name }));
    return li;
  }
}
