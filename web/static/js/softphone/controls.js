// The phone's buttons in the dock: what belongs to the conversation of now, the others beside it, what is wrong.
import { api } from "../api.js";
import { $, fill, isTyping, mould, show } from "../dom.js";
import { HandOver } from "../hand_over.js";
import { setLine } from "../phone.js";
import * as store from "../store.js";
import { duration, t } from "../texts.js";
import { said } from "./faults.js";
import { callOf, face, first, talkOf } from "./match.js";
import { qualityText } from "./quality.js";

const LATE_MS = 4000; // a phone without connection is told of after so long: most losses are blinks
const BARE = { returning: "talking" };
const SPIES = new Set(["listen", "whisper", "barge"]);

export function startControls(phone) {
  const controls = new Controls(phone);
  setLine(controls);
  phone.addEventListener("changed", () => controls.draw());
  store.on("calls", () => controls.draw());
  controls.draw();
}

class Controls {
  constructor(phone) {
    this.phone = phone;
    this.lostAt = 0;
    this.offers = null; // what the PBX has for a phone, asked once
    this.handOver = new HandOver("hand-over", (...what) => this.hand(...what));
    const press = (id, act) => $(`#${id}`).addEventListener("click", () => this.now() && act(this.now()));
    $("#answer").addEventListener("click", () => this.answer());
    press("mute", (talk) => phone.do("mute", talk.id, !talk.muted));
    press("hold", (talk) => phone.do("hold", talk.id, !talk.held));
    press("join", () => this.join());
    press("swap", () => this.other() && phone.do("hold", this.other().id, false));
    press("three", () => this.three());
    $("#keypad-open").addEventListener("click", () => this.open("keypad", $("#keypad").hidden));
    $("#hand-over-open").addEventListener("click", () => this.open("hand-over", $("#hand-over").hidden));
    $("#keypad").addEventListener("click", (event) => this.tone(event.target.closest("[data-tone]")?.dataset.tone));
    $("#line-here").addEventListener("click", () => this.here());
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (event) => this.strip(event));
    setInterval(() => this.times(), 1000);
  }

  get talks() {
    return this.phone.calls;
  }

  now() {
    return first(this.talks.filter((one) => one.state !== "ringing")) ?? first(this.talks);
  }

  /** The second of two conversations that are up, or being asked for. */
  other() {
    const now = this.now();
    return this.talks.find((one) => one.id !== now?.id && (one.state === "held" || one.state === "talking"));
  }

  ringing() {
    return this.talks.find((one) => one.state === "ringing" && !one.own);
  }

  answer(talk = this.ringing()) {
    if (talk) this.phone.do("answer", talk.id);
  }

  /** Whether a call of the panel is a conversation here. */
  has(one) {
    return !!talkOf(one, this.talks);
  }

  /** Whether somebody is heard, or called, by this phone now. */
  ear() {
    return ["talking", "dialling"].includes(this.now()?.state);
  }

  /** End a call of the panel, or the one of now; false when it is none of this phone's. */
  async hangUp(one) {
    const talk = one ? talkOf(one, this.talks) : this.now();
    if (!talk) return false;
    await this.phone.do("hangUp", talk.id);
    return !["no-tab", "call-over"].includes(this.phone.state.fault);
  }

  /** A leg with this id comes on a wish of ours. */
  expect(click) {
    return this.phone.do("expect", click);
  }

  async join() {
    const [now, other] = [this.now(), this.other()];
    if (other) await this.phone.do("join", other.id, now.id);
  }

  /** Both others and we in one conference: the PBX moves everybody, our held leg is taken back. */
  async three() {
    const [now, other] = [this.now(), this.other()];
    const [one, two] = [other, now].map((talk) => talk && callOf(talk, this.talks));
    if (!one || !two) return;
    try {
      await api("POST", `/calls/${encodeURIComponent(one.id)}/three`, { other: two.id });
      await this.phone.do("hold", other.id, false);
    } catch (refusal) {
      this.phone.fault(refusal.message);
    }
  }

  /** Send the other party on, or ask there by a call of our own. */
  async hand(target, how, close) {
    const talk = this.now();
    if (!talk) return;
    try {
      const { dial } = await api("POST", "/phone/number", { to: target.number });
      close();
      if (how === "send") await this.phone.do("transfer", talk.id, dial);
      else await this.phone.do("dial", dial, { name: target.device ? target.name : "" });
    } catch (refusal) {
      this.phone.fault(refusal.message);
    }
  }

  async tone(tone) {
    const talk = this.now();
    if (!tone || !talk) return;
    $("#toned").value = ($("#toned").value + tone).slice(-16);
    await this.phone.do("tones", talk.id, tone);
  }

  key(event) {
    if ($("#keypad").hidden || isTyping() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!/^[0-9*#]$/.test(event.key)) return;
    event.preventDefault();
    this.tone(event.key);
  }

  open(which, on) {
    for (const id of ["keypad", "hand-over"]) {
      show($(`#${id}`), id === which && on);
      $(`#${id}-open`).setAttribute("aria-expanded", String(id === which && on));
    }
    $("#toned").value = "";
    if (which === "hand-over" && on) this.handOver.opened();
  }

  here() {
    if (this.phone.owns) this.phone.do("comeBack");
    else this.phone.office.seize();
  }

  strip(event) {
    const row = event.target.closest("[data-act=answer]")?.closest(".bell");
    const one = row && store.call(row.dataset.call);
    if (one) this.answer(talkOf(one, this.talks));
  }

  /** What the dock shows of a conversation that the panel knows nothing of. */
  bare() {
    const talk = this.now();
    if (!talk || callOf(talk, this.talks)) return null;
    return { state: talk.held ? "held" : (BARE[talk.state] ?? talk.state), ...face(talk), spies: SPIES.has(talk.purpose) ? talk.purpose : "", since: talk.since / 1000 };
  }

  draw() {
    const [now, other, rings] = [this.now(), this.other(), this.ringing()];
    const up = now && now.state !== "ringing";
    show($("#answer"), !!rings && now === rings);
    show($("#line"), !!up);
    if (up) this.buttons(now, other);
    else this.open("", false);
    this.others(now);
    this.rows();
    this.faults(now);
    document.dispatchEvent(new CustomEvent("trubka:line"));
  }

  buttons(now, other) {
    const talks = now.state === "talking" || now.state === "held";
    $("#mute").setAttribute("aria-pressed", String(now.muted));
    $("#hold").setAttribute("aria-pressed", String(now.held));
    fill($("#hold"), { hold: now.held ? t("Resume") : t("Hold") });
    for (const id of ["mute", "hold"]) $(`#${id}`).disabled = !talks && now.state !== "returning"; // a wish is kept for its return
    $("#keypad-open").disabled = !talks;
    for (const id of ["hold", "keypad-open", "hand-over-open"]) show($(`#${id}`), !SPIES.has(now.purpose)); // not one's own to hand over
    $("#hand-over-open").disabled = !talks || !!other;
    show($("#line-two"), !!other);
    fill($("#line-two"), { join: now.state === "dialling" ? t("Hand over, do not wait") : t("Connect them") });
    show($("#swap"), !!other && talks);
    show($("#three"), !!other && talks);
    if (other) this.offers ??= api("GET", "/phone/offers").catch(() => null).then((found) => this.mayThree(found));
    if (other && !$("#hand-over").hidden) this.open("", false);
  }

  mayThree(found) {
    if (!found) return (this.offers = null);
    $("#three").disabled = !found.conference;
    show($("#three-not"), !found.conference);
  }

  /** Rows of the conversations that wait beside the one of now. */
  others(now) {
    const rest = this.talks.filter((one) => one !== now);
    const list = $("#line-others");
    const rows = new Map([...list.children].map((li) => [li.dataset.talk, li]));
    list.replaceChildren(...rest.map((talk) => this.row(talk, rows.get(talk.id) ?? this.newRow(talk))));
  }

  newRow(talk) {
    const li = mould("other-call");
    li.dataset.talk = talk.id;
    const of = () => this.talks.find((one) => one.id === talk.id);
    $('[data-act="take"]', li).addEventListener("click", () => {
      const one = of();
      if (one) this.phone.do(...(one.state === "ringing" ? ["answer", one.id] : ["hold", one.id, false]));
    });
    $('[data-act="end"]', li).addEventListener("click", () => of() && this.phone.do("hangUp", talk.id));
    return li;
  }

  row(talk, li) {
    const one = callOf(talk, this.talks);
    const own = face(talk);
    const number = one?.view.shown || one?.view.number || own.number;
    const name = one?.client?.name || one?.view.client_name || (one?.pop?.matches.length === 1 ? one.pop.matches[0].client.name : "") || one?.view.name || own.name;
    const rings = talk.state === "ringing";
    $(".pill", li).className = `pill ${rings ? "ring" : "hold"}`;
    fill(li, {
      beside: rings ? t("Ringing") : t("On hold"),
      "beside-name": name || number || t("Number hidden"),
      "beside-number": name ? number : "",
      take: rings ? t("Answer") : t("Resume"),
      end: rings ? t("Decline") : t("Hang up"),
      "beside-timer": duration((Date.now() - talk.since) / 1000),
    });
    return li;
  }

  /** The answer buttons of the strip above the page. */
  rows() {
    for (const row of document.querySelectorAll("#rings .bell")) {
      const one = store.call(row.dataset.call);
      const talk = one && talkOf(one, this.talks);
      show($('[data-act="answer"]', row), talk?.state === "ringing" && one.strip === "ringing");
    }
  }

  faults(now) {
    const { standing, fault } = this.phone.state;
    this.lostAt = standing === "connecting" ? this.lostAt || Date.now() : 0;
    const lost = this.lostAt && Date.now() - this.lostAt > LATE_MS ? "connecting" : "";
    const code = now?.fault || fault || (["registered", "connecting"].includes(standing) ? lost : standing);
    fill($("#line-fault"), { fault: said(code) });
    show($("#line-fault"), !!code);
    show($("#line-here"), ["elsewhere", "no-tab"].includes(code));
    const bad = qualityText(now?.quality);
    fill($("#line-quality"), { quality: bad });
    show($("#line-quality"), !!bad);
  }

  times() {
    if (this.lostAt) this.faults(this.now());
    for (const li of $("#line-others").children) {
      const talk = this.talks.find((one) => one.id === li.dataset.talk);
      if (talk) fill(li, { "beside-timer": duration((Date.now() - talk.since) / 1000) });
    }
  }
}
