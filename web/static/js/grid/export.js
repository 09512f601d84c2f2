// What the grid shows, as a file: its columns in their order, its search, filters and sort. Many clients a day need a
// reason: it is asked for, kept, and admins are told.
import { api } from "../api.js";
import { t, tn } from "../texts.js";
import { toast } from "../toasts.js";
import { ask, make } from "./panel.js";

const MAKING_MS = 310_000; // the server gives up after five minutes

/** Ask for the kind of file, have it made, and fetch it. */
export async function exportGrid({ q, filters, sort }, columns) {
  const list = make("select");
  for (const [id, text] of [["xlsx", t("Excel (.xlsx)")], ["csv", t("Table of text (.csv)")], ["vcf", t("Cards for telephones (.vcf)")]]) {
    list.append(make("option", { value: id, textContent: text }));
  }
  const label = make("label", { className: "field" }, make("span", { textContent: t("Kind of file") }), list);
  const hint = make("p", { className: "quiet-text", textContent: t("What the list shows now: its columns, filters and order, with each client's number before them.") });
  const format = await ask(t("Export"), [label, hint], t("Make the file"), () => list.value);
  if (!format) return;
  toast(t("The file is being made…"));
  try {
    const { id, rows } = await made({ format, columns, q, filters, sort });
    if (!id) return;
    const link = make("a", { href: `/api/v1/exports/${id}`, download: "" });
    link.setAttribute("hx-boost", "false");
    document.body.append(link);
    link.click();
    link.remove();
    toast(tn("{n} client is in the file.", "{n} clients are in the file.", rows));
  } catch (refusal) {
    toast(refusal.message);
  }
}

/** Have it made; {} when the person gives no reason where one is needed. */
async function made(wanted) {
  try {
    return await api("POST", "/exports", wanted, MAKING_MS);
  } catch (refusal) {
    if (refusal.code !== "reason-needed") throw refusal;
    const why = await reason(refusal.message);
    return why ? api("POST", "/exports", { ...wanted, why }, MAKING_MS) : {};
  }
}

function reason(text) {
  const area = make("textarea", { rows: 3, maxLength: 400, required: true });
  const label = make("label", { className: "field" }, make("span", { textContent: t("Why these clients leave in a file") }), area);
  const hint = make("p", { className: "quiet-text", textContent: t("Admins are told of it now; the reason stays in the access journal.") });
  return ask(t("A reason is needed"), [make("p", { textContent: text }), label, hint], t("Make the file"), () => area.value.trim());
}
