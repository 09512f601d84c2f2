// Small things every module needs: texts, requests, times, clones of templates.
const texts = JSON.parse(document.body.dataset.texts);
const csrf = document.querySelector('meta[name="csrf"]').content;

export function t(text, values = {}) {
  let told = texts[text] ?? text;
  for (const [name, value] of Object.entries(values)) told = told.replace(`{${name}}`, String(value));
  return told;
}

// JSON to the API; rejects with an Error whose message is the server's own sentence.
export async function api(method, path, body) {
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method, credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error(t("the connection is lost"));
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(data.detail ?? String(answer.status)), { status: answer.status });
  return data;
}

export function clone(id) {
  const root = document.getElementById(id).content.cloneNode(true);
  const at = (name) => root.querySelector(`[data-at="${name}"]`);
  return { root, at };
}

let ahead = 0; // server's clock minus ours, s
export const setServerTime = (now) => { ahead = now - Date.now() / 1000; };
export const serverNow = () => Date.now() / 1000 + ahead;

export function clock(at) {
  return new Date((at ?? serverNow()) * 1000).toLocaleTimeString(document.body.dataset.language, { hour: "2-digit", minute: "2-digit" });
}

export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds)), m = Math.floor(s / 60), h = Math.floor(m / 60);
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m % 60)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}
