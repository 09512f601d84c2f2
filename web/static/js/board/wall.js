// A board that fills a screen: its parts take turns, a long one a screen at a time; keys and buttons stop and turn it.
import { $, $$, fill, show } from "../dom.js";
import { t } from "../texts.js";

const ROUNDING = 8; // pixels that are no screen of their own

/** layout: gives the parts and the seconds of each; on: whether the board fills the screen. Gives the tick. */
export function startWall(place, layout, on) {
  const bar = $(".wall-bar", place);
  let [part, screen, due, paused] = [0, 0, 0, false];

  const rotates = () => on() && layout().rotate_s > 0;
  const screens = () => Math.max(1, Math.ceil((place.scrollHeight - ROUNDING) / Math.max(place.clientHeight, 1)));

  function lay() {
    const { tiles, rotate_s: each } = layout();
    place.classList.toggle("wall", on());
    part %= Math.max(tiles.length, 1);
    const alone = rotates() ? tiles[part] : "";
    for (const one of $$("section[data-tile]", place)) show(one, tiles.includes(one.dataset.tile) && (!alone || one.dataset.tile === alone));
    show(bar, rotates());
    if (!alone) return;
    const text = paused ? t("{n} of {all}, stopped", { n: part + 1, all: tiles.length }) : t("{n} of {all}, {s} s each", { n: part + 1, all: tiles.length, s: each });
    fill(bar, { place: text });
    const button = $('[data-wall="pause"]', bar);
    button.setAttribute("aria-pressed", String(paused));
    button.classList.toggle("on", paused);
  }

  function step(by) {
    const count = Math.max(layout().tiles.length, 1);
    if (by > 0 && screen + 1 < screens()) screen += 1;
    else if (by < 0 && screen > 0) screen -= 1;
    else [part, screen] = [(part + by + count) % count, 0];
    lay();
    place.scrollTo({ top: screen * place.clientHeight });
    due = performance.now() + layout().rotate_s * 1000;
  }

  function act(what) {
    if (what === "pause") {
      paused = !paused;
      due = performance.now() + layout().rotate_s * 1000;
      return lay();
    }
    step(what === "back" ? -1 : 1);
  }

  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-wall]");
    if (button) act(button.dataset.wall);
  });
  const keys = (event) => {
    if (!place.isConnected) return document.removeEventListener("keydown", keys);
    if (!rotates() || event.ctrlKey || event.altKey || event.metaKey || $("dialog[open]", place)) return;
    if (event.target.closest?.("input, select, textarea") || (event.code === "Space" && event.target.closest?.("button, a"))) return;
    const what = { Space: "pause", ArrowRight: "next", ArrowLeft: "back" }[event.code];
    if (!what) return;
    event.preventDefault();
    act(what);
  };
  document.addEventListener("keydown", keys);
  return () => {
    if (rotates() && !paused && performance.now() >= due) {
      if (due) return step(1);
      due = performance.now() + layout().rotate_s * 1000;
    }
    if (!rotates()) [screen, due] = [0, 0];
    lay();
  };
}
