// The phone's way to the PBX: SIP messages in a WebSocket to our own /sip, in the shape JsSIP wants of a socket.
// The server says by the closing code why it ends a connection (web/sip_door.py).
export const ENDS = { 4001: "elsewhere", 4002: "signed-out", 4003: "strange", 4004: "flood", 4005: "no-pbx", 4006: "stopping" };
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
    socket.onmessage = ({ data }) => this.ondata(data);
    socket.onclose = ({ code, reason, wasClean }) => {
      if (this.socket !== socket) return;
      const why = ENDS[code] ?? "lost";
      this.barred = FINAL.has(why);
      this.ended(why);
      this.ondisconnect(!wasClean, code, reason);
    };
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
