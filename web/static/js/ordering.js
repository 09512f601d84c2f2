// Values of a property: put in order by mouse or keys, each shown in its colour, new ones added.
import { $, onPage } from "./dom.js";

export function startOrdering() {
  onPage("[data-ordered]", (list) => {
    const form = list.closest("form");
    form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-up], [data-down], [data-add-value]");
      if (!button) return;
      if (button.dataset.addValue !== undefined) return add(list);
      move(button);
      form.dataset.dirty = "yes";
    });
    list.addEventListener("input", (event) => swatch(event.target.closest("li")));
  });
}

function add(list) {
  list.append($("#mould-value").content.firstElementChild.cloneNode(true));
  $("[name=value_name]", list.lastElementChild).focus();
}

function move(button) {
  const row = button.closest("li");
  if (button.dataset.up !== undefined) row.previousElementSibling?.before(row);
  else row.nextElementSibling?.after(row);
  button.focus();
}

function swatch(row) {
  const shown = $("[data-swatch]", row);
  shown.textContent = $("[name=value_name]", row).value;
  shown.className = `value ${$("[name=value_color]", row).value || "grey"}`;
}
