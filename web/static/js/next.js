// What follows the call: nothing, a call-back, a task. Said beside its result; a result may ask for it by itself.
import { $, $$, fill, show } from "./dom.js";
import { api } from "./api.js";
import * as store from "./store.js";
import { moment, t, unix, wall } from "./texts.js";
import { toast } from "./toasts.js";

const TIMES = {
  quarter: () => store.now() + 15 * 60,
  hour: () => store.now() + 3600,
  tomorrow: () => unix(`${wall(store.now() + 86400).slice(0, 10)}T10:00`),
  picked: () => unix($("#next-at").value),
};
let shown = null; // the call whose next step the form is about

export function startNext() {
  const form = $("#next");
  if (!form) return;
  for (const radio of $$("[name=next-kind]", form)) radio.addEventListener("change", () => draw());
  for (const radio of $$("[name=next-when]", form)) {
    radio.addEventListener("change", () => {
      show($("#next-at"), radio.value === "picked");
      if (radio.value === "picked") $("#next-at").focus();
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  $("#next-change").addEventListener("click", () => {
    if (shown) shown.nextSaved = null;
    draw();
  });
}

/** The form belongs to this call. wanted: what its result asks for. */
export async function showNext(one, wanted = "") {
  const form = $("#next");
  if (!form) return;
  if (shown !== one || form.dataset.call !== one.id) {
    shown = one;
    form.dataset.call = one.id;
    form.reset();
    owners();
    if (one.nextSaved === undefined) await asked(one);
    if (shown !== one) return;
  }
  if (wanted && one.nextWanted !== wanted && !one.nextSaved) {
    one.nextWanted = wanted;
    $(`[name=next-kind][value=${wanted}]`, form).checked = true;
  }
  draw();
}

async function asked(one) {
  one.nextSaved = null;
  const said = await api("GET", `/calls/${encodeURIComponent(one.id)}/next`).catch(() => null);
  if (said?.task) one.nextSaved = said.task;
}

function owners() {
  const me = Number(document.documentElement.dataset.me);
  const people = store.people().map(({ id, name }) => [id, id === me ? t("me") : name]);
  if (!people.some(([id]) => id === me)) people.push([me, t("me")]);
  people.sort((a, b) => (b[0] === me) - (a[0] === me) || a[1].localeCompare(b[1]));
  $("#next-owner").replaceChildren(...people.map(([id, name]) => new Option(name, id)));
}

function draw() {
  const form = $("#next");
  const kind = $("[name=next-kind]:checked", form)?.value ?? "none";
  const saved = shown?.nextSaved;
  show($("#next-fields"), !saved && kind !== "none");
  show($("#next-kinds"), !saved);
  show($("#next-saved"), !!saved);
  if (!saved) return;
  const what = saved.kind === "callback" ? t("Call back") : t("Task");
  fill(form, { "next-said": [what, saved.due_at ? moment(saved.due_at) : t("some day"), saved.owner].filter(Boolean).join(" · "), "next-note": saved.what === what ? "" : saved.what });
}

async function save() {
  const form = $("#next");
  const kind = $("[name=next-kind]:checked", form)?.value ?? "none";
  const when = $("[name=next-when]:checked", form).value;
  const due = TIMES[when]();
  if (kind !== "none" && Number.isNaN(due)) return toast(t("Say when."));
  const one = shown;
  const body = {
    kind,
    what: $("#next-what").value.trim() || (kind === "callback" ? t("Call back") : ""),
    due_at: Math.round(due),
    owner_id: Number($("#next-owner").value),
    client_id: one.client?.id ?? (one.pop?.matches.length === 1 ? one.pop.matches[0].client.id : null),
  };
  if (kind === "task" && !body.what) return $("#next-what").focus();
  try {
    const { task } = await api("PUT", `/calls/${encodeURIComponent(one.id)}/next`, kind === "none" ? { kind } : body);
    one.nextSaved = task;
    const typed = form.contains(document.activeElement);
    draw();
    if (typed && task) $("#next-change").focus(); // a field that is hidden would go on taking the keys
  } catch (refusal) {
    toast(refusal.message);
  }
}
