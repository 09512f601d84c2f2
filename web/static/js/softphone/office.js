// One tab of this browser is the phone (it holds a lock), the others show the same and pass its person's wishes on.
// When it closes, the next tab has the lock at once, and the calls with it: it knows how to take each one back.
const ANSWER_MS = 4000;

export class Office {
  /** take: this tab is the phone from now on; drop: another tab has taken it; wish(name, args): carry out for another
   *  tab; heard(state): what the phone's tab shows. */
  constructor(me, { take, drop, wish, heard }) {
    Object.assign(this, { take, drop, wish, heard });
    this.name = `trubka-phone-${me}`;
    this.owns = false;
    this.state = null;
    this.asked = new Map();
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }) => this.hears(data);
  }

  start() {
    this.request({});
    this.channel.postMessage({ kind: "hello" });
  }

  /** Be the phone now, whoever is it. */
  seize() {
    this.request({ steal: true });
  }

  request(options) {
    const held = navigator.locks.request(this.name, options, () => {
      this.owns = true;
      this.take();
      return new Promise(() => {});
    });
    held.catch(() => {
      // taken away by another tab: wait for it to close
      if (!this.owns) return;
      this.owns = false;
      this.drop();
      this.request({});
    });
  }

  /** Show the others. */
  share(state) {
    this.state = state;
    this.channel.postMessage({ kind: "state", state });
  }

  hears(data) {
    if (data.kind === "hello" && this.owns && this.state) this.share(this.state);
    else if (data.kind === "state" && !this.owns) this.heard((this.state = data.state));
    else if (data.kind === "wish" && this.owns) this.carryOut(data);
    else if (data.kind === "done") this.asked.get(data.id)?.(data);
  }

  async carryOut({ id, name, args }) {
    const answer = { kind: "done", id, value: null, fault: "" };
    try {
      answer.value = (await this.wish(name, args)) ?? null;
    } catch (error) {
      answer.fault = error.code || error.message || "unknown";
    }
    this.channel.postMessage(answer);
  }

  /** Ask the phone's tab; its answer, or an Error with its code. */
  ask(name, args) {
    const id = crypto.randomUUID();
    return new Promise((done, failed) => {
      const end = (data) => {
        clearTimeout(late);
        this.asked.delete(id);
        if (data.fault) failed(Object.assign(new Error(data.fault), { code: data.fault }));
        else done(data.value);
      };
      const late = setTimeout(() => end({ fault: "no-tab" }), ANSWER_MS);
      this.asked.set(id, end);
      this.channel.postMessage({ kind: "wish", id, name, args });
    });
  }
}
