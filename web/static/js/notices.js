// A ring when nobody looks: the tab's title and icon, and a notification where the person allowed it.
// Several tabs share one notification per call: the tag is the call's id.
import { $, show } from "./dom.js";
import * as store from "./store.js";
import { told } from "./strip.js";
import { t } from "./texts.js";

const open = new Map();
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

function notify(one) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const { name, number, why, stop } = told(one);
  const notice = new Notification(name, { body: [stop, number, why].filter(Boolean).join("\n"), tag: one.id, requireInteraction: true });
  notice.onclick = () => {
    window.focus();
    document.dispatchEvent(new CustomEvent("trubka:card", { detail: one.id }));
    notice.close();
  };
  open.set(one.id, notice);
}
