// The server's API from the page: same origin, the session's cookie and its token; a refusal is an Error to show.
import { t } from "./texts.js";

const LIMIT_MS = 10_000;
const OUTLIVES_CHARS = 4_000; // a browser sends some 64 KiB at a time for pages that are gone

/** A refusal: message is a sentence for the person, code a machine word. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The token every unsafe request carries. */
export function csrf() {
  return document.querySelector('meta[name="csrf"]')?.content ?? "";
}

/** An id for a click: repeated, it is the same call. */
export function requestId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/** The answer's JSON. Throws Refusal. path: from the root of the server; body: what JSON can say, or a form's FormData;
 *  limit: ms to wait. A short change outlives the page: who presses and goes on has pressed. */
export async function ask(method, path, body, limit = LIMIT_MS) {
  const headers = { Accept: "application/json", "X-CSRF-Token": csrf() };
  const form = body instanceof FormData;
  if (body !== undefined && !form) headers["Content-Type"] = "application/json";
  let answer;
  try {
    const signal = AbortSignal.timeout(limit);
    const sent = form || body === undefined ? body : JSON.stringify(body);
    const keepalive = method !== "GET" && !form && (sent ?? "").length <= OUTLIVES_CHARS;
    answer = await fetch(path, { method, headers, signal, keepalive, body: sent });
  } catch {
    throw new Refusal(0, "no-answer", t("The server does not answer. Nothing is lost: try again."));
  }
  if (answer.status === 401) toTheDoor();
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const code = String(said.type ?? "").split("/").pop();
    throw new Refusal(answer.status, code, said.detail || said.title || t("It did not work. Try again."));
  }
  return said;
}

/** To the sign-in; who talks in this page's phone talks on, and goes there when he is done. */
function toTheDoor() {
  if (document.documentElement.dataset.talks !== "yes") location.assign("/sign-in");
  else document.addEventListener("trubka:line", toTheDoor, { once: true });
}

export const api = (method, path, body, limit) => ask(method, `/api/v1${path}`, body, limit);
