// The desk: the card of the call that matters now. A new ring never takes the place of a conversation or of typing:
// it waits in the strip until it is asked for.
import { $, fill, isTyping, mould, onPage, show } from "./dom.js";
import { api, ask } from "./api.js";
import { handedText, isAsked, showHanded, startHanded, subject } from "./handed.js";
import { startNext } from "./next.js";
import { showMarks, startMarks } from "./marks.js";
import { showRecording, startRecordingPause } from "./recording_pause.js";
import { showNote } from "./notes.js";
import { startNewcomer, showNewcomer } from "./newcomer.js";
import { isInstead, showOutside, startOutside } from "./outside.js";
import { dial, isBlind } from "./phone.js";
import { showResult } from "./result.js";
import { showScript } from "./script.js";
import * as store from "./store.js";
import { clockOf, showTasks } from "./tasks.js";
import { moment, t, word } from "./texts.js";
import { toast } from "./toasts.js";

const BACK_MS = 2500;
let shownId = null;
let htmx = null;
let before = null;

export function startDesk(library) {
  htmx = library;
  startNewcomer((one, id) => becomes(one, id));
  onPage("#desk", () => {
    before = null;
    $("#card-call").addEventListener("click", callBack);
    $("#card-show").addEventListener("click", () => byHand(shownCall()));
    startNext();
    choose();
    render();
  });
  store.on("pop", (one) => offer(one));
  store.on("state", ({ one, before: was, loaded }) => stateChanged(one, was, loaded));
  store.on("moved", ({ from, to }) => {
    if (shownId === from) shownId = to.id;
  });
  startHanded(shownCall);
  startMarks(shownCall);
  startRecordingPause(shownCall);
  startOutside(clientOf, shownCall, subject);
  store.on("forgotten", (ids) => {
    if (ids.includes(shownId)) shownId = before = null;
  });
  store.on("calls", () => {
    if (!shownId) choose();
    render();
  });
  document.addEventListener("trubka:card", (event) => openCard(event.detail));
  document.addEventListener("trubka:desk-sms", () => {
    before = null;
    render();
  });
}

/** The client on the card: chosen, found alone, or looked up. */
export function clientOf(one) {
  return one?.client ?? (one?.pop?.matches.length === 1 && one.pop.kind !== "several" ? one.pop.matches[0].client : null);
}

export const shownCall = () => store.call(shownId);

/** Whether this call's card is what the desk shows now. */
export const isOnDesk = (id) => shownId === id && !!$("#desk");

function choose() {
  const live = store.liveCall();
  if (live) return display(live.id);
  const last = store.allCalls().filter((one) => one.view && one.view.state !== "taken" && !one.pop?.missed);
  if (!shownId && last.length) display(last.at(-1).id);
}

function offer(one) {
  if (isInstead()) return; // it waits in the strip
  const current = shownCall();
  const engaged = current && ["talking", "held", "dialling"].includes(current.view?.state);
  if (!engaged && !(current && isTyping() && $("#desk"))) display(one.id);
}

/** loaded: the talk has not begun now; the page was asked for in the middle of it, and stays. */
function stateChanged(one, was, loaded) {
  const state = one.view.state;
  const current = shownCall();
  if (["talking", "dialling"].includes(state) && was !== state && shownId !== one.id && !(isTyping() && current) && !isAside(one, current)) display(one.id);
  if (state === "taken" && shownId === one.id) setTimeout(() => leaveTaken(one.id), BACK_MS);
  if (!loaded && ["talking", "dialling"].includes(state) && was !== state && was !== "held" && !isTyping() && !$("#desk") && !hasUnsaved() && !($("[data-stays]") && !one.pop)) {
    document.dispatchEvent(new CustomEvent("trubka:go", { detail: "/" }));
  }
}

/** A question to a colleague while a client waits: the client's card stays, with the note that is written to it. */
function isAside(one, current) {
  return one.view.direction === "internal" && !one.view.hand_over && store.ALIVE.has(current?.view?.state) && current.view.direction !== "internal";
}

function hasUnsaved() {
  return !!$("form[data-dirty]");
}

