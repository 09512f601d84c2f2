// One's own phones in the dock: at which one is rung, and whether each is on the PBX. The one in the browser comes as a
// part of its own, for those who have it.
import { $, fill, mould, show } from "./dom.js";
import { api } from "./api.js";
import { move } from "./phone.js";
import * as store from "./store.js";
import { t, word } from "./texts.js";
import { toast } from "./toasts.js";

const NAMES = { browser: () => t("In the browser"), desk: () => t("Desk phone") };
const AGAIN_MS = 5000;

export function startPhones() {
  $("#phones-own-list").addEventListener("change", (event) => choose(event.target));
  store.on("agents", draw);
  store.on("calls", moves);
  draw();
  bring();
}

async function bring() {
  const own = await api("GET", "/phone").catch(() => null);
  if (!own) return setTimeout(bring, AGAIN_MS);
  if (own.code === "no-phone-password") toast(own.why);
  if (!own.browser) return;
  const { startSoftphone } = await import("./softphone/phone.js");
  startSoftphone(own.browser);
  show($("#phone-check"), true);
}

const own = () => store.people().find((one) => one.id === Number(document.documentElement.dataset.me))?.phones ?? [];

function draw() {
  const phones = own();
  show($("#phones-own"), phones.length > 0);
  const list = $("#phones-own-list");
  while (list.children.length > phones.length) list.lastElementChild.remove();
  while (list.children.length < phones.length) list.append(mould("own-phone"));
  phones.forEach((phone, at) => row(list.children[at], phone));
  others(phones);
  moves();
}

const TO = { browser: () => t("On in the browser"), desk: () => t("On at the desk phone") };

/** Phones where the conversation of now can go on. */
function moves() {
  const one = store.liveCall();
  const talks = one?.view?.state === "talking" && !one.id.startsWith("Click:");
  const free = talks ? own().filter((phone) => phone.name !== one.view.device && phone.status === "idle") : [];
  const box = $("#moves");
  show(box, free.length > 0);
  if (box.dataset.free === free.map((phone) => phone.name).join()) return;
  box.dataset.free = free.map((phone) => phone.name).join();
  box.replaceChildren(...free.map((phone, at) => moveButton(phone, at === 0)));
}

function moveButton(phone, first) {
  const button = mould("move");
  const all = own();
  const alike = all.filter((one) => one.kind === phone.kind).length > 1;
  fill(button, { move: TO[phone.kind]() + (alike ? ` ${phone.name}` : "") });
  if (first) button.setAttribute("aria-keyshortcuts", "O");
  else $("kbd", button).remove();
  button.addEventListener("click", async () => {
    const one = store.liveCall();
    button.disabled = true;
    if (one) await move(one, phone);
    button.disabled = false;
  });
  return button;
}

/** Phones that one call may be made from instead of the usual one. */
function others(phones) {
  const field = $("#dial-with");
  const spare = phones.filter((phone) => !phone.chosen && phone.status !== "unreachable");
  show($("#dial-with-box"), spare.length > 0);
  const names = spare.map((phone) => phone.name);
  if ([...field.options].slice(1).map((one) => one.value).join() === names.join()) return;
  const kept = names.includes(field.value) ? field.value : "";
  const usual = field.options[0];
  field.replaceChildren(usual, ...spare.map((phone) => new Option(nameOf(phone, phones), phone.name)));
  field.value = kept;
}

const nameOf = (phone, all) => NAMES[phone.kind]() + (all.filter((one) => one.kind === phone.kind).length > 1 ? ` ${phone.name}` : "");

function row(li, phone) {
  const field = $("input", li);
  li.dataset.device = phone.status;
  field.value = phone.name;
  field.checked = phone.chosen;
  const many = store.people().find((one) => one.phones?.some((p) => p.name === phone.name)).phones;
  fill(li, { "own-name": nameOf(phone, many), "own-state": phone.status === "idle" ? t("on the line") : word("device", phone.status) });
}

async function choose(field) {
  field.disabled = true;
  try {
    await api("PUT", "/phone/chosen", { device: field.value });
  } catch (refusal) {
    toast(refusal.message);
    draw();
  }
  field.disabled = false;
}
