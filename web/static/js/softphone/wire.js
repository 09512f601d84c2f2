// The phone's way to the PBX: SIP messages in a WebSocket to our own /sip, in the shape JsSIP wants of a socket.
// The server says by the closing code why it ends a connection (web/sip_door.py).
export const ENDS = {
  4001: "elsewhere", 4002: "signed-out", 4003: "strange", 4004: "flood", 4005: "no-pbx", 4006: "stopping", 4007: "taken",
};
const BEAT_MS = 10_000; // a connection that died without a word is found by asking (RFC 5626 4.4.1)
const ANSWER_MS = 4000;
const ASK = "\r\n\r\n";
const FINAL = new Set(["elsewhere", "signed-out", "taken"]); // coming back by itself would only take the phone away again
const TRIES = 3; // so many that never open, before it is asked what stands in the way
const DOOR = { 426: "blocked", 409: "taken" }; // what the door itself says to a plain request: it was reached

export class Wire {
  /** ended: told why each connection ended; it may not come back after a final end until `open` is called. */
  constructor(path, ended) {
    const { protocol, host } = location;
    this.path = path;
    this.url = `${protocol === "https:" ? "wss" : "ws"}://${host}${path}`;
    this.via_transport = "WS"; // what the PBX's own end speaks, whatever lies before the server
    this.sip_uri = `sip:${host};transport=ws`;
    this.ended = ended;
    this.barred = false;
    this.wanted = false; // it was to be made while it was barred: JsSIP takes itself for connecting since then
    this.socket = null;
    this.heard = 0;
    this.shut = 0; // connections that never opened since the last that did
    this.why = "lost"; // what keeps them shut
    setInterval(() => this.beat(), BEAT_MS);
    addEventListener("online", () => this.beat());
  }

  /** Ask whether somebody is there; who does not answer is gone. */
  beat() {
    const { socket } = this;
    if (!this.isConnected()) return;
    const asked = Date.now();
    socket.send(ASK);
    setTimeout(() => {
      if (this.socket === socket && this.isConnected() && this.heard < asked) this.lost(socket, 1006, "");
    }, ANSWER_MS);
  }

  /** Let connections be made again. */
  open() {
    this.barred = false;
    if (this.wanted) this.connect();
  }

  connect() {
    this.wanted = this.barred;
    if (this.barred || this.isConnected() || this.isConnecting()) return;
    const socket = new WebSocket(this.url, "sip");
    this.socket = socket;
    socket.onopen = () => {
      this.shut = 0;
      this.why = "lost";
      this.onconnect();
    };
    socket.onmessage = ({ data }) => {
      this.heard = Date.now();
      this.ondata(data);
    };
    socket.onclose = ({ code, reason }) => this.lost(socket, code, reason);
  }

  lost(socket, code, reason) {
    if (this.socket !== socket) return;
    this.disconnect();
    if (!(code in ENDS) && (this.shut += 1) % TRIES === 0) this.ask();
    const why = ENDS[code] ?? this.why;
    this.barred = FINAL.has(why);
    this.ended(why);
    this.ondisconnect(true, code, reason);
  }

  /** A browser does not tell a page why no connection opens: what a plain request comes to, tells. */
  async ask() {
    const seen = await fetch(this.path, { cache: "no-store", redirect: "manual" }).catch(() => null);
    if (!this.shut) return;
    if (seen) this.why = DOOR[seen.status] ?? "lost";
    else this.why = location.protocol === "https:" && navigator.onLine ? "untrusted" : "lost";
    this.ended(this.why);
  }

  disconnect() {
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  send(text) {
    if (!this.isConnected()) return false;
    this.socket.send(text);
    return true;
  }

  isConnected() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  isConnecting() {
    return this.socket?.readyState === WebSocket.CONNECTING;
  }
}
