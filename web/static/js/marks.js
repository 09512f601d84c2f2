// Marks of the conversation: a moment to find again, with words where one wants to say some.
import { $, fill, mould, onPage, show } from "./dom.js";
import { api } from "./api.js";
import * as store from "./store.js";
import { duration, t } from "./texts.js";
import { toast } from "./toasts.js";

const me = Number(document.documentElement.dataset.me);
const TALKS = new Set(["talking", "held"]);
const path = (one, mark) => `/calls/${encodeURIComponent(one.id)}/marks${mark ? `/${mark.id}` : ""}`;

/** current: gives the call whose card the desk shows. */
export function startMarks(current) {
  onPage("#desk", () => $("#mark").addEventListener("click", () => current() && set(current())));
  store.on("moved", ({ to }) => (to.marks = undefined));
}

export function showMarks(one) {
  const talks = TALKS.has(one.view.state);
  show($("#mark"), talks);
  if (talks && one.marks === undefined) read(one);
  draw(one);
}

async function read(one) {
  one.marks = one.marks ?? [];
  one.marks = await api("GET", path(one)).catch(() => one.marks);
  draw(one);
}

async function set(one) {
  try {
    const { id } = await api("POST", path(one), { text: "" });
    await read(one);
    $(`#marks [data-mark="${id}"] input`)?.focus();
  } catch (refusal) {
    toast(refusal.message);
  }
}

function draw(one) {
  const place = $("#marks");
  const marks = one.marks ?? [];
  show(place, marks.length > 0);
  const key = JSON.stringify([one.id, marks.map((mark) => [mark.id, mark.user_id === me || mark.text])]);
  if (place.dataset.key === key) return; // one's own words are in the fields, where they are typed
  place.dataset.key = key;
  place.replaceChildren(...marks.map((mark) => row(one, mark)));
}

function row(one, mark) {
  const li = mould("mark");
  const field = $("input", li);
  const gone = $("button", li);
  const own = mark.user_id === me;
  const after = duration(mark.after_s);
  li.dataset.mark = mark.id;
  fill(li, { after, by: own ? "" : mark.user_name });
  field.value = mark.text;
  field.readOnly = !own;
  field.setAttribute("aria-label", t("Mark at {time}", { time: after }));
  gone.setAttribute("aria-label", t("Remove the mark at {time}", { time: after }));
  show(gone, own);
  field.addEventListener("change", () => keep(one, mark, field));
  field.addEventListener("keydown", (event) => event.key === "Enter" && field.blur());
  gone.addEventListener("click", () => remove(one, mark));
  return li;
}

async function keep(one, mark, field) {
  try {
    await api("PUT", path(one, mark), { text: field.value });
    mark.text = field.value;
  } catch (refusal) {
    field.value = mark.text;
    toast(refusal.message);
  }
}

async function remove(one, mark) {
  try {
    await api("DELETE", path(one, mark));
    one.marks = one.marks.filter((other) => other !== mark);
    draw(one);
    $("#mark").focus();
  } catch (refusal) {
    toast(refusal.message);
  }
}
