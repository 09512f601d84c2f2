// Calls: every leg, the client, the way each took.
import { $, fill } from "../dom.js";
import { t, tn } from "../texts.js";
import { shownCall } from "./filters.js";
import { changedIn, keep, label, since, who } from "./rows.js";

const KIND = { talking: "talk", held: "hold", ringing: "ring", waiting: "miss", menu: "" };
const ORDER = ["waiting", "ringing", "talking", "held", "menu"];

function stateWord(code) {
  return { menu: t("in the menu"), waiting: t("waits"), ringing: t("rings"), talking: t("talks"), held: t("on hold") }[code];
}

function legWord(code) {
  return { ringing: t("rings"), talking: t("talks"), up: t("is on the line"), over: t("is out") }[code];
}

export function startCalls(place, state) {
  const list = $("#board-calls", place);
  const draw = (news) => {
    const changed = changedIn(news, "calls");
    if (changed && !changed.size) return;
    const rows = [...state.calls].filter(([, row]) => shownCall(row)).sort(([, a], [, b]) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.started ?? 0) - (b.started ?? 0));
    keep(list, "board-call", rows, paint, changed);
    $("#board-no-calls", place).hidden = rows.length > 0;
  };
  return { draw };
}

function paint(line, row) {
  line.dataset.pbxes = row.pbxes.join(" ");
  const inside = row.legs.filter((leg) => leg.user);
  const way = [row.called, ...row.queues, ...row.way.slice(-3)].filter(Boolean);
  if (row.passed) way.push(tn("handed over {n} time", "handed over {n} times", row.passed));
  fill(line, {
    state: stateWord(row.state), legs: inside.map((leg) => `${leg.user}: ${legWord(leg.state)}`).join(", "), way: way.join(" → "),
    direction: { inbound: t("incoming"), outbound: t("outgoing"), internal: t("internal") }[row.direction] ?? "",
  });
  $(".tag", line).className = `tag ${KIND[row.state]}`;
  since($('[data-f="timer"]', line), row.since);
  since($('[data-f="whole"]', line), row.started);
  label($("[data-call]", line), row.who.name || String(row.who.shown ?? "").split("§")[0]);
  who($(".who", line), row.who);
}
