// The letter that is being written: kept as it is typed, sent with ten seconds to think again, or later. One at a time;
// another one that is begun leaves this one as a draft.
import { $, $$, fill, show } from "../dom.js";
import { api, requestId } from "../api.js";
import * as store from "../store.js";
import { moment, t, unix, wall } from "../texts.js";
import { toast } from "../toasts.js";
import { Attached } from "./attached.js";
import { Chips } from "./chips.js";
import { mailboxes, OPEN } from "./compose.js";
import { Editor } from "./editor.js";
import { Lacking } from "./lacking.js";
import { learnFields } from "./fields.js";
import { Picking } from "./picking.js";
import { Going } from "./going.js";

const TYPING_MS = 700;
const LAST_BOX = "trubka:mailbox";
const NAMES_FILES = /прикрепл|прикладыв|прилага|во вложени|вложенн|приложени|attach|enclos/i;
const TITLES = {
  new: () => t("New letter"),
  reply: () => t("Answer to a letter"),
  all: () => t("Answer to all"),
  forward: () => t("Letter that is passed on"),
};

export class Writing {
  constructor(place) {
    this.place = place;
    this.queue = Promise.resolve();
    const found = $("#compose-found");
    this.chips = $$(".chips", place).map((one) => new Chips(one, found, (person) => this.addressed(person)));
    this.editor = new Editor($(".compose-text", place), { label: t("Text of the letter"), changed: () => this.later() });
    this.attached = new Attached($(".attached", place), () => this.id);
    this.picking = new Picking($("#compose-pick"), () => this.letter);
    this.lacking = new Lacking($(".compose-lacks", place), $("#compose-subject"), this.editor);
    this.going = new Going($("#undo-send"), (id) => this.open({ draft: id }));
    $("#compose-subject").addEventListener("input", () => this.later());
    $("#compose-from").addEventListener("change", () => this.changeBox());
    place.addEventListener("click", (event) => this.press(event.target.closest("[data-act]")));
    place.addEventListener("keydown", (event) => this.key(event));
    $("input[type=file]", place).addEventListener("change", ({ target }) => this.bring(target));
    place.addEventListener("dragover", (event) => this.over(event));
    place.addEventListener("dragleave", ({ relatedTarget }) => place.contains(relatedTarget) || place.classList.remove("drops"));
    place.addEventListener("drop", (event) => this.dropped(event));
    $(".later form", place).addEventListener("submit", (event) => this.sendLater(event));
    $(".later", place).addEventListener("toggle", () => this.offerTime());
    window.addEventListener("beforeunload", (event) => this.dirty && event.preventDefault());
  }

  get letter() {
    return { ...this.known, mailbox_id: this.box().id };
  }

  /** Begin one, or go on with a draft. */
  async open(detail) {
    const [boxes] = await Promise.all([mailboxes(), learnFields()]);
    if (this.id && !this.place.hidden) await this.leave();
    this.boxes = boxes;
    const id = detail.draft ?? (await this.begin(detail));
    const letter = await api("GET", `/outbox/${id}`);
    if (letter.state !== "draft" || !letter.mine) throw new Error(t("This letter is no draft any more."));
    this.from = document.activeElement;
    this.take(letter);
    sessionStorage.setItem(OPEN, String(id));
    this.fold(false);
    show(this.place, true);
    const to = this.chips[0];
    if (detail.to && letter.kind === "new" && !to.people.some((one) => one.address === detail.to)) to.add({ role: "to", name: "", address: detail.to });
    if (detail.again) return;
    if (to.people.length) $("#compose-subject").value ? this.editor.focus() : $("#compose-subject").focus();
    else to.input.focus();
  }

  async begin({ kind = "new", letter, client, contact, call = "", mailbox }) {
    const last = Number(localStorage.getItem(LAST_BOX));
    const good = this.boxes.filter((one) => !one.paused);
    const box = this.boxes.find((one) => one.id === mailbox) ?? good.find((one) => one.id === last) ?? good.find((one) => one.kind === "personal") ?? good[0] ?? this.boxes[0];
    const asked = { key: requestId(), mailbox_id: letter && !mailbox ? null : box.id, kind, answers_id: letter ?? null, client_id: client ?? null, contact_id: contact ?? null, call_id: call };
    return (await api("POST", "/outbox", asked)).id;
  }

