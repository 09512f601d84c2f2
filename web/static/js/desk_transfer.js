// A client on a desk phone is handed over from the panel: the PBX sends him on, or asks there first.
import { $, fill, show } from "./dom.js";
import { api } from "./api.js";
import { HandOver } from "./hand_over.js";
import { hangUp } from "./phone.js";
import * as store from "./store.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";

const own = Number(document.documentElement.dataset.me);
let panel = null;

export function startDeskTransfer() {
  panel = new HandOver("desk-hand-over", go);
  $("#desk-hand-over-open").addEventListener("click", () => open($("#desk-hand-over").hidden));
  $("#desk-connect").addEventListener("click", () => talk() && hangUp(talk()));
  $("#desk-back").addEventListener("click", () => talk() && say(talk(), "DELETE"));
  store.on("calls", draw);
  store.on("agents", draw);
}

/** The conversation that a desk phone of ours has; null while it is somebody else's client. */
function talk() {
  const one = store.liveCall();
  if (!["talking", "held"].includes(one?.view.state) || one.view.hand_over?.kind === "asks") return null;
  const phones = store.people().find((view) => view.id === own)?.phones ?? [];
  return phones.some((phone) => phone.name === one.view.device && phone.kind === "desk") ? one : null;
}

function open(on) {
  show($("#desk-hand-over"), on);
  $("#desk-hand-over-open").setAttribute("aria-expanded", String(on));
  if (on) panel.opened();
}

function draw() {
  const one = talk();
  const asking = one?.view.asking ?? "";
  show($("#desk-line"), !!one);
  show($("#desk-hand-over-open"), !asking);
  show($("#desk-asking"), !!asking);
  fill($("#desk-line"), { "desk-asking": asking ? t("You ask {name}; the client waits.", { name: asking }) : "" });
  if ((!one || asking) && !$("#desk-hand-over").hidden) open(false);
}

async function go(target, how, close) {
  if (talk() && (await say(talk(), "POST", { to: target.number, ask: how === "ask" }))) close();
}

const say = (one, method, body) =>
  api(method, `/calls/${encodeURIComponent(one.id)}/transfer`, body).catch((refusal) => toast(refusal.message));
