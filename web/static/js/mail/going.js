// A letter on its way: ten seconds in which it is taken back by one press, then what became of it.
import { $, fill, show } from "../dom.js";
import { api } from "../api.js";
import * as store from "../store.js";
import { moment, t, tn } from "../texts.js";
import { toast } from "../toasts.js";

const LOOK_MS = 1500;
const LOOKS = 12;

export class Going {
  /** taken: called with the id of a letter that was taken back. */
  constructor(bar, taken) {
    this.bar = bar;
    this.taken = taken;
    $("button", bar).addEventListener("click", () => this.back());
  }

  /** at: when it goes; later: at a time that was chosen. */
  watch(id, at, later) {
    clearInterval(this.clock);
    this.id = id;
    if (later) {
      toast(t("The letter goes on {time}.", { time: moment(at) }), { label: t("Take it back"), act: () => this.back(id) });
      return;
    }
    const draw = () => {
      const left = Math.ceil(at - store.now());
      if (left <= 0) return this.gone(id);
      fill(this.bar, { text: tn("The letter goes in {n} second", "The letter goes in {n} seconds", left) });
    };
    this.clock = setInterval(draw, 250);
    draw();
    show(this.bar, true);
  }

  async back(id = this.id) {
    clearInterval(this.clock);
    show(this.bar, false);
    try {
      await api("POST", `/outbox/${id}/undo`);
      document.dispatchEvent(new CustomEvent("trubka:outbox"));
      this.taken(id);
    } catch (refusal) {
      toast(refusal.message);
    }
  }

  async gone(id) {
    clearInterval(this.clock);
    show(this.bar, false);
    for (let look = 0; look < LOOKS; look++) {
      const letter = await api("GET", `/outbox/${id}`).catch(() => null);
      if (letter && !["waiting", "sending"].includes(letter.state)) return this.became(letter);
      if (letter?.tries) return toast(t("The mail server does not take the letter now: it is tried again by itself. {said}", { said: letter.said }));
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  }

  became(letter) {
    if (letter.state === "draft") return;
    document.dispatchEvent(new CustomEvent("trubka:outbox"));
    if (letter.state === "sent") return toast(t("The letter is sent."));
    const said = letter.said ? t("The mail server said: {said}", { said: letter.said }) : "";
    toast([t("The letter was not sent."), said].filter(Boolean).join(" "));
  }
}
