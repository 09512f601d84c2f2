// Tabs of a card: parts marked data-tab are shown with their tab; the address keeps which, and arrows go through them.
import { $, $$, onPage } from "./dom.js";

export function startTabs() {
  let tabs = null;
  const now = () => (tabs?.place.isConnected ? tabs : null);
  onPage("[data-tabs]", (place) => (tabs = new Tabs(place)));
  // a fault in a hidden part brings its tab forward, so that the browser can show it
  document.addEventListener("invalid", (event) => now()?.reveal(event.target), true);
  document.addEventListener("click", (event) => now()?.goes(event));
}

class Tabs {
  constructor(place) {
    this.place = place;
    this.tabs = $$("[role=tab]", place);
    for (const tab of this.tabs) tab.addEventListener("click", (event) => this.clicked(event, tab));
    place.addEventListener("keydown", (event) => this.key(event));
  }

  show(name) {
    const chosen = this.tabs.find((tab) => tab.dataset.part === name) ?? this.tabs[0];
    for (const tab of this.tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    const form = $("form[data-tab]", $("#main"));
    form?.setAttribute("action", form.getAttribute("action").split("?")[0] + `?tab=${chosen.dataset.part}`); // it comes back where it was
    for (const part of $$("[data-tab]", $("#main"))) part.hidden = !part.dataset.tab.split(" ").includes(chosen.dataset.part);
  }

  clicked(event, tab) {
    event.preventDefault();
    history.replaceState(history.state, "", tab.href);
    this.show(tab.dataset.part);
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = this.tabs.findIndex((tab) => tab.tabIndex === 0);
    const next = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
    this.clicked(event, next);
    next.focus();
  }

  /** What is missing leads to its field. */
  goes(event) {
    const link = event.target.closest("[data-goes]");
    if (!link) return;
    event.preventDefault();
    const field = document.getElementById(link.dataset.goes);
    this.reveal(field);
    field?.focus();
  }

  reveal(field) {
    const part = field?.closest("[data-tab]");
    if (part?.hidden) this.show(part.dataset.tab.split(" ")[0]);
  }
}
