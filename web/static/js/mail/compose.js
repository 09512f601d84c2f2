// A letter is asked for: by the event `compose` on the document, or by a press on anything with data-compose. What
// writing takes (the editor above all) comes with the first letter. A draft that was open is open again after a reload.
//
// detail: {kind: new | reply | all | forward, letter, client, contact, to, call, mailbox, draft}
import { $ } from "../dom.js";
import { api, Refusal } from "../api.js";
import { t } from "../texts.js";
import { toast } from "../toasts.js";

const WITHOUT = new Set(["no-mailbox-yet", "mailboxes-paused"]); // whoever is refused so goes to his mailboxes
export const OPEN = "trubka:draft";
let desk = null;

export function startCompose() {
  if (!$("#compose")) return;
  document.addEventListener("compose", (event) => compose(event.detail ?? {}));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-compose]");
    if (!button || button.closest("[data-mail]")) return; // of the page of letters: letters.js asks, once nobody else answers
    event.preventDefault();
    const { compose: kind, letter, client, contact, to, call, mailbox, draft } = button.dataset;
    const id = (text) => (text ? Number(text) : undefined);
    if (draft) return compose({ draft: id(draft) });
    compose({ kind: kind || "new", letter: id(letter), client: id(client), contact: id(contact), mailbox: id(mailbox), to, call });
  });
  const before = sessionStorage.getItem(OPEN);
  if (before) compose({ draft: Number(before), again: true });
  writeTo(new URL(location.href));
}

/** A link of a letter to somebody's address opens a page of ours with ?write=address: a letter to him, not sent. */
function writeTo(here) {
  const to = here.searchParams.get("write");
  if (!to) return;
  here.searchParams.delete("write");
  history.replaceState(history.state, "", here);
  compose({ kind: "new", to });
}

async function compose(detail) {
  try {
    desk ??= import("./writing.js").then(({ Writing }) => new Writing($("#compose")));
    await (await desk).open(detail);
  } catch (error) {
    if (detail.again) return sessionStorage.removeItem(OPEN); // it was sent or thrown away in another window
    toast(error.message, WITHOUT.has(error.code) ? { label: t("Mailboxes"), act: () => location.assign("/settings/mailboxes") } : undefined);
  }
}

/** Mailboxes to write from. */
export async function mailboxes() {
  const found = await api("GET", "/mailboxes");
  if (!found.length) throw new Refusal(409, "no-mailbox-yet", t("You have no mailbox to write from: connect yours in “My profile”, or ask an admin for a shared one."));
  return found;
}
