// A page of another system about who is on the card: by a button, or by itself when a call rings; always in its own tab.
import { $, show } from "./dom.js";
import { ask } from "./api.js";
import * as store from "./store.js";
import { t, unsealed } from "./texts.js";
import { toast } from "./toasts.js";

const KEY = "trubka-outside"; // ids of calls, of which it tells nothing
const KEPT = 40;
const opens = document.body.dataset.outside ?? ""; // button, auto, instead, or "": there is no such page
let who = () => null;

/** Whether the other system's page takes the card's place. */
export const isInstead = () => opens === "instead";

/** clientOf: gives the client of a call. current: the call whose card the desk shows. */
export function startOutside(clientOf, current, subject) {
  who = (one) => ({ client: clientOf(one), about: subject(one) });
  document.addEventListener("click", (event) => event.target.closest("#card-outside") && current() && visit(current()));
  store.on("pop", (one) => {
    if (opens && opens !== "button" && !one.pop.missed && isFirst(one.id)) visit(one);
  });
}

export function showOutside(client, one) {
  show($("#card-outside"), !!opens && (!!client || !!one.view.number));
}

/** Whether no tab of this browser, and no page before this one, has opened it for this call. */
function isFirst(id) {
  const known = JSON.parse(localStorage.getItem(KEY) ?? "[]");
  if (known.includes(id)) return false;
  localStorage.setItem(KEY, JSON.stringify([...known.slice(-KEPT), id]));
  return true;
}

/** The tab is opened at once, while the press of the button lasts; then it is told where to go, and knows nothing of us. */
async function visit(one) {
  const tab = window.open("", "_blank");
  if (!tab) return toast(t("The browser does not let the page open by itself: allow pop-up windows for this address."));
  tab.opener = null;
  const { client, about } = who(one);
  const query = new URLSearchParams({ call_id: one.id, queue: one.view.queue ?? "", phone: unsealed(about?.number) });
  try {
    const { url } = await ask("GET", `/desk/outside${client ? `/${client.id}` : ""}?${query}`);
    if (url) tab.location.replace(url);
    else tab.close();
  } catch (refusal) {
    tab.close();
    toast(refusal.message);
  }
}
