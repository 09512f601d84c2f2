// Texts in the reader's language. The server gives those that scripts use; an unknown one is said in English.
const given = JSON.parse(document.querySelector('meta[name="texts"]')?.content || "{}");
const language = document.documentElement.lang || "en";
const zone = document.documentElement.dataset.zone || undefined;
const plural = new Intl.PluralRules(language);
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: zone });
const dayKey = new Intl.DateTimeFormat("en-CA", { timeZone: zone });

// A value that could turn the sentence around it (right-to-left letters, direction marks) is kept apart from it.
const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff]/;
const written = (value) => (Number.isInteger(value) ? value.toLocaleString(language) : String(value));
const apart = (value) => (TURNS.test(value) ? `\u2068${value}\u2069` : value);

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? apart(written(values[name])) : whole));
}

/** The text, its {fields} filled. */
export function t(text, values = {}) {
  return fill(given.texts?.[text] ?? text, values);
}

/** The text for a number of things: {n} is the number. */
export function tn(one, many, n, values = {}) {
  const forms = given.plurals?.[one];
  const order = { one: 0, few: 1, many: 2, other: 2 };
  const text = forms ? forms[Math.min(order[plural.select(n)] ?? 0, forms.length - 1)] : n === 1 ? one : many;
  return fill(text, { n: n.toLocaleString(language), ...values });
}

/** A server code as a word: an outcome, a device's state, a direction. */
export function word(table, code) {
  return given.words?.[table]?.[code] ?? code ?? "";
}

/** When something was: the time today, the day and the time before. at: UNIX seconds. */
export function moment(at) {
  const date = new Date(at * 1000);
  const today = dayKey.format(date) === dayKey.format(new Date());
  return today ? clock.format(date) : `${day.format(date)} ${clock.format(date)}`;
}

/** `2026-11-27T10:00` on the clock of the house, of UNIX seconds. */
export function wall(at) {
  const form = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  const part = Object.fromEntries(new Intl.DateTimeFormat("en-GB", form).formatToParts(new Date(at * 1000)).map((one) => [one.type, one.value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

/** UNIX seconds of a time on the clock of the house; NaN for none. */
export function unix(time) {
  const utc = Date.parse(`${time}Z`) / 1000;
  const off = (at) => Date.parse(`${wall(at)}Z`) / 1000 - Math.floor(at / 60) * 60;
  return Number.isNaN(utc) ? utc : utc - off(utc - off(utc));
}

/** `4:05`, `1:02:03`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/** A number as it is looked at: a hidden one comes with a seal, by which the server knows it again. */
export const unsealed = (number) => String(number ?? "").split("§")[0];
