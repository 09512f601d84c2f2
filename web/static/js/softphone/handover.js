// Handing a client over: to a colleague seen with his state, to a queue, to a typed number; at once, or after asking.
import { $, fill, mould, show } from "../dom.js";
import { api } from "../api.js";
import * as store from "../store.js";
import { t, word } from "../texts.js";

const FREE_FIRST = { idle: 0, ringing: 1, "in-call": 2, "on-hold": 2, busy: 2, unknown: 3, unreachable: 4 };

export function startHandOver(phone, now) {
  return new HandOver(phone, now);
}

class HandOver {
  constructor(phone, now) {
    this.phone = phone;
    this.now = now;
    this.queues = [];
    const field = $("#hand-over-to");
    field.addEventListener("input", () => this.draw());
    field.addEventListener("keydown", (event) => this.key(event));
    $("#hand-over-list").addEventListener("keydown", (event) => this.key(event));
    store.on("agents", () => this.draw());
  }

  async opened() {
    $("#hand-over-to").value = "";
    this.draw();
    $("#hand-over-to").focus();
    const offers = await api("GET", "/phone/offers").catch(() => null);
    this.queues = offers?.queues ?? [];
    this.draw();
  }

  key(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      $("#hand-over-open").click();
      $("#hand-over-open").focus();
    } else if (event.key === "Enter" && event.target.id === "hand-over-to") {
      event.preventDefault();
      $("#hand-over-list [data-act=ask]")?.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? 1 : -1);
    }
  }

  move(step) {
    const places = [$("#hand-over-to"), ...document.querySelectorAll("#hand-over-list [data-act=ask]")];
    const at = places.findIndex((one) => one === document.activeElement || one.closest("li")?.contains(document.activeElement));
    places[Math.min(places.length - 1, Math.max(0, at + step))]?.focus();
  }

  draw() {
    if ($("#hand-over").hidden) return;
    const typed = $("#hand-over-to").value.trim();
    const found = this.targets(typed);
    const list = $("#hand-over-list");
    const key = JSON.stringify(found);
    if (list.dataset.key !== key) {
      list.dataset.key = key;
      list.replaceChildren(...found.map((target) => this.row(target)));
    }
    show($("#hand-over-none"), found.length === 0);
  }

  targets(typed) {
    const low = typed.toLocaleLowerCase();
    const fits = ({ name, number }) => !low || name.toLocaleLowerCase().includes(low) || number.startsWith(low);
    const own = Number(document.documentElement.dataset.me);
    const people = store.people().filter((one) => one.id !== own && one.extension);
    people.sort((a, b) => FREE_FIRST[a.device] - FREE_FIRST[b.device] || a.name.localeCompare(b.name));
    const colleagues = people.map((one) => ({ name: one.name, number: one.extension, device: one.device, state: word("device", one.device) }));
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
    const act = (name, label, what) => {
      const button = $(`[data-act="${name}"]`, li);
      button.setAttribute("aria-label", label);
      button.addEventListener("click", () => this.go(target, what));
    };
    act("send", t("Transfer to {name}", { name: target.name }), (talk, number) => this.phone.do("transfer", talk.id, number));
    act("ask", t("Ask {name} first", { name: target.name }), (_talk, number) => this.phone.do("dial", number, { name: target.device ? target.name : "" }));
    return li;
  }

  async go(target, what) {
    const talk = this.now();
    if (!talk) return;
    try {
      const { dial } = await api("POST", "/phone/number", { to: target.number });
      if (!$("#hand-over").hidden) $("#hand-over-open").click();
      await what(talk, dial);
    } catch (refusal) {
      this.phone.fault(refusal.message);
    }
  }
}
