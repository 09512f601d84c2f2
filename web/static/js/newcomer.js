// A number nobody has: a short form with the number in it. Saved, the call is that client's, and the next call pops it.
import { $, onPage, show } from "./dom.js";
import { api } from "./api.js";
import * as store from "./store.js";
import { unsealed } from "./texts.js";

let made = null;

export function startNewcomer(becomes) {
  made = becomes;
  onPage("#newcomer", (form) => form.addEventListener("submit", submit));
}

export function showNewcomer(one, visible) {
  const form = $("#newcomer");
  show(form, visible);
  if (!visible || form.dataset.call === one.id) return;
  form.dataset.call = one.id;
  form.reset();
  form.elements.phone.value = one.view.shown || one.view.number || "";
  form.elements.name.value = one.view.name && !/^[+\d\s()-]*$/.test(one.view.name) ? one.view.name : "";
  tell("");
}

async function submit(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const one = store.call(form.dataset.call);
  const { name, phone, kind, email } = form.elements;
  if (!one) return;
  const button = $("button[type=submit]", form);
  button.disabled = true;
  try {
    const { number } = one.view;
    const typed = number && phone.value === unsealed(number) ? number : phone.value.trim(); // a hidden one goes back with its seal
    const phones = typed ? [{ typed, label: "", shared: false }] : [];
    const emails = email.value.trim() ? [email.value.trim()] : [];
    const { id } = await api("POST", "/clients", { name: name.value, kind: kind.value, phones, emails });
    await made(one, id);
    tell("");
  } catch (refusal) {
    tell(refusal.message);
  } finally {
    button.disabled = false;
  }
}

function tell(text) {
  const place = $("#newcomer-fault");
  place.textContent = text;
  show(place, !!text);
}
