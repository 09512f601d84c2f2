// One's own phones in the dock: at which one is rung, and whether each is on the PBX. The one in the browser comes as a
// part of its own, for those who have it.
import { $, fill, mould, show } from "./dom.js";
import { api } from "./api.js";
import * as store from "./store.js";
import { t, word } from "./texts.js";
import { toast } from "./toasts.js";

const NAMES = { browser: () => t("In the browser"), desk: () => t("Desk phone") };
const AGAIN_MS = 5000;

export function startPhones() {
  $("#phones-own-list").addEventListener("change", (event) => choose(event.target));
  store.on("agents", draw);
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

function draw() {
  const me = store.people().find((one) => one.id === Number(document.documentElement.dataset.me));
  const phones = me?.phones ?? [];
  show($("#phones-own"), phones.length > 0);
  const list = $("#phones-own-list");
  while (list.children.length > phones.length) list.lastElementChild.remove();
  while (list.children.length < phones.length) list.append(mould("own-phone"));
  phones.forEach((phone, at) => row(list.children[at], phone));
  others(phones);
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
