// Rows with keys: made once of a mould, filled anew where they changed, put in order without losing the focus.
import { $, mould } from "../dom.js";
import { t } from "../texts.js";

/** Keep `place` as `rows` say, in their order. Each: [key, row]; paint(element, row) fills it. changed: keys to fill anew,
 *  all of them when absent. */
export function keep(place, name, rows, paint, changed) {
  const old = new Map([...place.children].map((one) => [one.dataset.key, one]));
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  let at = null;
  for (const [key, row] of rows) {
    let one = old.get(key);
    const fresh = !one;
    if (fresh) {
      one = mould(name);
      one.dataset.key = key;
    }
    old.delete(key);
    if (fresh || !changed || changed.has(key)) paint(one, row);
    const next = at ? at.nextElementSibling : place.firstElementChild;
    if (next !== one) place.insertBefore(one, next);
    at = one;
  }
  for (const one of old.values()) one.remove();
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

/** Which rows of a part the news tell of; undefined: all. */
export const changedIn = (news, part) => (news && !news.whole ? new Set(Object.keys(news[part] ?? {})) : undefined);

/** A time that runs: since when, on the server's clock; null: none. */
export function since(element, at) {
  if (at) element.dataset.since = at;
  else {
    delete element.dataset.since;
    element.textContent = "";
  }
}

/** Whose button it is, for those who do not see the row. */
export const label = (button, name) => button?.setAttribute("aria-label", t("What to do: {name}", { name }));

/** Who somebody is: a client's link, a name or a number. */
export function who(element, one) {
  const link = $("a", element);
  const name = one?.name || "";
  if (link) {
    link.hidden = !one?.client_id;
    link.textContent = one?.client_id ? name : "";
    if (one?.client_id) link.href = `/clients/${one.client_id}`;
  }
  $('[data-f="plain"]', element).textContent = one?.client_id ? "" : name;
  $('[data-f="number"]', element).textContent = String(one?.shown ?? "").split("§")[0];
}
