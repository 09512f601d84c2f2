// Short words in the corner, read aloud; they go by themselves and can be closed.
import { $, fill, mould } from "./dom.js";

const STAY_MS = 8000;
const MOST = 3;

/** action: {label, act} of a button in it. */
export function toast(text, action) {
  const place = $("#toasts");
  if (!place) return;
  const one = fill(mould("toast"), { text });
  $("button", one).addEventListener("click", () => one.remove());
  if (action) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: action.label });
    button.addEventListener("click", () => {
      one.remove();
      action.act();
    });
    $("button", one).before(button);
  }
  while (place.children.length >= MOST) place.firstElementChild.remove();
  place.append(one);
  setTimeout(() => one.remove(), STAY_MS);
}
