// Open tasks of the client on the desk's card, done by one press; and what time it is where he is.
import { $, fill, mould, show } from "./dom.js";
import { api } from "./api.js";
import { follow } from "./dock.js";
import * as store from "./store.js";
import { moment, t, tn } from "./texts.js";
import { toast } from "./toasts.js";

const done = new Set(); // ids of tasks done on this page: a card that came before still names them
const MINUTE_S = 60;
const DAY = { begins: 8, ends: 21 }; // hours in which people are called

/** The tasks of a client, the most urgent first. */
export function showTasks(client) {
  const place = $("#card-tasks");
  const still = (client?.tasks ?? []).filter((one) => !done.has(one.id));
  const key = JSON.stringify([still, client?.letters]);
  if (place.dataset.key !== key) {
    place.dataset.key = key;
    place.replaceChildren(...letters(client), ...still.map((one) => row(one, client)));
  }
  show(place, place.children.length > 0);
}

/** That he waits for answers to letters, with the way to them. */
function letters(client) {
  if (!client?.letters) return [];
  const link = document.createElement("a");
  link.href = `/clients/${client.id}?tab=history&kind=letter`;
  link.textContent = tn("{n} letter waits for our answer", "{n} letters wait for our answer", client.letters);
  link.addEventListener("click", (event) => follow(event, link));
  const row = document.createElement("li");
  row.append(link);
  return [row];
}

function row(task, client) {
  const li = mould("task");
  const late = task.due_at && (Math.floor(task.due_at / MINUTE_S) + 1) * MINUTE_S <= store.now(); // as cti/clients/tasks.py
  const detail = [task.due_at ? moment(task.due_at) : t("some day"), task.owner].filter(Boolean).join(", ");
  fill(li, { what: task.what, detail, how: late ? t("overdue") : "" });
  $(".tag", li).classList.add("miss");
  show($(".tag", li), !!late);
  const tick = $("button", li);
  tick.setAttribute("aria-label", t("Done: {what}", { what: task.what }));
  tick.addEventListener("click", () => finish(task, client));
  return li;
}

/** Gone at once, there again when the server refuses. */
async function finish(task, client) {
  done.add(task.id);
  showTasks(client);
  try {
    await api("PUT", `/tasks/${task.id}/done`, { done: true });
    toast(t("Done: {what}", { what: task.what }));
  } catch (refusal) {
    done.delete(task.id);
    toast(refusal.message);
    showTasks(client);
  }
}

/** `13:05 at the client (Europe/Samara, by the region “Volga”)`; "" where it is not known or is the time here. */
export function clockOf(zone) {
  if (!zone) return "";
  const at = new Date(store.now() * 1000);
  const hours = (timeZone) => new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone }).format(at);
  let there;
  try {
    there = hours(zone.name);
  } catch {
    return "";
  }
  if (there === hours(document.documentElement.dataset.zone || undefined)) return "";
  const source = zone.region ? t("by the region {name}", { name: zone.region }) : t("set on the card");
  const night = Number(there.slice(0, 2)) < DAY.begins || Number(there.slice(0, 2)) >= DAY.ends;
  const time = t("{time} at the client", { time: there });
  const warning = night ? t("night there: do not call") : "";
  return [`${time} (${source})`, warning].filter(Boolean).join(" — ");
}
