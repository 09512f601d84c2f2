// What I am for the queues: ready, not ready, logged off; the work after a call with its countdown. Told by the server.
import { $, fill, show } from "./dom.js";
import { api } from "./api.js";
import * as store from "./store.js";
import { duration, t } from "./texts.js";
import { toast } from "./toasts.js";

const KINDS = { ready: "talk", "not-ready": "hold", "after-call": "wrap", "logged-off": "idle" };
let said = "";

export function startDuty() {
  const menu = $("#duty");
  if (!menu) return;
  menu.addEventListener("toggle", () => menu.open && reasons());
  menu.addEventListener("click", (event) => {
    const button = event.target.closest("[data-state]");
    if (!button) return;
    menu.open = false;
    choose(button.dataset.state, button.dataset.reason ?? "");
  });
  $("#after-more").addEventListener("click", () => post("after-call/more", { seconds: 30 }));
  $("#after-done").addEventListener("click", () => post("after-call/done"));
  $("#duty-why-ready").addEventListener("click", () => choose("ready"));
  store.on("agents", draw);
  setInterval(times, 1000);
}

const mine = () => store.people().find((one) => one.id === Number(document.documentElement.dataset.me));

async function choose(state, reason = "") {
  try {
    const { told } = await api("PUT", "/agents/me/state", { state, reason });
    if (!told) toast(t("The line to the PBX is down: it is told as soon as it is back."));
  } catch (refusal) {
    toast(refusal.message);
  }
}

async function post(what, body = {}) {
  try {
    await api("POST", `/agents/me/${what}`, body);
  } catch (refusal) {
    toast(refusal.message);
  }
}

/** Reasons as an admin offers them now. */
async function reasons() {
  const place = $("#duty-reasons");
  const offered = await api("GET", "/agents/reasons").catch(() => null);
  if (!offered) return;
  place.replaceChildren(
    ...offered.map(({ name }) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: name });
      Object.assign(button.dataset, { state: "not-ready", reason: name });
      return button;
    }),
  );
  show($("#duty-no-reasons"), offered.length === 0);
}

function draw() {
  const me = mine();
  show($("#duty"), !!me);
  if (!me) return;
  $("#duty-pill").className = `pill ${me.ghost ? "miss" : KINDS[me.chosen]}`;
  fill($("#duty"), { duty: me.ghost ? t("ready, but the phone is not registered") : me.chosen_text });
  for (const button of document.querySelectorAll("#duty [data-state]")) {
    const now = button.dataset.state === me.chosen && (button.dataset.reason ?? "") === (me.chosen === "not-ready" ? me.reason : "");
    button.toggleAttribute("aria-current", now);
  }
  show($("#after-call"), me.chosen === "after-call");
  explain(me);
  times();
}

/** The server paused us: why, and the way back by one click. */
function explain(me) {
  const server = me.chosen === "not-ready" && me.by !== "person";
  show($("#duty-why"), server);
  if (!server) return (said = "");
  const key = `${me.reason}:${me.chosen_since}`;
  if (key === said) return;
  said = key;
  const why = {
    MISSED: t("You were paused: several calls in a row were not answered at your phone."),
    DEVICE: t("You were paused: your phone is not registered. Switch it on and you are ready again."),
    LAGGED: t("You were paused: this panel was closed."),
    PHONE: t("You were paused on the phone."),
  };
  const by = me.by === "supervisor" ? t("A supervisor set you: {state}.", { state: me.chosen_text }) : t("You were paused: {state}.", { state: me.chosen_text });
  fill($("#duty-why"), { "pause-why": why[me.reason] ?? by });
}

function times() {
  const me = mine();
  if (!me) return;
  fill($("#duty"), { "duty-timer": me.chosen === "logged-off" ? "" : duration(store.now() - me.chosen_since) });
  if (me.chosen !== "after-call") return;
  const left = (me.until ?? 0) - store.now();
  $("#after-call").classList.toggle("late", left < 0);
  fill($("#after-call"), { left: left < 0 ? `+${duration(-left)}` : duration(Math.ceil(left)) });
}
