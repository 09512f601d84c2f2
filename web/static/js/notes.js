// The note to the call: saved as you write. What is not saved yet is kept in this browser until it is.
import { $ } from "./dom.js";
import { api, csrf } from "./api.js";
import * as store from "./store.js";
import { moment, t } from "./texts.js";

const PAUSE_MS = 700;
const AGAIN_MS = 4000;
const waiting = new Map(); // call id -> timer
const states = new Map(); // call id -> what the line beside the note says
const KEY = "note:";

/** Put the note of this call into the field, without touching what is being written. */
export function showNote(one) {
  const field = $("#note");
  if (field.dataset.call === one.id) return say(one);
  flush(field.dataset.call);
  field.dataset.call = one.id;
  field.value = sessionStorage.getItem(KEY + one.id) ?? one.note ?? "";
  field.disabled = one.id.startsWith("Click:") || (one.id.includes("trubka-") && one.view?.state === "ended"); // no call yet, or it came to none
  field.oninput = () => write(one, field.value);
  field.onblur = () => flush(one.id);
  if (sessionStorage.getItem(KEY + one.id) !== null) write(one, field.value);
  say(one);
}

function write(one, text) {
  one.note = text;
  sessionStorage.setItem(KEY + one.id, text);
  state(one, "", t("Writing…"));
  later(one, PAUSE_MS);
}

function later(one, ms) {
  clearTimeout(waiting.get(one.id));
  waiting.set(one.id, setTimeout(() => save(one), ms));
}

function flush(id) {
  const one = id && waiting.has(id) ? store.call(id) : null;
  if (one) later(one, 0);
}

async function save(one) {
  waiting.delete(one.id);
  const text = one.note ?? "";
  state(one, "", t("Saving…"));
  try {
    await api("PUT", `/calls/${encodeURIComponent(one.id)}/note`, { text });
    if (one.note !== text) return later(one, PAUSE_MS);
    sessionStorage.removeItem(KEY + one.id);
    state(one, "good", t("Saved {time}", { time: moment(store.now()) }));
  } catch (refusal) {
    const final = refusal.status >= 400 && refusal.status < 500 && refusal.status !== 429;
    state(one, "bad", final ? refusal.message : t("Not saved yet, trying again. The text is kept here."));
    if (!final) later(one, AGAIN_MS);
  }
}

/** A call is known by another id from now on: what was written to it goes along. */
store.on("moved", ({ from, to }) => {
  const text = sessionStorage.getItem(KEY + from);
  const field = $("#note");
  if (field?.dataset.call === from) field.dataset.call = "";
  dropNotes([from]);
  if (text !== null) write(to, text);
});

/** Notes to these calls are not to be kept any more, saved or not. */
export function dropNotes(ids) {
  for (const id of ids) {
    clearTimeout(waiting.get(id));
    waiting.delete(id);
    states.delete(id);
    sessionStorage.removeItem(KEY + id);
  }
}

function state(one, kind, text) {
  states.set(one.id, { kind, text });
  if ($("#note")?.dataset.call === one.id) say(one);
}

function say(one) {
  const place = $("#note-state");
  const { kind, text } = states.get(one.id) ?? { kind: "", text: one.note ? "" : t("saved as you write") };
  place.dataset.kind = kind;
  if (place.textContent !== text) place.textContent = text;
}

// The page goes away (reload, closing): what is still waiting is sent by a request that outlives it.
addEventListener("pagehide", () => {
  for (const id of waiting.keys()) {
    const text = sessionStorage.getItem(KEY + id);
    if (text === null) continue;
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf() };
    fetch(`/api/v1/calls/${encodeURIComponent(id)}/note`, { method: "PUT", keepalive: true, headers, body: JSON.stringify({ text }) }).catch(() => {});
  }
});

// What an earlier page of this tab could not save is saved now.
for (const key of Object.keys(sessionStorage).filter((one) => one.startsWith(KEY))) {
  const text = sessionStorage.getItem(key);
  api("PUT", `/calls/${encodeURIComponent(key.slice(KEY.length))}/note`, { text })
    .then(() => { if (sessionStorage.getItem(key) === text) sessionStorage.removeItem(key); })
    .catch(() => {});
}
