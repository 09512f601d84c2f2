// Fields of templates: `{{code}}` in what is stored, a name in what people see.
import { api } from "../api.js";
import { word } from "../texts.js";

const FIELD = /(\{\{\s*[a-z_]+(?:\.[a-z_]+)?(?:\.\d+)?\s*\}\})/;
const names = new Map(); // of properties: they are what an admin calls them
let asked = null;

/** Names of the properties are known from now on. */
export function learnFields() {
  asked ??= api("GET", "/templates/fields").then(
    (found) => found.forEach((one) => one.name && names.set(one.code, one.name)),
    () => (asked = null),
  );
  return asked;
}

export const fieldName = (code) => names.get(code) ?? word("template", code);

export function nameField(code, name) {
  names.set(code, name);
}

/** A text in its parts: what stands there, and {field} for each field. */
export function parts(text) {
  return text
    .split(FIELD)
    .filter(Boolean)
    .map((part) => (FIELD.test(part) ? { field: part.slice(2, -2).trim() } : part));
}

/** A text with the names of its fields. */
export const spoken = (text) => parts(text).map((part) => (part.field ? `[${fieldName(part.field)}]` : part)).join("");

/** Where a field's braces stand in a text, and how long they are; null: nowhere. */
export function placeOf(code, text) {
  const found = text.match(new RegExp(`\\{\\{\\s*${code.replaceAll(".", "\\.")}\\s*\\}\\}`));
  return found && [found.index, found[0].length];
}

/** Codes of the fields that stand in a text. */
export const fieldsIn = (text) => parts(text).map((part) => part.field).filter(Boolean);
