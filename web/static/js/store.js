// What this agent's calls are now: one entry per logical call, made of its card (pop) and its state (view).
// Everybody who shows something listens; nobody keeps a second truth.
export const ALIVE = new Set(["dialling", "ringing", "talking", "held"]);
const TAKEN_MS = 2500;
const MISSED_MS = 6000;
const KEPT = 40;
const ORDER = { talking: 0, dialling: 1, held: 2, ringing: 3 };

const bus = new EventTarget();
const calls = new Map();
const agents = new Map();
const legs = new Map(); // SIP Call-ID of a conversation of the browser phone -> call
let missed = [];
let chosen = null; // what is done next, chosen by its key
let ear = null; // whose talk this person hears now
let due = []; // tasks that this person is reminded of now
let unseen = ""; // why calls are not seen now: server, pbx; "" while they are
let whole = false; // the state of all calls has been told once
let offset = 0; // server's clock minus ours, in seconds

/** Listen; gives the way to stop. */
export function on(name, listener) {
  const heard = (event) => listener(event.detail);
  bus.addEventListener(name, heard);
  return () => bus.removeEventListener(name, heard);
}
const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));

export const now = () => Date.now() / 1000 + offset;
export const setClock = (serverTime) => (offset = serverTime - Date.now() / 1000);
export const call = (id) => calls.get(id);
export const callOfSip = (sip) => calls.get(legs.get(sip));
export const allCalls = () => [...calls.values()];
export const people = () => [...agents.values()];
/** Whose extension this is; "" for nobody's. */
export const nameOf = (extension) => (extension && people().find((one) => one.extension === extension)?.name) || "";
export const missedCalls = () => missed;
export const reminders = () => due;
export const spying = () => ear;
export const blind = () => unseen;
/** From now on calls are not seen, or are again. */
export function setBlind(why) {
  if (why === unseen) return;
  unseen = why;
  tell("calls");
}
export const next = () => chosen;

function entry(id) {
  if (!calls.has(id)) calls.set(id, { id, view: null, pop: null, client: null, note: null, at: Date.now() });
  return calls.get(id);
}

/** The call that has the phone: talking before dialling, held and ringing; the newest of equals. */
export function liveCall() {
  const alive = allCalls().filter((one) => ALIVE.has(one.view?.state));
  return alive.sort((a, b) => ORDER[a.view.state] - ORDER[b.view.state] || b.at - a.at)[0] ?? null;
}

/** The rows of the strip: those that ring before those that only tell what became of them. */
export function ringing() {
  const rows = allCalls().filter((one) => one.strip);
  return rows.sort((a, b) => (a.strip !== "ringing") - (b.strip !== "ringing") || a.at - b.at);
}

/** A card came. missed: the call is over, so it is an entry of the list and not a window. note: written before. */
export function popped(pop, note) {
  const one = entry(pop.call.id);
  one.pop = pop;
  one.note ??= note ?? null;
  if (pop.missed) return tell("missed-pop", one);
  if (!one.view) {
    const { id, number, shown, name, queue, started, direction } = pop.call;
    one.view = { id, state: "ringing", direction, number, shown, name, queue, since: started, ringing: pop.ringing, by: "" };
  }
  if (one.view.state === "ringing") one.strip = "ringing";
  one.at = Date.now();
  forgetOld();
  tell("pop", one);
  tell("calls");
}

/** A call's state changed. loaded: the page has just been loaded, and learns how it is. */
export function changed(view, loaded = false) {
  const one = entry(view.id);
  const before = one.view?.state;
  one.view = { ...one.view, ...view };
  if (view.hand_over && !one.pop) adopt(one);
  if (before !== view.state && ALIVE.has(view.state) && !ALIVE.has(before)) one.at = Date.now();
  if (view.state === "ringing") one.strip = "ringing";
  else if (["taken", "missed"].includes(view.state) && one.strip) leave(one, view.state);
  else one.strip = null;
  if (view.request_id) dropClick(view.request_id, view.id);
  if (view.state === "missed") tell("missed-call", one);
  tell("state", { one, before, loaded });
  tell("calls");
}

/** A consultation (the last, where one was asked twice) has become part of the client's call: its card and its note go on
 *  there. */
