// Which field of a client has to change, and what it has to become: as the grid's conditions ask.
import { $, onPage } from "./dom.js";
import { api } from "./api.js";
import { fields, operators } from "./grid/fields.js";
import { control, make } from "./grid/panel.js";
import { t } from "./texts.js";

const STAYS = ["contacts", "contracts", "restricted", "created", "updated"]; // no change of the card itself

export function startBecoming() {
  onPage("[data-becoming]", start);
}

async function start(place) {
  const kept = (name) => $(`input[name=${name}]`, place);
  const catalogue = await api("GET", "/clients/catalogue");
  if (!place.isConnected) return;
  const known = fields(catalogue).filter((one) => !STAYS.includes(one.field)).map((one) => ({ ...one, changed: one.set ?? one.field }));
  const which = make("select", { id: "f-field", required: true }, make("option", { value: "", textContent: t("choose") }));
  for (const [label, some] of [[t("Card"), known.filter((one) => !one.property)], [t("Properties"), known.filter((one) => one.property)]]) {
    if (!some.length) continue;
    const part = make("optgroup", { label });
    for (const one of some) part.append(make("option", { value: one.changed, textContent: one.title, selected: one.changed === kept("field").value }));
    which.append(part);
  }
  const op = make("select", { id: "f-op" });
  const whatever = make("label", { htmlFor: "f-op", textContent: t("And it is now") });
  const value = make("span", { className: "becoming-value" });
  let given;
  const field = () => known.find((one) => one.changed === which.value);
  const write = () => {
    const valued = op.value && !["empty", "filled"].includes(op.value);
    kept("field").value = which.value;
    kept("op").value = op.value;
    kept("value").value = JSON.stringify(valued && given ? given.read() : null);
  };
  const look = (chosen = "", said = undefined) => {
    const one = field();
    op.replaceChildren(make("option", { value: "", textContent: t("whatever it became") }));
    if (one) op.append(...operators(one.kind).map(([id, text]) => make("option", { value: id, textContent: id === "is" ? t("is exactly") : text, selected: id === chosen })));
    given = one && control(one, said ?? undefined, true);
    for (const box of given ? [given.element] : []) if (box.matches("select, input")) box.setAttribute("aria-label", t("Value"));
    fit();
  };
  const fit = () => {
    value.replaceChildren(...(given && op.value && !["empty", "filled"].includes(op.value) ? [given.element] : []));
    write();
  };
  which.addEventListener("change", () => look());
  op.addEventListener("change", fit);
  value.addEventListener("input", write);
  value.addEventListener("change", write);
  const first = make("p", { className: "field" }, make("label", { htmlFor: "f-field", textContent: t("What changed") }), which);
  $(".field", place).before(first, make("div", { className: "field" }, whatever, op, value));
  look(kept("op").value, JSON.parse(kept("value").value || "null"));
}
