// Moving between pages inside the shell: the rail says where we are, and the new page is announced by its heading.
import htmx from "htmx.org/dist/htmx.esm.min.js";
import { $, $$ } from "./dom.js";

const ALSO = { "/clients": ["/segments", "/contacts", "/contracts"] }; // pages of a section that have addresses of their own
let under = ""; // the page that is on its way by itself

export function showSection() {
  mark();
  document.addEventListener("trubka:go", (event) => goOnce(event.detail));
  document.addEventListener("htmx:after:history:update", mark);
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.target?.id !== "main") return;
    mark();
    if (!keepsFocus()) $("#main")?.focus({ preventScroll: true });
  });
  document.addEventListener("click", (event) => {
    const menu = $("details.menu[open]");
    if (menu && (!menu.contains(event.target) || event.target.closest("a"))) menu.open = false;
  });
}

/** Open a page in #main: the one asked for last. Without a source all that is loaded stands in one line, and a third is dropped. */
export function go(path) {
  return htmx.ajax("GET", path, { source: "#main", target: "#main", select: "#main", swap: "outerSync", push: path });
}

/** By itself: not once more while it is on its way, for the second page would take away what is begun on the first. */
async function goOnce(path) {
  if (under === path) return;
  under = path;
  try {
    await go(path);
  } finally {
    under = "";
  }
}

function keepsFocus() {
  const at = document.activeElement;
  return !!at && at !== document.body && !at.matches("main") && at.isConnected && !!at.closest(".top, .dock, .strip, #main");
}

function mark() {
  for (const link of $$(".rail a")) {
    const section = link.dataset.section;
    const own = [section, ...(ALSO[section] ?? [])];
    const here = section === "/" ? location.pathname === "/" : own.some((one) => location.pathname.startsWith(one));
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