/** A card that a colleague took goes away by itself, unless its agent writes on it. */
function leaveTaken(id) {
  const one = store.call(id);
  if (shownId !== id || one?.view.state !== "taken" || isTyping() || one.note) return;
  shownId = null;
  choose();
  if (!shownId) render();
}

function openCard(id) {
  if (isKept(store.call(id))) byHand(store.call(id));
  display(id);
  if (!$("#desk")) document.dispatchEvent(new CustomEvent("trubka:go", { detail: "/" }));
  else $("#desk-card h2")?.focus();
}

/** A card that does not come by itself. */
const isKept = (one) => !!one?.view?.card && !one.pop && store.ALIVE.has(one.view.state);

async function byHand(one) {
  if (one.view.card !== "hand") return;
  await api("POST", `/calls/${encodeURIComponent(one.id)}/card`).catch((refusal) => toast(refusal.message));
}

function display(id) {
  shownId = id;
  identify(store.call(id));
  render();
  document.dispatchEvent(new CustomEvent("trubka:shown", { detail: id }));
}

/** A call without a pop (our own, or one we attached to): its client by id, else by number. A click knows his name. */
async function identify(one) {
  const view = one?.view;
  if (!view || clientOf(one)?.phones || one.asked || one.pop || view.card || one.id.startsWith("Click:")) return;
  const id = view.client_id || one.client?.id;
  if (!id && !view.number?.startsWith("+")) return;
  one.asked = true;
  try {
    if (id) return store.setClient(one, await brief(id));
    const found = await api("GET", `/clients/by-number/${encodeURIComponent(view.number)}`);
    if (found.length === 1) store.setClient(one, await brief(found[0].id));
    else if (found.length > 1) one.choices = found.map((client) => ({ client, why: "" }));
    else one.unknown = true;
    render();
  } catch (refusal) {
    one.asked = false;
    toast(refusal.message);
  }
}

/** A client as a pop shows him. */
const brief = (id) => ask("GET", `/desk/client/${id}`);

const STATES = {
  dialling: ["ring", () => t("Calling…")],
  ringing: ["ring", () => t("Ringing")],
  talking: ["talk", () => t("In a call")],
  held: ["hold", () => t("On hold")],
  taken: ["idle", (view) => (view.by ? t("Taken by {name}", { name: view.by }) : t("Taken"))],
  missed: ["miss", () => t("Missed call")],
  ended: ["idle", (view) => view.outcome_text || word("outcome", view.outcome) || t("Call over")],
};

function render() {
  const desk = $("#desk");
  if (!desk) return;
  const one = shownCall();
  show($("#desk-calm"), !one);
  show($("#desk-card"), !!one);
  if (!one) return;
  const client = clientOf(one);
  const { view, pop } = one;
  const about = subject(one);
  const number = about.shown || about.number || "";
  const who = one.pop?.matches.find((m) => m.client.id === client?.id)?.contact ?? (client ? null : samePerson(pop));
  const [kind, say] = STATES[view.state] ?? STATES.ended;
  const old = store.ALIVE.has(view.state) && isBlind(one);
  const name = client?.name || who?.name || pop?.colleague || view.client_name || (kindOf(one) === "colleague" && view.name) || store.nameOf(number) || number || t("Number hidden");
  fill(desk, {
    name,
    full: client?.full_name || "",
    state: old ? t("Not known; before: {state}", { state: say(view) }) : handedText(view) || say(view),
    sort: client ? word("kind", client.kind) : sortOf(one),
    queue: view.queue ? t("queue “{queue}”", { queue: view.queue }) : "",
    restricted: client?.restricted ? stopped(client) : "",
    contact: who && client ? (who.role ? t("{name}, {role}", who) : who.name) : "",
    relation: client?.relation || "",
    last: client?.last ? lastOf(client.last) : "",
    clock: clockOf(client?.zone),
    responsible: client?.responsible ? t("manager: {name}", { name: client.responsible }) : "",
    presented: about.name && about.name !== name ? t("shows as “{name}”", { name: about.name }) : "",
    why: whyOf(one, client),
    "client-note": client?.note || "",
  });
  $("#card-state").className = `pill ${old ? "idle" : kind}`;
  for (const tag of desk.querySelectorAll(".marks .tag")) show(tag, !!tag.textContent);
  show($("#card-restricted"), !!client?.restricted);
  show($("#card-note"), !!client?.note);
  const said = (client?.said ?? []).map(([name, value, color]) => {
    const one = Object.assign(document.createElement("span"), { className: `value ${color || "grey"}` });
    one.textContent = `${name}: ${value}`;
    return one;
  });
  $("#card-said").replaceChildren(...said);
  soon(client?.contracts ?? []);
  showTasks(client);
  contacts(one, client);
  const call = $("#card-call");
  show(call, !!dialTarget(one, client) && !store.ALIVE.has(view.state));
  show($("#card-show"), isKept(one) && one.view.card === "hand");
  const open = $("#card-open");
  show(open, !!client);
  if (client) open.setAttribute("href", `/clients/${client.id}`);
  choices(one, client);
  showNewcomer(one, !client && !isAsked(one) && (kindOf(one) === "unknown" || !!one.unknown));
  showHanded(one);
  showOutside(client, one);
  fromPbx(one.view.variables ?? []);
  showNote(one);
  showMarks(one);
  showRecording(one);
  showScript(one);
  showResult(one);
  showBefore(one, client);
  document.dispatchEvent(new CustomEvent("trubka:desk-client", { detail: client?.id ?? null }));
}

