// A board as its person has set it up, kept on the server; and a full screen on which its parts take turns.
import { api } from "../api.js";
import { $, $$, fill, show } from "../dom.js";
import { toast } from "../toasts.js";
import { startWall } from "./wall.js";

/** Gives what is to be done at each tick. */
export function startLayout(place, filters) {
  const layout = JSON.parse(place.dataset.layout);
  const dialog = $("#board-setup", place);
  const rotate = $("#board-rotate", dialog);
  const sort = $("#board-sort", place);
  const [team, queue] = [$("#board-team", place), $("#board-queue", place)];
  sort.value = layout.sort;
  rotate.value = String(layout.rotate_s);
  filters.set(layout);
  lay(place, layout);

  const keep = async () => {
    const chosen = $$("#board-tiles li", dialog).filter((row) => $("input", row).checked).map((row) => row.dataset.of);
    Object.assign(layout, { team: team.value, queue: queue.value, sort: sort.value, rotate_s: Number(rotate.value) });
    if (chosen.length) layout.tiles = chosen;
    fill(dialog, { fault: "" });
    lay(place, layout);
    try {
      await api("PUT", "/board/layout", { ...layout, tiles: chosen.length ? chosen : layout.tiles });
    } catch (refusal) {
      fill(dialog, { fault: refusal.message });
      if (!dialog.open) toast(refusal.message);
    }
  };
  for (const one of [team, queue, sort, dialog]) one.addEventListener("change", keep);
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    const row = button?.closest("li");
    if (!row) return;
    if (button.dataset.move === "up") row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    button.focus();
    keep();
  });
  $("#board-setup-open", place).addEventListener("click", () => dialog.showModal());
  $("#board-full", place).addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : place.requestFullscreen()));
  const turn = startWall(place, () => layout, () => document.fullscreenElement === place);
  document.addEventListener("fullscreenchange", () => {
    turn();
    if (document.fullscreenElement === place) place.focus({ preventScroll: true }); // so that Space is no press of the button
  });
  return turn;
}

/** Parts in their order, those that are not looked at away; the list of the dialog says the same. */
function lay(place, { tiles }) {
  const list = $("#board-tiles", place);
  const all = $$("section[data-tile]", place);
  const rest = all.map((one) => one.dataset.tile).filter((name) => !tiles.includes(name));
  const before = $("#board-queue-end", place);
  for (const name of [...tiles, ...rest]) {
    before.before($(`section[data-tile="${name}"]`, place));
    const row = $(`[data-of="${name}"]`, list);
    $("input", row).checked = tiles.includes(name);
    if (list.contains(document.activeElement)) continue; // whoever puts them in order by keys keeps his place
    list.append(row);
  }
  for (const one of all) show(one, tiles.includes(one.dataset.tile));
}
