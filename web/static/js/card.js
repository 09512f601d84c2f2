// The client's form: rows for phones and e-mails come and go; the place of a row is what a tick of "shared" refers to.
import { $, $$, onPage } from "./dom.js";

export function startCard() {
  onPage("form[data-client-form]", (form) => {
    form.addEventListener("click", (event) => {
      const add = event.target.closest("[data-add]");
      const remove = event.target.closest("[data-remove]");
      if (add) addRow(form, add.dataset.add);
      if (remove) removeRow(remove.closest("li"));
    });
  });
}

function addRow(form, name) {
  const list = $(`[data-rows="${name}"]`, form);
  const row = $(`#mould-row-${name}`).content.firstElementChild.cloneNode(true);
  list.append(row);
  number(list);
  $("input", row).focus();
}

function removeRow(row) {
  const list = row.parentElement;
  const form = row.closest("form");
  form.dataset.dirty = "yes";
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  number(list);
  form.dispatchEvent(new Event("change", { bubbles: true }));
  ($("input", next ?? list) ?? $(`[data-add="${list.dataset.rows}"]`)).focus();
}

function number(list) {
  $$("input[name=shared]", list).forEach((box, place) => (box.value = String(place)));
}
