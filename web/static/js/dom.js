// Building what is seen: moulds cloned, fields filled by textContent. Nothing here ever takes text for markup.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** A copy of a <template>'s first element. */
export function mould(name) {
  return $(`#mould-${name}`).content.firstElementChild.cloneNode(true);
}

/** Fill the elements marked data-f="name"; an empty value leaves them empty. Only what changed is touched. */
export function fill(root, values) {
  for (const [name, value] of Object.entries(values)) {
    for (const place of $$(`[data-f="${name}"]`, root)) {
      const text = value ?? "";
      if (place.textContent !== String(text)) place.textContent = text;
    }
  }
  return root;
}

/** Show or hide. */
export function show(element, visible) {
  if (element && element.hidden === visible) element.hidden = !visible;
}

/** Whether the person is typing somewhere: then nothing may take his place or focus. */
export function isTyping() {
  const at = document.activeElement;
  return !!at && at.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

/** Run now and each time #main brings a page that has the selector. */
export function onPage(selector, start) {
  let seen = null;
  const look = () => {
    const found = $(selector);
    if (found && found !== seen) start(found);
    seen = found;
  };
  document.addEventListener("htmx:after:swap", look);
  look();
}
