// The panel's entry: the shell is loaded once, everything below lives as long as the tab.
import htmx from "htmx.org/dist/htmx.esm.js";
import { start as startDesk } from "./desk.js";
import { start as startKeys } from "./keys.js";
import { start as startLive } from "./live.js";
import { start as startPhone } from "./phone.js";

window.htmx = htmx;
const main = document.getElementById("main");

function navigated() {
  for (const link of document.querySelectorAll("[data-nav]")) {
    const href = link.dataset.nav;
    const here = href === "/" ? location.pathname === "/" : location.pathname.startsWith(href);
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

startDesk();
startPhone();
startKeys();
startLive();
navigated();
document.addEventListener("htmx:after:swap", () => { navigated(); document.dispatchEvent(new CustomEvent("trubka:page")); });
document.addEventListener("htmx:after:push:into:history", navigated);
window.addEventListener("popstate", navigated);
main.addEventListener("htmx:after:swap", () => main.scrollTo?.(0, 0));
