// A number's flow: the open step stands in sight, arrows go from card to card along the lines and through the list.
import { $, $$, onPage } from "./dom.js";

export function startDialplan() {
  onPage("[data-flow]", startFlow);
  onPage("[data-tree]", startTree);
}

function startFlow(place) {
  const cards = () => $$(".card", place);
  $(".card[aria-current]", place)?.scrollIntoView({ block: "nearest", inline: "center" });
  place.addEventListener("keydown", (event) => {
    const at = event.target.closest(".card");
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (!at || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = nearest(at, cards(), ...step);
    if (!next) return;
    event.preventDefault();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

/** The next card that way: in its column for up and down, else the nearest of the next column. */
function nearest(at, cards, right, down) {
  const box = (card) => card.parentElement;
  const place = (card, name) => Number(box(card).getAttribute(name));
  const [x, y] = [place(at, "x"), place(at, "y")];
  const some = cards.filter((card) => (right ? (place(card, "x") - x) * right > 0 : place(card, "x") === x && (place(card, "y") - y) * down > 0));
  const far = (card) => Math.abs(place(card, "x") - x) * 1000 + Math.abs(place(card, "y") - y);
  return some.sort((one, other) => far(one) - far(other))[0];
}

function startTree(tree) {
  const all = () => $$("[role=treeitem]", tree).filter((item) => !item.parentElement.closest("[aria-expanded=false]"));
  const stand = (item, focus = true) => {
    for (const other of $$("[role=treeitem][tabindex='0']", tree)) other.tabIndex = -1;
    item.tabIndex = 0;
    if (focus) item.focus();
  };
  stand($("[aria-selected=true]", tree) ?? $("[role=treeitem]", tree), false);
  tree.addEventListener("keydown", (event) => {
    const item = event.target.closest("[role=treeitem]");
    if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
    const items = all();
    const at = items.indexOf(item);
    const open = item.getAttribute("aria-expanded");
    const acts = {
      ArrowDown: () => items[at + 1] && stand(items[at + 1]),
      ArrowUp: () => items[at - 1] && stand(items[at - 1]),
      Home: () => stand(items[0]),
      End: () => stand(items.at(-1)),
      ArrowRight: () => (open === "false" ? unfold(item, true) : open && stand($("[role=treeitem]", item))),
      ArrowLeft: () => (open === "true" ? unfold(item, false) : stand(item.parentElement.closest("[role=treeitem]") ?? item)),
      Enter: () => $("a", item).click(),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
}

function unfold(item, open) {
  item.setAttribute("aria-expanded", String(open));
  $("[role=group]", item).hidden = !open;
}
