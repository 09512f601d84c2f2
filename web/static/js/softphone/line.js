// The phone itself, in the one tab that owns it: registered at the PBX, its calls, and what a person does with them.
import { UA } from "jssip";
import { Call } from "./call.js";
import { whyOf } from "./faults.js";
import { dialogOf, prompt, refresh, replaces } from "./lasting.js";
import { listen, SoundFault } from "./sound.js";
import { Wire } from "./wire.js";

const STAYS = new Set(["elsewhere", "signed-out", "taken", "untrusted", "blocked"]); // until a person does something
const DOMAIN = "pbx.invalid"; // the PBX goes by users and numbers alone
const CLICK = "X-Trubka-Click";
const SPY = "X-Trubka-Spy"; // listen, whisper or barge: this leg hears somebody's conversation
const CLICK_MS = 3000; // so long a leg of a click waits to be known
const CURES = 20;
const AGAIN_MS = 3000;
const GONE = 481; // the PBX knows no such call: it is over
const EXPIRES_S = 120;

export class Line {
  /** access: user, password, extension, path. known: whether a click's id is one of ours; tell: something changed;
   *  fault: a code of faults.js to say. */
  constructor(access, { known, tell, fault }) {
    this.access = access;
    this.known = known;
    this.tell = tell;
    this.fault = fault;
    this.calls = [];
    this.expected = new Set(); // ids of legs that were asked for in this browser
    this.standing = "connecting"; // registered, refused, or one of STAYS
    this.wire = new Wire(access.path, (why) => this.dropped(why));
    this.ua = new UA({
      sockets: [this.wire],
      uri: `sip:${access.user}@${DOMAIN}`,
      contact_uri: `sip:${access.user}@${crypto.randomUUID().slice(0, 12)}.invalid;transport=ws`,
      password: access.password,
      register_expires: EXPIRES_S,
      session_timers: false,
      user_agent: "Trubka",
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 3,
    });
    this.ua.on("registered", () => this.registered());
    this.ua.on("registrationFailed", ({ cause }) => cause === "Connection Error" ? this.dropped(this.wire.why) : this.stands("refused"));
    this.ua.on("newRTCSession", ({ originator, session, request }) => originator === "remote" && this.rings(session, request));
  }

  start() {
    this.ua.start();
  }

  /** Leave the wire without a word to the PBX: calls stay up for whoever takes them back. */
  leave() {
    this.ua._transport.disconnect();
    for (const call of this.calls) call.finish("left");
    this.calls = [];
  }

  /** The person wants the phone here again. */
  comeBack() {
    this.wire.open();
    this.stands("connecting");
    this.ua._transport.connect();
  }

  stands(standing) {
    this.standing = standing;
    this.tell();
  }

  dropped(why) {
    if (why === "no-pbx") this.fault("no-pbx");
    this.stands(STAYS.has(why) ? why : "connecting");
  }

  registered() {
    this.fault("", "no-pbx");
    this.stands("registered");
    for (const call of this.calls.filter((one) => one.up || one.kept)) {
      if (call.broken || !alive(call)) this.cure(call);
      else refresh(call.session);
    }
  }

  add(call) {
    this.calls.push(call);
    this.tell();
    return call;
  }

  find(id) {
    const call = this.calls.find((one) => one.sips.includes(id));
    if (!call) throw new SoundFault("call-over");
    return call;
  }

  made(options) {
    const tell = (call) => {
      if (call.over) this.ended(call);
      this.tell(call);
    };
    return new Call({ ...options, tell, trouble: (call, cause) => this.ails(call, cause) });
  }

  ended(call) {
    this.calls = this.calls.filter((one) => one !== call);
    if (call.outgoing && !call.answered && call.code) this.fault(call.why || (REFUSALS[call.code] ?? "refusal"));
  }

  // Calls come and go -----------------------------------------------------------------------------------------------
  rings(session, request) {
    prompt(session);
    const click = request.getHeader(CLICK) ?? "";
    const { uri, display_name: name } = request.from;
    const call = this.add(this.made({ session, outgoing: false, number: uri.user ?? "", name: name ?? "", click, purpose: request.getHeader(SPY) ?? "" }));
    if (click) this.asked(click).then((ours) => this.clicked(call, ours));
  }

  asked(click) {
    return this.expected.delete(click) ? Promise.resolve(true) : this.known(click, CLICK_MS);
  }

  /** A leg with this id was asked for here: it is picked up by itself. */
  expect(click) {
    this.expected.add(click);
  }

  /** The leg of a click of one's own is picked up by itself; any other rings like a call. */
  clicked(call, ours) {
    if (call.state !== "ringing") return;
    if (ours) return this.answer(call.id).catch(() => {});
    call.click = "";
    this.tell(call);
  }

  async answer(id) {
    const call = this.find(id);
    if (call.state !== "ringing" || call.answering) return;
    call.answering = true;
    try {
      const stream = await this.microphone(call);
      await this.holdOthers(call);
      if (call.state !== "ringing") return stop(stream);
      call.speaks(stream);
      call.session.answer({ mediaStream: stream, pcConfig: PEER });
    } finally {
      call.answering = false;
    }
  }

  /** Call a number that the server has allowed. */
  async dial(number, { purpose = "", name = "" } = {}) {
    if (this.standing !== "registered") throw new SoundFault("connecting");
    const stream = await this.microphone();
    await this.holdOthers();
    const call = this.made({ session: this.invite(number, stream), outgoing: true, number, name, purpose });
    call.speaks(stream);
    this.add(call);
    return call.id;
  }

