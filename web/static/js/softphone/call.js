// One call of the phone: its SIP session, which may be replaced under it, and what its person made of it.
import { whyOf } from "./faults.js";
import { dialogOf, lasting } from "./lasting.js";
import { Ear } from "./sound.js";

const AGREED_MS = 3000; // the PBX agrees to a hold at once, or something is wrong with it
const BUSY_MS = 50; // until another offer of this session is tried again

const GATHER_MS = 500; // ways for the voice are looked for so long; a server for it that is mute holds no call up

/** Enough ways are found: the call does not wait for the rest. */
function gathered() {
  let waits = 0;
  return ({ ready }) => (waits ||= setTimeout(ready, GATHER_MS));
}

export class Call {
  /** session: null for a call that is being taken back. tell: told of every change; trouble: of what may need a cure. */
  constructor({ session = null, outgoing, number, name = "", purpose = "", click = "", tell, trouble }) {
    this.outgoing = outgoing;
    this.number = number;
    this.name = name;
    this.purpose = purpose; // "": a client's or a colleague's; echo: a test; listen, whisper, barge: somebody else's is heard
    this.click = click; // id of the click that the server carries out with this leg
    this.state = outgoing ? "dialling" : "ringing";
    this.muted = false;
    this.answered = false;
    this.since = Date.now();
    this.sips = []; // Call-IDs of all its sessions, the newest last
    this.fault = "";
    this.quality = null;
    this.wants = null; // held or not: the last wish, which a session that takes this one's place carries out
    this.holding = null; // the offers that carry it out
    this.ear = new Ear();
    this.stream = null;
    this.kept = null; // the record of a call that is being taken back
    this.broken = false; // its session needs a new one
    this.tell = tell;
    this.trouble = trouble;
    if (session) this.sits(session);
  }

  get id() {
    return this.sips[0];
  }

  get over() {
    return this.state === "over";
  }

  get up() {
    return this.state === "talking" || this.state === "held";
  }

  /** This session carries the call from now on. */
  sits(session) {
    this.session = session;
    const { call_id: sip } = session._request;
    if (!this.sips.includes(sip)) this.sips.push(sip);
    this.kept = null;
    this.broken = false;
    this.end = lasting(session, (cause) => this.session === session && this.trouble(this, cause));
    const ours = (what) => (event) => this.session === session && what(event);
    session.on("icecandidate", gathered());
    session.on("peerconnection", ours(({ peerconnection }) => this.hears(peerconnection)));
    if (session.connection) this.hears(session.connection);
    session.on("confirmed", ours(() => this.becomes(this.held ? "held" : "talking")));
    session.on("hold", ours(({ originator }) => originator === "local" && this.becomes("held")));
    session.on("unhold", ours(({ originator }) => originator === "local" && this.becomes("talking")));
    session.on("ended", ours(({ cause }) => this.finish(cause)));
    session.on("failed", ours(({ cause, message }) => this.finish(cause, message?.status_code, whyOf(message))));
  }

  hears(connection) {
    const tracks = connection.getReceivers().map(({ track }) => track).filter((track) => track.readyState === "live");
    if (tracks.length) this.ear.play(new MediaStream(tracks));
    connection.addEventListener("track", ({ streams }) => this.ear.play(streams[0]));
  }

  get held() {
    return this.session?.isOnHold().local ?? this.wants ?? this.kept?.held ?? false;
  }

  becomes(state) {
    if (this.over) return;
    this.answered = true;
    if (state === "talking" && this.state !== "held") this.since = Date.now();
    this.state = state;
    this.fault = "";
    this.tell(this);
  }

  /** The session is over, and so is the call. code: of the refusal, where there was one; why: its words. */
  finish(cause = "", code = 0, why = "") {
    if (this.over) return;
    this.state = "over";
    this.cause = cause;
    this.code = code;
    this.why = why;
    this.ear.stop();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.tell(this);
  }

  /** The microphone of this call. */
  speaks(stream) {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = stream;
  }

  hangUp() {
    if (this.state === "ringing") this.end({ status_code: 603 });
    else if (this.session) this.end();
  }

  mute(on) {
    this.muted = on;
    if (on) this.session?.mute({ audio: true });
    else this.session?.unmute({ audio: true });
    this.tell(this);
  }

  /** Hold, or take back; resolves when the other side of the wire has agreed, or has not for too long. */
  hold(on) {
    if (!this.up && !this.broken) return Promise.resolve();
    this.wants = on;
    if (this.kept) this.tell(this); // it is done when the call is here
    return (this.holding ??= this.offers().finally(() => (this.holding = null)));
  }

  /** One offer at a time: a wish that comes while one is on its way waits for its end. */
  async offers() {
    const until = Date.now() + AGREED_MS;
    while (this.up && this.held !== this.wants && Date.now() < until) await this.offer(this.wants);
  }

  offer(hold) {
    return new Promise((done) => {
      const { session } = this;
      const sent = hold ? session.hold({}, done) : session.unhold({}, done);
      if (sent) session.once("ended", done);
      setTimeout(done, sent ? AGREED_MS : BUSY_MS);
    });
  }

  /** What another tab, or this one after a reload, needs to take the call back; null before it is answered. */
  record() {
    const dialog = this.kept?.dialog ?? (this.up ? dialogOf(this.session) : null);
    const { outgoing, number, name, purpose, muted, since, sips } = this;
    return dialog && { dialog, outgoing, number, name, purpose, muted, held: this.held, since, sips, at: Date.now() };
  }

  /** What every tab shows of it. */
  view() {
    const { id, sips, state, held, outgoing, number, name, purpose, click, muted, since, fault, quality } = this;
    return { id, sips, state, held, outgoing, number, name, purpose, own: !!click, muted, since, fault, quality };
  }
}
