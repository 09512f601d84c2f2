// What the grid shows, in the address (to send to a colleague) and on the server (how I left it).
import { api } from "../api.js";

const KEEP_MS = 800;
const BESIDE = ["contacts", "contracts"]; // columns that the server looks up where they are shown
let timer = 0;

/** {q, filters, sort} of the address. plain: it says nothing. */
export function fromAddress() {
  const given = new URLSearchParams(location.search);
  let filters = [];
  try {
    filters = JSON.parse(given.get("filters") || "[]");
  } catch {
    filters = [];
  }
  const sort = given.get("sort") ?? "";
  return { q: given.get("q") ?? "", sort, filters: Array.isArray(filters) ? filters.slice(0, 30) : [], plain: !location.search };
}

/** Write the state into the address, without a step in the history; who has gone back meanwhile is left where he is. */
export function toAddress(state) {
  if (location.pathname !== "/clients") return;
  const given = new URLSearchParams();
  if (state.q) given.set("q", state.q);
  if (state.sort) given.set("sort", state.sort);
  if (state.filters.length) given.set("filters", JSON.stringify(state.filters));
  const text = given.toString();
  history.replaceState(history.state, "", `/clients${text ? `?${text}` : ""}`);
}

/** The query of the server for one page; cursor: where the page before ended. */
export function query(state, limit, cursor, columns) {
  const beside = columns.filter((field) => BESIDE.includes(field)).join(",");
  return `/clients/grid?${asked(state, { sort: state.sort, limit, ...(cursor ? { cursor } : {}), ...(beside ? { beside } : {}) })}`;
}

/** The query of the server for how many there are. */
export function countQuery(state) {
  return `/clients/grid/count?${asked(state)}`;
}

function asked(state, more = {}) {
  return new URLSearchParams({ q: state.q, filters: JSON.stringify(state.filters), ...more });
}

/** Remember columns with their widths and the order of rows, a moment after the last change. */
export function keepLeft(columns, sort) {
  clearTimeout(timer);
  timer = setTimeout(() => api("PUT", "/clients/views", { name: "", state: { columns, sort } }).catch(() => {}), KEEP_MS);
}
