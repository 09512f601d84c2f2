// The live wire: websocket only; what was missed comes back after `resume`, a painted card is acknowledged.
import { io } from "socket.io-client";
import { clock, serverNow, setServerTime, t } from "./base.js";
import { onCall, onPop, replaceCalls } from "./desk.js";
import { onAgent, replaceAgents } from "./people.js";

const KEY = `trubka-seq-${document.body.dataset.user}`;
const bars = document.getElementById("bars");
let lastSeq = Number(sessionStorage.getItem(KEY) ?? -1);
let lostAt = null;

function bar(id, text, kind) {
  let one = document.getElementById(id);
  if (!text) { one?.remove(); return; }
  if (!one) { one = document.createElement("div"); one.id = id; bars.append(one); }
  one.className = `bar-${kind}`;
  one.textContent = text;
}

function onLink(link) {
  bar("bar-pbx", link.state === "up" ? "" : `${link.text} ${link.since && link.state !== "off" ? clock(link.since) : ""}`, link.state === "off" ? "info" : "bad");
  bar("bar-storage", link.storage === "late" ? t("Saving is late: the database is busy. Nothing is lost, keep working.") : "", "bad");
}

export function start() {
  const wire = io({ transports: ["websocket"], reconnectionDelay: 500, reconnectionDelayMax: 5000, randomizationFactor: 0.3 });
  wire.on("connect", () => {
    lostAt = null;
    bar("bar-wire", "");
    // the first time in this tab: only what comes from now on and the state, no old cards
    wire.emit("resume", { last_seq: lastSeq < 0 ? Number.MAX_SAFE_INTEGER - 1 : lastSeq });
  });
  wire.on("disconnect", (reason) => {
    lostAt ??= serverNow();
    bar("bar-wire", t("No connection to the server since {time}. What you miss will come back.", { time: clock(lostAt) }), "bad");
    if (reason === "io server disconnect") wire.connect();
  });
  wire.on("connect_error", () => {
    lostAt ??= serverNow();
    bar("bar-wire", t("No connection to the server since {time}. What you miss will come back.", { time: clock(lostAt) }), "bad");
    fetch("/api/v1/session", { credentials: "same-origin" }).then((a) => { if (a.status === 401) location.assign("/sign-in"); }).catch(() => {});
  });
  wire.on("screen_pop", (pop) => {
    if (pop.seq <= lastSeq) return;
    keep(pop.seq);
    onPop(pop);
    if (!pop.missed) requestAnimationFrame(() => requestAnimationFrame(() => wire.emit("shown", { seq: pop.seq, at: serverNow() })));
  });
  wire.on("call", onCall);
  wire.on("agent", onAgent);
  wire.on("link", onLink);
  wire.on("snapshot", (state) => {
    setServerTime(state.server_time);
    if (state.seq > lastSeq) keep(state.seq);
    replaceCalls(state.calls);
    replaceAgents(state.agents);
    onLink(state.link);
    document.body.dataset.live = "yes";
  });
}

function keep(seq) {
  lastSeq = seq;
  sessionStorage.setItem(KEY, String(seq));
}
