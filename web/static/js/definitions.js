// A word with its definition: beside the word wherever it opens; a mouse opens it by staying over the word.
const WAIT_MS = 200;
const WIDTH = 340;
const ROOM = 220; // a definition that would be nearer to the window's lower edge stands above its word
const EDGE = 8;
let timer;

export function startDefinitions() {
  document.addEventListener("beforetoggle", place, true);
  document.addEventListener("pointerover", ({ target, pointerType }) => {
    const word = pointerType === "mouse" && target.closest?.(".defined, .definition");
    clearTimeout(timer);
    timer = setTimeout(() => (word ? open(word) : close()), WAIT_MS);
  });
  document.addEventListener("scroll", ({ target }) => target.matches?.(".definition") || close(), true);
}

function open(word) {
  if (!word.isConnected || word.matches(".definition")) return;
  const said = word.nextElementSibling;
  if (said.matches(":popover-open")) return;
  said.dataset.hovered = "";
  said.showPopover();
}

/** What a press has opened stays until the next press. */
function close() {
  const said = document.querySelector(".definition[data-hovered]:popover-open");
  said?.hidePopover();
}

function place({ target, newState }) {
  if (!target.matches?.(".definition")) return;
  if (newState === "closed") return delete target.dataset.hovered;
  const word = target.previousElementSibling.getBoundingClientRect();
  const width = Math.min(WIDTH, innerWidth - 2 * EDGE);
  const above = word.bottom + ROOM > innerHeight && word.top > ROOM;
  Object.assign(target.style, {
    width: `${width}px`,
    left: `${Math.max(EDGE, Math.min(word.left, innerWidth - width - EDGE))}px`,
    top: above ? "auto" : `${word.bottom + 4}px`,
    bottom: above ? `${innerHeight - word.top + 4}px` : "auto",
  });
}
