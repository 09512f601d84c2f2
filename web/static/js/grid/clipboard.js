// Tables on the clipboard: as text for a spreadsheet and as a table for a letter; nothing in them is computed there.
import { make } from "./panel.js";

// What a spreadsheet takes for a formula; a telephone number is none (the server's twin is cti/sheets/cells.py).
const STARTS = /^['\s\u200b\ufeff]*[=+\-@＝＋－＠]/;
const INERT = /^\+[\d\s()+,;.добext-]*$|^-?\d+([.,]\d+)?$/;

/** The text, an apostrophe before it where a spreadsheet would compute it. */
export const inert = (text) => (STARTS.test(text) && !INERT.test(text) ? `'${text}` : text);

/** Put rows (and headings above them) on the clipboard. event: of a copy that goes on, which takes them at once. */
export async function copyTable(rows, headings, event) {
  const lines = (headings ? [headings, ...rows] : rows).map((row) => row.map((cell) => inert(cell)));
  const text = lines.map((row) => row.map((cell) => cell.replace(/[\t\r\n]+/g, " ")).join("\t")).join("\r\n");
  const html = markup(lines, !!headings);
  if (event) return give(event, text, html);
  const once = (copying) => give(copying, text, html); // the newer way cleans the table of what its cells are
  document.addEventListener("copy", once, { once: true, capture: true });
  const done = document.execCommand("copy");
  document.removeEventListener("copy", once, { capture: true });
  if (!done) await navigator.clipboard.writeText(text); // too long after the press
}

function give(event, text, html) {
  event.clipboardData.setData("text/plain", text);
  event.clipboardData.setData("text/html", html);
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Every cell says that it is text: a spreadsheet leaves numbers of twelve digits and telephones as they are. */
function markup(lines, headed) {
  const table = make("table");
  lines.forEach((row, place) => {
    const kind = headed && place === 0 ? "th" : "td";
    table.append(make("tr", {}, ...row.map((cell) => make(kind, { textContent: cell }))));
  });
  return `<meta charset="utf-8">${table.outerHTML.replaceAll("<td>", `<td style="mso-number-format:'\\@'">`)}`;
}

/** The rows of a csv as the server writes it: every cell in quotation marks, semicolons between. */
export function tableOfCsv(text) {
  const lines = [];
  let row = [];
  for (const [, cell, after] of text.replace(/^\ufeff/, "").matchAll(/"((?:[^"]|"")*)"(;|\r?\n|$)/g)) {
    row.push(cell.replaceAll('""', '"').replace(/^'(?=['\s]*[=+\-@＝＋－＠])/, ""));
    if (after === ";") continue;
    lines.push(row);
    row = [];
  }
  return lines;
}
