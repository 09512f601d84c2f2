// What a person does with the phone from the screen: dial, hang up, tones. Every refusal is a sentence at the phone.
import { $, fill, show } from "./dom.js";
import { api, requestId } from "./api.js";
import * as store from "./store.js";
import { unsealed, t } from "./texts.js";
import { toast } from "./toasts.js";

const TWICE_MS = 1500; // a double click is one call
let busy = false;
let line = null; // the phone in this browser, once it is there

/** The softphone says what it can do: hangUp(call), has(call), whether it has the ear() of somebody, and bare(), the
 *  conversation that the panel knows nothing of. */
export const setLine = (phone) => (line = phone);
export const bareTalk = () => line?.bare() ?? null;
/** Whether nobody can say how a call is now (null: whether there is one); one in this browser's own phone is seen always. */
export const isBlind = (one) => !!store.blind() && !(one ? line?.has(one) : bareTalk());
let last = { number: "", at: 0 };

/** The phone that was chosen for this one call; the next one is made from the usual phone again. */
function dialWith() {
  const field = $("#dial-with");
  const device = field.value;
  field.selectedIndex = 0;
  return device;
}

/** Ring our own phone, then the number; gives the click's id, or false. client: {id, name} where known. */
export async function dial(to, client) {
  const number = String(to).trim();
  if (!number || busy || (number === last.number && Date.now() - last.at < TWICE_MS)) return false;
  busy = true;
  last = { number, at: Date.now() };
  const id = requestId();
  fault("");
  store.clicked(id, unsealed(number), client);
  try {
    await api("POST", "/calls", { to: number, client_id: client?.id ?? null, request_id: id, device: dialWith() });
    setTimeout(() => store.dropClick(id), 15_000); // the call has its own entry by then, or never will
    return id;
  } catch (refusal) {
    store.dropClick(id);
    fault(refusal.message);
    return false;
  } finally {
    busy = false;
  }
}

/** End a call; without one, that which has the ear: the phone here knows it before the panel hears of it. */
export async function hangUp(one = line?.ear() ? null : store.liveCall()) {
  if (await line?.hangUp(one)) return;
  if (!one || one.id.startsWith("Click:")) return;
  try {
    await api("DELETE", `/calls/${encodeURIComponent(one.id)}`);
  } catch (refusal) {
    fault(refusal.message);
  }
}

/** The browser's phone picks up by itself what is asked for by this id. */
export const expectLeg = (id) => line?.expect(id);

/** Go on with a conversation at another phone of one's own; the browser picks up by itself what was asked for here. */
export async function move(one, phone) {
  const id = requestId();
  fault("");
  try {
    if (phone.kind === "browser") await line?.expect(id);
    await api("POST", `/calls/${encodeURIComponent(one.id)}/move`, { device: phone.name, request_id: id });
    if (phone.kind !== "browser") toast(t("Your other phone rings: pick up there. The client hears you until then."));
  } catch (refusal) {
    fault(refusal.message);
  }
}

export async function tones(one = store.liveCall()) {
  const digits = one?.view?.extension?.replace(/[^0-9*#A-D]/g, "").slice(0, 20);
  if (!digits) return;
  try {
    await api("POST", `/calls/${encodeURIComponent(one.id)}/digits`, { digits });
    toast(t("Tones {digits} sent.", { digits }));
  } catch (refusal) {
    fault(refusal.message);
  }
}

/** The number called last comes back into the field; a second press calls it. */
function again(field) {
  field.value = last.number;
  field.focus();
  field.select();
}

function fault(text) {
  const place = $("#dial-fault");
  if (place.textContent !== text) place.textContent = text;
  show(place, !!text);
}

/** Any element with data-dial dials on a click, on every page. */
export function startDialling() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dial]");
    if (!button) return;
    const { dial: to, client, clientName } = button.dataset;
    dial(to, client ? { id: Number(client), name: clientName ?? "" } : undefined);
  });
  $("#dial-to").addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" || event.target.value) return;
    event.preventDefault();
    again(event.target);
  });
  $("#dial").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = $("#dial-to");
    if (!field.value.trim()) return again(field);
    if (!(await dial(field.value))) return;
    field.value = "";
    field.blur(); // keys belong to the call now
  });
}
