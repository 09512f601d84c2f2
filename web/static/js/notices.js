// A ring when nobody looks: the tab's title and icon, and a notification where the person allowed it.
// Several tabs share one notification per call: the tag is the call's id.
import { $, show } from "./dom.js";
import * as store from "./store.js";
import { told } from "./strip.js";
import { t } from "./texts.js";

const open = new Map();
const reminded = new Set(); // ids of tasks that this page has told of
let plain = document.title;
let ours = "";

export function startNotices() {
  const ask = $("#notify");
  const can = "Notification" in window && Notification.permission === "default";
  show(ask, can);
  ask.addEventListener("click", async () => {
    await Notification.requestPermission();
    show(ask, false);
  });
  store.on("calls", draw);
  store.on("pop", notify);
  store.on("reminders", remind);
  document.addEventListener("htmx:after:swap", draw); // a new page brings its own title
}

function draw() {
  const rings = store.ringing().filter((one) => one.strip === "ringing");
  if (document.title !== ours) plain = document.title;
  const ringing = t("Ringing");
  ours = rings.length ? `(${rings.length}) ${ringing}: ${told(rings[0]).name}` : plain;
  if (document.title !== ours) document.title = ours;
  const icon = $('link[rel="icon"]');
  const href = `/static/img/${rings.length ? "icon-ring" : "icon"}.svg`;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
  for (const [id, notice] of open) {
    if (!rings.some((one) => one.id === id)) {
      notice.close();
      open.delete(id);
    }
  }
}

const unseen = () => document.hidden && "Notification" in window && Notification.permission === "granted";

/** Each reminder once, as long as it stays. */
function remind() {
  const due = store.reminders();
  for (const id of reminded) if (!due.some((one) => one.id === id)) reminded.delete(id);
  for (const one of due.filter(({ id }) => !reminded.has(id))) {
    reminded.add(one.id);
    if (!unseen()) continue;
    const notice = new Notification(one.client_name || one.shown || t("Task"), { body: one.what, tag: `task-${one.id}` });
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
  }
}

function notify(one) {
  if (!unseen()) return;
  const { name, number, why, stop } = told(one);
  const notice = new Notification(name, { body: [stop, number, why].filter(Boolean).join("\n"), tag: one.id, requireInteraction: true });
  notice.onclick = () => {
    window.focus();
    document.dispatchEvent(new CustomEvent("trubka:card", { detail: one.id }));
    notice.close();
  };
  open.set(one.id, notice);
}
