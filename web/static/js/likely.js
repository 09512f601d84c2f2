// While a card is being written: who in the base is likely the same client. It tells and never stands in the way.
import { onPage, show } from "./dom.js";
import { api } from "./api.js";
import { make } from "./grid/panel.js";
import { t, word } from "./texts.js";

const REST_MS = 400;
const ASKED = new Set(["name", "full_name", "kind", "inn", "kpp", "phone", "email", "shared"]);

export function startLikely() {
  onPage("form[data-client-form]", watch);
  onPage("#newcomer", watch);
}

function watch(form) {
  const place = form.querySelector("[data-likely]");
  if (!place) return;
  const id = Number(/^\/clients\/(\d+)(?:\?|$)/.exec(form.getAttribute("action"))?.[1] ?? 0);
  let timer = 0;
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    const card = written(form, id);
    if (!card.name.trim() && !card.full_name && !card.inn && !card.phones.length && !card.emails.length) return tell(place, id, []);
    const found = await api("POST", "/clients/likely", card).catch(() => null);
    if (found && mine === asked && form.isConnected) tell(place, id, found);
  };
  const later = (event) => {
    if (!ASKED.has(event.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(look, REST_MS);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("reset", () => {
    asked++;
    tell(place, id, []);
  });
  if (!id && form.dataset.clientForm !== undefined) look();
}

/** What stands in the form, as the server compares it; a shared phone is nobody's own. */
function written(form, id) {
  const all = new FormData(form);
  const shared = new Set(all.getAll("shared"));
  const one = (name) => String(all.get(name) ?? "").trim();
  const many = (name) => all.getAll(name).map((value) => String(value).trim());
  return {
    id,
    name: one("name").slice(0, 200),
    full_name: one("full_name").slice(0, 400),
    kind: one("kind") || "company",
    inn: one("inn"),
    kpp: one("kpp"),
    phones: many("phone").filter((typed, place) => typed && !shared.has(String(place))).slice(0, 50),
    emails: many("email").filter(Boolean).slice(0, 50),
  };
}

function tell(place, id, found) {
  const lines = found.map((one) => {
    const link = make("a", { href: `/clients/${one.id}`, target: "_blank", rel: "noopener", textContent: one.name });
    const why = one.reasons.map((reason) => `${word("likeness", reason.code)} ${reason.shown}`).join(", ");
    const line = make("li", {}, link, make("span", { className: "quiet-text", textContent: why }));
    if (id && place.dataset.merge) {
      const path = `/clients/duplicates/${Math.min(id, one.id)}/${Math.max(id, one.id)}`;
      line.append(make("a", { href: path, target: "_blank", rel: "noopener", textContent: t("Compare") }));
    }
    return line;
  });
  const head = make("strong", { textContent: t("In the base already, it seems:") });
  place.replaceChildren(...(lines.length ? [head, make("ul", {}, ...lines)] : []));
  show(place, lines.length > 0);
}