  invite(number, stream, extraHeaders = []) {
    const options = { mediaStream: stream, pcConfig: PEER, extraHeaders, mediaConstraints: { audio: true, video: false } };
    const session = this.ua.call(`sip:${number}@${DOMAIN}`, options);
    prompt(session);
    return session;
  }

  async microphone(call) {
    try {
      const stream = await listen(() => this.fault("mic-changed"));
      stream.getAudioTracks()[0].addEventListener("ended", () => this.soundChanged("mic").catch(() => {})); // unplugged
      return stream;
    } catch (fault) {
      if (call) call.fault = fault.code;
      this.fault(fault.code);
      throw fault;
    }
  }

  holdOthers(but) {
    return Promise.all(this.calls.filter((one) => one !== but && one.state === "talking").map((one) => one.hold(true)));
  }

  hangUp(id) {
    this.find(id).hangUp();
  }

  mute(id, on) {
    this.find(id).mute(on);
  }

  /** Hold, or go back to a call: then the others are held. */
  async hold(id, on) {
    const call = this.find(id);
    if (!on) await this.holdOthers(call);
    await call.hold(on);
  }

  tones(id, digits) {
    this.find(id).session.sendDTMF(digits, { transportType: "RFC2833", duration: 160, interToneGap: 80 });
  }

  /** Another microphone or speaker, in the middle of a call too. */
  async soundChanged(kind) {
    if (kind === "speaker") return Promise.all(this.calls.map((call) => call.ear.moved())).then(() => null);
    if (kind !== "mic") return null;
    for (const call of this.calls.filter((one) => one.up)) {
      const stream = await this.microphone(call);
      const [sender] = call.session.connection.getSenders();
      const [track] = stream.getAudioTracks();
      track.enabled = call.stream?.getAudioTracks()[0]?.enabled ?? true;
      await sender.replaceTrack(track);
      call.speaks(stream);
    }
    return null;
  }

  // Transfers -------------------------------------------------------------------------------------------------------
  /** Send the other party to a number that the server has allowed; our leg ends when the PBX has done it. */
  transfer(id, number) {
    return this.refer(this.find(id), number);
  }

  /** The other parties of two calls become one call, without us. */
  async join(id, other) {
    const [one, two] = [this.find(id), this.find(other)];
    if (two.up) return this.refer(one, two.number || this.access.extension, { replaces: two.session });
    const { number } = two; // not answered yet: whom we asked rings on for the client himself
    two.hangUp();
    return this.refer(one, number);
  }

  refer(call, number, options = {}) {
    return new Promise((done, failed) => {
      const no = () => failed(new SoundFault("transfer-failed"));
      const asked = call.session.refer(`sip:${number || "0"}@${DOMAIN}`, options);
      if (!asked) return no();
      asked.on("requestFailed", ({ response }) => failed(new SoundFault(whyOf(response) || "transfer-failed")));
      asked.on("failed", no);
      asked.on("accepted", () => {
        done();
        call.hangUp(); // a PBX that moved the party may leave our leg to us
      });
      call.session.on("ended", done);
    });
  }

  // Calls that outlive a page, a tab or a connection ------------------------------------------------------------------
  /** A call of before this page, by what it wrote down. */
  takeBack(record) {
    const { outgoing, number, name, purpose, since, sips, muted } = record;
    const call = this.made({ outgoing, number, name, purpose });
    Object.assign(call, { state: "returning", since, sips: [...sips], muted, kept: record, broken: true });
    this.add(call);
    if (this.standing === "registered") this.cure(call);
  }

  /** Another leg takes the place of the one in the dialog: the PBX puts it into the same conversation. */
  async put(call, dialog) {
    const stream = await this.microphone(call); // refused: the person is told, the next registration tries again
    const { since, held, session: old } = call;
    const session = this.invite(this.access.extension, stream, [replaces(dialog)]);
    const refusal = await outcome(session);
    if (refusal) {
      stop(stream);
      if (refusal.code === GONE) call.finish(refusal.cause, refusal.code);
      else setTimeout(() => call.broken && this.standing === "registered" && this.cure(call), AGAIN_MS);
      return;
    }
    call.speaks(stream);
    call.sits(session);
    Object.assign(call, { state: "talking", since, fault: "" });
    if (call.muted) call.mute(true);
    if (call.wants ?? held) await call.hold(true);
    if (old) setTimeout(() => old.connection?.close(), 1000); // its end is of no interest any more
    this.tell(call);
  }

  /** Something that JsSIP would have ended the call for. */
  ails(call, cause) {
    call.broken = true;
    call.fault = "shaky";
    this.tell(call);
    if (this.standing === "registered") this.cure(call, cause);
  }

  async cure(call) {
    const dialog = call.kept?.dialog ?? dialogOf(call.session);
    if (!dialog || call.curing || (call.cures = (call.cures ?? 0) + 1) > CURES) return;
    call.curing = true;
    await this.put(call, dialog).catch(() => {});
    call.curing = false;
  }
}

/** null once a session is confirmed; else why it is not: code 0 when the PBX has not said anything. */
function outcome(session) {
  return new Promise((done) => {
    session.on("confirmed", () => done(null));
    session.on("failed", ({ cause, message }) => done({ cause, code: message?.status_code ?? 0 }));
  });
}

// What the other end said to a call of ours.
const REFUSALS = { 403: "refusal", 404: "no-number", 408: "no-answer", 480: "no-answer", 486: "busy", 600: "busy", 603: "declined" };
const PEER = { iceServers: [], bundlePolicy: "max-bundle" };
const stop = (stream) => stream.getTracks().forEach((track) => track.stop());
const alive = (call) => ["connected", "completed", "checking", "new"].includes(call.session.connection?.iceConnectionState);
