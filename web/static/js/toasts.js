// Short words in the corner, read aloud; they go by themselves and can be closed.
import { $, fill, mould } from "./dom.js";

const STAY_MS = 8000;
const MOST = 3;

export function toast(text) {
  const place = $("#toasts");
  if (!place) return;
  const one = fill(mould("toast"), { text });
  $("button", one).addEventListener("click", () => one.remove());
  while (place.children.length >= MOST) place.firstElementChild.remove();
  place.append(one);
  setTimeout(() => one.remove(), STAY_MS);
}
