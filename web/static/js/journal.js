// The journal: a row opens into the call's parts, asked once.
import { $ } from "./dom.js";

export function startJournal(htmx) {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) toggle(opener, htmx);
  });
}

function toggle(opener, htmx) {
  const row = opener.closest("tr");
  const open = opener.getAttribute("aria-expanded") !== "true";
  opener.setAttribute("aria-expanded", open);
  row.toggleAttribute("data-open", open);
  let detail = row.nextElementSibling;
  if (!detail?.classList.contains("detail")) {
    detail = document.createElement("tr");
    detail.className = "detail";
    const cell = document.createElement("td");
    cell.colSpan = row.cells.length;
    cell.className = "loading";
    detail.append(cell);
    row.after(detail);
    const loaded = htmx.ajax("GET", opener.dataset.opens, { source: cell, target: cell, swap: "innerHTML" });
    loaded.finally(() => cell.classList.remove("loading"));
  }
  detail.hidden = !open;
  if (open) $("a, button", detail)?.scrollIntoView({ block: "nearest" });
}
