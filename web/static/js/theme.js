// Light, dark or as the system: at once on this page, and kept for the person.
import { $$ } from "./dom.js";
import { ask } from "./api.js";
import { toast } from "./toasts.js";

export function startTheme() {
  for (const choice of $$('input[name="theme"]')) {
    choice.addEventListener("change", async () => {
      document.documentElement.dataset.theme = choice.value;
      await ask("PUT", `/desk/theme/${choice.value}`).catch((refusal) => toast(refusal.message));
    });
  }
}
