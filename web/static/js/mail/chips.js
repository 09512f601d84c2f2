// Addressees as chips: what is typed is completed by colleagues, clients and their persons; Enter, a comma or leaving the
// field makes a chip of it, Backspace in an empty field takes the last one off.
import { $, $$, fill, mould, show } from "../dom.js";
import { api } from "../api.js";
import { t } from "../texts.js";

const TYPING_MS = 180;
const ADDRESS = /^[^@\s<>",;]+@[^@\s<>",;]+\.[^@\s<>",;]+$/;
let turn = 0;

export class Chips {
  /** place: .chips; list: where what is found stands, shared by all; changed: called with the person that was added, if any. */
  constructor(place, list, changed) {
    this.place = place;
    this.role = place.dataset.role;
    this.list = list;
    this.changed = changed;
    this.people = [];
    this.input = $("input", place);
    place.addEventListener("click", (event) => event.target === place && this.input.focus());
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.leave(), 120));
    this.input.addEventListener("paste", (event) => this.paste(event));
  }

  set(people) {
    this.people = people;
    this.draw();
  }

  add(person) {
    if (!this.people.some((one) => one.address.toLowerCase() === person.address.toLowerCase())) this.people.push(person);
    this.input.value = "";
    this.close();
    this.draw();
    this.changed(person);
  }

  /** Mark those that letters came back from. */
  warn(addresses) {
    this.bad = new Map(addresses.map((one) => [one.address.toLowerCase(), one.why]));
    this.draw();
  }

  draw() {
    $("ul", this.place).replaceChildren(
      ...this.people.map((one, at) => {
        const li = fill(mould("chip"), { name: one.name || one.address });
        const why = this.bad?.get(one.address.toLowerCase());
        li.title = [one.address, why && t("A letter came back from there: {why}", { why })].filter(Boolean).join("\n");
        li.classList.toggle("bad", !!why || !ADDRESS.test(one.address));
        const button = $("button", li);
        button.setAttribute("aria-label", t("Take {name} off", { name: one.name || one.address }));
        button.addEventListener("click", () => {
          this.people.splice(at, 1);
          this.draw();
          this.input.focus();
          this.changed(null);
        });
        return li;
      }),
    );
  }

  async typed() {
    const words = this.input.value.trim();
    const mine = ++turn;
    if (/[,;]$/.test(words)) return this.take(words.slice(0, -1));
    if (!words) return this.close();
    await new Promise((done) => setTimeout(done, TYPING_MS));
    if (mine !== turn) return;
    const found = await api("GET", `/addressees?q=${encodeURIComponent(words)}`).catch(() => []);
    if (mine !== turn || document.activeElement !== this.input) return;
    this.offer(found);
  }

  offer(found) {
    this.found = found;
    this.at = 0;
    this.list.replaceChildren(
      ...found.map((one, at) => {
        const detail = [one.address, one.of, one.restricted && t("processing is restricted")].filter(Boolean).join(" · ");
        const li = fill(mould("addressee"), { name: one.name, detail });
        li.id = `addressee-${at}`;
        li.setAttribute("aria-disabled", String(one.restricted));
        li.addEventListener("mousedown", (event) => event.preventDefault());
        li.addEventListener("click", () => this.choose(one));
        return li;
      }),
    );
    const line = this.place.closest(".compose-line");
    line.after(this.list);
    show(this.list, found.length > 0);
    this.input.setAttribute("aria-expanded", String(found.length > 0));
    this.mark();
  }

  choose(one) {
    if (one && !one.restricted) this.add({ role: this.role, name: one.name, address: one.address, client_id: one.client_id, contact_id: one.contact_id });
  }

  mark() {
    $$("li", this.list).forEach((li, at) => li.setAttribute("aria-selected", String(at === this.at)));
    if (this.found?.length) this.input.setAttribute("aria-activedescendant", `addressee-${this.at}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found?.length) {
      this.at = (this.at + step + this.found.length) % this.found.length;
      this.mark();
    } else if (event.key === "Enter" && !event.ctrlKey) {
      if (this.found?.length && !ADDRESS.test(this.input.value.trim())) this.choose(this.found[this.at]);
      else this.take(this.input.value);
    } else if (event.key === "Escape" && !this.list.hidden) {
      this.close();
      event.stopPropagation();
    } else if (event.key === "Backspace" && !this.input.value && this.people.length) {
      this.people.pop();
      this.draw();
      this.changed(null);
    } else return;
    event.preventDefault();
  }

  paste(event) {
    const text = event.clipboardData.getData("text");
    if (!/[,;\n]/.test(text)) return;
    event.preventDefault();
    text.split(/[,;\n]+/).forEach((one) => this.take(one));
  }

  /** `Name <address>`, or an address. */
  take(text) {
    const known = /^\s*"?([^"<]*?)"?\s*<([^<>]+)>\s*$/.exec(text);
    const [name, address] = known ? [known[1].trim(), known[2].trim()] : ["", text.trim()];
    if (address) this.add({ role: this.role, name, address });
  }

  leave() {
    if (document.activeElement === this.input) return;
    if (this.input.value.trim()) this.take(this.input.value);
    this.close();
  }

  close() {
    turn++;
    this.found = [];
    show(this.list, false);
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
