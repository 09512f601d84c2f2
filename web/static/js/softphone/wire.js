// The phone's way to the PBX: SIP messages in a WebSocket to our own /sip, in the shape JsSIP wants of a socket.
// The server says by the closing code why it ends a connection (web/sip_door.py).
export const ENDS = { 4001: "elsewhere", 4002: "signed-out", 4003: "strange", 4004: "flood", 4005: "no-pbx", 4006: "stopping" };
const BEAT_MS = 10_000; // a connection that died without a word is found by asking (RFC 5626 4.4.1)
const ANSWER_MS = 4000;
const ASK = "\r\n\r\n";
const FINAL = new Set(["elsewhere", "signed-out"]); // coming back by itself would only take the phone away again

export class Wire {
  /** ended: told why each connection ended; it may not come back after a final end until `open` is called. */
  constructor(path, ended) {
    const { protocol, host } = location;
    this.url = `${protocol === "https:" ? "wss" : "ws"}://${host}${path}`;
    this.via_transport = "WS"; // what the PBX's own end speaks, whatever lies before the server
    this.sip_uri = `sip:${host};transport=ws`;
    this.ended = ended;
    this.barred = false;
    this.socket = null;
    this.heard = 0;
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
  }

  connect() {
    if (this.barred || this.isConnected() || this.isConnecting()) return;
    const socket = new WebSocket(this.url, "sip");
    this.socket = socket;
    socket.onopen = () => this.onconnect();
    socket.onmessage = ({ data }) => {
      this.heard = Date.now();
      this.ondata(data);
    };
    socket.onclose = ({ code, reason }) => this.lost(socket, code, reason);
  }

  lost(socket, code, reason) {
    if (this.socket !== socket) return;
    this.disconnect();
    const why = ENDS[code] ?? "lost";
    this.barred = FINAL.has(why);
    this.ended(why);
    this.ondisconnect(true, code, reason);
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