/** The one contact person whom all matches name: a bookkeeper of two companies. */
export function samePerson(pop) {
  const [first, ...rest] = (pop?.matches ?? []).map((match) => match.contact);
  return first && rest.every((one) => one?.id === first.id) ? first : null;
}

const kindOf = (one) => one.pop?.kind ?? "";

function sortOf(one) {
  return {
    unknown: t("not found among the clients"),
    hidden: t("the caller hid the number"),
    colleague: t("colleague"),
    several: t("several clients"),
  }[kindOf(one)] ?? (one.unknown ? t("not found among the clients") : "");
}

function whyOf(one, client) {
  if (isKept(one)) return one.view.card === "answer" ? t("Cards of this queue come with the answer.") : t("Cards of this queue come when you ask for them.");
  if (one.chosen) return t("You picked this client just now; next time it comes first.");
  const match = one.pop?.matches.find((m) => m.client.id === client?.id);
  if (match) return match.why;
  return {
    unknown: t("No client has this number. Save it and the next call brings the card."),
    hidden: t("Nobody is looked up by a hidden number."),
    colleague: t("A call inside the company."),
    several: t("Several clients have this number: pick who it is."),
  }[kindOf(one)] ?? (client ? t("You called this client.") : t("A call of yours."));
}

/** Why nothing may be done with a client's data. */
export const stopped = (client) => t("Restricted: {why}. Do not call, do not write", { why: client.restricted_why });

function dialTarget(one, client) {
  if (client?.restricted) return "";
  if (subject(one).number) return subject(one).number;
  const phone = client?.phones?.find((p) => p.e164); // of a click's client only the name is known yet
  return phone ? withExtension(phone) : "";
}

export const withExtension = (phone) => phone.e164 + (phone.extension ? ` доб. ${phone.extension}` : "");

function callBack() {
  const one = shownCall();
  const client = clientOf(one);
  const to = dialTarget(one, client);
  if (to) dial(to, client ? { id: client.id, name: client.name } : undefined);
}

function contacts(one, client) {
  const about = subject(one);
  const phones = client?.phones ?? (about.number ? [{ e164: about.number, shown: about.shown || about.number, extension: "", label: "" }] : []);
  const people = client?.people ?? [];
  const key = JSON.stringify([client?.id, client?.version, client?.restricted, phones, client?.emails, people]);
  const place = $("#card-phones");
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...phones.map((phone) => phoneRow(phone, client)));
  $("#card-people").replaceChildren(...people.flatMap((person) => personRows(person, client)));
  show($("#card-people-box"), people.length > 0);
  $("#card-emails").replaceChildren(...(client?.emails ?? []).map((address) => mailRow(address, client)));
  show($("#card-mail-box"), !!client?.emails?.length);
  show($("#card-phone-box"), phones.length > 0);
}

