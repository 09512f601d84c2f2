// Forms: what is written and not saved is not thrown away unasked, and one press of a button is one request.
import { $, $$ } from "./dom.js";
import { t } from "./texts.js";

export function keepForms() {
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-keep]");
    if (form) form.dataset.dirty = "yes";
  });
  document.addEventListener("submit", once, true);
  document.addEventListener("htmx:finally:request", (event) => delete event.target.dataset?.sent);
  window.addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => delete form.dataset.sent));
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

/** A second press while the first is on its way sends nothing. */
function once(event) {
  const form = event.target;
  const sure = event.submitter?.dataset.sure;
  if (sure && !window.confirm(sure)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  delete form.dataset.dirty;
  if (form.method === "post") form.dataset.sent = "yes";
}
