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
let seatedAt = ""; // the shared desk that the server told last
let wanted = ""; // the phone that is being chosen: news of before do not take the choice back

export function startPhones() {
  $("#phones-own-list").addEventListener("change", (event) => choose(event.target));
  store.on("agents", draw);
  store.on("calls", moves);
  draw();
  bring();
  $("#desk-choice").addEventListener("focus", desks);
  $("#desk-choice").addEventListener("change", (event) => sit(event.target));
  desks();
}

/** Shared desk phones, for who may sit down at one. */
async function desks() {
  const field = $("#desk-choice");
  const rows = await api("GET", "/phone/desks").catch(() => []);
  show($("#desk-box"), rows.length > 0);
  const name = (one) => (one.who && !one.mine ? t("Desk {number}, {who}", { number: one.extension, who: one.who }) : t("Desk {number}", { number: one.extension }));
  const options = [field.options[0], ...rows.map((one) => Object.assign(new Option(name(one), one.id), { who: one.mine ? "" : one.who }))];
  const mine = rows.find((one) => one.mine);
  field.replaceChildren(...options);
  field.value = mine ? String(mine.id) : "";
}

async function sit(field) {
  const { who } = field.selectedOptions[0];
  const sure = !who || window.confirm(t("{who} sits there. Sit down all the same? He is told and is rung at his own phone again.", { who }));
  try {
    if (sure) await api("PUT", "/phone/desk", { desk: field.value ? Number(field.value) : null });
  } catch (refusal) {
    toast(refusal.message);
  }
  await desks();
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
  const desk = phones.find((one) => one.desk)?.desk ?? "";
  if (desk !== seatedAt) {
    seatedAt = desk;
    desks();
  }
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
  fill(button, { move: phone.desk ? t("On at desk {number}", { number: phone.desk }) : TO[phone.kind]() });
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

const nameOf = (phone, all) => phone.desk ? t("Desk {number}", { number: phone.desk }) : NAMES[phone.kind]() + (all.filter((one) => one.kind === phone.kind && !one.desk).length > 1 ? ` ${phone.name}` : "");

const STANDING = { idle: () => t("on the line"), unreachable: () => t("not connected") }; // there is little room

function row(li, phone) {
  const field = $("input", li);
  li.dataset.device = phone.status;
  field.value = phone.name;
  field.checked = wanted ? phone.name === wanted : phone.chosen;
  const many = store.people().find((one) => one.phones?.some((p) => p.name === phone.name)).phones;
  fill(li, { "own-name": nameOf(phone, many), "own-state": STANDING[phone.status]?.() ?? word("device", phone.status) });
}

async function choose(field) {
  field.disabled = true;
  wanted = field.value;
  try {
    await api("PUT", "/phone/chosen", { device: wanted });
    wanted = "";
  } catch (refusal) {
    wanted = "";
    toast(refusal.message);
    draw();
  }
  field.disabled = false;
}
