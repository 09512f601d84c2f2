// The client's form: rows for phones and e-mails come and go, the first of them is the primary one; fields follow from
// the form of ownership. The place of a row is what a tick of "shared" refers to.
// A print of the card is told to the server, for the access journal.
import { api } from "./api.js";
import { $, $$, onPage } from "./dom.js";

const FIELD = "input:not([type=hidden])"; // a hidden phone comes with its seal beside it

export function startCard() {
  onPage("form[data-client-form]", (form) => {
    form.addEventListener("click", (event) => {
      const add = event.target.closest("[data-add]");
      const remove = event.target.closest("[data-remove]");
      const first = event.target.closest("[data-first]");
      if (add) addRow(form, add.dataset.add);
      if (remove) removeRow(remove.closest("li"));
      if (first) makeFirst(first.closest("li"));
    });
    form.elements.kind?.addEventListener("change", (event) => ofKind(form, event.target.value));
  });
  addEventListener("beforeprint", () => {
    const id = $("[data-printed]")?.dataset.printed;
    if (id) api("POST", `/clients/${id}/printed`).catch(() => {});
  });
}

function addRow(form, name) {
  const list = $(`[data-rows="${name}"]`, form);
  const row = $(`#mould-row-${name}`).content.firstElementChild.cloneNode(true);
  list.append(row);
  number(list);
  $(FIELD, row).focus();
}

function removeRow(row) {
  const list = row.parentElement;
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  changed(list);
  ($(FIELD, next ?? list) ?? $(`[data-add="${list.dataset.rows}"]`)).focus();
}

function makeFirst(row) {
  const list = row.parentElement;
  list.prepend(row);
  changed(list);
  $(FIELD, row).focus();
}

function changed(list) {
  const form = list.closest("form");
  form.dataset.dirty = "yes";
  number(list);
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

function number(list) {
  $$("input[name=shared]", list).forEach((box, place) => (box.value = String(place)));
}

/** Fields of other kinds of clients are not shown and not sent. */
function ofKind(form, kind) {
  for (const part of $$("[data-kinds]", form)) {
    part.hidden = !part.dataset.kinds.split(" ").includes(kind);
    for (const field of $$("input, select, textarea", part)) field.disabled = part.hidden;
  }
}
