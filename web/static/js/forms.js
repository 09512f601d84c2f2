// Forms: what is written and not saved is not thrown away unasked, and one press of a button is one request.
import { $ } from "./dom.js";
import { t } from "./texts.js";

export function keepForms() {
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-keep]");
    if (form) form.dataset.dirty = "yes";
  });
  document.addEventListener("submit", (event) => {
    delete event.target.dataset.dirty;
  });
  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    const leaves = ctx.request.method === "GET" && ctx.target?.id === "main";
    if (!leaves || !$("form[data-dirty]")) return;
    if (!window.confirm(t("What you changed here is not saved. Leave it?"))) event.preventDefault();
  });
  window.addEventListener("beforeunload", (event) => {
    if ($("form[data-dirty]")) event.preventDefault();
  });
}