  /** Show a draft as the server has it. */
  take(letter) {
    this.id = letter.id;
    this.known = letter;
    this.version = letter.version;
    this.dirty = false;
    const from = $("#compose-from");
    from.replaceChildren(...this.boxes.map((one) => new Option(one.sender_name ? `${one.sender_name} <${one.address}>` : one.address, one.id, false, one.id === letter.mailbox_id)));
    for (const chips of this.chips) chips.set(letter.people.filter((one) => one.role === chips.role));
    this.copies(this.chips.slice(1).some((chips) => chips.people.length));
    this.warn(letter);
    $("#compose-subject").value = letter.subject;
    this.editor.set(letter.html);
    const quoted = $(".quoted", this.place);
    show(quoted, !!letter.quoted);
    fill(quoted, { quoted: letter.quoted, of: letter.kind === "forward" ? t("The letter that is forwarded") : t("The letter that is answered") });
    quoted.open = letter.kind === "forward";
    this.attached.set(letter.files);
    this.told([]);
    this.lacking.draw();
    this.picking.place.hidden = true;
    fill(this.place, { title: TITLES[letter.kind](), saved: letter.changed_at ? t("saved {time}", { time: moment(letter.changed_at) }) : "" });
  }

  box() {
    return this.boxes.find((one) => one.id === Number($("#compose-from").value)) ?? this.boxes[0];
  }

  /** The signature goes with the mailbox. */
  changeBox() {
    const before = this.boxes.find((one) => one.id === this.known.mailbox_id);
    const now = this.box();
    const html = this.editor.html();
    const words = (one) => one.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
    if (!words(html)) this.editor.set(now.signature ? `<p><br></p>${now.signature}` : "");
    else if (before?.signature && words(html).endsWith(words(before.signature))) this.editor.set(swapped(html, before.signature, now.signature));
    localStorage.setItem(LAST_BOX, String(now.id));
    this.known.mailbox_id = now.id;
    if (now.trouble) toast(now.trouble);
    this.later();
  }

  addressed(person) {
    if (person?.client_id && !this.known.client_id) this.known = { ...this.known, client_id: person.client_id, contact_id: person.contact_id ?? null };
    this.fresh = true; // whether letters came back from there is told with the draft
    this.later();
  }

