// The dock's phone: what the call is, for how long; dial, hang up, the extension on a key. Refusals are told here.
import { api, serverNow, span, t } from "./base.js";

const what = document.getElementById("phone-what"), timer = document.getElementById("phone-timer");
const party = document.getElementById("phone-party"), message = document.getElementById("phone-message");
const hangup = document.getElementById("hangup"), tones = document.getElementById("tones");
const STATES = { dialling: "Dialling…", ringing: "Incoming call", talking: "Talking", held: "On hold" };
let shown = null;

export function showCall(call, id) {
  const view = call?.view;
  const live = view && STATES[view.state];
  shown = live ? { id, view } : null;
  document.getElementById("phone").dataset.state = live ? view.state : "idle";
  what.textContent = live ? t(STATES[view.state]) : view?.outcome_text ? t("Ended: {outcome}", { outcome: view.outcome_text }) : t("No call");
  party.textContent = view ? [view.client_name, view.shown, view.name].filter(Boolean).join(" · ") : "";
  hangup.hidden = !live;
  tones.hidden = !(live && view.extension && view.state === "talking");
  if (!tones.hidden) tones.firstChild.textContent = t("Send extension {extension}", { extension: view.extension });
  tick();
}

function tick() { timer.textContent = shown ? span(serverNow() - shown.view.since) : "–:––"; }

export async function dial(to, client) {
  message.textContent = "";
  const body = { to, request_id: crypto.randomUUID() };
  if (client) body.client_id = Number(client);
  try { await api("POST", "/calls", body); } catch (error) { message.textContent = error.message; }
}

export const hangUp = () => shown && api("DELETE", `/calls/${encodeURIComponent(shown.id)}`).catch((error) => { message.textContent = error.message; });

export async function sendExtension() {
  if (!shown?.view.extension) return;
  try { await api("POST", `/calls/${encodeURIComponent(shown.id)}/digits`, { digits: shown.view.extension }); message.textContent = t("extension sent"); } catch (error) { message.textContent = error.message; }
}

export function start() {
  let pressed = 0;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dial]");
    if (!button || Date.now() - pressed < 500) return; // a double click is one click
    pressed = Date.now();
    dial(button.dataset.dial, button.dataset.client);
  });
  document.getElementById("dialbox").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = document.getElementById("dial-number");
    if (field.value.trim()) dial(field.value.trim());
  });
  hangup.addEventListener("click", hangUp);
  tones.addEventListener("click", sendExtension);
  setInterval(tick, 500);
  document.addEventListener("click", () => { if ("Notification" in window && Notification.permission === "default") Notification.requestPermission(); }, { once: true });
}
