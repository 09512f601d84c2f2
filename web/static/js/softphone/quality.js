// How good the voice is: lost packets, jitter and the round trip of the last seconds, told only while they are bad.
import { t } from "../texts.js";

const EVERY_MS = 2000;
const BAD = { loss: 3, jitter: 40, trip: 400 }; // percent, ms, ms
const MUTE = 5; // so many looks without a packet: the talk is over, where no word of its end can come any more
const TWICE = 2; // one bad moment is nobody's business

/** Watch the calls of a line. */
export function watchQuality(line) {
  return setInterval(() => line.calls.filter((one) => one.state === "talking").forEach((call) => look(call, line)), EVERY_MS);
}

async function look(call, line) {
  const connection = call.session?.connection;
  if (!connection) return;
  const now = summed(await connection.getStats());
  const before = call.counted ?? now;
  call.counted = now;
  call.muteLooks = now.gotIn === before.gotIn ? (call.muteLooks ?? 0) + 1 : 0;
  if (call.muteLooks >= MUTE && ["elsewhere", "signed-out", "taken"].includes(line.standing)) return call.finish("mute");
  const lostIn = share(now.lostIn - before.lostIn, now.gotIn - before.gotIn);
  const found = { loss: Math.max(lostIn, now.lostOut), jitter: now.jitter, trip: now.trip };
  const bad = Object.keys(BAD).some((name) => found[name] >= BAD[name]);
  call.bad = bad ? (call.bad ?? 0) + 1 : 0;
  const told = call.bad >= TWICE ? { ...found, bad: true } : null;
  if (JSON.stringify(told) === JSON.stringify(call.quality)) return;
  call.quality = told;
  call.tell(call);
}

const share = (lost, got) => (lost + got > 0 ? Math.max(0, Math.round((100 * lost) / (lost + got))) : 0);

function summed(stats) {
  const sum = { lostIn: 0, gotIn: 0, lostOut: 0, jitter: 0, trip: 0 };
  for (const one of stats.values()) {
    if (one.type === "inbound-rtp" && one.kind === "audio") {
      sum.lostIn += one.packetsLost ?? 0;
      sum.gotIn += one.packetsReceived ?? 0;
      sum.jitter = Math.max(sum.jitter, Math.round(1000 * (one.jitter ?? 0)));
    } else if (one.type === "remote-inbound-rtp") {
      sum.lostOut = Math.max(sum.lostOut, Math.round(100 * (one.fractionLost ?? 0)));
      sum.trip = Math.max(sum.trip, Math.round(1000 * (one.roundTripTime ?? 0)));
    }
  }
  return sum;
}

/** What is bad, in words. */
export function qualityText(quality) {
  if (!quality?.bad) return "";
  const parts = [];
  if (quality.loss >= BAD.loss) parts.push(t("lost: {n} %", { n: quality.loss }));
  if (quality.jitter >= BAD.jitter) parts.push(t("jitter {n} ms", { n: quality.jitter }));
  if (quality.trip >= BAD.trip) parts.push(t("round trip {n} ms", { n: quality.trip }));
  return t("The connection is poor: {what}.", { what: parts.join(", ") });
}
