// The board of the panel: what a supervisor looks at, opens and does.
import { lookAtBoard } from "../live.js";
import { startActions } from "./actions.js";
import { startBehind } from "./behind.js";
import { showBoard } from "./board.js";
import { startFilters } from "./filters.js";
import { startLayout } from "./layout.js";
import { state } from "./state.js";

export function startBoard(place) {
  let redraw = () => {};
  const opened = startActions(place, state);
  startBehind(place);
  const filters = startFilters(place, state, () => redraw());
  const turn = startLayout(place, filters);
  const heard = () => {
    filters.offer();
    opened();
  };
  redraw = showBoard(place, lookAtBoard, { heard, turn });
}
