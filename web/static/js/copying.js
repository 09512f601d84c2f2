// “Copy”: the lines beside a button go to the clipboard. Over plain HTTP browsers have none, so they are marked and copied.
import { $ } from "./dom.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";

export function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const lines = $("pre, input[readonly]", button.parentElement);
    toast((await copied(lines)) ? t("Copied.") : t("Mark the lines and copy them: this browser does not let the page do it."));
  });
}

async function copied(lines) {
  try {
    await navigator.clipboard.writeText(lines.value ?? lines.textContent);
    return true;
  } catch {
    if (lines.select) lines.select();
    else getSelection().selectAllChildren(lines);
    return document.execCommand("copy");
  }
}