function phoneRow(phone, client) {
  const li = mould("phone");
  const button = $("button", li);
  const extension = phone.extension ? t("ext. {extension}", { extension: phone.extension }) : "";
  const shown = [phone.shown || phone.typed || phone.e164, extension].filter(Boolean).join(" ");
  fill(li, { phone: shown, label: phone.label });
  if (!phone.e164 || client?.restricted) button.disabled = true;
  else button.dataset.dial = withExtension(phone);
  if (client) Object.assign(button.dataset, { client: client.id, clientName: client.name });
  button.setAttribute("aria-label", t("Call {name}", { name: shown }));
  return li;
}

/** A contact person with each of his phones; without one, his name alone. */
function personRows(person, client) {
  const label = person.role ? t("{name}, {role}", person) : person.name;
  if (person.phones.length) return person.phones.map((phone) => phoneRow({ ...phone, label }, client));
  return [Object.assign(document.createElement("li"), { textContent: label })];
}

function lastOf({ at, direction, outcome, by }) {
  const what = [word("direction", direction), word("outcome", outcome), by].filter(Boolean).join(", ");
  return t("Last call {time}: {what}", { time: moment(at), what });
}

/** Contracts that end within a month. */
function soon(contracts) {
  const place = $("#card-soon");
  place.replaceChildren(
    ...contracts.map((one) => {
      const link = document.createElement("a");
      link.href = `/contracts/${one.id}`;
      link.textContent = t("Contract {number} ends on {date}", { number: one.number, date: one.ends_on.split("-").reverse().join(".") });
      const li = document.createElement("li");
      li.append(link);
      return li;
    }),
  );
  show(place, contracts.length > 0);
}

/** What the dialplan said of the call. */
function fromPbx(told) {
  show($("#card-variables"), told.length > 0);
  const of = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  $("#card-variables-list").replaceChildren(...told.flatMap(({ name, value }) => [of("dt", name), of("dd", value)]));
}

function mailRow(address, client) {
  const li = document.createElement("li");
  if (client.restricted) return Object.assign(li, { textContent: address });
  const link = document.createElement("a");
  link.href = `mailto:${encodeURIComponent(address).replace("%40", "@")}`;
  link.textContent = address;
  li.append(link);
  return li;
}

function choices(one, client) {
  const found = client ? [] : one.choices ?? (kindOf(one) === "several" ? one.pop.matches : []);
  show($("#several"), found.length > 0);
  const place = $("#choices");
  const key = `${one.id}:${found.map((m) => m.client.id)}`;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...found.map((match) => choice(one, match)));
}

function choice(one, { client, why }) {
  const li = mould("choice");
  const people = (client.people ?? []).map((one) => (one.role ? t("{name}, {role}", one) : one.name)).join("; ");
  fill(li, { "choice-name": client.name, "choice-full": client.full_name, "choice-why": why, "choice-people": people });
  $("button", li).addEventListener("click", () => becomes(one, client.id, client));
  return li;
}

/** The person says whose call it is: shown at once, told to the server, undone when it refuses. */
async function becomes(one, id, known) {
  one.chosen = true;
  if (known) store.setClient(one, known);
  try {
    await api("PUT", `/calls/${encodeURIComponent(one.id)}/client`, { client_id: id });
    if (!known) store.setClient(one, await brief(id));
  } catch (refusal) {
    if (known) store.setClient(one, null);
    one.chosen = false;
    toast(refusal.message);
  }
}

/** What was before with this client; asked after the card is painted, so it never holds a card up. */
function showBefore(one, client) {
  show($("#before-box"), !!client);
  const key = client && `${client.id} ${one.id}`;
  if (!client || before === key) return;
  before = key;
  const place = $("#before");
  place.replaceChildren();
  requestAnimationFrame(() => htmx.ajax("GET", `/desk/before/${client.id}?call=${encodeURIComponent(one.id)}`, { source: place, target: place, swap: "innerHTML" }));
}