  later() {
    this.lacking.draw();
    this.dirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), TYPING_MS);
  }

  /** Keep it; one after another. Resolves to whether it is kept. */
  save() {
    clearTimeout(this.timer);
    this.queue = this.queue.then(() => this.keep());
    return this.queue;
  }

  async keep() {
    if (!this.dirty || !this.id) return true;
    this.dirty = false;
    const { client_id, contact_id } = this.known;
    const people = this.chips.flatMap((chips) => chips.people.map(({ name, address }) => ({ role: chips.role, name, address })));
    const draft = { mailbox_id: this.box().id, people, subject: $("#compose-subject").value, html: this.editor.html(), client_id, contact_id, version: this.version };
    try {
      this.version = (await api("PUT", `/outbox/${this.id}`, draft)).version;
      fill(this.place, { saved: t("saved {time}", { time: moment(store.now()) }) });
      if (this.fresh) this.warn(await api("GET", `/outbox/${this.id}`));
      this.fresh = false;
      return true;
    } catch (refusal) {
      if (refusal.code === "changed-meanwhile") return this.meanwhile(draft);
      this.dirty = true;
      fill(this.place, { saved: refusal.message });
      if (refusal.status === 0 || refusal.status >= 500) this.timer = setTimeout(() => this.save(), 5000);
      return false;
    }
  }

  /** Somebody else changed it: it is shown as it is now, and what was typed here is kept beside it. */
  async meanwhile(typed) {
    const { kind, answers_id } = this.known;
    this.take(await api("GET", `/outbox/${this.id}`));
    const changed = t("This draft was changed in another window or mail program: it is shown as it is now.");
    if (typed.html === this.known.html) return toast(changed);
    const { id } = await api("POST", "/outbox", { key: requestId(), mailbox_id: typed.mailbox_id, kind, answers_id });
    await api("PUT", `/outbox/${id}`, { ...typed, version: 1 });
    const kept = t("What you typed is kept as a draft of its own.");
    toast(`${changed} ${kept}`, { label: t("Open"), act: () => this.open({ draft: id }) });
    return false;
  }

  warn(letter) {
    this.warnings = letter.warnings;
    for (const chips of this.chips) chips.warn(letter.warnings);
  }

  copies(open) {
    for (const line of $$("[data-copies]", this.place)) show(line, open);
    $('[data-act="copies"]', this.place).setAttribute("aria-expanded", String(open));
  }

  fold(folded) {
    this.place.classList.toggle("folded", folded);
    $('[data-act="fold"]', this.place).setAttribute("aria-expanded", String(!folded));
  }

  press(button) {
    const act = button?.dataset.act;
    const acts = {
      send: () => this.send(),
      anyway: () => this.send(undefined, true),
      back: () => this.told([]),
      copies: () => this.copies(button.getAttribute("aria-expanded") !== "true"),
      fold: () => this.fold(!this.place.classList.contains("folded")),
      wide: () => button.setAttribute("aria-pressed", String(this.place.classList.toggle("wide"))),
      close: () => this.close(),
      discard: () => this.discard(),
      attach: () => $("input[type=file]", this.place).click(),
      library: () => this.picking.files(button, (source, file) => this.attached.take(source, file)),
      template: () => this.picking.templates(button, (template) => this.use(template)),
    };
    Promise.resolve(acts[act]?.()).catch((refusal) => toast(refusal.message));
  }

  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.send();
    else if (event.key === "Escape" && !event.defaultPrevented) this.leaveMenu() || this.fold(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  async bring(input) {
    const files = [...input.files];
    input.value = "";
    await this.attached.bring(files);
  }

  /** Files that are dragged over it may be dropped anywhere on it. */
  over(event) {
    event.preventDefault();
    this.place.classList.toggle("drops", event.dataTransfer.types.includes("Files"));
  }

  dropped(event) {
    this.place.classList.remove("drops");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    this.attached.bring([...event.dataTransfer.files]);
  }

  async use(template) {
    if (!(await this.save())) return;
    await api("POST", `/outbox/${this.id}/template`, { template_id: template.id, version: this.version });
    this.take(await api("GET", `/outbox/${this.id}`));
    if (!this.lacking.choose()) this.editor.focus();
  }

  /** What is to be known before it goes. */
  told(lines, may = true) {
    const box = $(".compose-told[role=alert]", this.place);
    $("ul", box).replaceChildren(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    show($(".acts", box), may);
    show(box, lines.length > 0);
    if (lines.length && may) $('[data-act="back"]', box).focus();
  }

  doubts() {
    const text = `${$("#compose-subject").value} ${this.editor.text()}`;
    const own = text.split("\n-- \n")[0];
    return [
      !$("#compose-subject").value.trim() && t("The letter has no subject."),
      NAMES_FILES.test(own) && !this.attached.files.length && t("The letter speaks of an attachment, and there is none."),
      ...this.warnings.map((one) => t("A letter to {address} came back: {why}", { address: one.address, why: one.why })),
    ].filter(Boolean);
  }

  async send(at, sure = false) {
    for (const chips of this.chips) chips.leave();
    if (!(await this.save()) || this.sending) return;
    const doubts = this.doubts();
    if (!sure && doubts.length) {
      this.at = at;
      return this.told(doubts);
    }
    this.sending = true;
    try {
      const goes = await api("POST", `/outbox/${this.id}/send`, { version: this.version, at: at ?? this.at ?? null });
      this.going.watch(this.id, goes.at, !!(at ?? this.at));
      this.shut();
    } catch (refusal) {
      if (refusal.code !== "empty-fields" || !this.lacking.choose()) this.told([refusal.message], false);
    } finally {
      this.sending = false;
      this.at = undefined;
    }
  }

  /** The next morning, until something else is chosen. */
  offerTime() {
    const field = $("#compose-at");
    if (!$(".later", this.place).open) return;
    if (!(unix(field.value) > store.now())) field.value = `${wall(store.now() + 86_400).slice(0, 10)}T09:00`;
    field.focus();
  }

  /** The choice of a time is closed first. */
  leaveMenu() {
    const menu = $(".later", this.place);
    if (!menu.open) return false;
    menu.open = false;
    $("summary", menu).focus();
    return true;
  }

  sendLater(event) {
    event.preventDefault();
    const at = unix($("#compose-at").value);
    if (!(at > store.now())) return this.told([t("Choose a time that is still to come.")], false);
    $(".later", this.place).open = false;
    this.send(at);
  }

  async leave() {
    if (this.dirty) await this.save();
    this.shut();
  }

  async close() {
    if (!(await this.save())) return;
    const empty = !this.editor.html() && !$("#compose-subject").value && !this.attached.files.length;
    if (empty) await api("DELETE", `/outbox/${this.id}`).catch(() => {});
    this.shut();
  }

  async discard() {
    if (!window.confirm(t("Throw this draft away?"))) return;
    this.dirty = false;
    await this.queue;
    await api("DELETE", `/outbox/${this.id}`);
    this.shut();
  }

  shut() {
    clearTimeout(this.timer);
    this.dirty = false;
    this.id = null;
    sessionStorage.removeItem(OPEN);
    show(this.place, false);
    document.dispatchEvent(new CustomEvent("trubka:outbox"));
    if (this.from?.isConnected) this.from.focus();
  }
}

/** The text with another signature at its end. */
function swapped(html, before, now) {
  const page = new DOMParser().parseFromString(html, "text/html").body;
  const lines = new DOMParser().parseFromString(before, "text/html").body.children.length || 1;
  for (let n = 0; n < lines && page.lastElementChild; n++) page.lastElementChild.remove();
  return page.innerHTML + now;
}

