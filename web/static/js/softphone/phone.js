// The softphone of this page: which tab is it, what all tabs know of it, and the way of every wish to it.
import { csrf } from "../api.js";
import * as store from "../store.js";
import { startCheck } from "./check.js";
import { startControls } from "./controls.js";
import { Headset } from "./headset.js";
import { Line } from "./line.js";
import { Office } from "./office.js";
import { hush, mayRing, refused, ring, unfit } from "./sound.js";
import { stayAwake } from "./awake.js";
import { watchQuality } from "./quality.js";

const KEPT = "trubka-calls"; // ids of dialogs, for a reload: nothing that opens anything
const KEPT_MS = 120_000;

export class Phone extends EventTarget {
  constructor(access) {
    super();
    this.access = access;
    this.line = null;
    this.state = { standing: unfit() || "connecting", fault: "", calls: [], records: [] };
    this.office = null;
  }

  start() {
    if (unfit()) return this.changed();
    const wish = (name, args) => this.obey(name, args);
    const heard = (state) => this.hear(state);
    this.office = new Office(document.documentElement.dataset.me, { take: () => this.take(), drop: () => this.drop(), wish, heard });
    this.office.start();
    refused().then((no) => no && this.fault("mic-refused"));
    this.changed();
  }

  get owns() {
    return !!this.line;
  }

  get calls() {
    return this.state.calls;
  }

  /** Do something at the phone, in whatever tab it is; refusals are said. Gives the answer, or null. */
  async do(name, ...args) {
    try {
      this.fault("");
      return this.owns ? await this.obey(name, args) : await this.office.ask(name, args);
    } catch (error) {
      this.fault(error.code || error.message);
      return null;
    }
  }

  obey(name, args) {
    if (!WISHES.has(name)) throw new Error(name);
    return this.line[name](...args);
  }

  take() {
    const known = (click, within) => clicked(click, within);
    const tell = () => this.tell();
    this.line = new Line(this.access, { known, tell, fault: (code, instead) => this.fault(code, instead) });
    const records = this.before();
    this.watch = watchQuality(this.line);
    this.line.start();
    for (const record of records) this.line.takeBack(record);
    this.tell();
  }

  /** Calls of the tab that was the phone, or of this one before it was loaded anew. */
  before() {
    const own = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    const all = this.state.records.length ? this.state.records : own;
    return all.filter((one) => Date.now() - one.at < KEPT_MS || this.state.records.length);
  }

  drop() {
    clearInterval(this.watch);
    this.line?.leave();
    this.line = null;
    hush();
    sessionStorage.removeItem(KEPT);
  }

  tell() {
    if (!this.line) return;
    const { calls, standing } = this.line;
    const records = this.keep();
    this.state = { ...this.state, standing, records, calls: calls.map((call) => call.view()) };
    const rings = calls.some((call) => call.state === "ringing" && !call.click);
    if (rings) ring(calls.some((call) => call.up));
    else hush();
    if (rings && !mayRing()) this.state.fault = "silent";
    else if (this.state.fault === "silent") this.state.fault = "";
    stayAwake(calls.some((call) => call.state !== "ringing"));
    document.documentElement.dataset.line = standing;
    document.documentElement.dataset.talks = calls.some((call) => call.state !== "ringing") ? "yes" : "no";
    this.share();
  }

  /** The page goes: what the next one needs is written down; without a next one the server ends what is up. */
  goes() {
    if (this.keep().length) navigator.sendBeacon("/sip/left", new URLSearchParams({ csrf: csrf() }));
  }

  /** Write down what a page after this one needs. */
  keep() {
    if (!this.line) return [];
    const records = this.line.calls.map((call) => call.record()).filter(Boolean);
    sessionStorage.setItem(KEPT, JSON.stringify(records));
    return records;
  }

  /** Say what is wrong; instead: only where this is said now. */
  fault(code, instead = this.state.fault) {
    if (this.state.fault === code || this.state.fault !== instead) return;
    this.state = { ...this.state, fault: code };
    this.share();
  }

  share() {
    if (this.owns) this.office.share(this.state);
    this.changed();
  }

  hear(state) {
    if (this.owns) return;
    this.state = state;
    sessionStorage.removeItem(KEPT);
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

const WISHES = new Set(["soundChanged", "answer", "dial", "hangUp", "mute", "hold", "tones", "transfer", "join", "comeBack", "expect"]);

/** Whether a click of this id is known as the person's own: here at once, or told by the server within a while. */
function clicked(id, within) {
  const known = () => !!store.call(`Click:${id}`) || store.allCalls().some((one) => one.view?.request_id === id);
  if (known()) return Promise.resolve(true);
  return new Promise((done) => {
    const stop = store.on("calls", () => known() && end(true));
    const late = setTimeout(() => end(false), within);
    const end = (value) => {
      clearTimeout(late);
      stop();
      done(value);
    };
  });
}

export function startSoftphone(access) {
  const phone = new Phone(access);
  startControls(phone);
  startCheck(phone, new Headset(phone));
  phone.start();
  addEventListener("beforeunload", (event) => {
    if (phone.owns && phone.calls.length) event.preventDefault();
  });
  addEventListener("pagehide", () => phone.goes());
  return phone;
}
