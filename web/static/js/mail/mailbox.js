// The form of a mailbox: servers filled in by the address, a trial of what stands there, how it is opened.
import { $, fill, mould, show } from "../dom.js";
import { ask } from "../api.js";
import { t } from "../texts.js";

const TRIAL_MS = 70_000;

export function startMailbox(form) {
  const address = form.elements.address;
  address.addEventListener("change", () => preset(form));
  form.elements.auth?.addEventListener("change", () => way(form));
  $("#try-out").addEventListener("click", (event) => tryOut(form, event.currentTarget));
  for (const field of ["imap_host", "smtp_host", "imap_port", "smtp_port"]) form.elements[field].addEventListener("input", () => (form.elements[field].dataset.own = "yes"));
  way(form);
}

/** Only what nobody has typed is filled in. */
async function preset(form) {
  const address = form.elements.address.value.trim();
  if (!address.includes("@")) return;
  const known = await ask("GET", `/settings/mailboxes/preset?address=${encodeURIComponent(address)}`).catch(() => null);
  if (!known) return;
  $("#preset-told").textContent = known.told;
  if (form.elements.mailbox) return; // one that is set is changed by hand alone
  for (const [name, [host, port, security]] of Object.entries({ imap: known.imap, smtp: known.smtp })) {
    if (form.elements[`${name}_host`].dataset.own || form.elements[`${name}_port`].dataset.own) continue;
    form.elements[`${name}_host`].value = host;
    form.elements[`${name}_port`].value = port;
    form.elements[`${name}_security`].value = security;
  }
  if (known.provider && form.elements.auth) form.elements.auth.value = `oauth2:${known.provider}`;
  way(form);
}

function way(form) {
  const byPage = form.elements.auth?.value.startsWith("oauth2") ?? false;
  show($("#secret-field"), !byPage);
  if (byPage) form.elements.secret.required = false;
  else if (!form.elements.mailbox) form.elements.secret.required = true;
  show($("#try-out"), !byPage || !!form.elements.mailbox);
}

async function tryOut(form, button) {
  const list = $("#trial");
  const label = $("span", button);
  const before = label.textContent;
  label.textContent = button.dataset.trying;
  button.disabled = true;
  list.replaceChildren();
  try {
    const told = await ask("POST", "/settings/mailboxes/try", new FormData(form), TRIAL_MS);
    list.append(line(t("Incoming"), told.imap), ...(told.smtp === null ? [] : [line(t("Outgoing"), told.smtp)]));
  } catch (refusal) {
    list.append(line("", refusal.message));
  } finally {
    label.textContent = before;
    button.disabled = false;
  }
}

function line(what, fault) {
  const li = mould(fault ? "trial-fault" : "trial-good");
  fill(li, { text: [what, fault || t("signed in, all is well.")].filter(Boolean).join(": ") });
  return li;
}
