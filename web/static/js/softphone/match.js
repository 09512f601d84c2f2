// Which of the panel's calls a conversation of the phone is. The server names it by its SIP Call-ID; until it has, or
// where the PBX does not say, a single call needs no name.
import * as store from "../store.js";

const live = () => store.allCalls().filter((one) => store.ALIVE.has(one.view?.state) && !one.id.startsWith("Click:"));

/** The panel's call of a conversation; null when it is not known. */
export function callOf(talk, talks) {
  const named = talk.sips.map(store.callOfSip).find((one) => store.ALIVE.has(one?.view?.state));
  if (named) return named;
  const all = live();
  return talks.length === 1 && all.length === 1 ? all[0] : null;
}

/** The conversation of a call of the panel; undefined when this phone has none. */
export const talkOf = (one, talks) => talks.find((talk) => callOf(talk, talks) === one);

const STAND_IN = /^000\d{12}$/; // of a number that is hidden (cti/telephony/sip_veil.py): the name beside it has the mask

/** What a conversation says of the other party by itself, as it may be shown. */
export function face({ name, number }) {
  if (!STAND_IN.test(number)) return { name, number };
  return name.includes("•") ? { name: "", number: name } : { name, number: "" };
}

const ORDER = { talking: 0, returning: 0, dialling: 1, ringing: 2, held: 3 };

/** The conversation that has the ear now. */
export const first = (talks) => [...talks].sort((a, b) => ORDER[a.state] - ORDER[b.state] || b.since - a.since)[0];
