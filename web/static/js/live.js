// The live wire. Websocket only; after every connect: the state of the desk by HTTP, then `resume` for what came since.
// `shown` is told when a card has really been painted: two frames after it was put on the page.
import { io } from "socket.io-client";
import { add as addNotice, startAlarms } from "./alarms.js";
import { ask } from "./api.js";
import { $, fill, show } from "./dom.js";
import { dropNotes } from "./notes.js";
import * as store from "./store.js";
import { duration, moment, t } from "./texts.js";

const AGAIN_MS = 2000;
let lastSeq = 0;
let lostAt = 0;
let ready = false;
let wire = null;
let board = null; // who hears the live board, while one is looked at
let pbx = true; // whether the server has its link to the PBX

export function startLive() {
  const socket = io({ transports: ["websocket"], reconnectionDelay: 300, reconnectionDelayMax: 5000, timeout: 5000 });
  wire = socket;
  socket.on("board", (news) => board?.(news));
  socket.on("connect", () => hello(socket));
  socket.on("disconnect", (reason) => {
    lost();
    if (reason === "io server disconnect") again(socket);
  });
  socket.on("connect_error", () => {
    lost();
    if (!socket.active) again(socket);
  });
  socket.on("screen_pop", (pop) => {
    seen(pop);
    store.popped(pop);
    painted(() => socket.emit("shown", { seq: pop.seq, at: Date.now() / 1000 }));
  });
  socket.on("call", (view) => store.changed(seen(view)));
  socket.on("leg", (view) => store.leg(seen(view)));
  socket.on("agent", (view) => store.agentChanged(seen(view)));
  socket.on("agents", ({ agents }) => store.agentsChanged(agents));
  socket.on("reminders", (told) => store.setReminders(seen(told).due));
  socket.on("spying", (told) => store.setSpying(seen(told).spying));
  socket.on("work", (view) => store.setWork(seen(view)));
  socket.on("mail", (view) => store.setMail(seen(view)));
  socket.on("sms", (view) => store.setSms(seen(view)));
  socket.on("erased", (gone) => letGo(seen(gone)));
  socket.on("snapshot", (state) => {
    link(state.link);
    letGo(state.erased);
    store.snapshot(state);
  });
  socket.on("link", link);
  socket.on("message", seen);
  startAlarms(socket);
  setInterval(tick, 1000);
  window.addEventListener("online", () => socket.connect());
}

async function hello(socket) {
  if (!ready) {
    try {
      const state = await ask("GET", "/desk/state");
      lastSeq = Math.max(lastSeq, state.seq);
      store.setClock(state.server_time);
      for (const pop of state.pops) store.popped(pop, state.notes[pop.call.id]);
      store.setMissed(state.missed);
      state.notices.forEach(addNotice);
      ready = true;
    } catch {
      setTimeout(() => socket.connected && !ready && hello(socket), 2000);
      return;
    }
  }
  socket.timeout(8000).emit("resume", { last_seq: lastSeq }, (error) => {
    if (error) return socket.disconnect().connect();
    lostAt = 0;
    show($("#offline"), false);
    document.documentElement.dataset.live = "yes";
    if (board) socket.emit("board", { on: true });
  });
}

/** From now on `hear` is told the live board, whole after each connect and then what changes; gives the way to stop. */
export function lookAtBoard(hear) {
  board = hear;
  if (wire?.connected && ready) wire.emit("board", { on: true });
  return () => {
    if (board !== hear) return;
    board = null;
    if (wire?.connected) wire.emit("board", { on: false });
  };
}

/** The server cut or refused us, and then the library does not try again: ask who we are (signed out: to the door). */
async function again(socket) {
  await ask("GET", "/api/v1/session").catch(() => null);
  setTimeout(() => socket.connected || socket.connect(), AGAIN_MS);
}

/** Somebody was erased: no card of his stays here, no unsaved note to his calls, and his page is left. */
function letGo({ clients, people, calls }) {
  dropNotes([...store.forget(new Set(clients), new Set(calls)), ...calls]);
  const [, kind, id] = location.pathname.match(/^\/(clients|contacts)\/(\d+)/) ?? [];
  if (id && (kind === "clients" ? clients : people).includes(Number(id))) {
    document.dispatchEvent(new CustomEvent("trubka:go", { detail: "/clients" }));
  }
}

function seen(event) {
  if (event.seq > lastSeq) lastSeq = event.seq;
  return event;
}

/** After the next frame has been drawn: a hidden tab draws none until it is looked at, and says so no earlier. */
function painted(then) {
  requestAnimationFrame(() => requestAnimationFrame(then));
}

function lost() {
  if (!lostAt) lostAt = Date.now() / 1000;
  document.documentElement.dataset.live = "no";
}

/** The bar with since when, once the loss is more than a blink. */
function tick() {
  const gone = lostAt ? Date.now() / 1000 - lostAt : 0;
  if (gone > 1.5) {
    const text = t("No connection to the server since {time}. Calls go on; this page catches up.", { time: moment(lostAt) });
    fill($("#offline"), { text, gone: duration(gone) });
  }
  show($("#offline"), gone > 1.5);
  seeing(gone);
}

/** Whether what this page knows of calls is how they are now. */
function seeing(gone = 0) {
  store.setBlind(gone > 1.5 ? "server" : pbx ? "" : "pbx");
}

function link(state) {
  const bar = $("#link");
  const late = state.storage === "late" ? t("The database is late: what you save is kept and written later.") : "";
  const since = state.since && state.state !== "off" ? t("Since {time}.", { time: moment(state.since) }) : "";
  const text = late || (state.state === "up" ? "" : [state.text, since].filter(Boolean).join(" "));
  fill(bar, { text });
  bar.dataset.kind = late ? "late" : state.state;
  bar.title = text;
  show(bar, !!text);
  pbx = state.state === "up";
  if (!lostAt) seeing();
}
