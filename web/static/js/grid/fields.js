// The grid's columns: standard fields and properties, with their kinds, values and what may be set in a cell.
import { t, word } from "../texts.js";

export const DEFAULT = ["name", "phones", "emails", "kind", "relation", "region", "responsible", "updated"];

const KIND_OF = { list: "list", several: "list", number: "number", rating: "number", date: "date", text: "text", "yes-no": "yes-no" };

/** All columns, from the catalogue. Each: field, title, kind, values [{id, name, color}], set (name of what is set). */
export function fields(catalogue) {
  const people = catalogue.people;
  const items = (directory) => catalogue.directories.filter((one) => one.directory === directory);
  const kinds = ["person", "sole-trader", "company"].map((id) => ({ id, name: word("kind", id) }));
  const standard = [
    { field: "name", title: t("Name"), kind: "text", width: 260 },
    { field: "full_name", title: t("Full name"), kind: "text", width: 260 },
    { field: "kind", title: t("Kind"), kind: "list", values: kinds, set: "kind", width: 120 },
    { field: "phones", title: t("Phones"), kind: "phone", width: 200, unsorted: true },
    { field: "emails", title: t("E-mail"), kind: "email", width: 200, unsorted: true },
    { field: "relation", title: t("Relation"), kind: "list", values: items("relation"), set: "relation_id", width: 160 },
    { field: "region", title: t("Region"), kind: "list", values: items("region"), set: "region_id", width: 150 },
    { field: "industry", title: t("Industry"), kind: "list", values: items("industry"), set: "industry_id", width: 160 },
    { field: "source", title: t("Source"), kind: "list", values: items("source"), set: "source_id", width: 140 },
    { field: "responsible", title: t("Manager"), kind: "list", values: people, set: "responsible_id", width: 160 },
    { field: "inn", title: t("INN"), kind: "text", width: 130 },
    { field: "kpp", title: t("KPP"), kind: "text", width: 110 },
    { field: "ogrn", title: t("OGRN"), kind: "text", width: 150 },
    { field: "time_zone", title: t("Time zone"), kind: "text", set: "time_zone", width: 140 },
    { field: "contacts", title: t("Contact persons"), kind: "words", width: 200, unsorted: true },
    { field: "contracts", title: t("Contracts"), kind: "words", width: 150, unsorted: true },
    { field: "places", title: t("Address, site, messengers"), kind: "words", width: 240, unsorted: true },
    { field: "note", title: t("About the client"), kind: "text", set: "note", width: 260 },
    { field: "restricted", title: t("Processing restricted"), kind: "yes-no", width: 130, unsorted: true },
    { field: "created", title: t("Made"), kind: "date", width: 130, moment: true },
    { field: "updated", title: t("Changed"), kind: "date", width: 130, moment: true },
    { field: "last_letter", title: t("Last letter"), kind: "date", width: 180, moment: true },
  ];
  const own = catalogue.properties.map((one) => ({
    field: `property:${one.id}`,
    title: one.name,
    kind: KIND_OF[one.kind],
    property: one,
    values: one.values.filter((value) => !value.retired),
    set: `property:${one.id}`,
    width: 140,
  }));
  return [...standard, ...own];
}

/** What can be asked and is no column: the address of a report's number has it. */
export const beside = (catalogue) => [
  { field: "calls", title: t("Calls, how many"), kind: "count" },
  { field: "inbound", title: t("Calls from the client, how many"), kind: "count" },
  { field: "outbound", title: t("Calls to the client, how many"), kind: "count" },
  { field: "unanswered", title: t("Unanswered calls of the client, how many"), kind: "count" },
  { field: "contact", title: t("Last conversation"), kind: "age" },
  { field: "called", title: t("Calls in the period"), kind: "period" },
  { field: "contract_ends", title: t("A contract ends"), kind: "ahead" },
  { field: "contract_sum", title: t("Contract sum, RUB"), kind: "number" },
  { field: "signed", title: t("Contracts signed in the period"), kind: "period" },
  { field: "consented", title: t("Has consented"), kind: "list", values: consents() },
  { field: "refused", title: t("Has refused"), kind: "list", values: consents() },
  { field: "segment", title: t("Segment"), kind: "list", values: catalogue.segments },
];

const consents = () => [
  { id: "marketing:phone", name: t("advertising by SMS") },
  { id: "marketing:email", name: t("advertising by letter") },
  { id: "survey:phone", name: t("surveys by SMS") },
  { id: "survey:email", name: t("surveys by letter") },
  { id: "calls:phone", name: t("calls with offers") },
];

/** The operators of a kind, in words. */
export function operators(kind) {
  const text = [["contains", t("contains")], ["is", t("is exactly")], ["begins", t("begins with")]];
  const either = [["empty", t("is empty")], ["filled", t("is filled")]];
  const range = [["from", t("from")], ["to", t("up to")]];
  return {
    text: [...text, ...either],
    phone: [text[0], ...either],
    email: [text[0], ...either],
    words: [text[0], ...either],
    list: [["any-of", t("is one of")], ["none-of", t("is none of")], ...either],
    number: [["is", t("is exactly")], ...range, ...either],
    date: [...range, ...either],
    "yes-no": [["is", t("is")], ...either],
    period: [["within", ""]],
    count: [["from", t("at least")], ["to", t("at most")], ["is", t("is exactly")]],
    age: [["older", t("longer ago than, days (or never)")], ["newer", t("in the last, days")], ["empty", t("never was")], ["filled", t("ever was")]],
    ahead: [["soon", t("within, days")]],
  }[kind];
}

/** A condition as a sentence for its chip. */
export function sentence(one, field) {
  return `${field.title}: ${inWords(one, field)}`; // titles are of either number and of any gender
}

/** What a condition says of its field; of a list its values alone. */
export function inWords(one, field) {
  const said = operators(field.kind).find(([op]) => op === one.op)?.[1] ?? one.op;
  if (one.op === "empty" || one.op === "filled") return said;
  if (one.op === "within") return one.value.map((day) => (day ? dayText(day) : "…")).join(" – ");
  const word = one.op === "any-of" ? "" : said;
  const beside = [];
  if (one.days) beside.push(t("in the last {days} days", { days: one.days }));
  if (one.at) beside.push(t("as of {day}", { day: dayText(one.at) }));
  return [[word, valueText(one.value, field)].filter(Boolean).join(" "), ...beside].join(", ");
}

function valueText(value, field) {
  if (Array.isArray(value)) return value.map((id) => named(field, id)).join(", ");
  if (field.kind === "yes-no") return value === true || value === "1" ? t("yes") : t("no");
  if (field.kind === "date") return dayText(String(value));
  return typeof value === "string" ? t("“{text}”", { text: value }) : String(value);
}

const dayText = (day) => day.split("-").reverse().join(".");

function named(field, id) {
  return field.values?.find((value) => String(value.id) === String(id))?.name ?? id;
}