function adopt(one) {
  const asked = allCalls().findLast((other) => other !== one && other.view?.hand_over?.call === one.id);
  if (!asked) return;
  for (const name of ["pop", "client", "choices", "chosen", "note"]) one[name] ??= asked[name];
  calls.delete(asked.id);
  tell("moved", { from: asked.id, to: one });
}

/** The row says what became of the ring for a moment, then goes. */
function leave(one, state) {
  if (one.strip === state) return;
  one.strip = state;
  const gone = () => {
    if (one.strip === state) one.strip = null;
    tell("calls");
  };
  setTimeout(gone, state === "taken" ? TAKEN_MS : MISSED_MS);
}

/** The person's own click, before the PBX says anything: replaced by the call it becomes. No PBX has a capital letter. */
export function clicked(requestId, shown, client) {
  const id = `Click:${requestId}`;
  const one = entry(id);
  one.client = client ?? null;
  one.view = { id, state: "dialling", direction: "outbound", number: shown, shown, name: client?.name ?? "", since: now() };
  tell("calls");
}

export function dropClick(requestId, becomes) {
  const click = calls.get(`Click:${requestId}`);
  if (!click) return;
  calls.delete(click.id);
  const real = becomes && calls.get(becomes);
  if (real && !real.client) real.client = click.client;
  tell("calls");
}

/** The state that replaces all we may have missed: calls the server does not name are over. */
export function snapshot(state) {
  setClock(state.server_time);
  const open = new Set(state.calls.map((view) => view.id));
  for (const one of allCalls()) {
    if (ALIVE.has(one.view?.state) && !open.has(one.id) && !one.id.startsWith("Click:")) {
      one.view = { ...one.view, state: "ended" };
      one.strip = null;
      tell("state", { one, before: "" });
    }
  }
  for (const view of state.calls) changed(view, !whole);
  whole = true;
  state.legs.forEach(leg);
  setReminders(state.reminders ?? []);
  setSpying(state.spying);
  setWork(state.work);
  setMail(state.mail);
  setSms(state.sms);
  agents.clear();
  state.agents.forEach((view) => agents.set(view.id, view));
  tell("agents");
  tell("calls");
  tell("snapshot");
}

/** A conversation of the browser phone belongs to this call. */
export function leg({ sip, call: id }) {
  legs.delete(sip);
  legs.set(sip, id);
  if (legs.size > KEPT) legs.delete(legs.keys().next().value);
  tell("calls");
}

export function agentChanged(view) {
  agents.set(view.id, view);
  tell("agents");
}

export function agentsChanged(views) {
  for (const view of views) agents.set(view.id, view);
  tell("agents");
}

export function setSpying(one) {
  ear = one ?? null;
  tell("spying");
  tell("calls");
}

export function setReminders(rows) {
  due = rows;
  tell("reminders");
}

/** What is done next; null for nothing. */
export function setNext(one) {
  chosen = one;
  tell("reminders");
}

export const setWork = (view) => tell("work", view);
export const setMail = (view) => tell("mail", view);
export const setSms = (view) => tell("sms", view);

export function setMissed(rows) {
  missed = rows;
  tell("missed");
}

/** What tells of erased clients, and their calls, is here no more; returns the ids of the calls that went. */
export function forget(clients, gone) {
  const his = (client) => clients.has(client?.id);
  const ids = allCalls().filter((one) => !ALIVE.has(one.view?.state) && (gone.has(one.id) || his(one.client) || clients.has(one.view?.client_id)));
  for (const one of ids) calls.delete(one.id);
  for (const one of allCalls()) {
    if (one.pop) one.pop.matches = one.pop.matches.filter((match) => !his(match.client));
    if (his(one.client)) one.client = null;
  }
  missed = missed.filter((row) => !gone.has(row.call) && !clients.has(row.client_id));
  if (chosen && (clients.has(chosen.client_id) || gone.has(chosen.id))) chosen = null;
  setReminders(due.filter((row) => !clients.has(row.client_id)));
  tell("forgotten", ids.map((one) => one.id));
  tell("missed");
  tell("calls");
  return ids.map((one) => one.id);
}

export function setClient(one, client) {
  one.client = client;
  tell("calls");
}

function forgetOld() {
  const over = allCalls().filter((one) => !ALIVE.has(one.view?.state) && !one.strip);
  for (const one of over.slice(0, Math.max(0, over.length - KEPT))) calls.delete(one.id);
}
