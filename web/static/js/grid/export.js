// What the grid shows, as a file: its columns in their order, its search, filters and sort.
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
    const { id, rows } = await api("POST", "/exports", { format, columns, q, filters, sort }, MAKING_MS);
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
