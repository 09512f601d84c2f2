// What a list shows, as a file. Many clients a day need a reason: it is asked for, kept, and admins are told.
import { api } from "../api.js";
import { t, tn } from "../texts.js";
import { toast } from "../toasts.js";
import { ask, make } from "./panel.js";

const MAKING_MS = 310_000; // the server gives up after five minutes

const TABLES = () => [["xlsx", t("Excel (.xlsx)")], ["csv", t("Table of text (.csv)")]];

/** What the grid of clients shows. */
export async function exportGrid({ q, filters, sort }, columns) {
  const hint = t("What the list shows now: its columns, filters and order, with each client's number before them.");
  const format = await kindOf([...TABLES(), ["vcf", t("Cards for telephones (.vcf)")]], hint);
  if (format) await fetched("/exports", { format, columns, q, filters, sort }, (rows) => tn("{n} client is in the file.", "{n} clients are in the file.", rows));
}

/** What the list of calls shows. */
export async function exportCalls(filters) {
  const format = await kindOf(TABLES(), t("What the list shows now: its filters and order, each call a row."));
  if (format) await fetched("/exports/calls", { format, filters }, (rows) => tn("{n} call is in the file.", "{n} calls are in the file.", rows));
}

function kindOf(kinds, text) {
  const list = make("select");
  for (const [id, name] of kinds) list.append(make("option", { value: id, textContent: name }));
  const label = make("label", { className: "field" }, make("span", { textContent: t("Kind of file") }), list);
  const hint = make("p", { className: "quiet-text", textContent: text });
  return ask(t("Export"), [label, hint], t("Make the file"), () => list.value);
}

/** Have a file made and fetch it. said: how many rows it has, in words. */
async function fetched(path, wanted, said) {
  toast(t("The file is being made…"));
  try {
    const { id, rows } = await made(path, wanted);
    if (!id) return;
    const link = make("a", { href: `/api/v1/exports/${id}`, download: "" });
    link.setAttribute("hx-boost", "false");
    document.body.append(link);
    link.click();
    link.remove();
    toast(said(rows));
  } catch (refusal) {
    toast(refusal.message);
  }
}

/** Have it made; {} when the person gives no reason where one is needed. */
async function made(path, wanted) {
  try {
    return await api("POST", path, wanted, MAKING_MS);
  } catch (refusal) {
    if (refusal.code !== "reason-needed") throw refusal;
    const why = await reason(refusal.message);
    return why ? api("POST", path, { ...wanted, why }, MAKING_MS) : {};
  }
}

function reason(text) {
  const area = make("textarea", { rows: 3, maxLength: 400, required: true });
  const label = make("label", { className: "field" }, make("span", { textContent: t("Why these clients leave in a file") }), area);
  const hint = make("p", { className: "quiet-text", textContent: t("Admins are told of it now; the reason stays in the access journal.") });
  return ask(t("A reason is needed"), [make("p", { textContent: text }), label, hint], t("Make the file"), () => area.value.trim());
}
